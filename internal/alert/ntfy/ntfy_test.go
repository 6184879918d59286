package ntfy_test

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/ntfy"
	"github.com/alivemcp/alivemcp/internal/alert/sinktest"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	topic = "alerts-K7f2q"
	token = "tk_" + sinktest.Secret
)

// server behaves as ntfy 2.16 and later: the same sequence id replaces.
type server struct {
	*sinktest.Service
	shown map[string]message
}

type message struct {
	Topic    string
	Sequence string `json:"sequence_id"`
	Title    string
	Message  string
	Priority int
	Tags     []string
	Click    string
	Actions  []struct{ Action, Label, URL string }
}

func newServer(t *testing.T) *server {
	t.Helper()
	s := &server{shown: map[string]message{}}
	s.Service = sinktest.NewService(t, s.reply)
	return s
}

func (s *server) reply(r sinktest.Request) sinktest.Reply {
	var m message
	switch {
	case r.Header.Get("Authorization") != "Bearer "+token:
		return sinktest.Accept(403, `{"code":40301,"http":403,"error":"forbidden"}`)
	case r.Path != "/" || json.Unmarshal(r.Body, &m) != nil || m.Topic != topic:
		return sinktest.Accept(400, `{"code":40024,"http":400,"error":"invalid request"}`)
	case !regexp.MustCompile(`^[-_A-Za-z0-9]{1,64}$`).MatchString(m.Sequence), len(m.Message) > 4096, m.Priority < 1, m.Priority > 5, len(m.Actions) > 3:
		return sinktest.Accept(400, `{"code":40001,"http":400,"error":"x"}`)
	}
	s.shown[m.Sequence] = m
	return sinktest.Accept(200, `{"id":"abc","event":"message"}`)
}

