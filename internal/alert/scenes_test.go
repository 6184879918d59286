package alert_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

func editing(s *uptime.Sink) { s.Edits = true }
func final(s *uptime.Sink)   { s.Final = true }

var weather = server("t", "weather", "weather.example.com")

func TestOutageIsToldOnce(t *testing.T) {
	scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team"), sink("final", final)}}, []*uptime.Server{weather}, func(d *desk) {
		inc := d.fails(weather, uptime.ConnectRefused)
		d.pass(5 * time.Second)
		d.wants("team", "opens Weather is down: the connection is refused")
		n := d.last("team")
		if n.Key != uptime.AlertKey(inc) || n.Priority != uptime.P1 || n.Type != uptime.NoticeTriggered || n.FirstStep != "Start the process." ||
			n.RunbookURL != weather.RunbookURL || n.StatusPage == "" || n.AckURL == "" || !slices.Equal(n.Regions, []string{"London"}) || n.Servers[0].State != "down" {
			t.Errorf("notice: %+v", n)
		}
		d.restart()
		d.pass(7 * time.Minute)
		d.amend(weather, func(in *uptime.Incident) { in.Note = "We are on it" })
		d.pass(5 * time.Second)
		d.works(weather)
		d.pass(5 * time.Second)
		d.wants("team", "opens Weather is down: the connection is refused", "changes Weather is down: the connection is refused", "closes Weather works again after 7 min")
		d.wants("final", "opens Weather is down: the connection is refused", "closes Weather works again after 7 min")
		d.pass(2 * time.Hour)
		if st := d.router.Stats(); st.Threads != 0 || st.Alerts != 0 {
			t.Errorf("left behind: %+v", st)
		}
	})
}

func TestUpdatesAreDebounced(t *testing.T) {
	scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team"), sink("edit", editing)}}, []*uptime.Server{weather}, func(d *desk) {
		d.fails(weather, uptime.ConnectRefused)
		for i := range 60 {
			d.pass(time.Minute)
			d.amend(weather, func(in *uptime.Incident) {
				in.Failure.Cause = []uptime.Cause{uptime.ConnectReset, uptime.ConnectRefused}[i%2]
			})
		}
		if n := len(d.told("team")); n < 3 || n > 7 {
			t.Errorf("%d notices to a sink that every update disturbs", n)
		}
		if n := len(d.told("edit")); n < 55 {
			t.Errorf("%d notices to a sink that edits in place", n)
		}
	})
}

func TestFlappingIsBounded(t *testing.T) {
	sinks := []uptime.Sink{sink("team"), sink("edit", editing), sink("reader", func(s *uptime.Sink) { s.Subscriber, s.Patience = true, 3*time.Minute })}
	scene(t, uptime.Policy{Sinks: sinks}, []*uptime.Server{weather}, func(d *desk) {
		for range 30 {
			d.fails(weather, uptime.ConnectRefused)
			d.pass(time.Minute)
			d.works(weather)
			d.pass(time.Minute)
		}
		d.pass(20 * time.Minute)
		for _, name := range []string{"team", "edit"} {
			got := d.told(name)
			if len(got) > 8 || !strings.HasPrefix(got[len(got)-1], "closes Weather works again") {
				t.Errorf("%s was told %q", name, got)
			}
			if !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "(2nd time)") }) ||
				!slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "goes up and down: 3 times") }) {
				t.Errorf("%s was told %q", name, got)
			}
		}
		d.wants("reader")
	})
}

func TestFlappingThatStaysDownIsTold(t *testing.T) {
	scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team", editing)}}, []*uptime.Server{weather}, func(d *desk) {
		for range 3 {
			d.fails(weather, uptime.ConnectRefused)
			d.pass(time.Minute)
			d.works(weather)
			d.pass(time.Minute)
		}
		d.fails(weather, uptime.ConnectRefused)
		d.pass(6 * time.Minute)
		if got := d.told("team"); got[len(got)-1] != "changes Weather is down: the connection is refused" {
			t.Errorf("told %q", got)
		}
	})
}

