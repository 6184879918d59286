package discord_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/alivemcp/alivemcp/internal/alert/discord"
	"github.com/alivemcp/alivemcp/internal/alert/sinktest"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const hook = "/api/v10/webhooks/123/" + sinktest.Secret

// channel behaves as Discord's webhooks: it keeps messages, edits those that are
// there, and wants a name for a post in a forum.
type channel struct {
	*sinktest.Service
	forum    bool
	messages map[string]message
	last     int
	archived map[string]bool // threads; true when they are locked, too
	worn     map[string]bool // messages that were edited too often
}

type message struct {
	Content    string
	ThreadName string `json:"thread_name"`
	Embeds     []struct {
		Title, URL, Description string
		Color                   int
		Fields                  []struct{ Name, Value string }
	}
	Mentions *struct{ Parse, Roles []string } `json:"allowed_mentions"`
	thread   string
}

func newChannel(t *testing.T, forum bool) *channel {
	t.Helper()
	c := &channel{messages: map[string]message{}, forum: forum, last: 1000}
	c.Service = sinktest.NewService(t, c.reply)
	return c
}

func (c *channel) reply(r sinktest.Request) sinktest.Reply {
	var m message
	if err := json.Unmarshal(r.Body, &m); err != nil || m.Mentions == nil || m.Mentions.Parse == nil || len(m.Mentions.Parse) > 0 {
		return refuse(400, 50035)
	}
	m.thread = r.Query.Get("thread_id")
	path, ok := strings.CutPrefix(r.Path, hook)
	if !ok {
		return refuse(404, 10015)
	}
	if r.Method == http.MethodPatch {
		return c.edit(strings.TrimPrefix(path, "/messages/"), m)
	}
	if path != "" || r.Query.Get("wait") != "true" {
		return refuse(405, 0)
	}
	if c.forum && m.ThreadName == "" && m.thread == "" {
		return refuse(400, 220001)
	}
	if !c.forum && m.ThreadName != "" {
		return refuse(400, 220003)
	}
	if c.archived[m.thread] {
		return refuse(400, 50083)
	}
	delete(c.archived, m.thread)
	c.last++
	id := fmt.Sprint(c.last)
	if m.thread == "" && c.forum {
		m.thread = id
	}
	c.messages[id] = m
	return sinktest.Accept(200, fmt.Sprintf(`{"id":%q,"channel_id":%q}`, id, m.thread))
}

func (c *channel) edit(id string, m message) sinktest.Reply {
	if old, ok := c.messages[id]; !ok || old.thread != m.thread {
		return refuse(404, 10008)
	}
	if _, ok := c.archived[m.thread]; ok {
		return refuse(400, 50083)
	}
	if c.worn[id] {
		return refuse(429, 30046)
	}
	c.messages[id] = m
	return sinktest.Accept(200, fmt.Sprintf(`{"id":%q}`, id))
}

func refuse(status, code int) sinktest.Reply {
	return sinktest.Accept(status, fmt.Sprintf(`{"code":%d,"message":"x"}`, code))
}

