package lab

import "net"

// OwnLate hands a connection to the doors of a lab that has ended, as a
// listener does that accepted it just before.
func OwnLate(c *net.TCPConn) {
	d := &doors{}
	d.close()
	d.own(&watchedConn{TCPConn: c, doors: d})
}
