// Package teams tells notices in Microsoft Teams through a workflow ("When a
// Teams webhook request is received"), as an Adaptive Card.
//
// A workflow can neither edit nor answer: what opens, what changes and what
// closes are cards of their own, so the sink should be told of openings and
// closings alone. Its 202 says that the flow took the card, not that it was
// posted: whether it was can only be seen in the flow's own history. There is no
// ref, and no idempotency key.
package teams

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/alivemcp/alivemcp/internal/alert/post"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Options configure a Sink.
type Options struct {
	Client *post.Client
	// URL is that of the flow's trigger, with its signature: whoever knows it can
	// write there.
	URL uptime.Secret
}

// Sink writes through one workflow.
type Sink struct{ opt Options }

// New checks the settings. Its errors hold no secret.
func New(opt Options) (*Sink, error) {
	if opt.Client == nil {
		return nil, errors.New("a Teams sink needs a client")
	}
	u, err := url.Parse(opt.URL.Reveal())
	if err != nil || u.Host == "" || strings.Trim(u.Path, "/") == "" {
		return nil, errors.New(`url: want the URL that the Teams workflow "When a Teams webhook request is received" shows`)
	}
	if retired(strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))) {
		return nil, errors.New(`url: Microsoft has switched off Office 365 connectors (webhook.office.com); make a workflow "When a Teams webhook request is received" in the channel and give its URL`)
	}
	return &Sink{opt}, nil
}

// retired knows the hosts of the connectors that are gone.
func retired(host string) bool {
	return host == "webhook.office.com" || strings.HasSuffix(host, ".webhook.office.com") ||
		host == "outlook.office.com" || host == "outlook.office365.com"
}

// Deliver posts one card.
func (s *Sink) Deliver(ctx context.Context, d *uptime.Delivery, ref string) (string, error) {
	got, err := s.opt.Client.JSON(ctx, post.Request{URL: s.opt.URL}, render(&d.Notice), nil)
	return ref, explain(got.Status, err)
}

// explain knows that a flow that was deleted, switched off, or whose signature
// was renewed answers 401, 403 or 404.
func explain(status int, err error) error {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone:
		return &uptime.Refusal{Gone: true, Reason: fmt.Sprintf("the workflow answered %d: it was deleted or switched off, or its URL was renewed", status)}
	case http.StatusRequestEntityTooLarge:
		return &uptime.Refusal{Reason: "the workflow answered 413: the card is too large for it"}
	}
	return err
}
