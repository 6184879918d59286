package uptime

import "fmt"

// Priority says how urgent an alert is. JSON and people call it severity: P1 to
// P4. A smaller one is more urgent; the zero value is none.
type Priority uint8

// The priorities (DESIGN section 5).
const (
	// P1 is a server that nobody can use: connection_refused, protocol_error.
	P1 Priority = iota + 1
	// P2 is a server that some cannot use, or not for long any more: timeout,
	// error_rate_elevated, a breaking drift, an error budget that burns fast.
	P2
	// P3 is what can wait for working hours: other drifts, the failure of one
	// region, what expires.
	P3
	// P4 is what is logged and told to nobody: a blip of less than three minutes.
	P4
)

// String returns P1, P2, P3 or P4; empty for none.
func (p Priority) String() string {
	if p < P1 || p > P4 {
		return ""
	}
	return fmt.Sprintf("P%d", uint8(p))
}

// MarshalText returns the word of String.
func (p Priority) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText accepts the words of String.
func (p *Priority) UnmarshalText(text []byte) error {
	for known := Priority(0); known <= P4; known++ {
		if string(text) == known.String() {
			*p = known
			return nil
		}
	}
	return fmt.Errorf("%w: unknown severity %q: want P1, P2, P3 or P4", ErrInvalid, text)
}
