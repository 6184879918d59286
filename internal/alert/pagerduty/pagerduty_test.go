package pagerduty_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/alert/pagerduty"
	"github.com/alivemcp/alivemcp/internal/alert/sinktest"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const key = "0123456789abcdef0123456789ABCDEF"

// incidents behaves as PagerDuty does: by dedup_key, triggers open or update,
// acknowledge and resolve without an open alert are dropped, all are 202.
type incidents struct {
	t      *testing.T
	states map[string]string
	opened int
	change []body
	last   body
}

type body struct {
	RoutingKey string `json:"routing_key"`
	Action     string `json:"event_action"`
	DedupKey   string `json:"dedup_key"`
	Payload    struct {
		Summary   string         `json:"summary"`
		Source    string         `json:"source"`
		Severity  string         `json:"severity"`
		Timestamp time.Time      `json:"timestamp"`
		Component string         `json:"component"`
		Group     string         `json:"group"`
		Class     string         `json:"class"`
		Details   map[string]any `json:"custom_details"`
	} `json:"payload"`
	Links []struct {
		Href string `json:"href"`
		Text string `json:"text"`
	} `json:"links"`
	Client    string `json:"client"`
	ClientURL string `json:"client_url"`
}

func (i *incidents) take(r sinktest.Request) sinktest.Reply {
	var b body
	if err := json.Unmarshal(r.Body, &b); err != nil {
		i.t.Errorf("PagerDuty got no JSON: %v", err)
	}
	if b.RoutingKey != key || b.Payload.Summary == "" || b.Payload.Source == "" || utf8.RuneCountInString(b.Payload.Summary) > 1024 || len(r.Body) > 512_000 {
		return sinktest.Accept(http.StatusBadRequest, `{"status":"invalid event","message":"Event object is invalid","errors":["bad payload"]}`)
	}
	i.last = b
	if r.Path == "/v2/change/enqueue" {
		i.change = append(i.change, b)
		return sinktest.Accept(http.StatusAccepted, `{"status":"success","message":"Change event processed"}`)
	}
	i.apply(b)
	return sinktest.Accept(http.StatusAccepted, `{"status":"success","message":"Event processed","dedup_key":"x"}`)
}

func (i *incidents) apply(b body) {
	state := i.states[b.DedupKey]
	open := state == "triggered" || state == "acknowledged"
	switch b.Action {
	case "trigger":
		if !open {
			i.states[b.DedupKey] = "triggered"
			i.opened++
		}
	case "acknowledge":
		if open {
			i.states[b.DedupKey] = "acknowledged"
		}
	case "resolve":
		if open {
			i.states[b.DedupKey] = "resolved"
		}
	default:
		i.t.Errorf("unknown event_action %q", b.Action)
	}
}

func start(t *testing.T) (*pagerduty.Sink, *incidents, *sinktest.Service) {
	t.Helper()
	fake := &incidents{t: t, states: map[string]string{}}
	service := sinktest.NewService(t, fake.take)
	sink, err := pagerduty.New(pagerduty.Options{Client: sinktest.Client(t), RoutingKey: key, BaseURL: service.URL + "/"})
	if err != nil {
		t.Fatal(err)
	}
	return sink, fake, service
}

func deliver(t *testing.T, sink *pagerduty.Sink, n uptime.Notice, ref string) string {
	t.Helper()
	ref, err := sink.Deliver(t.Context(), sinktest.Wrap(n, 1), ref)
	if err != nil {
		t.Fatalf("delivering %s: %v", n.Phase, err)
	}
	return ref
}

