package lab

import (
	"crypto/tls"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// timeScenarios change with the lab's minutes, which begin with the first
// request to the scenario, or with what was asked before.
func timeScenarios() []Scenario {
	const group = "time"
	busy := reply(http.StatusServiceUnavailable, "text/plain", "starting")
	renamed := strings.Replace(weatherTool, "get_weather", "weather_get", 1)
	return []Scenario{
		{
			Name: "drift-at-minute-five", Group: group, Setup: Setup{Repeat: 2, Advance: 6},
			About:  "A release in the fifth minute renames a tool.",
			Expect: fails(uptime.DriftDetected, uptime.StepTools, "get_weather"),
			handler: legacy(on{"tools/list": inSession(from(5,
				result(`{"tools":[`+searchTool+`,`+weatherTool+`]}`), result(`{"tools":[`+searchTool+`,`+renamed+`]}`)))}),
			profile: baseline(searchTool, weatherTool),
		},
		{
			Name: "empty-at-minute-five", Group: group, Setup: Setup{Repeat: 2, Advance: 6},
			About:   "From the fifth minute on no tool is listed any more.",
			Expect:  fails(uptime.ToolsEmpty, uptime.StepTools, "empty"),
			handler: legacy(on{"tools/list": inSession(from(5, result(`{"tools":`+tools+`}`), result(`{"tools":[]}`)))}),
		},
		{
			Name: "version-at-minute-five", Group: group, Setup: Setup{Repeat: 2, Advance: 6},
			About:  "A rollout in the fifth minute brings a revision that nobody knows.",
			Expect: fails(uptime.VersionUnsupported, uptime.StepInitialize, "2031-01-01"),
			handler: legacy(on{"initialize": session(from(5, initialize,
				result(strings.Replace(greeting, revision2025, "2031-01-01", 1))))}),
		},
		{
			Name: "warming-up", Group: group, Setup: Setup{Repeat: 2, Advance: 3},
			About:   "The server answers 503 for its first two minutes and is well afterwards.",
			Expect:  live(toolCount),
			handler: perMinute(func(m int) bool { return m < 2 }, busy),
		},
		{
			Name: "flapping", Group: group, Setup: Setup{Repeat: 2, Advance: 1},
			About:   "The server is well in even minutes and fails in odd ones: it restarts for ever.",
			Expect:  fails(uptime.HTTPServerError, "", "502"),
			handler: perMinute(func(m int) bool { return m%2 == 1 }, page(http.StatusBadGateway, "Bad Gateway")),
		},
		{
			Name: "deploying", Group: group, Setup: Setup{Repeat: 3, Advance: 4},
			About:   "The server is away for the minutes three to five of every sixty, and well otherwise.",
			Expect:  live(toolCount),
			handler: perMinute(func(m int) bool { return m%60 >= 3 && m%60 <= 5 }, busy),
		},
		{
			Name: "cold-start", Group: group, Setup: Setup{Repeat: 2, Advance: 10},
			About:   "After five minutes without visitors the first answer takes three seconds.",
			Expect:  live(toolCount),
			handler: coldStart(3 * time.Second),
		},
		{
			Name: "slow-handshake", Group: group,
			About:   "The handshake takes more than five seconds: clients with shorter patience never get in.",
			Expect:  slow(),
			handler: legacy(on{"initialize": after(5500*time.Millisecond, session(initialize))}),
		},
		{
			Name: "slow-decay", Group: group, Setup: Setup{Repeat: 2, Advance: 11},
			About:   "Each minute makes the handshake half a second slower, up to eight: memory leaks away.",
			Expect:  slow(),
			handler: legacy(on{"initialize": decaying}),
		},
		{
			Name: "second-try", Group: group, Setup: Setup{Attempts: 2},
			About:   "The first handshake of each minute fails: one of two replicas is broken.",
			Expect:  slow(),
			handler: legacy(on{"initialize": firstFails()}),
		},
		{
			Name: "session-leak", Group: group, Setup: Setup{Repeat: 6},
			About:   "The server holds at most three sessions: a client that does not end its own locks itself out.",
			Expect:  live(toolCount),
			handler: legacy(on{"initialize": atMost(3)}),
		},
		{
			Name: "lockout", Group: group, Setup: Setup{Repeat: 5},
			About:  "Twenty unauthorised requests within fifteen minutes lock a client out.",
			Expect: walled(uptime.AccessCustom),
			handler: wall{
				challenge: `Bearer realm="mcp"`, body: lockout(20),
				prm: refuse(http.StatusNotFound, "no"),
			}.around(legacy(nil)),
		},
		{
			Name: "dies-of-foreign-origin", Group: group, Setup: Setup{Repeat: 2},
			About:   "One POST with a foreign Origin ends the process for good: a check must not send one unasked.",
			Expect:  live(toolCount),
			handler: fragile,
		},
		{
			Name: "certificate-runs-out", Group: group, Setup: Setup{NeedsCA: true, Repeat: 2, Advance: 3},
			About:   "From the third minute on the certificate has expired.",
			Expect:  fails(uptime.TLSExpired, uptime.StepTLS, "expired"),
			handler: legacy(nil), tls: runsOut(3),
		},
		{
			Name: "two-versions", Group: group, Setup: Setup{Repeat: 2, Advance: 1},
			About:  "Odd minutes are served by an edge with an old copy of the tools.",
			Expect: live(2),
			handler: legacy(on{"tools/list": inSession(func(w http.ResponseWriter, c *call) {
				if c.stage.minute()%2 == 0 {
					result(`{"tools":`+tools+`}`)(w, c)
					return
				}
				result(`{"tools":[`+searchTool+`,`+weatherTool+`]}`)(w, c)
			})}),
		},
	}
}

// from answers with before until a minute and with after from it on.
func from(minute int, before, after answer) answer {
	return func(w http.ResponseWriter, c *call) {
		if c.stage.minute() < minute {
			before(w, c)
			return
		}
		after(w, c)
	}
}

// perMinute gives one answer to everything in the minutes that ill names, and
// is a correct server in the others.
func perMinute(ill func(minute int) bool, a answer) func(*stage) http.Handler {
	return func(s *stage) http.Handler {
		well, unwell := legacy(nil)(s), always(a)(s)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if ill(s.minute()) {
				unwell.ServeHTTP(w, r)
				return
			}
			well.ServeHTTP(w, r)
		})
	}
}

