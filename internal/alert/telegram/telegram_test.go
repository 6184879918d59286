package telegram_test

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/alivemcp/alivemcp/internal/alert/sinktest"
	"github.com/alivemcp/alivemcp/internal/alert/telegram"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const token = "123456:" + sinktest.Secret

// bot behaves as the Bot API in one chat.
type bot struct {
	*sinktest.Service
	chat     string
	messages map[int64]message
}

type message struct {
	Chat   string `json:"chat_id"`
	Thread int64  `json:"message_thread_id"`
	ID     int64  `json:"message_id"`
	Text   string `json:"text"`
	Mode   string `json:"parse_mode"`
	Quiet  bool   `json:"disable_notification"`
	Reply  *struct {
		ID int64 `json:"message_id"`
	} `json:"reply_parameters"`
}

func newBot(t *testing.T) *bot {
	t.Helper()
	b := &bot{chat: "-100123", messages: map[int64]message{}}
	b.Service = sinktest.NewService(t, b.reply)
	return b
}

func (b *bot) reply(r sinktest.Request) sinktest.Reply {
	method, ok := strings.CutPrefix(r.Path, "/bot"+token+"/")
	if !ok {
		return refuse(401, "Unauthorized", "")
	}
	var m message
	if json.Unmarshal(r.Body, &m) != nil || m.Mode != "HTML" || m.Text == "" {
		return refuse(400, "Bad Request: message text is empty", "")
	}
	if m.Chat == "-5" && b.chat != "-5" {
		return refuse(400, "Bad Request: group chat was upgraded to a supergroup chat", `"migrate_to_chat_id":`+b.chat)
	}
	if m.Chat != b.chat {
		return refuse(400, "Bad Request: chat not found", "")
	}
	if method == "editMessageText" {
		old, ok := b.messages[m.ID]
		if !ok {
			return refuse(400, "Bad Request: message to edit not found", "")
		}
		if old.Text == m.Text {
			return refuse(400, "Bad Request: message is not modified: specified new message content", "")
		}
	} else {
		m.ID = int64(len(b.messages) + 1)
	}
	b.messages[m.ID] = m
	return sinktest.Accept(200, fmt.Sprintf(`{"ok":true,"result":{"message_id":%d}}`, m.ID))
}

func refuse(status int, description, parameter string) sinktest.Reply {
	return sinktest.Accept(status, fmt.Sprintf(`{"ok":false,"error_code":%d,"description":%q,"parameters":{%s}}`, status, description, parameter))
}