func (c *channel) sink(t *testing.T, opt discord.Options) *discord.Sink {
	t.Helper()
	opt.Client, opt.URL, opt.Forum = sinktest.Client(t), c.At("/api/webhooks/123/"+sinktest.Secret), c.forum
	s, err := discord.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func deliver(t *testing.T, s *discord.Sink, phase uptime.NoticePhase, lasts time.Duration, ref string) string {
	t.Helper()
	n := sinktest.Outage(phase)
	n.At = n.Started.Add(lasts)
	if phase == uptime.NoticeCloses {
		n.Resolved = n.At
	}
	ref, err := s.Deliver(t.Context(), sinktest.Wrap(n, 1), ref)
	if err != nil {
		t.Fatalf("%s: %v", phase, err)
	}
	return ref
}

func TestEditsOneMessage(t *testing.T) {
	c := newChannel(t, false)
	s := c.sink(t, discord.Options{Role: "77"})
	ref := deliver(t, s, uptime.NoticeOpens, 0, "")
	if m := c.messages["1001"]; ref != "1001" || m.Content != "<@&77>" || len(m.Mentions.Roles) != 1 {
		t.Errorf("ref %q, message %+v: want the role called", ref, m)
	}
	ref = deliver(t, s, uptime.NoticeChanges, time.Hour, ref)
	ref = deliver(t, s, uptime.NoticeCloses, 2*time.Hour, ref)
	if m := c.messages["1001"]; ref != "1001" || len(c.messages) != 1 || m.Content != "" || m.Mentions.Roles != nil || m.Embeds[0].Color != 0x0b7a4b {
		t.Errorf("ref %q, %d messages, the first %+v: want one, green, that calls nobody", ref, len(c.messages), m)
	}
	ref = deliver(t, s, uptime.NoticeOpens, 0, ref)
	if m := c.messages["1002"]; ref != "1002" || m.Content != "" {
		t.Errorf("opening again: ref %q, message %+v; want a new one that calls nobody", ref, m)
	}
}

func TestTestCallsNobody(t *testing.T) {
	c := newChannel(t, false)
	if _, err := c.sink(t, discord.Options{Role: "77"}).Deliver(t.Context(), sinktest.Wrap(sinktest.Test(), 1), ""); err != nil || c.messages["1001"].Content != "" {
		t.Errorf("error %v, message %+v", err, c.messages["1001"])
	}
}

func TestForum(t *testing.T) {
	c := newChannel(t, true)
	s := c.sink(t, discord.Options{Tags: []string{"77"}})
	ref := deliver(t, s, uptime.NoticeOpens, 0, "")
	if body := string(c.Last(t).Body); !strings.Contains(body, `"applied_tags":["77"]`) {
		t.Errorf("the post has no tag: %s", body)
	}
	if m := c.messages["1001"]; ref != "1001@1001" || m.ThreadName != "Weather is down: the connection is refused" {
		t.Errorf("ref %q, message %+v: want a post", ref, m)
	}
	ref = deliver(t, s, uptime.NoticeChanges, 10*time.Minute, ref)
	if len(c.messages) != 1 {
		t.Errorf("%d messages after ten minutes, want one", len(c.messages))
	}
	ref = deliver(t, s, uptime.NoticeChanges, 31*time.Minute, ref)
	deliver(t, s, uptime.NoticeCloses, 40*time.Minute, ref)
	if m := c.messages["1003"]; len(c.messages) != 3 || m.thread != "1001" || !strings.Contains(m.Content, "works again") {
		t.Errorf("%d messages, the last %+v; want the post and two lines below it", len(c.messages), m)
	}
}

func TestThreadIsToldWhatLasts(t *testing.T) {
	for lasts, want := range map[time.Duration]int{10 * time.Minute: 1, 45 * time.Minute: 3} {
		c := newChannel(t, false)
		s := c.sink(t, discord.Options{Thread: "55"})
		ref := deliver(t, s, uptime.NoticeOpens, 0, "")
		deliver(t, s, uptime.NoticeChanges, lasts, ref)
		deliver(t, s, uptime.NoticeCloses, lasts, ref)
		if len(c.messages) != want || want > 1 && c.messages["1003"].thread != "55" {
			t.Errorf("%v: %d messages, want %d: %+v", lasts, len(c.messages), want, c.messages)
		}
	}
}

func TestWritesAnewWhatWasDeleted(t *testing.T) {
	c := newChannel(t, false)
	if ref := deliver(t, c.sink(t, discord.Options{Role: "77"}), uptime.NoticeChanges, 0, "9"); ref != "1001" || c.messages[ref].Content != "" {
		t.Errorf("ref %q, message %+v: want a new one that calls nobody", ref, c.messages[ref])
	}
}

// Discord refuses to edit a message of more than an hour again and again: the end
// of an outage is told all the same.
func TestWritesAnewWhatWasEditedTooOften(t *testing.T) {
	c := newChannel(t, false)
	s := c.sink(t, discord.Options{Role: "77"})
	ref := deliver(t, s, uptime.NoticeOpens, 0, "")
	c.worn = map[string]bool{ref: true}
	ref = deliver(t, s, uptime.NoticeCloses, 5*time.Hour, ref)
	if m := c.messages[ref]; ref != "1002" || m.Content != "" || m.Embeds[0].Color != 0x0b7a4b {
		t.Errorf("ref %q, message %+v: want a new one, green, that calls nobody", ref, m)
	}
}

// A post of a forum is archived after a while in which nothing was said.
func TestOpensAnArchivedPost(t *testing.T) {
	for locked, want := range map[bool]string{false: "1001@1001", true: "1002@1002"} {
		c := newChannel(t, true)
		s := c.sink(t, discord.Options{})
		ref := deliver(t, s, uptime.NoticeOpens, 0, "")
		c.archived = map[string]bool{"1001": locked}
		ref = deliver(t, s, uptime.NoticeCloses, 80*time.Hour, ref)
		id, _, _ := strings.Cut(ref, "@")
		if ref != want || len(c.messages) != 2 || c.messages[id].Embeds[0].Color != 0x0b7a4b {
			t.Errorf("locked %v: ref %q, messages %+v", locked, ref, c.messages)
		}
	}
}

func TestRefused(t *testing.T) {
	limit := sinktest.TooMany("1", `{"message":"x","retry_after":64.57,"global":false}`)
	bare := sinktest.TooMany("", "")
	bare.Header.Set("X-Ratelimit-Reset-After", "1.5")
	for name, test := range map[string]struct {
		reply sinktest.Reply
		want  uptime.Refusal
	}{
		"limit":       {limit, uptime.Refusal{Temporary: true, After: 64570 * time.Millisecond}},
		"bare limit":  {bare, uptime.Refusal{Temporary: true, After: 1500 * time.Millisecond}},
		"5xx":         {sinktest.Burst(502, 1)[0], uptime.Refusal{Temporary: true}},
		"cut":         {sinktest.Cut(), uptime.Refusal{Temporary: true}},
		"no webhook":  {refuse(404, 10015), uptime.Refusal{Gone: true}},
		"bad token":   {refuse(401, 50027), uptime.Refusal{Gone: true}},
		"forum":       {refuse(400, 220001), uptime.Refusal{}},
		"no forum":    {refuse(400, 220003), uptime.Refusal{}},
		"invalid":     {refuse(400, 50035), uptime.Refusal{}},
		"other 404":   {sinktest.Accept(404, "<html>"), uptime.Refusal{}},
		"no channels": {refuse(404, 10003), uptime.Refusal{}},
	} {
		c := newChannel(t, false)
		c.Script(test.reply)
		_, err := c.sink(t, discord.Options{}).Deliver(t.Context(), sinktest.Wrap(sinktest.Outage(uptime.NoticeOpens), 1), "")
		got := *uptime.RefusalOf(err)
		if err == nil || got.Reason == "" || strings.Contains(got.Reason, sinktest.Secret) {
			t.Errorf("%s: error %v", name, err)
		}
		if got.Reason = ""; got != test.want {
			t.Errorf("%s: got %+v, want %+v", name, got, test.want)
		}
	}
}

func TestWaitsForTheLimit(t *testing.T) {
	empty := func(after string) sinktest.Reply {
		return sinktest.Reply{Body: `{"id":"1"}`, Header: http.Header{"X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset-After": {after}}}
	}
	c := newChannel(t, false)
	s := c.sink(t, discord.Options{})
	c.Script(empty("0.2"), empty("60"))
	start := time.Now()
	deliver(t, s, uptime.NoticeOpens, 0, "")
	deliver(t, s, uptime.NoticeOpens, 0, "")
	if took := time.Since(start); took < 200*time.Millisecond {
		t.Errorf("sent again after %v, want 200 ms", took)
	}
	_, err := s.Deliver(t.Context(), sinktest.Wrap(sinktest.Outage(uptime.NoticeOpens), 1), "")
	if got := uptime.RefusalOf(err); err == nil || !got.Temporary || got.After < 50*time.Second || len(c.Requests()) != 2 {
		t.Errorf("got %+v after %d requests; want a minute's rest without a request", got, len(c.Requests()))
	}
}

func TestPayloads(t *testing.T) {
	for _, sample := range append(sinktest.Samples(), sinktest.Extreme()...) {
		c := newChannel(t, false)
		ref, err := c.sink(t, discord.Options{Role: "77"}).Deliver(t.Context(), &sample.Delivery, "")
		if err != nil {
			t.Fatalf("%s: %v", sample.Name, err)
		}
		body := c.Last(t).Body
		sinktest.CleanJSON(t, body)
		sinktest.Visible(t, body)
		checkLimits(t, sample.Name, c.messages[ref])
		switch sample.Name {
		case "opens", "changes", "closes", "several", "test", "hostile mentions", "hostile markdown":
			sinktest.Golden(t, strings.ReplaceAll(sample.Name, " ", "_")+".json", body)
		}
	}
}

func checkLimits(t *testing.T, name string, m message) {
	t.Helper()
	e := m.Embeds[0]
	total := size(e.Title) + size(e.Description)
	if size(e.Title) > 256 || e.Title == "" || size(e.Description) > 4096 || len(e.Fields) > 25 {
		t.Errorf("%s: title %d, description %d, %d fields", name, size(e.Title), size(e.Description), len(e.Fields))
	}
	for _, f := range e.Fields {
		if total += size(f.Name) + size(f.Value); f.Name == "" || f.Value == "" || size(f.Name) > 256 || size(f.Value) > 1024 {
			t.Errorf("%s: field %q has %d", name, f.Name, size(f.Value))
		}
	}
	if total > 6000 {
		t.Errorf("%s: the embed has %d", name, total)
	}
}

func size(s string) int { return len(utf16.Encode([]rune(s))) }

func TestWrongSettings(t *testing.T) {
	good := uptime.Secret("https://discord.com/api/webhooks/123/" + sinktest.Secret)
	for want, opt := range map[string]discord.Options{
		"client": {URL: good},
		"url":    {URL: "https://discord.com/channels/" + sinktest.Secret},
		"/slack": {URL: good + "/slack"},
		"role":   {URL: good, Role: "@everyone"},
		"thread": {URL: good, Thread: sinktest.Secret},
		"forum":  {URL: good, Thread: "1", Forum: true},
		"tags":   {URL: good, Tags: []string{"1"}},
	} {
		if want != "client" {
			opt.Client = sinktest.Client(t)
		}
		if _, err := discord.New(opt); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), sinktest.Secret) {
			t.Errorf("%s: got %v", want, err)
		}
	}
}

func TestSlow(t *testing.T) {
	c := newChannel(t, false)
	c.Script(sinktest.Slow())
	sink := c.sink(t, discord.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	ref, err := sink.Deliver(ctx, sinktest.Wrap(sinktest.Outage(uptime.NoticeOpens), 1), "")
	if err == nil || ref != "" || !uptime.RefusalOf(err).Temporary {
		t.Errorf("ref %q, error %v: want one that passes", ref, err)
	}
}

// What got graver is said where the message stands, or in the thread for what
// lasts: nobody sees an edit.
func TestSaysWhatRings(t *testing.T) {
	for _, thread := range []string{"", "55"} {
		c := newChannel(t, false)
		s := c.sink(t, discord.Options{Thread: thread})
		ref := deliver(t, s, uptime.NoticeOpens, 0, "")
		if again, err := s.Deliver(t.Context(), sinktest.Wrap(sinktest.Graver(), 2), ref); err != nil || again != ref {
			t.Errorf("ref %q, error %v; want the first message's", again, err)
		}
		if m := c.messages["1002"]; len(c.messages) != 2 || m.thread != thread || m.Content == "" {
			t.Errorf("got %+v, want a line in thread %q", c.messages, thread)
		}
	}
}
