// Package discord tells notices through a Discord webhook (API v10).
//
// What opens is a new message that may call a role, what changes and what closes
// edit it in place and call nobody. A message that was deleted, or that Discord
// lets nobody edit any more, is written anew.
//
// A webhook cannot start a thread at a message: that takes a bot. It can make a
// post of its own in a forum channel (thread_name), and write into a thread that
// exists already (thread_id). So in a forum each outage is a post, and what
// changes after half an hour and what closes are also lines below it; in other
// channels these lines go to the thread that is set, if one is.
//
// Discord offers webhooks no idempotency key: when an answer gets lost, a message
// comes twice.
package discord

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/card"
	"github.com/alivemcp/alivemcp/internal/alert/post"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// long is how long an outage lasts before its changes are lines in a thread.
const long = 30 * time.Minute

// Options configure a Sink.
type Options struct {
	Client *post.Client
	// URL is https://discord.com/api/webhooks/ID/TOKEN: whoever knows it can write
	// there. A thread_id in it sends everything into that thread.
	URL uptime.Secret
	// Role is the id of a role that is called when a thread opens for the first
	// time; empty for none.
	Role string
	// Forum says that the channel is a forum, where each outage is a post. Tags are
	// the ids of the tags of these posts, at most five.
	Forum bool
	Tags  []string
	// Thread is the id of a thread of the channel that is told of outages that last
	// longer than half an hour; empty for none, and in a forum.
	Thread string
}

// Sink writes through one webhook. It is safe for concurrent use.
type Sink struct {
	opt    Options
	base   *url.URL
	inside string // the thread_id of the URL

	mu   sync.Mutex
	rest time.Time // until when the webhook's rate limit is used up
}

// New checks the settings. Its errors hold no secret.
func New(opt Options) (*Sink, error) {
	if opt.Client == nil {
		return nil, errors.New("a Discord sink needs a client")
	}
	base, err := webhook(opt.URL.Reveal())
	if err != nil {
		return nil, err
	}
	inside := base.Query().Get("thread_id")
	base.RawQuery = ""
	for key, id := range map[string]string{"role": opt.Role, "thread": opt.Thread, "url: thread_id": inside} {
		if id != "" && !isID(id) {
			return nil, errors.New(key + ": want an id, a number such as 123456789012345678")
		}
	}
	if len(opt.Tags) > maxTags || len(opt.Tags) > 0 && !opt.Forum || slices.ContainsFunc(opt.Tags, func(id string) bool { return !isID(id) }) {
		return nil, errors.New("tags: want at most five ids of tags, in a forum")
	}
	if opt.Forum && (opt.Thread != "" || inside != "") {
		return nil, errors.New("forum: each outage is a post of its own there, so no thread can be set")
	}
	return &Sink{opt: opt, base: base, inside: inside}, nil
}

func isID(text string) bool { return regexp.MustCompile(`^[0-9]{1,20}$`).MatchString(text) }

// webhook reads the URL as Discord shows it, with or without a version.
func webhook(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" {
		return nil, errors.New("url: want the URL of a Discord webhook, such as https://discord.com/api/webhooks/ID/TOKEN")
	}
	m := regexp.MustCompile(`^/api(?:/v[0-9]+)?/webhooks/([0-9]{1,20}/[A-Za-z0-9_-]+)(/slack|/github)?/?$`).FindStringSubmatch(u.Path)
	switch {
	case m == nil:
		return nil, errors.New("url: want the URL of a Discord webhook, such as https://discord.com/api/webhooks/ID/TOKEN")
	case m[2] != "":
		return nil, errors.New("url: leave out " + m[2] + " at its end")
	}
	u.Path = "/api/v10/webhooks/" + m[1]
	return u, nil
}

