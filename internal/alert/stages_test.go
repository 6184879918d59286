package alert_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestRules(t *testing.T) {
	grouped := *weather
	grouped.Group = "core"
	for _, c := range []struct {
		name string
		rule uptime.Rule
		sink func(*uptime.Sink)
		want bool
	}{
		{"everything", uptime.Rule{}, nil, true},
		{"server", uptime.Rule{Servers: []string{"weather"}}, nil, true},
		{"other server", uptime.Rule{Servers: []string{"other"}}, nil, false},
		{"group", uptime.Rule{Groups: []string{"core"}}, nil, true},
		{"other group", uptime.Rule{Groups: []string{"edge"}}, nil, false},
		{"kind", uptime.Rule{Kinds: []uptime.AlertKind{uptime.AlertDrift}}, nil, false},
		{"severity", uptime.Rule{Priorities: []uptime.Priority{uptime.P2}}, nil, true},
		{"other severity", uptime.Rule{Priorities: []uptime.Priority{uptime.P1}}, nil, false},
		{"reason", uptime.Rule{Reasons: []uptime.Reason{uptime.Timeout}}, nil, true},
		{"other reason", uptime.Rule{Reasons: []uptime.Reason{uptime.ProtocolError}}, nil, false},
		{"least urgent", uptime.Rule{}, func(s *uptime.Sink) { s.Least = uptime.P1 }, false},
		{"sink's servers", uptime.Rule{}, func(s *uptime.Sink) { s.Servers = []string{"other"} }, false},
		{"reader", uptime.Rule{Servers: []string{"other"}}, func(s *uptime.Sink) { s.Subscriber = true }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.rule.Sinks = []string{"team"}
			k := sink("team")
			if c.sink != nil {
				c.sink(&k)
			}
			scene(t, uptime.Policy{Sinks: []uptime.Sink{k}, Rules: []uptime.Rule{c.rule}}, []*uptime.Server{&grouped}, func(d *desk) {
				d.fails(&grouped, uptime.FirstByteTimeout)
				d.pass(time.Minute)
				if got := len(d.told("team")) == 1; got != c.want {
					t.Errorf("told: %v, want %v", got, c.want)
				}
				if !c.want && !d.decided("match", "dropped") {
					t.Error("nobody knows why it was not told")
				}
			})
		})
	}
}

func TestCorrelation(t *testing.T) {
	for _, c := range []struct {
		name  string
		other *uptime.Server
		cause uptime.Cause
		after time.Duration
		want  int
	}{
		{"host", server("t", "b", "weather.example.com"), uptime.BadJSON, 0, 1},
		{"platform", server("t", "b", "other.example.com"), uptime.BadJSON, 0, 1},
		{"cause", server("t", "b", "b.example.org"), uptime.ConnectRefused, time.Second, 1},
		{"nothing", server("t", "b", "b.example.org"), uptime.BadJSON, 0, 2},
		{"too late", server("t", "b", "weather.example.com"), uptime.ConnectRefused, 3 * time.Minute, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, []*uptime.Server{weather, c.other}, func(d *desk) {
				d.fails(weather, uptime.ConnectRefused)
				d.pass(c.after)
				d.fails(c.other, c.cause)
				d.pass(10 * time.Second)
				if got := len(d.told("team")); got != c.want {
					t.Errorf("%d notices, want %d: %q", got, c.want, d.told("team"))
				}
			})
		})
	}
}

