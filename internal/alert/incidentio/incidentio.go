// Package incidentio sends notices to incident.io as alert events of an HTTP
// alert source: POST /v2/alert_events/http/{id}. Events of one deduplication_key
// are one alert there.
package incidentio

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/card"
	"github.com/alivemcp/alivemcp/internal/alert/post"
	"github.com/alivemcp/alivemcp/internal/guard"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Base is the address of the service.
const Base = "https://api.incident.io"

// Options configure a Sink.
type Options struct {
	Client *post.Client
	// Base is empty for the service's own address.
	Base string
	// Source is the id of the alert source's configuration.
	Source string
	Token  uptime.Secret
}

// Sink is an alert source. It is safe for concurrent use.
type Sink struct {
	client *post.Client
	url    uptime.Secret
	token  uptime.Secret
}

var (
	errSource = errors.New("an incident.io sink needs the id of an HTTP alert source, as its settings show it in the URL behind /http/")
	errToken  = errors.New("an incident.io sink needs the token of its alert source, without spaces")
)

// New returns a sink, or says what is missing.
func New(opt Options) (*Sink, error) {
	if opt.Base == "" {
		opt.Base = Base
	}
	if _, err := guard.CheckURL(opt.Base, true); err != nil {
		return nil, err
	}
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`).MatchString(opt.Source) {
		return nil, errSource
	}
	if !regexp.MustCompile(`^[!-~]{1,512}$`).MatchString(opt.Token.Reveal()) {
		return nil, errToken
	}
	url := strings.TrimSuffix(opt.Base, "/") + "/v2/alert_events/http/" + opt.Source
	return &Sink{client: opt.Client, url: uptime.Secret(url), token: opt.Token}, nil
}

type event struct {
	Title       string         `json:"title"`
	Description string         `json:"description,omitempty"`
	Key         string         `json:"deduplication_key"`
	Status      string         `json:"status"`
	SourceURL   string         `json:"source_url,omitempty"`
	Metadata    map[string]any `json:"metadata"`
}

// Deliver sends d; a test is resolved at once, so that it leaves nothing open.
// What comes twice changes nothing there, so that no reference is needed.
func (s *Sink) Deliver(ctx context.Context, d *uptime.Delivery, _ string) (string, error) {
	e := eventOf(&d.Notice)
	err := s.send(ctx, e)
	if err == nil && e.Status == firing && (d.Notice.Kind == uptime.AlertTest || d.Notice.Type == uptime.NoticeTest) {
		e.Status = resolved
		err = s.send(ctx, e)
	}
	return "", err
}

// send posts an event. A token or source that is refused will be refused for all.
func (s *Sink) send(ctx context.Context, e event) error {
	a, err := s.client.JSON(ctx, post.Request{URL: s.url, Header: http.Header{
		"Authorization": {"Bearer " + s.token.Reveal()},
	}}, e, nil)
	switch a.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusGone:
		return &uptime.Refusal{Gone: true, Reason: fmt.Sprintf("incident.io answered %d: check the alert source's id and token", a.Status)}
	}
	return err
}

// The states of an alert there.
const (
	firing   = "firing"
	resolved = "resolved"
)

func eventOf(n *uptime.Notice) event {
	status := firing
	if n.Phase == uptime.NoticeCloses {
		status = resolved
	}
	return event{
		Title: title(n), Description: description(n), Key: string(n.Key), Status: status,
		SourceURL: card.URL(n.StatusPage), Metadata: metadata(n),
	}
}

func title(n *uptime.Notice) string {
	if t := card.CutRunes(card.Line(n.Title), 250); t != "" {
		return t
	}
	return "AliveMCP alert"
}

// description is Markdown there: what others had a hand in is escaped.
func description(n *uptime.Notice) string {
	var parts []string
	for _, s := range []string{card.CutRunes(card.Text(n.Summary), 4000), card.CutRunes(card.Line(n.FirstStep), 1000)} {
		if s != "" {
			parts = append(parts, escape(s))
		}
	}
	return strings.Join(parts, "\n\n")
}

func escape(s string) string {
	return regexp.MustCompile("[\\\\`*_{}\\[\\]()<>#+!|~]").ReplaceAllString(s, `\$0`)
}

func metadata(n *uptime.Notice) map[string]any {
	m := map[string]any{"type": string(n.Type), "severity": n.Priority.String(), "started_at": n.Started.UTC().Format(time.RFC3339)}
	put := func(name, value string) {
		if value != "" {
			m[name] = value
		}
	}
	put("failure_reason", string(n.Reason))
	put("cause", string(n.Cause))
	put("runbook_url", card.URL(n.RunbookURL))
	if len(n.Servers) > 0 {
		slugs := make([]string, len(n.Servers))
		for i, s := range n.Servers {
			slugs[i] = s.Slug
		}
		m["server"], m["servers"] = slugs[0], slugs
	}
	if cities := n.Regions[:min(len(n.Regions), 30)]; len(cities) > 0 {
		short := make([]string, len(cities))
		for i, c := range cities {
			short[i] = card.CutRunes(card.Line(c), 60)
		}
		m["regions"] = short
	}
	return m
}
