// Package drill is synthetic outages: what breaks for whom, who has to be told of
// it, and how long that may take. It has servers that can be broken, a receiver
// that takes signed webhooks, and a judge that compares what arrived with what had
// to. Whoever runs a drill brings the monitor.
//
// A drill knows nothing of how notices are made: it sees what a customer's
// endpoint would see.
package drill
