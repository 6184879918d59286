// Package jsm tells Jira Service Management Operations, and whatever speaks the
// Opsgenie alert API of which it took over the form.
//
// A thread is one alert there, whose alias is the notice's key:
//
//   - opens creates it; while an alert of that alias is open, creating it again
//     only counts;
//   - changes adds a note, because an open alert's message says already what broke;
//     when somebody took it on it is acknowledged, once, with the same note;
//   - closes closes it with a note. After that the alias is free for a new alert.
//
// An update of an alert that is not there creates it anew, closing one is done
// already. A test is created and closed at once.
//
// An answer of 202 means that the request is queued. Creating, acknowledging and
// closing twice is doing it once; a note whose answer was lost may stand twice.
package jsm

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/alivemcp/alivemcp/internal/alert/card"
	"github.com/alivemcp/alivemcp/internal/alert/post"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// address is where Jira Service Management takes alerts, in all data residencies.
const address = "https://api.atlassian.com/jsm/ops/integration"

// Options say which integration is told.
type Options struct {
	// Client sends the requests; required.
	Client *post.Client
	// Key is the API key of an API integration.
	Key uptime.Secret
	// BaseURL is what stands before /v2/alerts. Empty is Jira Service Management,
	// https://api.opsgenie.com and https://api.eu.opsgenie.com are Opsgenie.
	BaseURL string
	// Tags are added to each alert, at most 18 of at most 50 characters.
	Tags []string
}

// Sink is one API integration. It is safe for concurrent use.
type Sink struct {
	client *post.Client
	header http.Header
	base   string
	tags   []string
}

// New returns the sink, or says what is wrong with its options. No error holds
// the key.
func New(o Options) (*Sink, error) {
	if o.Client == nil {
		return nil, errors.New("jsm: no client")
	}
	if len(o.Tags) > maxTags-2 {
		return nil, errors.New("jsm: at most 18 tags")
	}
	base, header, err := access(o.BaseURL, o.Key)
	if err != nil {
		return nil, err
	}
	return &Sink{client: o.Client, header: header, base: base, tags: o.Tags}, nil
}

// access checks base URL and key, which alerts and heartbeats need alike.
func access(base string, key uptime.Secret) (string, http.Header, error) {
	if key == "" || len(key) > 512 || strings.ContainsFunc(key.Reveal(), func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", nil, errors.New("jsm: the key must be that of an API integration: printable characters without spaces")
	}
	if base == "" {
		base = address
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", nil, errors.New("jsm: the base URL must be like " + address + ", without user and query")
	}
	return strings.TrimRight(base, "/"), http.Header{"Authorization": {"GenieKey " + key.Reveal()}}, nil
}

// Heartbeat is the request that tells a heartbeat of this name that we are
// alive: to be sent at least as often as the heartbeat expects it. An empty base
// is Jira Service Management.
func Heartbeat(base string, key uptime.Secret, name string) (post.Request, error) {
	base, header, err := access(base, key)
	if err != nil {
		return post.Request{}, err
	}
	if name == "" || len(name) > 200 {
		return post.Request{}, errors.New("jsm: the heartbeat needs a name of at most 200 bytes")
	}
	to := base + "/v2/heartbeats/" + url.PathEscape(name) + "/ping"
	return post.Request{URL: uptime.Secret(to), Header: header, Body: []byte("{}")}, nil
}

// The refs: what was done last with the alert.
const (
	refOpen  = "open"
	refAcked = "acknowledged"
)

// Deliver does what the package comment says. The ref tells whether the alert
// was acknowledged; when it is lost, it is acknowledged once more.
func (s *Sink) Deliver(ctx context.Context, d *uptime.Delivery, ref string) (string, error) {
	alias := card.Key(d, maxAlias)
	switch n := &d.Notice; {
	case n.Phase == uptime.NoticeCloses:
		return "", s.close(ctx, n, alias)
	case n.Kind == uptime.AlertTest || n.Type == uptime.NoticeTest:
		if err := s.create(ctx, n, alias); err != nil {
			return "", err
		}
		return "", s.close(ctx, n, alias)
	case n.Phase == uptime.NoticeChanges:
		return s.update(ctx, n, alias, ref)
	default:
		return refOpen, s.create(ctx, n, alias)
	}
}

func (s *Sink) create(ctx context.Context, n *uptime.Notice, alias string) error {
	_, err := s.send(ctx, "", s.alert(n, alias))
	return err
}

// update tells of a change, and creates the alert if it is not there.
func (s *Sink) update(ctx context.Context, n *uptime.Notice, alias, ref string) (string, error) {
	action, next := "notes", ref
	if n.AckedBy != "" && ref != refAcked {
		action, next = "acknowledge", refAcked
	}
	status, err := s.send(ctx, path(alias, action), noteOf(n))
	if status == http.StatusNotFound {
		return refOpen, s.create(ctx, n, alias)
	}
	return next, err
}

func (s *Sink) close(ctx context.Context, n *uptime.Notice, alias string) error {
	status, err := s.send(ctx, path(alias, "close"), noteOf(n))
	if status == http.StatusNotFound {
		return nil // somebody closed it, and it was purged
	}
	return err
}

func path(alias, action string) string {
	return "/" + url.PathEscape(alias) + "/" + action + "?identifierType=alias"
}

// send posts to the alert API. A key that is refused will be refused for all.
func (s *Sink) send(ctx context.Context, path string, body any) (status int, err error) {
	request := post.Request{URL: uptime.Secret(s.base + "/v2/alerts" + path), Header: s.header.Clone()}
	answer, err := s.client.JSON(ctx, request, body, nil)
	if _, ok := errors.AsType[*uptime.Refusal](err); !ok {
		return answer.Status, err
	}
	if answer.Status == http.StatusUnauthorized || answer.Status == http.StatusForbidden {
		return answer.Status, &uptime.Refusal{Gone: true, Reason: "the API key is refused: the integration was deleted or disabled, has no right to create alerts, or the base URL is another region's"}
	}
	return answer.Status, err
}
