package statuspage_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/board/boardtest"
	"github.com/alivemcp/alivemcp/internal/statuspage"
	"github.com/alivemcp/alivemcp/internal/statuspage/alarmtest"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// alarms is a site with a story of alerting.
type alarms struct {
	*browser
	desk     *alarmtest.Desk
	readers  *alarmtest.Readers
	boxes    *alarmtest.Mailboxes
	incident string // path of the outage
	key      uptime.AlertKey
	now      time.Time
}

func withAlarms(t *testing.T) *alarms {
	t.Helper()
	b := boardtest.New(storyTime())
	row, _ := b.Row(boardtest.Tenant, "payments-ledger")
	a := &alarms{now: storyTime(), key: uptime.AlertKey(row.Incident.ID), incident: incidentsOf(t, b, "payments-ledger")[0], readers: &alarmtest.Readers{Tenant: boardtest.Tenant}, boxes: &alarmtest.Mailboxes{Tenant: boardtest.Tenant}}
	a.desk = alarmtest.New(boardtest.Tenant, alarmtest.Outage{Incident: *row.Incident, Slug: row.Slug, Name: row.Name}, storyTime)
	s, err := statuspage.New(statuspage.Options{
		Tenant: boardtest.Tenant, Source: b, Acts: &diary{board: b}, Now: func() time.Time { return a.now },
		Alarms: a.desk, Links: alarmtest.Links{Desk: a.desk, Key: a.key}, Subscribers: a.readers, Mailboxes: a.boxes,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	a.browser = &browser{t: t, h: s.Handler(), site: "same-origin"}
	return a
}

// says asks for a page and complains of what it does not say.
func (a *alarms) says(path string, want ...string) string {
	a.t.Helper()
	w := a.do(http.MethodGet, path, nil)
	said := words(w.Body.String())
	if w.Code != http.StatusOK {
		a.t.Errorf("%s: status %d: %s", path, w.Code, said)
	}
	for _, one := range want {
		if !strings.Contains(said, one) {
			a.t.Errorf("%s does not say %q:\n%s", path, one, said)
		}
	}
	return w.Body.String()
}

// dead is a delivery that was given up.
func (a *alarms) dead() string {
	a.t.Helper()
	all, err := a.desk.Deliveries(a.t.Context(), boardtest.Tenant, uptime.DeliveryQuery{State: uptime.DeliveryDead})
	if err != nil || len(all) == 0 {
		a.t.Fatalf("%d dead deliveries, %v", len(all), err)
	}
	return "/operator/deliveries/" + string(all[0].ID)
}

func deskPages(a *alarms) []string {
	return []string{"/operator/sinks", "/operator/deliveries", a.dead(), "/operator/silences", "/operator/alerts/" + string(a.key)}
}

// deskActs are all that an operator can post, and what is done then.
func deskActs(a *alarms) map[string]struct {
	form url.Values
	done string
} {
	type act = struct {
		form url.Values
		done string
	}
	alert := "/operator/alerts/" + string(a.key)
	return map[string]act{
		"/operator/sinks/team/test":      {nil, "test team by Dana"},
		"/operator/sinks/mail/challenge": {nil, "challenge mail by Dana"},
		"/operator/sinks/phone/prove":    {url.Values{"code": {" 4711 "}}, "prove phone by Dana"},
		a.dead() + "/replay":             {nil, "replay " + strings.TrimPrefix(a.dead(), "/operator/deliveries/") + " by Dana"},
		alert + "/acknowledge":           {url.Values{"note": {"on it"}}, "acknowledge " + string(a.key) + " by Dana: on it"},
		alert + "/silence":               {url.Values{"lasts": {"4h"}}, "silence [] [] " + string(a.key) + " for 4h0m0s by Dana: "},
		"/operator/silences":             {url.Values{"scope": {"groups"}, "group": {"Office"}, "lasts": {"1h"}, "note": {"move"}}, "silence [] [Office]  for 1h0m0s by Dana: move"},
		"/operator/silences/sil_two/end": {nil, "end sil_two by Dana"},
	}
}

func TestStrangersSeeNoAlarms(t *testing.T) {
	a := withAlarms(t)
	for _, path := range deskPages(a) {
		w := a.do(http.MethodGet, path, nil)
		if w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/operator?back=") || w.Body.Len() > 200 {
			t.Errorf("%s: status %d to %s", path, w.Code, w.Header().Get("Location"))
		}
	}
	for path, act := range deskActs(a) {
		if w := a.do(http.MethodPost, path, act.form); w.Code != http.StatusForbidden {
			t.Errorf("%s: status %d, want 403", path, w.Code)
		}
	}
	if body := a.says(a.incident); strings.Contains(body, "Who was told") || strings.Contains(body, "on-call") {
		t.Error("a stranger reads who was told")
	}
	if len(a.desk.Done()) != 0 {
		t.Errorf("done all the same: %q", a.desk.Done())
	}
}

func TestAlarmsNeedTheirPart(t *testing.T) {
	b, _ := visitor(t)
	b.signIn()
	for _, path := range []string{"/operator/sinks", "/operator/deliveries", "/operator/silences", "/a/ack", "/subscribe", "/unsubscribe/leave-0"} {
		if w := b.do(http.MethodGet, path, nil); w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", path, w.Code)
		}
	}
	for _, path := range []string{"/operator", "/check", "/", "/status/weather"} {
		body := b.do(http.MethodGet, path, nil).Body.String()
		if strings.Contains(body, "/operator/sinks") || strings.Contains(body, "/subscribe") {
			t.Errorf("%s leads to what is not there", path)
		}
	}
}