func TestStormIsOneNotice(t *testing.T) {
	var servers []*uptime.Server
	for i := range 2000 {
		servers = append(servers, server("t", fmt.Sprintf("s%d", i), fmt.Sprintf("h%d.platform.example", i)))
	}
	scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("a"), sink("b", editing)}}, servers, func(d *desk) {
		for i, s := range servers {
			d.fails(s, uptime.ConnectRefused)
			if i%40 == 39 {
				d.pass(time.Second)
			}
		}
		d.pass(time.Minute)
		if got := d.told("a"); len(got) > 3 {
			t.Errorf("told %q", got)
		}
		if n := d.last("b"); n.Failing != 2000 || len(n.Servers) != 50 || n.More != 1950 || !strings.HasPrefix(n.Title, "2000 servers are down") {
			t.Errorf("notice %q: %d of %d, %d listed, %d more", n.Title, n.Failing, n.Total, len(n.Servers), n.More)
		}
		for _, s := range servers {
			d.works(s)
		}
		d.pass(10 * time.Second)
		for _, name := range []string{"a", "b"} {
			if n := d.last(name); n.Phase != uptime.NoticeCloses || n.Failing != 0 {
				t.Errorf("%s: %s %q", name, n.Phase, n.Title)
			}
		}
		t.Logf("%d transactions, %d bytes of members", d.records.routed, d.records.bytes)
	})
}

func TestMaintenanceHoldsBack(t *testing.T) {
	scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, []*uptime.Server{weather}, func(d *desk) {
		now := time.Now()
		d.change(func() {
			d.plan = &uptime.Plan{Version: 2, Servers: d.plan.Servers, Windows: []uptime.Window{{Tenant: "t", From: now, To: now.Add(time.Hour)}}}
		})
		d.fails(weather, uptime.ConnectRefused)
		d.pass(50 * time.Minute)
		d.wants("team")
		if !d.decided("maintenance", "held") {
			t.Error("nobody knows why")
		}
		d.pass(11 * time.Minute)
		d.wants("team", "opens Weather is down: the connection is refused")
	})
}

func TestSilence(t *testing.T) {
	other := server("t", "other", "other.example.org")
	scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, []*uptime.Server{weather, other}, func(d *desk) {
		d.fails(other, uptime.ConnectRefused)
		d.pass(5 * time.Minute)
		d.change(func() {
			d.records.silences = []uptime.Silence{{ID: "q", Tenant: "t", From: time.Now(), Until: time.Now().Add(time.Hour), By: "ann"}}
		})
		d.router.SilencesChanged()
		d.fails(weather, uptime.ConnectRefused)
		d.pass(5 * time.Minute)
		d.works(weather)
		d.works(other)
		d.pass(5 * time.Minute)
		d.wants("team", "opens Other is down: the connection is refused", "closes Other works again after 10 min")
	})
}

func TestEscalationStopsWhenAcknowledged(t *testing.T) {
	policy := uptime.Policy{
		Sinks: []uptime.Sink{sink("first"), sink("second"), sink("third")},
		Rules: []uptime.Rule{{Sinks: []string{"first"}, Escalate: []uptime.Escalation{
			{After: 5 * time.Minute, Sinks: []string{"second"}}, {After: 15 * time.Minute, Sinks: []string{"third"}},
		}}},
	}
	scene(t, policy, []*uptime.Server{weather}, func(d *desk) {
		inc := d.fails(weather, uptime.ConnectRefused)
		d.pass(4 * time.Minute)
		d.wants("second")
		d.pass(2 * time.Minute)
		d.wants("second", "opens Weather is down: the connection is refused")
		if err := d.router.Acknowledge(t.Context(), "t", uptime.AlertKey(inc), "ann", "On it"); err != nil {
			t.Fatal(err)
		}
		d.pass(20 * time.Minute)
		d.wants("third")
		if n := d.last("first"); n.AckedBy != "ann" || n.AckURL != "" || n.Phase != uptime.NoticeChanges {
			t.Errorf("notice: %+v", n)
		}
		d.works(weather)
		d.pass(time.Minute)
		for _, name := range []string{"first", "second"} {
			if n := d.last(name); n.Phase != uptime.NoticeCloses {
				t.Errorf("%s: %s", name, n.Phase)
			}
		}
		d.wants("third")
		if len(d.records.events) != 1 || d.records.events[0].Kind != uptime.IncidentAcked || len(d.records.audit) != 1 {
			t.Errorf("events %v, audit %v", d.records.events, d.records.audit)
		}
		if err := d.router.Acknowledge(t.Context(), "t", "nothing", "ann", ""); !errors.Is(err, uptime.ErrNotFound) {
			t.Errorf("acknowledging nothing: %v", err)
		}
	})
}

