package teams_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/sinktest"
	"github.com/alivemcp/alivemcp/internal/alert/teams"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const path = "/workflows/1/triggers/manual/paths/invoke?api-version=1&sig=" + sinktest.Secret

// flow behaves as a workflow: 202 for a card that it could post.
func flow(r sinktest.Request) sinktest.Reply {
	var m struct {
		Type        string
		Attachments []struct {
			ContentType string
			Content     struct {
				Type    string
				Body    []struct{ Type string }
				Actions []struct{ Type, Title, URL string }
			}
		}
	}
	switch {
	case r.Query.Get("sig") != sinktest.Secret:
		return sinktest.Accept(401, `{"error":{"code":"DirectApiAuthorizationRequired"}}`)
	case len(r.Body) > 28<<10:
		return sinktest.Accept(413, "")
	case json.Unmarshal(r.Body, &m) != nil || m.Type != "message" || len(m.Attachments) != 1 || len(m.Attachments[0].Content.Body) == 0,
		len(m.Attachments[0].Content.Actions) > 6:
		return sinktest.Accept(400, "")
	}
	return sinktest.Accept(202, "")
}

func sink(t *testing.T, s *sinktest.Service) *teams.Sink {
	t.Helper()
	out, err := teams.New(teams.Options{Client: sinktest.Client(t), URL: s.At(path)})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestPayloads(t *testing.T) {
	s := sinktest.NewService(t, flow)
	to := sink(t, s)
	for _, sample := range append(sinktest.Samples(), sinktest.Extreme()...) {
		if ref, err := to.Deliver(t.Context(), &sample.Delivery, ""); err != nil || ref != "" {
			t.Errorf("%s: ref %q, error %v", sample.Name, ref, err)
		}
		body := s.Last(t).Body
		sinktest.CleanJSON(t, body)
		sinktest.Visible(t, body)
		switch sample.Name {
		case "opens", "closes", "several", "test", "hostile template":
			sinktest.Golden(t, strings.ReplaceAll(sample.Name, " ", "_")+".json", body)
		}
	}
}

// Texts from outside stand where cards give markdown, functions and mentions no
// meaning.
func TestHostileTextIsPlain(t *testing.T) {
	s := sinktest.NewService(t, flow)
	n := sinktest.Outage(uptime.NoticeOpens)
	n.Title, n.AckedBy = "{{DATE(x)}} <at>all</at> ${x} [a](https://evil.example)", "[b](https://evil.example)"
	if _, err := sink(t, s).Deliver(t.Context(), sinktest.Wrap(n, 1), ""); err != nil {
		t.Fatal(err)
	}
	var m struct {
		Attachments []struct {
			Content struct {
				Body []struct{ Type, Text string }
			}
		}
	}
	body := s.Last(t).Body
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	for _, e := range m.Attachments[0].Content.Body {
		if e.Type == "TextBlock" && strings.Contains(e.Text, "evil") {
			t.Errorf("a text block holds %q", e.Text)
		}
	}
	for _, bad := range []string{"{{DATE(x", "<at>", "${x"} {
		if strings.Contains(string(body), bad) {
			t.Errorf("the card holds %s", bad)
		}
	}
}

func TestRefused(t *testing.T) {
	for name, test := range map[string]struct {
		reply sinktest.Reply
		want  uptime.Refusal
	}{
		"429":     {sinktest.TooMany("20", ""), uptime.Refusal{Temporary: true, After: 20 * time.Second}},
		"5xx":     {sinktest.Burst(502, 1)[0], uptime.Refusal{Temporary: true}},
		"cut":     {sinktest.Cut(), uptime.Refusal{Temporary: true}},
		"deleted": {sinktest.Accept(404, "WorkflowNotFound "+sinktest.Secret), uptime.Refusal{Gone: true}},
		"renewed": {sinktest.Accept(401, ""), uptime.Refusal{Gone: true}},
		"bad":     {sinktest.Accept(400, ""), uptime.Refusal{}},
		"large":   {sinktest.Accept(413, ""), uptime.Refusal{}},
	} {
		s := sinktest.NewService(t, flow)
		s.Script(test.reply)
		to, d := sink(t, s), sinktest.Wrap(sinktest.Outage(uptime.NoticeOpens), 1)
		_, err := to.Deliver(t.Context(), d, "")
		got := *uptime.RefusalOf(err)
		if err == nil || strings.Contains(got.Reason, sinktest.Secret) {
			t.Errorf("%s: error %v", name, err)
		}
		if got.Reason = ""; got != test.want {
			t.Errorf("%s: got %+v, want %+v", name, got, test.want)
		}
		if _, err := to.Deliver(t.Context(), d, ""); err != nil {
			t.Errorf("%s: the next try: %v", name, err)
		}
	}
}

func TestWrongSettings(t *testing.T) {
	for raw, want := range map[string]string{
		"": "url", ":" + sinktest.Secret: "url", "https://e.example": "url",
		"https://acme.webhook.office.com/webhookb2/" + sinktest.Secret: "switched off",
		"https://ACME.webhook.office.com./x/" + sinktest.Secret:        "switched off",
		"https://outlook.office.com/webhook/" + sinktest.Secret:        "switched off",
	} {
		_, err := teams.New(teams.Options{Client: sinktest.Client(t), URL: uptime.Secret(raw)})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), sinktest.Secret) {
			t.Errorf("%q: got %v", raw, err)
		}
	}
	if _, err := teams.New(teams.Options{URL: "https://e.example/x"}); err == nil {
		t.Error("no client: want an error")
	}
}

func TestSlow(t *testing.T) {
	s := sinktest.NewService(t, flow)
	s.Script(sinktest.Slow())
	sink := sink(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	ref, err := sink.Deliver(ctx, sinktest.Wrap(sinktest.Outage(uptime.NoticeOpens), 1), "")
	if err == nil || ref != "" || !uptime.RefusalOf(err).Temporary {
		t.Errorf("ref %q, error %v: want one that passes", ref, err)
	}
}