// Deliver writes or edits the message of a thread. The ref is its id, with the
// thread that it stands in.
func (s *Sink) Deliver(ctx context.Context, d *uptime.Delivery, ref string) (string, error) {
	n := &d.Notice
	if n.Phase == uptime.NoticeOpens || ref == "" {
		return s.create(ctx, n, ref)
	}
	id, thread, _ := strings.Cut(ref, "@")
	err := s.edit(ctx, n, id, thread)
	switch code(err) {
	case unknownMessage, unknownChannel, tooManyEdits:
		return s.create(ctx, n, ref)
	case threadArchived:
		return s.revive(ctx, n, ref, id, thread)
	}
	if err != nil {
		return ref, err
	}
	return ref, s.tell(ctx, n, thread)
}

func (s *Sink) edit(ctx context.Context, n *uptime.Notice, id, thread string) error {
	return s.send(ctx, http.MethodPatch, "/messages/"+url.PathEscape(id), thread, message{Embeds: embeds(n)}, nil)
}

// revive writes a line into a thread that Discord has archived because nothing
// was said there for long: that opens it, and then its message can be edited. One
// that somebody has locked too is left alone, and the message written anew.
func (s *Sink) revive(ctx context.Context, n *uptime.Notice, ref, id, thread string) (string, error) {
	err := s.send(ctx, http.MethodPost, "", thread, message{Content: line(n)}, nil)
	if err == nil {
		err = s.edit(ctx, n, id, thread)
	}
	if code(err) == threadArchived {
		return s.create(ctx, n, ref)
	}
	return ref, err
}

func (s *Sink) create(ctx context.Context, n *uptime.Notice, ref string) (string, error) {
	m := message{Embeds: embeds(n)}
	if s.opt.Role != "" && ref == "" && n.Phase == uptime.NoticeOpens && n.Type != uptime.NoticeTest {
		m.Content, m.Mentions.Roles = "<@&"+s.opt.Role+">", []string{s.opt.Role}
	}
	if s.opt.Forum {
		m.ThreadName, m.Tags = name(n), s.opt.Tags
	}
	var made struct {
		ID        string `json:"id"`
		ChannelID string `json:"channel_id"`
	}
	if err := s.send(ctx, http.MethodPost, "", s.inside, m, &made); err != nil || made.ID == "" {
		return ref, err
	}
	switch {
	case s.opt.Forum:
		return made.ID + "@" + made.ChannelID, nil
	case s.inside != "":
		return made.ID + "@" + s.inside, nil
	}
	return made.ID, nil
}

// tell writes a line beside the message when that is due. The message itself says
// it already: only what may work later is worth another try.
func (s *Sink) tell(ctx context.Context, n *uptime.Notice, thread string) error {
	if s.opt.Thread != "" {
		thread = s.opt.Thread
	}
	if !s.due(n) {
		return nil
	}
	err := s.send(ctx, http.MethodPost, "", thread, message{Content: line(n)}, nil)
	if err != nil && uptime.RefusalOf(err).Temporary {
		return err
	}
	return nil
}

// due reports whether a line is written: about what rings, and where there is a
// thread for it about what lasts long and about its end.
func (s *Sink) due(n *uptime.Notice) bool {
	hasThread := s.opt.Forum || s.opt.Thread != ""
	return n.Rings || hasThread && (card.Lasts(n, long) || ends(n, s.opt.Forum))
}

// ends reports whether an end has to be told: everywhere in a forum, elsewhere
// when the thread was told that it lasts.
func ends(n *uptime.Notice, always bool) bool {
	return n.Phase == uptime.NoticeCloses && (always || n.Resolved.Sub(n.Started) > long)
}

// send makes one request, once the rate limit admits it.
func (s *Sink) send(ctx context.Context, method, path, thread string, m message, answer any) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	u := *s.base
	u.Path += path
	query := url.Values{}
	if method == http.MethodPost {
		query.Set("wait", "true") // without it a message that was not saved is no error
	}
	if thread != "" {
		query.Set("thread_id", thread)
	}
	u.RawQuery = query.Encode()
	got, err := s.opt.Client.JSON(ctx, post.Request{Method: method, URL: uptime.Secret(u.String())}, m, answer)
	s.note(got.Header)
	return explain(got, err)
}