func TestLifeOfAThread(t *testing.T) {
	sink, fake, service := start(t)
	ref := deliver(t, sink, sinktest.Outage(uptime.NoticeOpens), "")
	if fake.states["inc_sample_outage"] != "triggered" {
		t.Errorf("after opens: %v", fake.states)
	}
	quiet := sinktest.Outage(uptime.NoticeChanges)
	quiet.AckedBy = ""
	deliver(t, sink, quiet, ref)
	if fake.states["inc_sample_outage"] != "triggered" || fake.opened != 1 {
		t.Errorf("after a change: %v, %d opened", fake.states, fake.opened)
	}
	deliver(t, sink, sinktest.Outage(uptime.NoticeChanges), "")
	if fake.states["inc_sample_outage"] != "acknowledged" {
		t.Errorf("after an acknowledgement: %v", fake.states)
	}
	deliver(t, sink, sinktest.Outage(uptime.NoticeCloses), ref)
	if fake.states["inc_sample_outage"] != "resolved" {
		t.Errorf("after closes: %v", fake.states)
	}
	deliver(t, sink, sinktest.Outage(uptime.NoticeOpens), ref)
	if fake.states["inc_sample_outage"] != "triggered" || fake.opened != 2 {
		t.Errorf("after it opened again: %v, %d opened", fake.states, fake.opened)
	}
	if n := len(service.Requests()); n != 6 {
		t.Errorf("%d requests, want 6", n)
	}
}

func TestEventHoldsWhatTheReaderNeeds(t *testing.T) {
	sink, fake, _ := start(t)
	deliver(t, sink, sinktest.Outage(uptime.NoticeOpens), "")
	p := fake.last.Payload
	got := []any{p.Summary, p.Source, p.Severity, p.Timestamp, p.Component, p.Group, p.Class, p.Details["first_step"], p.Details["from"], fake.last.Client, fake.last.ClientURL, len(fake.last.Links)}
	want := []any{
		"Weather is down: the connection is refused", "Weather", "critical", sinktest.Start().Add(2 * time.Minute), "weather", "incident", "connect_refused",
		"Look whether the process or container runs.", "London, Virginia", "AliveMCP", "https://alive.example/status/weather/incidents/1", 4,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the event (-want +got):\n%s", diff)
	}
}

func TestSeverities(t *testing.T) {
	sink, fake, _ := start(t)
	for priority, want := range map[uptime.Priority]string{uptime.P1: "critical", uptime.P2: "error", uptime.P3: "warning", uptime.P4: "info", 0: "info"} {
		n := sinktest.Outage(uptime.NoticeOpens)
		n.Priority = priority
		deliver(t, sink, n, "")
		if got := fake.last.Payload.Severity; got != want {
			t.Errorf("%v is %q, want %q", priority, got, want)
		}
	}
}

func TestDriftIsAChangeEvent(t *testing.T) {
	sink, fake, _ := start(t)
	n := sinktest.Outage(uptime.NoticeOpens)
	n.Type, n.Kind, n.Title = uptime.NoticeDrift, uptime.AlertDrift, "Weather changed its tools"
	deliver(t, sink, n, "")
	if len(fake.change) != 1 || len(fake.states) != 0 {
		t.Fatalf("%d change events, alerts %v", len(fake.change), fake.states)
	}
	if c := fake.change[0]; c.Payload.Summary != n.Title || c.Payload.Severity != "" || c.Action != "" || c.DedupKey != "" {
		t.Errorf("the change event has fields of an alert: %+v", c)
	}
}

func TestTestIsTriggeredAndResolved(t *testing.T) {
	sink, fake, _ := start(t)
	deliver(t, sink, sinktest.Test(), "")
	if fake.states["test_sample_ping"] != "resolved" || fake.opened != 1 {
		t.Errorf("after a test: %v, %d opened", fake.states, fake.opened)
	}
	if !strings.Contains(fake.last.Payload.Summary, "482913") {
		t.Errorf("the code is not in the line that people see: %q", fake.last.Payload.Summary)
	}
}

func TestSamplesAreCleanAndTaken(t *testing.T) {
	sink, _, service := start(t)
	for _, s := range sinktest.Samples() {
		t.Run(s.Name, func(t *testing.T) {
			if _, err := sink.Deliver(t.Context(), &s.Delivery, ""); err != nil {
				t.Fatal(err)
			}
			sinktest.CleanJSON(t, service.Last(t).Body)
			sinktest.Visible(t, service.Last(t).Body)
		})
	}
}

