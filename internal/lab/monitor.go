package lab

import (
	"net/http"
	"sync/atomic"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// monitorScenarios are about whoever checks, or about the way between. None of
// them is evidence that the server is down.
func monitorScenarios() []Scenario {
	const group = "monitor"
	expired := func(s *stage) uptime.Profile {
		return uptime.Profile{Credential: &uptime.Credential{
			Kind: uptime.CredentialBearer, Token: labToken, Expires: s.lab.opt.Now().Add(-time.Hour),
		}}
	}
	return []Scenario{
		{
			Name: "self-overload", Group: group, Setup: Setup{Lag: 2 * time.Second, Timeout: time.Second},
			About:   "The check runs two seconds late and the server seems to hang: the fault is ours.",
			Expect:  fails(uptime.SelfOverload, "", ""),
			handler: legacy(on{"initialize": hang}),
		},
		{
			Name: "agent-lost", Group: group, Setup: Setup{LoseAgent: true},
			About:   "Nobody reports about a correct server.",
			Expect:  fails(uptime.AgentLost, "", ""),
			handler: legacy(nil),
		},
		{
			Name: "blocked-loopback", Group: group, Setup: Setup{Public: true},
			About:   "A stranger asks to check an address of our own network.",
			Expect:  fails(uptime.BlockedTarget, "", ""),
			handler: legacy(nil),
		},
		{
			Name: "blocked-name", Group: group, host: "metadata" + zone, Setup: Setup{Public: true, NeedsResolver: true},
			About:   "A stranger's name resolves to the cloud's metadata service.",
			Expect:  fails(uptime.BlockedTarget, "", ""),
			handler: legacy(nil),
		},
		{
			Name: "blocked-mapped-name", Group: group, host: "mapped" + zone, Setup: Setup{Public: true, NeedsResolver: true},
			About:   "A stranger's name resolves to loopback, dressed as an IPv6 address.",
			Expect:  fails(uptime.BlockedTarget, "", "").or(uptime.DNSFailed),
			handler: legacy(nil),
		},
		{
			Name: "rate-limited", Group: group,
			About:   "The server has seen too much of us and answers 429.",
			Expect:  fails(uptime.RateLimited, "", "429"),
			handler: always(with("Retry-After", "60", refuse(http.StatusTooManyRequests, "slow down"))),
		},
		{
			Name: "rate-limited-json", Group: group,
			About:   "The same, as JSON-RPC and without saying for how long.",
			Expect:  fails(uptime.RateLimited, "", "429"),
			handler: always(reply(http.StatusTooManyRequests, "application/json", `{"jsonrpc":"2.0","error":{"code":-32000,"message":"Too many requests"},"id":null}`)),
		},
		{
			Name: "rate-limited-in-tools", Group: group,
			About:   "The handshake works and listing the tools is one request too many.",
			Expect:  fails(uptime.RateLimited, uptime.StepTools, "429"),
			handler: legacy(on{"tools/list": refuse(http.StatusTooManyRequests, "slow down")}),
		},
		{
			Name: "bot-challenge", Group: group,
			About:   "A firewall wants to see a browser, and says so in a header.",
			Expect:  fails(uptime.BotChallenge, "", ""),
			handler: always(with("Cf-Mitigated", "challenge", with("Server", "cloudflare", page(http.StatusForbidden, "Just a moment...")))),
		},
		{
			Name: "bot-challenge-503", Group: group,
			About:   "A firewall wants to see a browser, and says so in its page only.",
			Expect:  fails(uptime.BotChallenge, "", ""),
			handler: always(page(http.StatusServiceUnavailable, "Just a moment...")),
		},
		{
			Name: "credential-expired", Group: group,
			About:   "The token that the check was given has expired, as its owner said it would.",
			Expect:  fails(uptime.CredentialExpired, "", "expired"),
			handler: wall{admits: func(*http.Request) bool { return false }}.around(legacy(nil)), profile: expired,
		},
		{
			Name: "credential-expired-and-good", Group: group,
			About:   "The token should have expired and is still let in.",
			Expect:  live(toolCount).access(""),
			handler: wall{}.around(legacy(nil)), profile: expired,
		},
		{
			Name: "error-rate", Group: group, Setup: Setup{Bench: true},
			About:   "Every fifth handshake fails: a single check mostly calls it healthy.",
			Expect:  fails(uptime.ErrorRate, "", ""),
			handler: legacy(on{"initialize": everyFifthFails()}),
		},
	}
}

func everyFifthFails() answer {
	var n atomic.Int64
	return func(w http.ResponseWriter, c *call) {
		if n.Add(1)%5 == 0 {
			refuse(http.StatusServiceUnavailable, "overloaded")(w, c)
			return
		}
		session(initialize)(w, c)
	}
}
