package slack_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/sinktest"
	"github.com/alivemcp/alivemcp/internal/alert/slack"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const token = "xoxb-1-" + sinktest.Secret

// workspace behaves as Slack's Web API: 200 for whatever it understands, words
// for what it refuses, and edits of messages that are there.
type workspace struct {
	*sinktest.Service
	messages map[string]posted
}

type posted struct {
	Channel  string `json:"channel"`
	TS       string `json:"ts"`
	ThreadTS string `json:"thread_ts"`
	Text     string `json:"text"`
	Parse    string `json:"parse"`
}

func newWorkspace(t *testing.T) *workspace {
	t.Helper()
	w := &workspace{messages: map[string]posted{}}
	w.Service = sinktest.NewService(t, w.reply)
	return w
}

func (w *workspace) reply(r sinktest.Request) sinktest.Reply {
	var m posted
	if r.Header.Get("Authorization") != "Bearer "+token {
		return refuse("invalid_auth")
	}
	if json.Unmarshal(r.Body, &m) != nil || m.Text == "" || m.Parse != "none" {
		return refuse("invalid_arguments")
	}
	switch r.Path {
	case "/chat.postMessage":
		if _, ok := w.messages[m.ThreadTS]; m.ThreadTS != "" && !ok {
			return refuse("thread_not_found")
		}
		m.TS = fmt.Sprintf("1762162200.%06d", len(w.messages)+1)
	case "/chat.update":
		if _, ok := w.messages[m.TS]; !ok {
			return refuse("message_not_found")
		}
	default:
		return refuse("unknown_method")
	}
	w.messages[m.TS] = m
	return sinktest.Accept(200, fmt.Sprintf(`{"ok":true,"channel":%q,"ts":%q}`, m.Channel, m.TS))
}

func refuse(word string) sinktest.Reply {
	return sinktest.Accept(200, fmt.Sprintf(`{"ok":false,"error":%q}`, word))
}

func (w *workspace) app(t *testing.T) *slack.App {
	t.Helper()
	app, err := slack.NewApp(slack.AppOptions{Client: sinktest.Client(t), Token: token, Channel: "C0123456789", BaseURL: w.At("/")})
	if err != nil {
		t.Fatal(err)
	}
	return app
}

func deliver(t *testing.T, app *slack.App, phase uptime.NoticePhase, ref string) (string, error) {
	t.Helper()
	return app.Deliver(t.Context(), sinktest.Wrap(sinktest.Outage(phase), 1), ref)
}

func TestAppEditsOneMessage(t *testing.T) {
	w := newWorkspace(t)
	app, ref := w.app(t), ""
	for _, phase := range []uptime.NoticePhase{uptime.NoticeOpens, uptime.NoticeChanges, uptime.NoticeCloses} {
		var err error
		if ref, err = deliver(t, app, phase, ref); err != nil || ref != "C0123456789:1762162200.000001" {
			t.Fatalf("%s: ref %q, error %v", phase, ref, err)
		}
	}
	if got := w.messages["1762162200.000001"].Text; !strings.Contains(got, "works again") {
		t.Errorf("in the end the message says %q", got)
	}
	if got := w.messages["1762162200.000002"]; len(w.messages) != 2 || got.ThreadTS != "1762162200.000001" {
		t.Errorf("got %v: want the message and one answer to it", w.messages)
	}
	if ref, err := deliver(t, app, uptime.NoticeOpens, ref); err != nil || ref != "C0123456789:1762162200.000003" {
		t.Errorf("opening again: ref %q, error %v; want a new message", ref, err)
	}
}

func TestAppWritesAnewWhatIsGone(t *testing.T) {
	for _, ref := range []string{"", "C0123456789:1.2"} {
		w := newWorkspace(t)
		if got, err := deliver(t, w.app(t), uptime.NoticeCloses, ref); err != nil || got == ref || len(w.messages) != 1 {
			t.Errorf("ref %q: got ref %q, error %v and %d messages; want one", ref, got, err, len(w.messages))
		}
	}
}

