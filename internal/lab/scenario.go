package lab

import (
	"crypto/tls"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Scenario is one server that behaves, or misbehaves, in one way, and what a
// check of it must say. It is a literal; see the package comment.
type Scenario struct {
	// Name is unique, kebab-case, and the first element of the path.
	Name string
	// Group is one of Groups.
	Group string
	// About is one sentence for people: what is wrong and whom it hurts.
	About string
	// Expect is the judgement that is right.
	Expect Expect
	// Setup is what the check needs to be given besides the address.
	Setup Setup

	// handler answers HTTP. Without own or tls it stands on the shared port
	// below /Name/; the path of a request is never changed.
	handler func(*stage) http.Handler
	// own gives the handler a port of its own, at the root.
	own bool
	// tls puts the handler on a port of its own behind TLS.
	tls func(*stage) (*tls.Config, error)
	// conn answers raw connections on a port of their own, instead of handler.
	// The connection is closed when it returns.
	conn func(*stage, net.Conn)
	// door is how a port is held on which nobody ever answers.
	door door
	// host stands in the address instead of 127.0.0.1.
	host string
	// scheme stands in the address instead of the one that is served.
	scheme string
	// path is the last part of the address; default mcp.
	path string
	// profile is what the check is told; nil means nothing.
	profile func(*stage) uptime.Profile
}

// door says how a port without a server is held.
type door uint8

const (
	doorOpen   door = iota // somebody listens
	doorShut               // connections are refused
	doorUnread             // connections are neither taken nor refused
)

// Setup says what a check of a scenario must be given. The zero value is an
// ordinary check that trusts private addresses.
type Setup struct {
	// NeedsCA asks for Lab.CAPEM as the only trusted roots.
	NeedsCA bool
	// NeedsResolver asks for Lab.Resolver in place of the system's.
	NeedsResolver bool
	// Timeout bounds one attempt; zero means 15 s. It is short where a server
	// never answers.
	Timeout time.Duration
	// Attempts is how often a failing server is tried; zero means once.
	Attempts int
	// Public checks with the guard against private addresses on.
	Public bool
	// Lag is by how much the checking process is to believe that it runs late.
	Lag time.Duration
	// LoseAgent means that no agent reports: the cell stays empty.
	LoseAgent bool
	// Bench means that only a series of handshakes shows the fault.
	Bench bool
	// Repeat is how many checks are made in a row; the last one must match
	// Expect. Zero means one.
	Repeat int
	// Advance is how many lab minutes pass between two of them.
	Advance int
}

// Groups returns the groups in the order in which they are listed.
func Groups() []string {
	return []string{
		"healthy", "transport", "tls", "http", "json-rpc", "handshake", "tools", "sse", "auth",
		"silent", "time", "hostile", "monitor",
	}
}

// Scenarios returns every scenario, in the order of Groups.
func Scenarios() []Scenario {
	return slices.Concat(
		healthyScenarios(), transportScenarios(), tlsScenarios(), httpScenarios(), envelopeScenarios(),
		handshakeScenarios(), toolsScenarios(), sseScenarios(), authScenarios(),
		silentScenarios(), timeScenarios(), hostileScenarios(), monitorScenarios(),
	)
}