func (b *bot) sink(t *testing.T, chat string) *telegram.Sink {
	t.Helper()
	s, err := telegram.New(telegram.Options{Client: sinktest.Client(t), Token: token, Chat: chat, Thread: "42", BaseURL: b.At("/")})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func deliver(t *testing.T, s *telegram.Sink, phase uptime.NoticePhase, ref string) string {
	t.Helper()
	ref, err := s.Deliver(t.Context(), sinktest.Wrap(sinktest.Outage(phase), 1), ref)
	if err != nil {
		t.Fatalf("%s: %v", phase, err)
	}
	return ref
}

func TestEditsOneMessage(t *testing.T) {
	b := newBot(t)
	s := b.sink(t, "-100123")
	ref := deliver(t, s, uptime.NoticeOpens, "")
	ref = deliver(t, s, uptime.NoticeChanges, ref)
	ref = deliver(t, s, uptime.NoticeChanges, ref) // not modified
	ref = deliver(t, s, uptime.NoticeCloses, ref)
	if ref != "-100123:1" || len(b.messages) != 2 || !strings.Contains(b.messages[1].Text, "works again") {
		t.Errorf("ref %q, messages %+v", ref, b.messages)
	}
	if m := b.messages[2]; m.Reply == nil || m.Reply.ID != 1 || m.Thread != 42 {
		t.Errorf("got %+v, want an answer in the topic", m)
	}
	if ref := deliver(t, s, uptime.NoticeOpens, ref); ref != "-100123:3" {
		t.Errorf("opening again: ref %q, want a new message", ref)
	}
}

func TestWritesAnewWhatWasDeleted(t *testing.T) {
	for _, ref := range []string{"", "-100123:99", "rubbish"} {
		b := newBot(t)
		if got := deliver(t, b.sink(t, "-100123"), uptime.NoticeCloses, ref); got != "-100123:1" || len(b.messages) != 1 {
			t.Errorf("ref %q: got %q and %d messages", ref, got, len(b.messages))
		}
	}
}

func TestFollowsAChatThatMoved(t *testing.T) {
	b := newBot(t)
	b.chat = "-5"
	s := b.sink(t, "-5")
	ref := deliver(t, s, uptime.NoticeOpens, "")
	b.chat = "-100999"
	b.messages = map[int64]message{}
	if ref = deliver(t, s, uptime.NoticeChanges, ref); ref != "-100999:1" {
		t.Errorf("ref %q: want a new message in the new chat", ref)
	}
	before := len(b.Requests())
	if ref = deliver(t, s, uptime.NoticeCloses, ref); ref != "-100999:1" || len(b.Requests()) != before+2 {
		t.Errorf("ref %q after %d requests: want it remembered", ref, len(b.Requests())-before)
	}
}

func TestQuietWhenNotUrgent(t *testing.T) {
	for priority, want := range map[uptime.Priority]bool{uptime.P1: false, uptime.P2: false, uptime.P3: true} {
		b := newBot(t)
		n := sinktest.Outage(uptime.NoticeOpens)
		n.Priority = priority
		if _, err := b.sink(t, "-100123").Deliver(t.Context(), sinktest.Wrap(n, 1), ""); err != nil || b.messages[1].Quiet != want {
			t.Errorf("%s: error %v, quiet %v", priority, err, b.messages[1].Quiet)
		}
	}
}

func TestRefused(t *testing.T) {
	for name, test := range map[string]struct {
		reply sinktest.Reply
		want  uptime.Refusal
	}{
		"429":        {refuse(429, "Too Many Requests: retry after 17", `"retry_after":17`), uptime.Refusal{Temporary: true, After: 17 * time.Second}},
		"5xx":        {sinktest.Burst(502, 1)[0], uptime.Refusal{Temporary: true}},
		"cut":        {sinktest.Cut(), uptime.Refusal{Temporary: true}},
		"no token":   {refuse(401, "Unauthorized", ""), uptime.Refusal{Gone: true}},
		"blocked":    {refuse(403, "Forbidden: bot was kicked from the group chat", ""), uptime.Refusal{Gone: true}},
		"no chat":    {refuse(400, "Bad Request: chat not found", ""), uptime.Refusal{Gone: true}},
		"no rights":  {refuse(400, "Bad Request: not enough rights to send text messages to the chat", ""), uptime.Refusal{Gone: true}},
		"no topic":   {refuse(400, "Bad Request: message thread not found", ""), uptime.Refusal{}},
		"bad markup": {refuse(400, "Bad Request: can't parse entities "+sinktest.Secret, ""), uptime.Refusal{}},
	} {
		b := newBot(t)
		b.Script(test.reply)
		s := b.sink(t, "-100123")
		_, err := s.Deliver(t.Context(), sinktest.Wrap(sinktest.Outage(uptime.NoticeOpens), 1), "")
		got := *uptime.RefusalOf(err)
		if err == nil || strings.Contains(got.Reason, sinktest.Secret) {
			t.Errorf("%s: error %v", name, err)
		}
		if got.Reason = ""; got != test.want {
			t.Errorf("%s: got %+v, want %+v", name, got, test.want)
		}
		deliver(t, s, uptime.NoticeOpens, "")
	}
}

func TestAnswerRefused(t *testing.T) {
	for _, test := range []struct {
		reply sinktest.Reply
		fails bool
	}{{refuse(400, "Bad Request: TOPIC_CLOSED", ""), false}, {sinktest.Cut(), true}, {refuse(429, "", `"retry_after":3`), true}} {
		b := newBot(t)
		s := b.sink(t, "-100123")
		ref := deliver(t, s, uptime.NoticeOpens, "")
		b.Script(sinktest.Accept(200, `{"ok":true,"result":true}`), test.reply)
		got, err := s.Deliver(t.Context(), sinktest.Wrap(sinktest.Outage(uptime.NoticeCloses), 2), ref)
		if got != ref || (err != nil) != test.fails {
			t.Errorf("ref %q, error %v", got, err)
		}
	}
}

func TestPayloads(t *testing.T) {
	tags := regexp.MustCompile(`</?b>|<a href="https://[A-Za-z0-9./?=&;_-]*">|</a>`)
	for _, sample := range append(sinktest.Samples(), sinktest.Extreme()...) {
		b := newBot(t)
		if _, err := b.sink(t, "-100123").Deliver(t.Context(), &sample.Delivery, ""); err != nil {
			t.Fatalf("%s: %v", sample.Name, err)
		}
		body := b.Last(t).Body
		sinktest.CleanJSON(t, body)
		sinktest.Visible(t, body)
		text := tags.ReplaceAllString(b.messages[1].Text, "")
		if strings.ContainsAny(text, "<>") || len(utf16.Encode([]rune(html.UnescapeString(text)))) > 4096 {
			t.Errorf("%s: %d characters: %.300q", sample.Name, len(text), text)
		}
		switch sample.Name {
		case "opens", "changes", "closes", "several", "test", "hostile html", "hostile mentions":
			sinktest.Golden(t, strings.ReplaceAll(sample.Name, " ", "_")+".json", body)
		}
	}
}

func TestWrongSettings(t *testing.T) {
	for want, opt := range map[string]telegram.Options{
		"client": {Token: token, Chat: "-1"},
		"token":  {Token: "bot " + sinktest.Secret, Chat: "-1"},
		"chat":   {Token: token, Chat: "https://t.me/" + sinktest.Secret},
		"thread": {Token: token, Chat: "@some_group", Thread: "general"},
	} {
		if want != "client" {
			opt.Client = sinktest.Client(t)
		}
		if _, err := telegram.New(opt); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), sinktest.Secret) {
			t.Errorf("%s: got %v", want, err)
		}
	}
}

func TestSlow(t *testing.T) {
	b := newBot(t)
	b.Script(sinktest.Slow())
	sink := b.sink(t, "-100123")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	ref, err := sink.Deliver(ctx, sinktest.Wrap(sinktest.Outage(uptime.NoticeOpens), 1), "")
	if err == nil || ref != "" || !uptime.RefusalOf(err).Temporary {
		t.Errorf("ref %q, error %v: want one that passes", ref, err)
	}
}

// What got graver is said below the message too: nobody sees an edit.
func TestSaysWhatRings(t *testing.T) {
	b := newBot(t)
	s := b.sink(t, "-100123")
	ref := deliver(t, s, uptime.NoticeOpens, "")
	if again, err := s.Deliver(t.Context(), sinktest.Wrap(sinktest.Graver(), 2), ref); err != nil || again != ref {
		t.Errorf("ref %q, error %v; want the first message's", again, err)
	}
	if m := b.messages[2]; len(b.messages) != 2 || m.Reply == nil || m.Reply.ID != 1 {
		t.Errorf("got %+v, want an answer", b.messages)
	}
}