func TestHours(t *testing.T) {
	// The bubble's clock begins on Saturday, 2000-01-01, at midnight UTC.
	hours := &uptime.Hours{Days: [7]bool{time.Saturday: true}, From: 4 * time.Hour, To: 18 * time.Hour}
	policy := uptime.Policy{Sinks: []uptime.Sink{sink("office")}, Rules: []uptime.Rule{{Hours: hours, Sinks: []string{"office"}}}}
	scene(t, policy, []*uptime.Server{weather}, func(d *desk) {
		d.fails(weather, uptime.ConnectRefused)
		d.pass(3*time.Hour + 55*time.Minute)
		d.wants("office")
		d.pass(6 * time.Minute)
		d.wants("office", "opens Weather is down: the connection is refused")
	})
}

func TestDigest(t *testing.T) {
	var servers []*uptime.Server
	for i := range 8 {
		servers = append(servers, server("t", fmt.Sprintf("s%d", i), fmt.Sprintf("h%d.example%d.com", i, i)))
	}
	policy := uptime.Policy{Budget: 3, Sinks: []uptime.Sink{sink("team")}}
	scene(t, policy, servers, func(d *desk) {
		for i, s := range servers {
			cause := uptime.FirstByteTimeout
			if i == 7 {
				cause = uptime.ConnectRefused // P1 never waits
			}
			d.fails(s, cause)
			d.pass(3 * time.Minute)
		}
		if got := d.told("team"); len(got) != 4 || got[3] != "opens S7 is down: the connection is refused" {
			t.Errorf("told %q", got)
		}
		d.restart()
		d.pass(time.Hour)
		if got := d.last("team"); got.Kind != uptime.AlertDigest || got.Failing != 4 || got.Title != "Digest: 4 alerts above the hour's budget, 4 last" {
			t.Errorf("told %q", d.told("team"))
		}
		for _, s := range servers {
			d.works(s)
		}
		d.pass(time.Hour)
		if got := d.told("team"); len(got) != 10 {
			t.Errorf("told %q", got)
		}
		d.pass(3 * time.Hour)
		if st := d.router.Stats(); st.Threads != 0 {
			t.Errorf("left behind: %+v", st)
		}
	})
}

func TestCluster(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var servers []*uptime.Server
		var policies []*uptime.Policy
		for i := range 20 {
			tenant := uptime.TenantID(fmt.Sprintf("t%d", i))
			servers = append(servers, server(tenant, fmt.Sprintf("s%d", i), fmt.Sprintf("h%d.platform.example", i)))
			policies = append(policies, &uptime.Policy{Tenant: tenant, Sinks: []uptime.Sink{sink(fmt.Sprintf("k%d", i))}})
		}
		d := newDesk(t, uptime.Policy{Sinks: []uptime.Sink{sink("operator")}}, servers...)
		d.policies = append(d.policies, policies...)
		d.opt.Operator, d.opt.Tenants = "t", func() int { return 21 }
		d.run()
		for _, s := range servers[:8] {
			d.fails(s, uptime.ConnectRefused)
		}
		d.pass(10 * time.Second)
		d.wants("operator", "opens 8 tenants fail for one reason: the connection is refused")
		d.wants("k0")
		if n := d.last("operator"); len(n.Servers) != 0 || n.Failing != 8 || strings.Contains(fmt.Sprintf("%+v", n), "platform") {
			t.Errorf("notice: %+v", n)
		}
		d.restart()
		d.pass(5 * time.Minute)
		d.wants("k0")
		recovers := func(s *uptime.Server, at time.Time) {
			d.amend(s, func(in *uptime.Incident) { in.Recovered = at })
		}
		recovers(servers[1], time.Now())
		for _, s := range servers[3:8] {
			d.works(s)
		}
		d.pass(time.Second)
		d.works(servers[2]) // it was looked at a little later
		d.pass(10 * time.Second)
		d.wants("k0", "opens S0 is down: the connection is refused")
		d.wants("k1")
		d.wants("k2")
		recovers(servers[1], time.Time{}) // it was not well after all
		d.pass(10 * time.Second)
		d.wants("k1", "opens S1 is down: the connection is refused")
		d.works(servers[1])
		if n := d.last("operator"); n.Phase != uptime.NoticeCloses {
			t.Errorf("the operator was told %q", n.Title)
		}
		d.works(servers[0])
		d.pass(3 * time.Hour)
		if st := d.router.Stats(); st.Threads != 0 {
			t.Errorf("left behind: %+v", st)
		}
		d.stop()
		if err := consistent(d.records); err != nil {
			t.Error(err)
		}
	})
}

