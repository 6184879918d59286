// Package alertmanager hands notices to a Prometheus Alertmanager: POST
// /api/v2/alerts.
//
// A thread is one alert, however many servers it is about: they are listed in an
// annotation. Its labels are its identity, so those of the first notice are kept
// in the reference; an alert that becomes more urgent gets other labels, and then
// the former one ends in the same request.
//
// Alertmanager ends an alert at its endsAt, and five minutes after the last word
// when it has none; it keeps alerts in memory alone, so that one that is started
// anew knows none. So an open alert gets an endsAt a day away and is said again
// every few minutes (Repeat): it lives over our own restarts and over those of the
// Alertmanager, and ends by itself when nobody monitors any more.
//
// Of two endsAt of one alert the later one counts, unless the earlier one is in
// the past by the Alertmanager's clock. What ends therefore ends a minute ago, for
// clocks that differ.
package alertmanager

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/card"
	"github.com/alivemcp/alivemcp/internal/alert/post"
	"github.com/alivemcp/alivemcp/internal/guard"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// How long an alert lives when nothing more is said about it.
const (
	holdOpen = 24 * time.Hour // a thing that is wrong
	holdPast = time.Hour      // a digest or a test, which nobody resolves
	skew     = time.Minute    // between our clock and the Alertmanager's
	maxTold  = 1000           // threads that are remembered
)

// Options configure a Sink.
type Options struct {
	Client *post.Client
	// URL is the Alertmanager's, without /api/v2/alerts.
	URL uptime.Secret
	// Headers are sent along, such as Authorization, or the tenant of what speaks
	// the same API.
	Headers []uptime.Header
	// Now tells the time; nil means time.Now.
	Now func() time.Time
}

// Sink is an Alertmanager. It is safe for concurrent use.
type Sink struct {
	client *post.Client
	url    uptime.Secret
	header http.Header
	now    func() time.Time

	// mu is held while something is sent, so that nothing is said again after what
	// is newer. told is the last transition of the newest threads.
	mu   sync.Mutex
	told map[uptime.AlertKey]int
}

var errQuery = errors.New("the Alertmanager's URL must not have a query: give the address under which its page is")

// New returns a sink, or says what is wrong with the options.
func New(opt Options) (*Sink, error) {
	u, err := guard.CheckURL(opt.URL.Reveal(), true)
	if err != nil {
		return nil, err
	}
	if u.RawQuery != "" || u.ForceQuery {
		return nil, errQuery
	}
	header, err := post.Headers(opt.Headers)
	if err != nil {
		return nil, err
	}
	s := &Sink{client: opt.Client, header: header, now: opt.Now, told: map[uptime.AlertKey]int{}}
	s.url = uptime.Secret(strings.TrimRight(opt.URL.Reveal(), "/") + "/api/v2/alerts")
	if s.now == nil {
		s.now = time.Now
	}
	return s, nil
}

type alert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// Deliver sends d. The reference holds the alert's labels.
func (s *Sink) Deliver(ctx context.Context, d *uptime.Delivery, ref string) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	alerts := s.alerts(&d.Notice, labelsOf(ref))
	if err := s.send(ctx, alerts); err != nil {
		return ref, err
	}
	if len(s.told) >= maxTold {
		clear(s.told)
	}
	s.told[d.Thread] = d.Transition
	next, err := post.Marshal(alerts[0].Labels)
	return string(next), err
}

// Repeat sends again what was sent already, so that it does not end. It does
// nothing for what is over, ends by itself, or was followed by something newer.
func (s *Sink) Repeat(ctx context.Context, d *uptime.Delivery, ref string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := &d.Notice; n.Phase == uptime.NoticeCloses || passes(n) || s.told[d.Thread] > d.Transition {
		return nil
	}
	return s.send(ctx, s.alerts(&d.Notice, labelsOf(ref))[:1])
}

func (s *Sink) send(ctx context.Context, alerts []alert) error {
	_, err := s.client.JSON(ctx, post.Request{URL: s.url, Header: s.header}, alerts, nil)
	return err
}

func labelsOf(ref string) map[string]string {
	var labels map[string]string
	if json.Unmarshal([]byte(ref), &labels) != nil {
		return nil
	}
	return labels
}

