package uptime

import "fmt"

// State is the judgement of a server: what one glance should say. The zero
// value is Unknown, never Live.
type State uint8

const (
	// Unknown means that there is no evidence either way.
	Unknown State = iota
	// Live means that a real client could work with the server.
	Live
	// Degraded means that a real client could work, but slowly, partially, only
	// at the second try, or that its contract or its sign-in is broken.
	Degraded
	// Down means that a real client could not work with the server.
	Down
)

// String returns the word used in JSON: unknown, live, degraded or down.
func (s State) String() string {
	switch s {
	case Unknown:
		return "unknown"
	case Live:
		return "live"
	case Degraded:
		return "degraded"
	case Down:
		return "down"
	}
	return fmt.Sprintf("State(%d)", uint8(s))
}

// MarshalText returns the word of String.
func (s State) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText accepts the words of String.
func (s *State) UnmarshalText(text []byte) error {
	for _, known := range []State{Unknown, Live, Degraded, Down} {
		if string(text) == known.String() {
			*s = known
			return nil
		}
	}
	return fmt.Errorf("unknown state %q: want unknown, live, degraded or down", text)
}

// Access says how a server treats a client without credentials. The empty value
// means that the question could not be answered.
type Access string

const (
	// AccessOpen serves anyone.
	AccessOpen Access = "open"
	// AccessWalled refuses strangers and tells them how to sign in (RFC 9728).
	AccessWalled Access = "auth_walled"
	// AccessCustom refuses strangers in a way that no client can act upon by
	// itself: an API key, basic authentication, or a bare 401.
	AccessCustom Access = "auth_custom"
	// AccessBroken announces a sign-in that cannot be completed.
	AccessBroken Access = "auth_broken"
)

// Transport is how messages travel. The empty value means: find out.
type Transport string

const (
	// StreamableHTTP is one endpoint that takes POST (since revision 2025-03-26).
	StreamableHTTP Transport = "streamable-http"
	// HTTPSSE is the deprecated pair of a GET stream and a POST endpoint
	// (revision 2024-11-05).
	HTTPSSE Transport = "sse"
	// Stdio is a child process that speaks on its standard input and output.
	Stdio Transport = "stdio"
)

// Era groups protocol revisions by their handshake. The empty value means: find
// out.
type Era string

const (
	// Legacy revisions, up to 2025-11-25, begin with initialize.
	Legacy Era = "legacy"
	// Modern revisions, from 2026-07-28, have no session and answer
	// server/discover.
	Modern Era = "modern"
)
