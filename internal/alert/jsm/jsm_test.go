package jsm_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/alert/jsm"
	"github.com/alivemcp/alivemcp/internal/alert/sinktest"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const key = "11111111-2222-3333-4444-555555555555"

// alerts behaves as the alert API does: creating an open alias counts, and what
// is asked of an alias that never was is a 404.
type alerts struct {
	t    *testing.T
	open map[string]bool
	said map[string][]string // actions by alias
	last body
}

type body struct {
	Message     string            `json:"message"`
	Alias       string            `json:"alias"`
	Description string            `json:"description"`
	Tags        []string          `json:"tags"`
	Details     map[string]string `json:"details"`
	Entity      string            `json:"entity"`
	Source      string            `json:"source"`
	Priority    string            `json:"priority"`
	Note        string            `json:"note"`
	User        string            `json:"user"`
}

func (a *alerts) take(r sinktest.Request) sinktest.Reply {
	if r.Header.Get("Authorization") != "GenieKey "+key {
		return sinktest.Accept(http.StatusForbidden, `{"message":"You are not authorized","took":0}`)
	}
	if strings.HasPrefix(r.Path, "/ops/v2/heartbeats/") {
		return sinktest.Accept(http.StatusAccepted, `{"result":"PONG"}`)
	}
	a.last = body{}
	if err := json.Unmarshal(r.Body, &a.last); err != nil {
		a.t.Errorf("the service got no JSON: %v", err)
	}
	rest, ok := strings.CutPrefix(r.Path, "/ops/v2/alerts")
	if !ok {
		return sinktest.Accept(http.StatusNotFound, `{"message":"no such path"}`)
	}
	if rest == "" {
		return a.create()
	}
	return a.act(r, strings.Split(strings.TrimPrefix(rest, "/"), "/"))
}

func (a *alerts) create() sinktest.Reply {
	b := a.last
	long := utf8.RuneCountInString(b.Message) > 130 || utf8.RuneCountInString(b.Description) > 15000 || utf8.RuneCountInString(b.Alias) > 512 || len(b.Tags) > 20
	if b.Message == "" || long {
		return sinktest.Accept(http.StatusUnprocessableEntity, `{"message":"Request body is not processable"}`)
	}
	a.open[b.Alias] = true
	a.said[b.Alias] = append(a.said[b.Alias], "create")
	return accepted()
}

func (a *alerts) act(r sinktest.Request, path []string) sinktest.Reply {
	if len(path) != 2 || r.Query.Get("identifierType") != "alias" {
		a.t.Errorf("path %q, query %v", path, r.Query)
	}
	open, known := a.open[path[0]]
	if !known {
		return sinktest.Accept(http.StatusNotFound, `{"message":"Alert not found"}`)
	}
	a.said[path[0]] = append(a.said[path[0]], path[1])
	a.open[path[0]] = open && path[1] != "close"
	return accepted()
}

func accepted() sinktest.Reply {
	return sinktest.Accept(http.StatusAccepted, `{"result":"Request will be processed","took":0.3,"requestId":"r"}`)
}

func start(t *testing.T) (*jsm.Sink, *alerts, *sinktest.Service) {
	t.Helper()
	fake := &alerts{t: t, open: map[string]bool{}, said: map[string][]string{}}
	service := sinktest.NewService(t, fake.take)
	sink, err := jsm.New(jsm.Options{Client: sinktest.Client(t), Key: key, BaseURL: service.URL + "/ops/", Tags: []string{"mcp"}})
	if err != nil {
		t.Fatal(err)
	}
	return sink, fake, service
}

func deliver(t *testing.T, sink *jsm.Sink, n uptime.Notice, ref string) string {
	t.Helper()
	ref, err := sink.Deliver(t.Context(), sinktest.Wrap(n, 1), ref)
	if err != nil {
		t.Fatalf("delivering %s: %v", n.Phase, err)
	}
	return ref
}