// coldStart delays the first request after five idle minutes.
func coldStart(d time.Duration) func(*stage) http.Handler {
	return func(s *stage) http.Handler {
		warm := legacy(nil)(s)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c := &call{Request: r, stage: s}
			if s.idled() < 5 || c.wait(d) {
				warm.ServeHTTP(w, r)
			}
		})
	}
}

func decaying(w http.ResponseWriter, c *call) {
	delay := time.Duration(c.stage.minute()) * 500 * time.Millisecond
	after(min(delay, 8*time.Second), session(initialize))(w, c)
}

// firstFails fails the first handshake of each minute.
func firstFails() answer {
	var served atomic.Int64 // the last minute that was served, plus one
	return func(w http.ResponseWriter, c *call) {
		if now := int64(c.stage.minute()) + 1; served.Swap(now) != now {
			refuse(http.StatusInternalServerError, "this replica is broken")(w, c)
			return
		}
		session(initialize)(w, c)
	}
}

// atMost refuses handshakes while this many sessions are open.
func atMost(n int) answer {
	return func(w http.ResponseWriter, c *call) {
		if c.stage.open() >= n {
			reply(http.StatusServiceUnavailable, "application/json", `{"error":"Session limit reached"}`)(w, c)
			return
		}
		session(initialize)(w, c)
	}
}

// lockout answers 401 so many times within fifteen minutes and 429 afterwards.
func lockout(n int64) answer {
	var window, refused atomic.Int64
	return func(w http.ResponseWriter, c *call) {
		if now := int64(c.stage.minute() / 15); window.Swap(now) != now {
			refused.Store(0)
		}
		if refused.Add(1) > n {
			w.Header().Set("Retry-After", "900")
			refuse(http.StatusTooManyRequests, "too many attempts")(w, c)
			return
		}
		refuse(http.StatusUnauthorized, "who are you?")(w, c)
	}
}

// fragile answers nothing any more once it has seen a foreign Origin.
func fragile(s *stage) http.Handler {
	var dead atomic.Bool
	well, gone := legacy(nil)(s), always(takeOver(func(conn net.Conn, _ *call) { reset(conn) }))(s)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if origin := r.Header.Get("Origin"); origin != "" && origin != "http://"+r.Host {
			dead.Store(true)
		}
		if dead.Load() {
			gone.ServeHTTP(w, r)
			return
		}
		well.ServeHTTP(w, r)
	})
}

// runsOut serves a good certificate until a minute and an expired one after
// it. The first handshake is minute zero.
func runsOut(minute int) func(*stage) (*tls.Config, error) {
	return func(s *stage) (*tls.Config, error) {
		good, err := certified(nil)(s)
		if err != nil {
			return nil, err
		}
		old, err := certified(validFor(-90*24*time.Hour, -time.Hour))(s)
		good.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
			s.touch()
			if s.minute() >= minute {
				return old, nil
			}
			return good, nil
		}
		return good, err
	}
}