func TestAppRefused(t *testing.T) {
	for word, want := range map[string]uptime.Refusal{
		"ratelimited":       {Temporary: true},
		"internal_error":    {Temporary: true},
		"channel_not_found": {Gone: true},
		"invalid_auth":      {Gone: true},
		"account_inactive":  {Gone: true},
		"is_archived":       {Gone: true},
		"invalid_blocks":    {},
		"<b>" + token:       {},
	} {
		w := newWorkspace(t)
		w.Script(refuse(word))
		_, err := deliver(t, w.app(t), uptime.NoticeOpens, "")
		got := uptime.RefusalOf(err)
		if got.Temporary != want.Temporary || got.Gone != want.Gone || strings.Contains(got.Reason, sinktest.Secret) {
			t.Errorf("%s: got %+v, want %+v", word, got, want)
		}
	}
}

func TestAppFaults(t *testing.T) {
	for name, test := range map[string]struct {
		reply sinktest.Reply
		after time.Duration
	}{
		"429":         {sinktest.TooMany("30", `{"ok":false,"error":"ratelimited"}`), 30 * time.Second},
		"503":         {sinktest.Burst(503, 1)[0], 0},
		"cut":         {sinktest.Cut(), 0},
		"no answer":   {sinktest.Accept(200, ""), 0},
		"other text":  {sinktest.Accept(200, "<html>"), 0},
		"empty words": {sinktest.Accept(200, "{}"), 0},
	} {
		w := newWorkspace(t)
		w.Script(test.reply)
		app := w.app(t)
		ref, err := deliver(t, app, uptime.NoticeOpens, "")
		if got := uptime.RefusalOf(err); err == nil || ref != "" || !got.Temporary || got.After != test.after {
			t.Errorf("%s: ref %q, error %v", name, ref, err)
		}
		if _, err := deliver(t, app, uptime.NoticeOpens, ""); err != nil {
			t.Errorf("%s: the next try: %v", name, err)
		}
	}
}

// The message says that it is over when the answer in the thread is refused, so
// only a fault that passes is tried again.
func TestAppAnswerRefused(t *testing.T) {
	for _, test := range []struct {
		reply sinktest.Reply
		fails bool
	}{{refuse("thread_not_found"), false}, {refuse("restricted_action"), false}, {sinktest.Cut(), true}, {sinktest.TooMany("1", ""), true}} {
		w := newWorkspace(t)
		app := w.app(t)
		ref, err := deliver(t, app, uptime.NoticeOpens, "")
		if err != nil {
			t.Fatal(err)
		}
		w.Script(sinktest.Accept(200, `{"ok":true}`), test.reply)
		if _, err := deliver(t, app, uptime.NoticeCloses, ref); (err != nil) != test.fails {
			t.Errorf("%+v: error %v", test.reply, err)
		}
	}
}

func TestWebhook(t *testing.T) {
	s := sinktest.NewService(t, func(sinktest.Request) sinktest.Reply { return sinktest.Accept(200, "ok") })
	hook, err := slack.NewWebhook(slack.WebhookOptions{Client: sinktest.Client(t), URL: s.At("/services/T0/B0/" + sinktest.Secret)})
	if err != nil {
		t.Fatal(err)
	}
	d := sinktest.Wrap(sinktest.Outage(uptime.NoticeOpens), 1)
	if ref, err := hook.Deliver(t.Context(), d, ""); err != nil || ref != "" {
		t.Errorf("ref %q, error %v", ref, err)
	}
	for status, gone := range map[int]bool{400: false, 403: true, 404: true, 410: true, 500: false} {
		s.Script(sinktest.Accept(status, "no_service"))
		_, err := hook.Deliver(t.Context(), d, "")
		if got := uptime.RefusalOf(err); err == nil || got.Gone != gone || got.Temporary != (status == 500) {
			t.Errorf("%d: got %+v", status, got)
		}
	}
	s.Script(sinktest.TooMany("7", ""))
	if _, err := hook.Deliver(t.Context(), d, ""); uptime.RefusalOf(err).After != 7*time.Second {
		t.Errorf("got %v, want a refusal for 7 s", err)
	}
}