func TestLifeOfAThread(t *testing.T) {
	sink, fake, _ := start(t)
	quiet := sinktest.Outage(uptime.NoticeChanges)
	quiet.AckedBy = ""
	ref := ""
	for _, n := range []uptime.Notice{
		sinktest.Outage(uptime.NoticeOpens), quiet, sinktest.Outage(uptime.NoticeChanges), sinktest.Outage(uptime.NoticeChanges),
		sinktest.Outage(uptime.NoticeCloses), sinktest.Outage(uptime.NoticeOpens), sinktest.Outage(uptime.NoticeChanges),
	} {
		ref = deliver(t, sink, n, ref)
	}
	want := []string{"create", "notes", "acknowledge", "notes", "close", "create", "acknowledge"}
	if diff := cmp.Diff(want, fake.said["inc_sample_outage"]); diff != "" {
		t.Errorf("what was asked (-want +got):\n%s", diff)
	}
	if !fake.open["inc_sample_outage"] {
		t.Error("the alert that opened again is closed")
	}
}

func TestAlertHoldsWhatTheReaderNeeds(t *testing.T) {
	sink, fake, _ := start(t)
	deliver(t, sink, sinktest.Outage(uptime.NoticeOpens), "")
	want := body{
		Message: "Weather is down: the connection is refused", Alias: "inc_sample_outage", Entity: "weather", Source: "AliveMCP", Priority: "P1",
		Tags: []string{"incident", "connection_refused", "mcp"},
		Description: "Weather refuses connections since 2026-11-03 09:30 UTC, seen from London and Virginia.\n\n" +
			"First: Look whether the process or container runs.\n\n" +
			"Status page: https://alive.example/status/weather/incidents/1\nRunbook: https://wiki.example/runbooks/weather?a=1&b=2\n" +
			"Acknowledge: https://alive.example/a/ack?t=Zm9v\nSilence: https://alive.example/a/silence?t=Zm9v",
		Details: map[string]string{
			"incident_key": "inc_sample_outage", "failure_reason": "connection_refused", "cause": "connect_refused", "started": "2026-11-03 09:30 UTC",
			"regions": "London, Virginia", "status_page": "https://alive.example/status/weather/incidents/1", "runbook": "https://wiki.example/runbooks/weather?a=1&b=2",
		},
	}
	if diff := cmp.Diff(want, fake.last); diff != "" {
		t.Errorf("the alert (-want +got):\n%s", diff)
	}
}

func TestTestIsCreatedAndClosed(t *testing.T) {
	sink, fake, service := start(t)
	deliver(t, sink, sinktest.Test(), "")
	if fake.open["test_sample_ping"] {
		t.Error("the test is still open")
	}
	if first := string(service.Requests()[0].Body); !strings.Contains(first, "482913") || !strings.Contains(first, `"P5"`) {
		t.Errorf("the test: %s", first)
	}
}

// What was purged, or made before the sink changed its account, must not be lost.
func TestUpdateOfWhatIsNotThere(t *testing.T) {
	sink, fake, _ := start(t)
	deliver(t, sink, sinktest.Outage(uptime.NoticeChanges), "acknowledged")
	if !fake.open["inc_sample_outage"] {
		t.Error("the alert was not created anew")
	}
	other := sinktest.Outage(uptime.NoticeCloses)
	other.Key = "inc_sample_other"
	deliver(t, sink, other, "open")
	if len(fake.said["inc_sample_other"]) != 0 {
		t.Error("an alert was created to be closed")
	}
}

func TestAliasIsEscapedOrHashed(t *testing.T) {
	for _, alias := range []string{"a b?c#%2Fü", strings.Repeat("ü", 513)} {
		sink, fake, _ := start(t)
		n := sinktest.Outage(uptime.NoticeOpens)
		n.Key = uptime.AlertKey(alias)
		deliver(t, sink, n, "")
		n.Phase = uptime.NoticeCloses
		deliver(t, sink, n, "open")
		for alias, said := range fake.said {
			if diff := cmp.Diff([]string{"create", "close"}, said); diff != "" {
				t.Errorf("what was asked of %q (-want +got):\n%s", alias, diff)
			}
		}
	}
}