// TestCorrelationTrails: behind one host many servers fail, one minute after
// another is found to. What only shares a cause joins for two minutes.
func TestCorrelationTrails(t *testing.T) {
	for _, c := range []struct {
		name, host string
		want       int
	}{
		{"one host", "weather.example.com", 2},
		{"one cause", "mcp.h%d.example", 7},
	} {
		t.Run(c.name, func(t *testing.T) {
			var servers []*uptime.Server
			for i := range 20 {
				servers = append(servers, server("t", fmt.Sprintf("s%d", i), strings.ReplaceAll(c.host, "%d", fmt.Sprint(i))))
			}
			scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team", func(s *uptime.Sink) { s.Final = true })}}, servers, func(d *desk) {
				for _, s := range servers {
					d.fails(s, uptime.ConnectRefused)
					d.pass(time.Minute)
				}
				if got := len(d.told("team")); got != c.want {
					t.Errorf("%d notices, want %d: %q", got, c.want, d.told("team"))
				}
			})
		})
	}
}

func TestRemindsUntilAcknowledged(t *testing.T) {
	scene(t, uptime.Policy{Remind: time.Hour, Sinks: []uptime.Sink{sink("team")}}, []*uptime.Server{weather}, func(d *desk) {
		inc := d.fails(weather, uptime.ConnectRefused)
		d.pass(2*time.Hour + time.Minute)
		still := "changes Still: Weather is down: the connection is refused"
		d.wants("team", "opens Weather is down: the connection is refused", still, still)
		if err := d.router.Acknowledge(t.Context(), "t", uptime.AlertKey(inc), "ann", ""); err != nil {
			t.Fatal(err)
		}
		d.pass(5 * time.Hour)
		if n := len(d.told("team")); n != 4 {
			t.Errorf("told %q", d.told("team"))
		}
	})
}

func TestWhatIsNotTold(t *testing.T) {
	scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, []*uptime.Server{weather}, func(d *desk) {
		at := time.Now().UTC()
		demo := uptime.Incident{ID: "inc_demo", Tenant: "t", Server: weather.ID, Opened: at, Demo: true}
		late := uptime.Incident{ID: "inc_late", Tenant: "t", Server: weather.ID, Opened: at, Recovered: at.Add(time.Minute), Closed: at.Add(time.Minute)}
		d.tell(uptime.News{Incident: &demo, Event: uptime.IncidentOpened})
		d.tell(uptime.News{Incident: &late, Event: uptime.IncidentOpened})
		d.tell(uptime.News{Incident: &late, Event: uptime.IncidentResolved})
		d.pass(time.Minute)
		d.wants("team")
		if n := len(d.records.decisions); n != 2 {
			t.Errorf("decisions: %+v", d.records.decisions)
		}
	})
}

// TestNoticeHoldsNothingInternal: names of servers are hostile, ids of regions,
// platforms and secrets of addresses are nobody's business.
func TestNoticeHoldsNothingInternal(t *testing.T) {
	hostile := *weather
	hostile.Name = "Wea\u202ether\n\x1b[31m " + strings.Repeat("x", 500)
	hostile.URL = "https://user:pass@weather.example.com/mcp?key=secret"
	scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team"), sink("reader", func(s *uptime.Sink) { s.Subscriber = true })}}, []*uptime.Server{&hostile}, func(d *desk) {
		d.fails(&hostile, uptime.ConnectRefused)
		d.pass(time.Minute)
		for _, name := range []string{"team", "reader"} {
			text := fmt.Sprintf("%+v", d.last(name))
			for _, bad := range []string{"\u202e", "\n", "\x1b", "secret", "pass", "srv_", `[eu]`} {
				if strings.Contains(text, bad) {
					t.Errorf("%s: %q in %s", name, bad, text)
				}
			}
		}
		if n := d.last("reader"); n.AckURL != "" || n.RunbookURL != "" || n.FirstStep != "" {
			t.Errorf("a reader was told %+v", n)
		}
	})
}

// gapped is a feed that lost what lies before its first verdict.
type gapped struct{ *feed }

func (g gapped) After(_ context.Context, after uptime.Cursor, _ int) ([]uptime.Verdict, error) {
	if after < 10 {
		return nil, &uptime.FeedGap{After: after, Resume: 10}
	}
	return nil, nil
}

func TestFeedGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, weather)
		d.opt.Feed = gapped{d.feed}
		d.run()
		d.fails(weather, uptime.ConnectRefused)
		d.pass(20 * time.Second)
		if st := d.router.Stats(); st.Verdicts != 10 || st.Failed != 0 || len(d.told("team")) != 1 {
			t.Errorf("stats %+v, told %q", st, d.told("team"))
		}
		d.stop()
	})
}

func TestFlappingForDaysIsBounded(t *testing.T) {
	scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, []*uptime.Server{weather}, func(d *desk) {
		for range 150 {
			d.fails(weather, uptime.ConnectRefused)
			d.pass(time.Minute)
			d.works(weather)
			d.pass(time.Minute)
		}
		for _, th := range d.records.threads {
			if len(th.Members) > 100 || th.Times != 149 {
				t.Errorf("%d members, opened again %d times", len(th.Members), th.Times)
			}
		}
	})
}

func TestWords(t *testing.T) {
	for host, want := range map[string]string{
		"a.b.example.com": "example.com", "example.com": "example.com", "x.example.co.uk": "example.co.uk",
		"10.1.2.3": "10.1.2.3", "2001:db8::1": "2001:db8::1", "localhost": "localhost", "": "",
	} {
		if got := alert.PlatformOf(host); got != want {
			t.Errorf("platform of %q: %q, want %q", host, got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		45 * time.Second: "45 s", 12 * time.Minute: "12 min", 185 * time.Minute: "3 h 5 min", 72 * time.Hour: "3 days", -time.Second: "0 s",
	} {
		if got := alert.Span(d); got != want {
			t.Errorf("span of %s: %q, want %q", d, got, want)
		}
	}
	if got := alert.Clean(" a\tb\x00\u200f c ", 4); got != "a b…" {
		t.Errorf("cleaned: %q", got)
	}
}

// TestOpensAgainWithinAStep: what was over before the router heard of it, and is
// there again under the same name by the next line of the news, is told.
func TestOpensAgainWithinAStep(t *testing.T) {
	scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, []*uptime.Server{weather}, func(d *desk) {
		at := time.Now().UTC()
		drift := uptime.Drift{ID: "drf_1", Tenant: "t", Server: weather.ID, Class: uptime.DriftBreaking, Summary: "1 removed.", Detected: at}
		for _, reverted := range []time.Time{at.Add(time.Second), {}} {
			is := drift
			is.Reverted = reverted
			d.records.mu.Lock()
			d.records.news = append(d.records.news, uptime.News{Seq: uint64(len(d.records.news) + 1), Drift: &is})
			d.records.mu.Unlock()
		}
		d.router.Wake()
		d.pass(time.Minute)
		d.wants("team", "opens Weather changed its tools: 1 removed")
	})
}

// TestGraverIsToldAtOnce: what gets urgent does not wait for the time of the next
// update.
func TestGraverIsToldAtOnce(t *testing.T) {
	scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, []*uptime.Server{weather}, func(d *desk) {
		d.fails(weather, uptime.FirstByteTimeout)
		for i := range 20 {
			d.pass(time.Minute)
			d.amend(weather, func(in *uptime.Incident) {
				in.Failure.Cause = []uptime.Cause{uptime.AttemptTimeout, uptime.FirstByteTimeout}[i%2]
			})
		}
		before := len(d.told("team"))
		if n := d.last("team"); n.Priority != uptime.P2 {
			t.Fatalf("it is %s so far", n.Priority)
		}
		d.amend(weather, func(in *uptime.Incident) { in.Failure.Cause = uptime.ConnectRefused })
		d.pass(5 * time.Second)
		if n := d.last("team"); len(d.told("team")) != before+1 || n.Priority != uptime.P1 || !n.Rings {
			t.Errorf("five seconds after it got urgent %q was told last, %s, rings: %t", n.Title, n.Priority, n.Rings)
		}
	})
}