func (s *server) sink(t *testing.T) *ntfy.Sink {
	t.Helper()
	out, err := ntfy.New(ntfy.Options{Client: sinktest.Client(t), URL: s.At("/"), Topic: topic, Token: token})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func deliver(t *testing.T, s *ntfy.Sink, phase uptime.NoticePhase, transition int, ref string) string {
	t.Helper()
	ref, err := s.Deliver(t.Context(), sinktest.Wrap(sinktest.Outage(phase), transition), ref)
	if err != nil {
		t.Fatalf("%s: %v", phase, err)
	}
	return ref
}

func TestReplacesOneNotification(t *testing.T) {
	srv := newServer(t)
	s := srv.sink(t)
	first := deliver(t, s, uptime.NoticeOpens, 1, "")
	if got := srv.shown[first]; got.Priority != 5 || got.Tags[0] != "red_circle" || got.Click == "" {
		t.Errorf("got %+v: want it loud", got)
	}
	ref := deliver(t, s, uptime.NoticeChanges, 2, first)
	if got := srv.shown[ref]; got.Priority != 2 {
		t.Errorf("got %+v: want it quiet", got)
	}
	ref = deliver(t, s, uptime.NoticeCloses, 3, ref)
	if got := srv.shown[ref]; ref != first || len(srv.shown) != 1 || !strings.Contains(got.Title, "works again") {
		t.Errorf("ref %q, shown %+v: want one that was replaced", ref, srv.shown)
	}
	if ref = deliver(t, s, uptime.NoticeOpens, 4, ref); ref == first || len(srv.shown) != 2 {
		t.Errorf("opening again: ref %q; want a new one", ref)
	}
}

// An answer that got lost changes nothing: what is sent again has the same id.
func TestTryingAgainShowsOne(t *testing.T) {
	srv := newServer(t)
	s, d := srv.sink(t), sinktest.Wrap(sinktest.Outage(uptime.NoticeOpens), 1)
	srv.Script(sinktest.Cut())
	if _, err := s.Deliver(t.Context(), d, ""); err == nil {
		t.Error("the first try: want an error")
	}
	if _, err := s.Deliver(t.Context(), d, ""); err != nil {
		t.Error(err)
	}
	sent := srv.Requests()
	if string(sent[0].Body) != string(sent[1].Body) {
		t.Errorf("the second try differs: %s", sent[1].Body)
	}
}

func TestRefused(t *testing.T) {
	for name, test := range map[string]struct {
		reply sinktest.Reply
		want  uptime.Refusal
	}{
		"429":    {sinktest.TooMany("9", `{"code":42901}`), uptime.Refusal{Temporary: true, After: 9 * time.Second}},
		"507":    {sinktest.Accept(507, ""), uptime.Refusal{Temporary: true}},
		"401":    {sinktest.Accept(401, token), uptime.Refusal{Gone: true}},
		"403":    {sinktest.Accept(403, topic), uptime.Refusal{Gone: true}},
		"413":    {sinktest.Accept(413, ""), uptime.Refusal{}},
		"400":    {sinktest.Accept(400, ""), uptime.Refusal{}},
		"moved":  {sinktest.Redirect("https://e.example/"), uptime.Refusal{}},
		"cut":    {sinktest.Cut(), uptime.Refusal{Temporary: true}},
		"broken": {sinktest.Burst(500, 1)[0], uptime.Refusal{Temporary: true}},
	} {
		srv := newServer(t)
		srv.Script(test.reply)
		ref, err := srv.sink(t).Deliver(t.Context(), sinktest.Wrap(sinktest.Outage(uptime.NoticeOpens), 1), "")
		got := *uptime.RefusalOf(err)
		if err == nil || ref != "" || strings.Contains(got.Reason, sinktest.Secret) || strings.Contains(got.Reason, topic) {
			t.Errorf("%s: ref %q, error %v", name, ref, err)
		}
		if got.Reason = ""; got != test.want {
			t.Errorf("%s: got %+v, want %+v", name, got, test.want)
		}
	}
}

func TestPayloads(t *testing.T) {
	for _, sample := range append(sinktest.Samples(), sinktest.Extreme()...) {
		srv := newServer(t)
		s, err := ntfy.New(ntfy.Options{Client: sinktest.Client(t), URL: srv.At(""), Topic: topic, Token: token})
		if err != nil {
			t.Fatal(err)
		}
		ref, err := s.Deliver(t.Context(), &sample.Delivery, "")
		if err != nil || srv.shown[ref].Title == "" || srv.shown[ref].Message == "" {
			t.Fatalf("%s: error %v, shown %+v", sample.Name, err, srv.shown[ref])
		}
		body := srv.Last(t).Body
		sinktest.CleanJSON(t, body)
		sinktest.Visible(t, body)
		switch sample.Name {
		case "opens", "changes", "closes", "several", "test", "hostile lines":
			sinktest.Golden(t, strings.ReplaceAll(sample.Name, " ", "_")+".json", body)
		}
	}
}

func TestWrongSettings(t *testing.T) {
	for want, opt := range map[string]ntfy.Options{
		"client": {Topic: topic},
		"url":    {Topic: topic, URL: "https://ntfy.sh/" + sinktest.Secret},
		"topic":  {Topic: "a/" + sinktest.Secret},
		"token":  {Topic: topic, Token: "Bearer " + sinktest.Secret},
	} {
		if want != "client" {
			opt.Client = sinktest.Client(t)
		}
		if _, err := ntfy.New(opt); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), sinktest.Secret) {
			t.Errorf("%s: got %v", want, err)
		}
	}
	if _, err := ntfy.New(ntfy.Options{Client: sinktest.Client(t), Topic: topic}); err != nil {
		t.Errorf("the public server, without a token: %v", err)
	}
}

func TestSlow(t *testing.T) {
	srv := newServer(t)
	srv.Script(sinktest.Slow())
	sink := srv.sink(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	ref, err := sink.Deliver(ctx, sinktest.Wrap(sinktest.Outage(uptime.NoticeOpens), 1), "")
	if err == nil || ref != "" || !uptime.RefusalOf(err).Temporary {
		t.Errorf("ref %q, error %v: want one that passes", ref, err)
	}
}

// What got graver replaces the notification aloud.
func TestSaysWhatRings(t *testing.T) {
	srv := newServer(t)
	s := srv.sink(t)
	first := deliver(t, s, uptime.NoticeOpens, 1, "")
	if _, err := s.Deliver(t.Context(), sinktest.Wrap(sinktest.Graver(), 2), first); err != nil {
		t.Fatal(err)
	}
	if got := srv.shown[first]; len(srv.shown) != 1 || got.Priority != 5 {
		t.Errorf("shown %+v: want one that is loud", srv.shown)
	}
}