func TestSamplesAreCleanAndTaken(t *testing.T) {
	sink, _, service := start(t)
	for _, s := range sinktest.Samples() {
		t.Run(s.Name, func(t *testing.T) {
			before := len(service.Requests())
			if _, err := sink.Deliver(t.Context(), &s.Delivery, "open"); err != nil {
				t.Fatal(err)
			}
			for _, r := range service.Requests()[before:] {
				sinktest.CleanJSON(t, r.Body)
				sinktest.Visible(t, r.Body)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	tests := map[string]struct {
		reply sinktest.Reply
		want  uptime.Refusal
	}{
		"rate limit":  {sinktest.TooMany("7", `{"message":"You are making too many requests!"}`), uptime.Refusal{Temporary: true, After: 7 * time.Second}},
		"broken":      {sinktest.Burst(http.StatusServiceUnavailable, 1)[0], uptime.Refusal{Temporary: true}},
		"cut":         {sinktest.Cut(), uptime.Refusal{Temporary: true}},
		"not valid":   {sinktest.Accept(http.StatusUnprocessableEntity, `{"message":"alias is too long"}`), uptime.Refusal{}},
		"key refused": {sinktest.Accept(http.StatusUnauthorized, `{"message":"Could not authenticate"}`), uptime.Refusal{Gone: true}},
		"no right":    {sinktest.Accept(http.StatusForbidden, `{"message":"Key is restricted"}`), uptime.Refusal{Gone: true}},
		"migrated":    {sinktest.Accept(http.StatusGone, `{}`), uptime.Refusal{Gone: true}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			sink, _, service := start(t)
			service.Script(test.reply)
			_, err := sink.Deliver(t.Context(), sinktest.Wrap(sinktest.Outage(uptime.NoticeOpens), 1), "")
			if err == nil {
				t.Fatal("it was taken")
			}
			got := *uptime.RefusalOf(err)
			if got.Reason == "" || strings.Contains(got.Reason, key) || strings.Contains(got.Reason, "127.0.0.1") {
				t.Errorf("reason: %q", got.Reason)
			}
			got.Reason = ""
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("refusal (-want +got):\n%s", diff)
			}
		})
	}
}

func TestHeartbeat(t *testing.T) {
	_, _, service := start(t)
	beat, err := jsm.Heartbeat(service.URL+"/ops", key, "alive mcp/1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sinktest.Client(t).Do(t.Context(), beat); err != nil {
		t.Fatal(err)
	}
	if got := service.Last(t); got.Path != "/ops/v2/heartbeats/alive mcp/1/ping" || got.Method != http.MethodPost {
		t.Errorf("pinged %s %q", got.Method, got.Path)
	}
	for _, name := range []string{"", strings.Repeat("n", 201)} {
		if _, err := jsm.Heartbeat("", key, name); err == nil {
			t.Errorf("a heartbeat of a name of %d bytes", len(name))
		}
	}
}

func TestNewSaysWhatIsWrong(t *testing.T) {
	client := sinktest.Client(t)
	tests := map[string]jsm.Options{
		"client":   {Key: key},
		"key":      {Client: client},
		"spaces":   {Client: client, Key: "two words"},
		"base URL": {Client: client, Key: key, BaseURL: "ftp://api.example"},
		"18 tags":  {Client: client, Key: key, Tags: make([]string, 19)},
	}
	for want, o := range tests {
		if _, err := jsm.New(o); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "two words") {
			t.Errorf("New: %v, want it to speak of %q without the key", err, want)
		}
	}
	if _, err := jsm.New(jsm.Options{Client: client, Key: key}); err != nil {
		t.Errorf("New: %v", err)
	}
}