func TestOperatorsActOnAlarms(t *testing.T) {
	a := withAlarms(t)
	acts := deskActs(a)
	a.signIn()
	var want []string
	for path, act := range acts {
		if w := a.do(http.MethodPost, path, act.form); w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/operator/") {
			t.Errorf("%s: status %d: %s", path, w.Code, words(w.Body.String()))
		}
		want = append(want, act.done)
	}
	got := a.desk.Done()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("done:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	a.says(a.incident, "Acknowledged by Dana", "Silenced until 19:07 UTC")
}

func TestAlarmsRefuseOtherSites(t *testing.T) {
	a := withAlarms(t)
	acts := deskActs(a)
	a.signIn()
	a.site = "cross-site"
	for path, act := range acts {
		if w := a.do(http.MethodPost, path, act.form); w.Code != http.StatusForbidden {
			t.Errorf("%s: status %d, want 403", path, w.Code)
		}
	}
	if len(a.desk.Done()) != 0 {
		t.Errorf("done all the same: %q", a.desk.Done())
	}
}

func TestDeskTellsWhatThereIs(t *testing.T) {
	a := withAlarms(t)
	a.signIn()
	a.says("/operator/sinks", "7 sinks: 2 working, 3 failing, 1 failing the weekly check and 1 not verified.", "team slack Working", "Failing since 13:32 UTC",
		"Resting until 15:19 UTC", "Weekly check fails It is tried again by itself.", "Not verified", "Stopped by its reader Whoever reads there said 3 h ago", "P1 and P2", "(valid for 11 min)")
	a.says("/operator/deliveries", "alert.triggered", "Given up", "To be tried again in 4 min", "Superseded", "subscriber 4f1d2c", "<b>Calendar</b>⟨U+202E⟩")
	a.says(a.dead(), "Given up", "7 attempts", "The routing key is not known", "hree checks in a row failed", "First: Look at the server's own log", "signed links, which act without signing in, are not shown")
	a.says("/operator/silences", "Ends in 40 min , 15:47 UTC", "secret-lab not shown here", "group Engineering", "Begins 17:07 UTC")
	a.says(a.incident, "Who was told", "Told: discord, on-call, team and subscriber 4f1d2c. Not reached: status-bot.", "Nobody has acknowledged it", "phone is not verified, so it is told nothing.", "Why: 10 decisions", "told, team, on-call Notice 1: it opens.", "Silenced until 16:02 UTC")
	body := a.says(a.dead())
	if strings.Contains(body, "secret-ack") || strings.Contains(body, "secret-silence") {
		t.Error("a delivery's page shows signed links")
	}
	if strings.Contains(a.says("/operator/deliveries"), "<b>Calendar") {
		t.Error("a title is markup")
	}
}

func TestDeskPagesAreKeptNowhere(t *testing.T) {
	a := withAlarms(t)
	a.signIn()
	for _, path := range append(deskPages(a), a.incident) {
		w := a.do(http.MethodGet, path, nil)
		if w.Header().Get("Cache-Control") != "no-store" || !strings.Contains(w.Header().Get("X-Robots-Tag"), "noindex") {
			t.Errorf("%s may be kept: %v", path, w.Header())
		}
		if strings.Contains(w.Body.String(), " style=") || strings.Contains(w.Body.String(), "javascript:") {
			t.Errorf("%s holds something inline", path)
		}
	}
}

func TestEmptyDeskHelps(t *testing.T) {
	b := boardtest.New(storyTime())
	s, err := statuspage.New(statuspage.Options{Tenant: boardtest.Tenant, Source: b, Acts: &diary{board: b}, Now: storyTime, Alarms: alarmtest.Empty(boardtest.Tenant, storyTime)})
	if err != nil {
		t.Fatal(err)
	}
	a := &alarms{browser: &browser{t: t, h: s.Handler(), site: "same-origin"}}
	a.signIn()
	a.says("/operator/sinks", "Add the first sink", "- name: team", "verified: operator")
	a.says("/operator/deliveries", "Nothing was sent yet", "There is no sink yet.")
	a.says("/operator/silences", "Nothing is silenced.")
	a.says(incidentsOf(t, b, "payments-ledger")[0], "The router has not looked at this yet")
}

