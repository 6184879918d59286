package card

import "github.com/alivemcp/alivemcp/internal/uptime"

// Tone is what a message is about at first sight.
type Tone uint8

// The tones.
const (
	Info Tone = iota // a test
	Bad              // something is down
	Warn             // degraded, changed, expiring, burning
	Good             // over
)

// tone judges by what is wrong, not by how urgent it is.
func tone(n *uptime.Notice) Tone {
	switch {
	case n.Type == uptime.NoticeTest:
		return Info
	case n.Phase == uptime.NoticeCloses:
		return Good
	case n.Kind == uptime.AlertIncident, n.Kind == uptime.AlertCluster:
		return Bad
	}
	return Warn
}

// Symbol returns the one symbol of the tone. It never stands without words.
func (t Tone) Symbol() string {
	return [...]string{"🔵", "🔴", "🟠", "🟢"}[t]
}

// Color returns the tone's colour as RGB.
func (t Tone) Color() int {
	return [...]int{0x2b6cb0, 0xc40040, 0xb25e00, 0x0b7a4b}[t]
}