func TestDegradedBlipIsLoggedOnly(t *testing.T) {
	scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, []*uptime.Server{weather}, func(d *desk) {
		d.seal(weather, uptime.Degraded)
		d.pass(time.Minute)
		d.seal(weather, uptime.Live)
		d.pass(5 * time.Minute)
		d.wants("team")
		for range 4 {
			d.seal(weather, uptime.Degraded, func(v *uptime.Verdict) { v.Failure = &uptime.Failure{Cause: uptime.CanaryFailed} })
			d.restart()
			d.pass(time.Minute)
		}
		d.wants("team", "opens Weather is degraded: canary_failed")
		if p := d.last("team").Priority; p != uptime.P2 {
			t.Errorf("priority %s", p)
		}
		d.seal(weather, uptime.Live)
		d.pass(time.Minute)
		d.wants("team", "opens Weather is degraded: canary_failed", "closes Weather works well again after 4 min")
	})
}

func TestCertificate(t *testing.T) {
	scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, []*uptime.Server{weather}, func(d *desk) {
		ends := time.Now().Add(15 * 24 * time.Hour)
		look := func(ends time.Time) {
			d.seal(weather, uptime.Live, func(v *uptime.Verdict) {
				v.Reports = []uptime.Report{{Region: "eu", State: uptime.Live, TLSNotAfter: ends}}
			})
			d.pass(time.Minute)
		}
		look(ends)
		d.wants("team")
		d.pass(25 * time.Hour)
		look(ends)
		look(ends)
		title := "Weather has a certificate that ends on 2000-01-16"
		d.wants("team", "opens "+title)
		look(ends.Add(90 * 24 * time.Hour))
		d.wants("team", "opens "+title)
		d.pass(15 * time.Minute)
		look(ends.Add(90 * 24 * time.Hour))
		d.wants("team", "opens "+title, "closes Weather: the certificate was renewed")
	})
}

func TestDrift(t *testing.T) {
	scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, []*uptime.Server{weather}, func(d *desk) {
		dr := uptime.Drift{ID: "drf_1", Tenant: "t", Server: weather.ID, Class: uptime.DriftBreaking, Summary: "2 removed.", Detected: time.Now().UTC()}
		send := func() { c := dr; d.tell(uptime.News{Drift: &c}); d.pass(10 * time.Second) }
		send()
		dr.Reverted = time.Now().UTC()
		send()
		d.pass(5 * time.Hour)
		dr.Reverted = time.Time{}
		send()
		dr.Accepted = time.Now().UTC()
		send()
		d.wants("team", "opens Weather changed its tools: 2 removed", "closes Weather: the tools are the old ones again",
			"opens Weather changed its tools: 2 removed", "closes Weather: the new tools were accepted")
	})
}

func TestSinkThatFailsIsToldElsewhere(t *testing.T) {
	scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("broken"), sink("other")}}, []*uptime.Server{weather}, func(d *desk) {
		for range 2 {
			if err := d.router.SinkFails(t.Context(), "t", "broken", time.Now(), "it answers 500"); err != nil {
				t.Fatal(err)
			}
			d.pass(10 * time.Second)
		}
		if err := d.router.SinkWorks(t.Context(), "t", "broken"); err != nil {
			t.Fatal(err)
		}
		d.pass(10 * time.Second)
		d.wants("broken")
		d.wants("other", "opens Sink broken takes no notices: it answers 500", "closes Sink broken takes notices again")
	})
}

func TestRegistryThatIsNotTakenOverIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, uptime.Policy{Sinks: []uptime.Sink{sink("official"), sink("public", func(s *uptime.Sink) { s.Public = true })}}, weather)
		d.opt.Operator = "t"
		d.run()
		for range 2 {
			if err := d.router.RegistryFails(t.Context(), "official", time.Now(), "it lists 5 addresses, and had 50 before"); err != nil {
				t.Fatal(err)
			}
			d.pass(10 * time.Second)
		}
		if err := d.router.RegistryWorks(t.Context(), "official"); err != nil {
			t.Fatal(err)
		}
		d.pass(10 * time.Second)
		d.wants("official", "opens Registry official is not taken over: it lists 5 addresses, and had 50 before", "closes Registry official: it was read and taken over again")
		if err := d.router.RegistryFails(t.Context(), "official", time.Now(), "it took longer than 50m0s"); err != nil {
			t.Fatal(err)
		}
		d.pass(time.Hour)
		for range 2 {
			if err := d.router.RegistryLeft(t.Context(), "official"); err != nil {
				t.Fatal(err)
			}
			d.pass(10 * time.Second)
		}
		if last := d.told("official"); len(last) != 4 || last[3] != "closes Registry official: it is not read any more" {
			t.Errorf("of one that is not read any more was told %q", last)
		}
		d.wants("public")
		d.stop()
	})
}

func TestUnverifiedSinkIsToldLater(t *testing.T) {
	scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("new", func(s *uptime.Sink) { s.Verified = false })}}, []*uptime.Server{weather}, func(d *desk) {
		d.fails(weather, uptime.ConnectRefused)
		d.pass(time.Minute)
		d.wants("new")
		d.change(func() { d.policies = []*uptime.Policy{{Tenant: "t", Sinks: []uptime.Sink{sink("new")}}} })
		d.pass(time.Minute)
		d.wants("new", "opens Weather is down: the connection is refused")
	})
}

func TestHiddenServerIsNotPublic(t *testing.T) {
	hidden := *weather
	hidden.Hidden = true
	sinks := []uptime.Sink{sink("team"), sink("public", func(s *uptime.Sink) { s.Public = true })}
	scene(t, uptime.Policy{Sinks: sinks}, []*uptime.Server{&hidden}, func(d *desk) {
		d.fails(&hidden, uptime.ConnectRefused)
		d.pass(time.Minute)
		d.works(&hidden)
		d.pass(time.Minute)
		d.wants("public")
		if n := len(d.told("team")); n != 2 {
			t.Errorf("the team was told %d times", n)
		}
	})
}

// TestServerThatIsHidden: readers are told that they hear no more of it, not how
// it goes on, and of no server that never was public.
func TestServerThatIsHidden(t *testing.T) {
	secret := server("t", "secret", "secret.example.com")
	secret.Hidden = true
	sinks := []uptime.Sink{sink("team"), sink("reader", final, func(s *uptime.Sink) { s.Public, s.Subscriber = true, true })}
	scene(t, uptime.Policy{Sinks: sinks}, []*uptime.Server{weather, secret}, func(d *desk) {
		d.fails(weather, uptime.ConnectRefused)
		d.fails(secret, uptime.ConnectRefused)
		d.pass(time.Minute)
		hidden := *weather
		hidden.Hidden = true
		d.change(func() { d.plan = &uptime.Plan{Version: 2, Servers: []*uptime.Server{&hidden, secret}} })
		d.pass(time.Minute)
		if text := fmt.Sprintf("%+v", d.last("reader")); strings.Contains(text, "ecret") || strings.Contains(text, "eather") {
			t.Errorf("readers were told %s", text)
		}
		d.works(weather)
		d.works(secret)
		d.pass(3 * time.Hour)
		d.wants("reader", isDown, "closes What was told here is not public any more")
		if n := d.router.Remembers(); n != 0 || len(d.told("team")) < 2 {
			t.Errorf("%d things are left behind; the team was told %q", n, d.told("team"))
		}
	})
}

// TestDecisionsSayWhatIsKnown: a notice is queued when it is decided; whether it
// arrived is the delivery's to say.
func TestDecisionsSayWhatIsKnown(t *testing.T) {
	scene(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, []*uptime.Server{weather}, func(d *desk) {
		d.fails(weather, uptime.ConnectRefused)
		d.pass(time.Minute)
		if !d.decided("deliver", "queued") || d.decided("deliver", "told") {
			t.Errorf("decisions: %+v", d.records.decisions)
		}
	})
}
