// Package ntfy tells notices by ntfy, on ntfy.sh or a server of one's own.
//
// What opens is a new notification, as loud as it is urgent. What changes and
// what closes carry the sequence id of the first, so that it is replaced in
// place: what changes without a sound, what closes with the usual one. Servers
// before 2.16 do not know sequence ids and show each as a notification of its own.
// A delivery that is tried again carries the same id: newer servers show it once.
package ntfy

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"github.com/alivemcp/alivemcp/internal/alert/card"
	"github.com/alivemcp/alivemcp/internal/alert/post"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// serverURL is the public server.
const serverURL = "https://ntfy.sh"

// maxMessage is what a server takes by default, in bytes; what is longer becomes
// an attachment.
const maxMessage = 4096

// maxActions is how many buttons a notification has.
const maxActions = 3

// Options configure a Sink.
type Options struct {
	Client *post.Client
	// Topic is where to publish: whoever knows a topic that is not protected can
	// read and write there.
	Topic uptime.Secret
	// Token is an access token, tk_...; empty for none.
	Token uptime.Secret
	// URL is the server's, without the topic; empty for https://ntfy.sh.
	URL uptime.Secret
}

// Sink publishes to one topic.
type Sink struct{ opt Options }

// New checks the settings. Its errors hold no secret.
func New(opt Options) (*Sink, error) {
	if opt.URL == "" {
		opt.URL = serverURL
	}
	u, err := url.Parse(opt.URL.Reveal())
	switch {
	case opt.Client == nil:
		return nil, errors.New("an ntfy sink needs a client")
	case err != nil || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "":
		return nil, errors.New("url: want the server's address alone, such as https://ntfy.sh; the topic is a setting of its own")
	case !regexp.MustCompile(`^[-_A-Za-z0-9]{1,64}$`).MatchString(opt.Topic.Reveal()):
		return nil, errors.New("topic: want at most 64 letters, digits, hyphens and underscores")
	case strings.ContainsFunc(opt.Token.Reveal(), func(r rune) bool { return r <= ' ' || r > '~' }):
		return nil, errors.New("token: want an access token, such as tk_..., without spaces")
	}
	opt.URL = uptime.Secret(strings.TrimRight(opt.URL.Reveal(), "/") + "/")
	return &Sink{opt}, nil
}

// Deliver publishes. The ref is the sequence id of the first notification.
func (s *Sink) Deliver(ctx context.Context, d *uptime.Delivery, ref string) (string, error) {
	sequence := ref
	if d.Notice.Phase == uptime.NoticeOpens || ref == "" {
		sequence = string(d.ID)
	}
	header := http.Header{}
	if s.opt.Token != "" {
		header.Set("Authorization", "Bearer "+s.opt.Token.Reveal())
	}
	msg := render(&d.Notice)
	msg.Topic, msg.Sequence = s.opt.Topic.Reveal(), sequence
	got, err := s.opt.Client.JSON(ctx, post.Request{URL: s.opt.URL, Header: header}, msg, nil)
	if err != nil {
		return ref, explain(got.Status, err)
	}
	return sequence, nil
}

// explain knows that a topic that is not ours to write to, or a token that was
// revoked, stays so.
func explain(status int, err error) error {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return &uptime.Refusal{Gone: true, Reason: fmt.Sprintf("the ntfy server answered %d: the token is wrong or may not publish to the topic", status)}
	case http.StatusRequestEntityTooLarge:
		return &uptime.Refusal{Reason: "the ntfy server answered 413: it takes no message of this size"}
	}
	return err
}

// message is what is published as JSON.
type message struct {
	Topic    string   `json:"topic"`
	Sequence string   `json:"sequence_id"`
	Title    string   `json:"title"`
	Message  string   `json:"message"`
	Priority int      `json:"priority"`
	Tags     []string `json:"tags"`
	Click    string   `json:"click,omitempty"`
	Actions  []action `json:"actions,omitempty"`
}

type action struct {
	Action string `json:"action"`
	Label  string `json:"label"`
	URL    string `json:"url"`
}

func render(n *uptime.Notice) message {
	c := card.Of(n, card.Markup{})
	m := message{Title: c.Title, Message: card.CutBytes(text(c), maxMessage), Priority: priority(n), Tags: []string{tag(c.Tone)}}
	if p := n.Priority.String(); p != "" && n.Type != uptime.NoticeTest {
		m.Tags = append(m.Tags, p)
	}
	for _, l := range c.Links {
		if m.Click == "" && !l.Acts {
			m.Click = l.URL
		}
		m.Actions = append(m.Actions, action{"view", l.Label, l.URL})
	}
	m.Actions = m.Actions[:min(len(m.Actions), maxActions)]
	return m
}

func text(c card.Card) string {
	var parts []string
	if c.Summary != "" {
		parts = append(parts, c.Summary)
	}
	if c.FirstStep != "" {
		parts = append(parts, "First: "+c.FirstStep)
	}
	if len(c.Servers) > 0 {
		parts = append(parts, "• "+strings.Join(c.Servers, "\n• "))
	}
	facts := make([]string, 0, len(c.Facts))
	for _, f := range c.Facts {
		facts = append(facts, f.Name+": "+f.Value)
	}
	if len(facts) > 0 {
		parts = append(parts, strings.Join(facts, "\n"))
	}
	if len(parts) == 0 {
		return c.Title // an empty message would become "triggered"
	}
	return strings.Join(parts, "\n\n")
}

// priority is 5 for what wakes people up, 3 for the usual sound, 2 for none.
func priority(n *uptime.Notice) int {
	switch {
	case n.Phase == uptime.NoticeChanges && !n.Rings:
		return 2
	case n.Phase == uptime.NoticeCloses, n.Type == uptime.NoticeTest:
		return 3
	case n.Priority == uptime.P1:
		return 5
	case n.Priority == uptime.P2:
		return 4
	}
	return 3
}

// tag is the short name of the tone's symbol, which ntfy shows before the title.
func tag(t card.Tone) string {
	switch t {
	case card.Bad:
		return "red_circle"
	case card.Warn:
		return "orange_circle"
	case card.Good:
		return "green_circle"
	default:
		return "large_blue_circle"
	}
}