func TestLongKeysAreHashed(t *testing.T) {
	sink, fake, _ := start(t)
	n := sinktest.Outage(uptime.NoticeOpens)
	n.Key = uptime.AlertKey(strings.Repeat("k", 256))
	deliver(t, sink, n, "")
	opened := fake.last.DedupKey
	n.Phase = uptime.NoticeCloses
	deliver(t, sink, n, "")
	if len(opened) > 255 || fake.last.DedupKey != opened {
		t.Errorf("opened %q, closed %q", opened, fake.last.DedupKey)
	}
}

func TestRefusals(t *testing.T) {
	tests := map[string]struct {
		reply sinktest.Reply
		want  uptime.Refusal
	}{
		"rate limit":         {sinktest.TooMany("30", `{"status":"throttle exceeded"}`), uptime.Refusal{Temporary: true, After: 30 * time.Second}},
		"broken":             {sinktest.Burst(http.StatusBadGateway, 1)[0], uptime.Refusal{Temporary: true}},
		"cut":                {sinktest.Cut(), uptime.Refusal{Temporary: true}},
		"invalid event":      {sinktest.Accept(http.StatusBadRequest, `{"status":"invalid event","errors":["'payload.summary' is missing"]}`), uptime.Refusal{}},
		"no such key":        {sinktest.Accept(http.StatusBadRequest, `{"status":"invalid event","errors":["Invalid routing key"]}`), uptime.Refusal{Gone: true}},
		"the key's length":   {sinktest.Accept(http.StatusBadRequest, `{"errors":["Length of 'routing_key' is incorrect (should be 32 characters)"]}`), uptime.Refusal{Gone: true}},
		"elsewhere":          {sinktest.Redirect("https://evil.example/"), uptime.Refusal{}},
		"a huge bad gateway": {sinktest.Huge(http.StatusBadGateway), uptime.Refusal{Temporary: true}},
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

// A change whose acknowledgement fails is sent again as a whole, and does no
// harm.
func TestHalfDeliveredAcknowledgement(t *testing.T) {
	sink, fake, service := start(t)
	deliver(t, sink, sinktest.Outage(uptime.NoticeOpens), "")
	service.Script(sinktest.Accept(http.StatusAccepted, "{}"), sinktest.Cut())
	if _, err := sink.Deliver(t.Context(), sinktest.Wrap(sinktest.Outage(uptime.NoticeChanges), 2), ""); err == nil {
		t.Fatal("the cut was not noticed")
	}
	deliver(t, sink, sinktest.Outage(uptime.NoticeChanges), "")
	if fake.states["inc_sample_outage"] != "acknowledged" || fake.opened != 1 {
		t.Errorf("%v, %d opened", fake.states, fake.opened)
	}
}

func TestNewSaysWhatIsWrong(t *testing.T) {
	client := sinktest.Client(t)
	tests := map[string]pagerduty.Options{
		"client":      {RoutingKey: key},
		"routing key": {Client: client, RoutingKey: key + "x"},
		"letters":     {Client: client, RoutingKey: "0123456789abcdef0123456789abcde/"},
		"not both":    {Client: client, RoutingKey: key, EU: true, BaseURL: "https://proxy.example"},
		"base URL":    {Client: client, RoutingKey: key, BaseURL: "proxy.example"},
	}
	for want, o := range tests {
		if _, err := pagerduty.New(o); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), o.RoutingKey.Reveal()) && o.RoutingKey != "" {
			t.Errorf("New: %v, want it to speak of %q without the key", err, want)
		}
	}
	for _, o := range []pagerduty.Options{{Client: client, RoutingKey: key}, {Client: client, RoutingKey: key, EU: true}} {
		if _, err := pagerduty.New(o); err != nil {
			t.Errorf("New: %v", err)
		}
	}
}