func TestDeliveriesAreFilteredAndPaged(t *testing.T) {
	a := withAlarms(t)
	a.signIn()
	if body := a.says("/operator/deliveries?state=dead"); strings.Count(body, "<tr role=\"row\" class=") != 1 {
		t.Error("state=dead shows others too")
	}
	a.says("/operator/deliveries?sink=mail&state=dead", "None like this")
	if body := a.says("/operator/deliveries?incident=" + string(a.key)); strings.Contains(body, "Former outage") || !strings.Contains(body, "Payments ledger is down") {
		t.Error("an incident's deliveries are not its own")
	}
	seen, path := map[string]int{}, "/operator/deliveries?sink=team"
	for n := 0; path != "" && n < 5; n++ {
		body := a.says(path)
		for _, part := range strings.Split(body, `<th role="rowheader" scope="row"><a href="`)[1:] {
			href, _, _ := strings.Cut(part, `"`)
			seen[href]++
		}
		_, next, ok := strings.Cut(body, `<a rel="next" href="`)
		path, _, _ = strings.Cut(next, `"`)
		path = strings.ReplaceAll(path, "&amp;", "&")
		if !ok {
			path = ""
		}
	}
	if len(seen) != 63 {
		t.Errorf("%d deliveries were shown, want 63", len(seen))
	}
	for _, bad := range []string{"state=lost", "after=x", "sink=" + strings.Repeat("x", 201)} {
		if w := a.do(http.MethodGet, "/operator/deliveries?"+bad, nil); w.Code != http.StatusBadRequest {
			t.Errorf("%s: status %d", bad, w.Code)
		}
	}
}

func TestSinksSayWhatWentWrong(t *testing.T) {
	a := withAlarms(t)
	a.signIn()
	for _, c := range []struct {
		path, code, want string
		status           int
	}{
		{"/operator/sinks/status-bot/test", "", "status-bot: the service answered 503 Service Unavailable.", http.StatusBadGateway},
		{"/operator/sinks/phone/test", "", "phone: verify the sink first.", http.StatusConflict},
		{"/operator/sinks/phone/prove", "1234", "phone: this is not the code that was sent.", http.StatusBadRequest},
		{"/operator/sinks/phone/prove", "", "enter the code as it was sent", http.StatusBadRequest},
		{"/operator/sinks/phone/prove", strings.Repeat("1", 101), "enter the code as it was sent", http.StatusBadRequest},
		{"/operator/sinks/nobody/test", "", "nothing at this address", http.StatusNotFound},
		{"/operator/sinks/" + strings.Repeat("x", 300) + "/test", "", "nothing at this address", http.StatusNotFound},
	} {
		w := a.do(http.MethodPost, c.path, url.Values{"code": {c.code}})
		if w.Code != c.status || !strings.Contains(words(w.Body.String()), c.want) {
			t.Errorf("%.60s: status %d, want %d: %s", c.path, w.Code, c.status, words(w.Body.String()))
		}
	}
}

func TestSilencesAreBounded(t *testing.T) {
	a := withAlarms(t)
	a.signIn()
	for _, form := range []url.Values{
		{"lasts": {"1h"}},
		{"scope": {"servers"}, "lasts": {"1h"}},
		{"scope": {"servers"}, "servers": {"<script>"}, "lasts": {"1h"}},
		{"scope": {"groups"}, "lasts": {"1h"}},
		{"scope": {"all"}, "lasts": {"90m"}},
		{"scope": {"all"}, "lasts": {"until"}, "until": {"soon"}},
		{"scope": {"all"}, "lasts": {"until"}, "until": {"2026-11-23T15:00"}},
		{"scope": {"all"}, "lasts": {"until"}, "until": {"2027-11-23T15:00"}},
		{"scope": {"all"}, "lasts": {"1h"}, "note": {strings.Repeat("x", 2001)}},
	} {
		if w := a.do(http.MethodPost, "/operator/silences", form); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `role="alert"`) {
			t.Errorf("%.80v: status %d", form, w.Code)
		}
	}
	if len(a.desk.Done()) != 0 {
		t.Errorf("done all the same: %q", a.desk.Done())
	}
	form := url.Values{"scope": {"servers"}, "servers": {"weather, maps weather"}, "lasts": {"until"}, "until": {"2026-11-23T18:07"}}
	if w := a.do(http.MethodPost, "/operator/silences", form); w.Code != http.StatusSeeOther {
		t.Errorf("status %d", w.Code)
	}
	if want := []string{"silence [weather maps] []  for 2h59m16s by Dana: "}; !slices.Equal(a.desk.Done(), want) {
		t.Errorf("done %q, want %q", a.desk.Done(), want)
	}
}

func TestAcknowledgedInPublic(t *testing.T) {
	b := boardtest.New(storyTime())
	path := incidentsOf(t, b, "payments-ledger")[0]
	h := server(t, acked{b}, nil)
	body := page(t, h, path)
	if said := words(body); !strings.Contains(said, "after 4 min Acknowledged Somebody is working on it.") {
		t.Errorf("the page does not say so: %s", said)
	}
	if strings.Contains(body, "Dana") || strings.Contains(body, "pager") {
		t.Error("the public reads who acknowledged")
	}
	v := &browser{t: t, h: server(t, acked{b}, &diary{board: b}), site: "same-origin"}
	v.signIn()
	if said := words(v.do(http.MethodGet, path, nil).Body.String()); !strings.Contains(said, "Acknowledged by Robin") {
		t.Errorf("the operator does not read who it was: %s", said)
	}
}