func TestPayloads(t *testing.T) {
	for _, s := range append(sinktest.Samples(), sinktest.Extreme()...) {
		w := newWorkspace(t)
		ref := ""
		if s.Delivery.Notice.Phase != uptime.NoticeOpens {
			ref = "C0123456789:1762162200.000001"
			w.messages["1762162200.000001"] = posted{}
		}
		if _, err := w.app(t).Deliver(t.Context(), &s.Delivery, ref); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
		for _, r := range w.Requests() {
			sinktest.CleanJSON(t, r.Body)
			sinktest.Visible(t, r.Body)
			checkLimits(t, s.Name, r.Body)
		}
		switch s.Name {
		case "opens", "changes", "closes", "several", "test", "hostile mentions", "hostile slack":
			for i, r := range w.Requests() {
				sinktest.Golden(t, strings.ReplaceAll(fmt.Sprintf("%s %d.json", s.Name, i), " ", "_"), r.Body)
			}
		}
	}
}

type text struct {
	Type, Text, URL string
	Verbatim        bool
}

func checkLimits(t *testing.T, name string, body []byte) {
	t.Helper()
	type block struct {
		Text     json.RawMessage
		Elements []struct {
			text
			Text json.RawMessage
		}
	}
	var m struct {
		Text        string
		Blocks      []block
		Attachments []struct{ Blocks []block }
	}
	if err := json.Unmarshal(body, &m); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(m.Text, "<!channel") || strings.Contains(m.Text, "<@") {
		t.Errorf("%s: the text mentions: %s", name, m.Text)
	}
	for _, a := range m.Attachments {
		m.Blocks = append(m.Blocks, a.Blocks...)
	}
	for _, b := range m.Blocks {
		var got text
		if b.Text != nil && (json.Unmarshal(b.Text, &got) != nil || got.Text == "" || len(got.Text) > 3000*4 || len([]rune(got.Text)) > 3000 || !got.Verbatim) {
			t.Errorf("%s: a section holds %.200q", name, got.Text)
		}
		for _, e := range b.Elements {
			var line string
			if len(e.URL) > 3000 || json.Unmarshal(e.Text, &line) == nil && len([]rune(line)) > 3000 {
				t.Errorf("%s: an element holds %d", name, len(line))
			}
		}
		for _, mention := range []string{"<!channel", "<!here", "<!everyone", "<@", "<#", "<http"} {
			if strings.Contains(got.Text, mention) {
				t.Errorf("%s: a section holds %s: %.200q", name, mention, got.Text)
			}
		}
	}
}

func TestWrongSettings(t *testing.T) {
	c := sinktest.Client(t)
	for want, opt := range map[string]slack.AppOptions{
		"client":  {Token: token, Channel: "C0123456789"},
		"token":   {Client: c, Token: "Bearer " + sinktest.Secret, Channel: "C0123456789"},
		"channel": {Client: c, Token: token, Channel: "#general"},
	} {
		if _, err := slack.NewApp(opt); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), sinktest.Secret) {
			t.Errorf("%s: got %v", want, err)
		}
	}
	for _, raw := range []string{"", "https://hooks.slack.com/", "https://hooks.slack.com/triggers/T/" + sinktest.Secret, "https://e.example/x/" + sinktest.Secret, ":" + sinktest.Secret} {
		_, err := slack.NewWebhook(slack.WebhookOptions{Client: c, URL: uptime.Secret(raw)})
		if err == nil || !strings.Contains(err.Error(), "url") || strings.Contains(err.Error(), sinktest.Secret) {
			t.Errorf("%q: got %v", raw, err)
		}
	}
}

func TestSlow(t *testing.T) {
	w := newWorkspace(t)
	w.Script(sinktest.Slow())
	sink := w.app(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	ref, err := sink.Deliver(ctx, sinktest.Wrap(sinktest.Outage(uptime.NoticeOpens), 1), "")
	if err == nil || ref != "" || !uptime.RefusalOf(err).Temporary {
		t.Errorf("ref %q, error %v: want one that passes", ref, err)
	}
}

// What got graver is said in the channel too: nobody sees an edit.
func TestAppSaysWhatRings(t *testing.T) {
	w := newWorkspace(t)
	app := w.app(t)
	ref, err := deliver(t, app, uptime.NoticeOpens, "")
	if err != nil {
		t.Fatal(err)
	}
	if again, err := app.Deliver(t.Context(), sinktest.Wrap(sinktest.Graver(), 2), ref); err != nil || again != ref {
		t.Errorf("ref %q, error %v; want the first message's", again, err)
	}
	if got := w.messages["1762162200.000002"]; len(w.messages) != 2 || got.ThreadTS != "1762162200.000001" {
		t.Errorf("got %v: want the message and one answer to it", w.messages)
	}
}