// alerts returns the alert of n, and behind it the former one when its labels
// were others.
func (s *Sink) alerts(n *uptime.Notice, former map[string]string) []alert {
	a := alert{
		Labels: labels(n, former), Annotations: annotations(n), StartsAt: n.Started.UTC(),
		EndsAt: s.ends(n), GeneratorURL: card.URL(n.StatusPage),
	}
	if former == nil || maps.Equal(former, a.Labels) {
		return []alert{a}
	}
	ended := a
	ended.Labels, ended.EndsAt = former, s.past(n.Started, s.now())
	return []alert{a, ended}
}

func (s *Sink) ends(n *uptime.Notice) time.Time {
	switch {
	case n.Phase == uptime.NoticeCloses && n.Resolved.IsZero():
		return s.past(n.Started, s.now())
	case n.Phase == uptime.NoticeCloses:
		return s.past(n.Started, n.Resolved)
	case passes(n):
		return later(s.now(), n.Started).Add(holdPast)
	}
	return later(s.now(), n.Started).Add(holdOpen)
}

// passes reports whether nobody will say that it is over.
func passes(n *uptime.Notice) bool {
	return n.Kind == uptime.AlertDigest || n.Kind == uptime.AlertTest
}

// past returns when something ended that began at started: not before it began,
// and in the past for every clock.
func (s *Sink) past(started, ended time.Time) time.Time {
	if recent := s.now().Add(-skew); ended.After(recent) {
		ended = recent
	}
	return later(ended, started)
}

// later returns the later one: an alert that ends before it starts is refused.
func later(a, b time.Time) time.Time {
	if a.Before(b) {
		a = b
	}
	return a.UTC()
}

// labels identify the alert: what changes in its life must not be among them,
// but for the severity, by which Alertmanagers route.
func labels(n *uptime.Notice, former map[string]string) map[string]string {
	if former != nil && n.Phase == uptime.NoticeCloses {
		return former
	}
	l := map[string]string{"alertname": alertName(n.Kind), "incident_key": string(n.Key)}
	if len(n.Servers) > 0 {
		l["server"] = n.Servers[0].Slug
	}
	if former != nil {
		l = maps.Clone(former)
	}
	if p := n.Priority.String(); p != "" {
		l["severity"] = p
	}
	return l
}

func alertName(k uptime.AlertKind) string {
	switch k {
	case uptime.AlertIncident:
		return "MCPServerDown"
	case uptime.AlertDegraded:
		return "MCPServerDegraded"
	case uptime.AlertDrift:
		return "MCPToolsChanged"
	case uptime.AlertTLS:
		return "MCPCertificateExpiring"
	case uptime.AlertCredential:
		return "MCPCredentialExpiring"
	case uptime.AlertBurn:
		return "MCPErrorBudgetBurning"
	case uptime.AlertSink:
		return "AliveMCPSinkFails"
	case uptime.AlertRegistry:
		return "AliveMCPRegistryStale"
	case uptime.AlertCluster:
		return "AliveMCPCluster"
	case uptime.AlertDigest:
		return "AliveMCPDigest"
	case uptime.AlertTest:
		return "AliveMCPTest"
	}
	return "AliveMCPAlert"
}

func annotations(n *uptime.Notice) map[string]string {
	out := map[string]string{}
	put := func(name, value string) {
		if value != "" {
			out[name] = value
		}
	}
	put("summary", card.CutBytes(card.Line(n.Title), 400))
	put("description", card.CutBytes(card.Text(n.Summary), 4000))
	put("first_step", card.CutBytes(card.Line(n.FirstStep), 1000))
	put("failure_reason", string(n.Reason))
	put("cause", string(n.Cause))
	put("runbook_url", card.URL(n.RunbookURL))
	put("status_page", card.URL(n.StatusPage))
	put("acknowledge_url", card.URL(n.AckURL))
	put("regions", card.CutBytes(card.Line(strings.Join(n.Regions, ", ")), 1000))
	slugs := make([]string, len(n.Servers))
	for i, s := range n.Servers {
		slugs[i] = s.Slug
	}
	put("servers", strings.Join(slugs, ", "))
	return out
}
