// Package pagerduty tells PagerDuty through its Events API v2.
//
// A thread is one PagerDuty alert, whose dedup_key is the notice's key:
//
//   - opens triggers it, which rings as the service's urgency rules say;
//   - changes triggers it again, which replaces nothing people have written and
//     rings nobody while it is open; once somebody took it on, it is acknowledged
//     too;
//   - closes resolves it. After that a trigger of the same key opens a new alert.
//
// A drift breaks nothing by itself: it becomes a change event, which PagerDuty
// shows beside incidents and never rings for. Change events cannot be edited, so
// every notice of a drift is one more. A test is triggered and resolved at once.
//
// An answer of 202 means that PagerDuty has queued the event. The key of an event
// makes it idempotent, except for change events.
package pagerduty

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

// The service regions of PagerDuty.
const (
	addressUS = "https://events.pagerduty.com"
	addressEU = "https://events.eu.pagerduty.com"
)

// Options say which service of PagerDuty is told.
type Options struct {
	// Client sends the events; required.
	Client *post.Client
	// RoutingKey is the integration key of an Events API v2 integration: 32 letters
	// and digits.
	RoutingKey uptime.Secret
	// EU is for accounts in the European service region.
	EU bool
	// BaseURL replaces https://events.pagerduty.com, for tests and proxies. It
	// excludes EU.
	BaseURL string
}

// Sink is one integration of PagerDuty. It is safe for concurrent use.
type Sink struct {
	client *post.Client
	key    uptime.Secret
	base   string
}

// New returns the sink, or says what is wrong with its options. No error holds
// the routing key.
func New(o Options) (*Sink, error) {
	if o.Client == nil {
		return nil, errors.New("pagerduty: no client")
	}
	if !validKey(o.RoutingKey.Reveal()) {
		return nil, errors.New("pagerduty: the routing key must be the 32 letters and digits of an Events API v2 integration key")
	}
	base, err := baseURL(o)
	if err != nil {
		return nil, err
	}
	return &Sink{client: o.Client, key: o.RoutingKey, base: base}, nil
}

func validKey(key string) bool {
	word := func(r rune) bool { return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }
	return len(key) == 32 && strings.IndexFunc(key, func(r rune) bool { return !word(r) }) < 0
}

func baseURL(o Options) (string, error) {
	switch {
	case o.BaseURL == "" && o.EU:
		return addressEU, nil
	case o.BaseURL == "":
		return addressUS, nil
	case o.EU:
		return "", errors.New("pagerduty: give a base URL or the EU region, not both")
	}
	u, err := url.Parse(o.BaseURL)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", errors.New("pagerduty: the base URL must be like https://events.pagerduty.com, without user and query")
	}
	return strings.TrimRight(o.BaseURL, "/"), nil
}

// Deliver sends what the package comment says. The ref is the dedup_key; it is
// derived from the notice alone, so that a lost one does no harm. Sending a
// delivery twice changes nothing, except that a change event is shown twice.
func (s *Sink) Deliver(ctx context.Context, d *uptime.Delivery, _ string) (string, error) {
	key := card.Key(d, maxKey)
	if d.Notice.Kind == uptime.AlertDrift {
		return key, s.send(ctx, "/v2/change/enqueue", s.change(&d.Notice))
	}
	for _, action := range actions(&d.Notice) {
		if err := s.send(ctx, "/v2/enqueue", s.event(&d.Notice, action, key)); err != nil {
			return "", err
		}
	}
	return key, nil
}

// actions are the events that a notice needs, in their order. Each may come
// again when a later one fails.
func actions(n *uptime.Notice) []string {
	switch {
	case n.Phase == uptime.NoticeCloses:
		return []string{"resolve"}
	case n.Kind == uptime.AlertTest || n.Type == uptime.NoticeTest:
		return []string{"trigger", "resolve"}
	case n.AckedBy != "":
		return []string{"trigger", "acknowledge"}
	}
	return []string{"trigger"}
}

// send posts an event. PagerDuty answers 400 to what it will never take.
func (s *Sink) send(ctx context.Context, path string, body any) error {
	answer, err := s.client.JSON(ctx, post.Request{URL: uptime.Secret(s.base + path)}, body, nil)
	refusal, ok := errors.AsType[*uptime.Refusal](err)
	if ok && keyRefused(answer) {
		gone := *refusal
		gone.Temporary, gone.Gone = false, true
		gone.Reason = "PagerDuty does not know the routing key: the integration was deleted, or it is in the other service region"
		return &gone
	}
	return err
}

// keyRefused recognises an unknown integration key by PagerDuty's words for it:
// it has no status of its own.
func keyRefused(answer post.Answer) bool {
	if answer.Status != http.StatusBadRequest && answer.Status != http.StatusForbidden && answer.Status != http.StatusUnauthorized {
		return false
	}
	said := strings.NewReplacer("_", " ", "-", " ").Replace(strings.ToLower(string(answer.Body)))
	return strings.Contains(said, "routing key") || strings.Contains(said, "integration key") || strings.Contains(said, "service key")
}
