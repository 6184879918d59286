// Package show renders what a check found: for people on a terminal, and for
// machines as JSON, JUnit, GitHub annotations and Markdown.
package show

import "github.com/alivemcp/alivemcp/internal/uptime"

// Check is one target and everything that a check of it found.
type Check struct {
	Target   string // as the user named it, secrets removed
	State    uptime.State
	Why      string          // one short sentence; empty when Live
	Failure  *uptime.Failure // nil when Live
	Grade    string          // A to F; empty when unknown
	Attempts int
	Result   uptime.Result // of the attempt that decided
}
