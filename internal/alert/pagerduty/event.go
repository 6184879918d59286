package pagerduty

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/card"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Bounds of the Events API v2. A summary counts characters, a dedup_key too.
// Texts of ours are cut long before the 512 KB that an event may have.
const (
	maxSummary = 1024
	maxKey     = 255
	maxText    = 2000
	maxName    = 200
)

// event is the body of /v2/enqueue.
type event struct {
	RoutingKey string  `json:"routing_key"`
	Action     string  `json:"event_action"`
	DedupKey   string  `json:"dedup_key"`
	Payload    payload `json:"payload"`
	Links      []link  `json:"links,omitempty"`
	Client     string  `json:"client"`
	ClientURL  string  `json:"client_url,omitempty"`
}

// change is the body of /v2/change/enqueue.
type change struct {
	RoutingKey string  `json:"routing_key"`
	Payload    payload `json:"payload"`
	Links      []link  `json:"links,omitempty"`
}

// payload serves both; change events have no severity, component, group and
// class.
type payload struct {
	Summary   string  `json:"summary"`
	Source    string  `json:"source"`
	Severity  string  `json:"severity,omitempty"`
	Timestamp string  `json:"timestamp,omitempty"`
	Component string  `json:"component,omitempty"`
	Group     string  `json:"group,omitempty"`
	Class     string  `json:"class,omitempty"`
	Details   details `json:"custom_details"`
}

// details are shown as a table, by the names of their fields.
type details struct {
	Key       string   `json:"incident_key"`
	Severity  string   `json:"severity,omitempty"`
	What      string   `json:"what,omitempty"`
	FirstStep string   `json:"first_step,omitempty"`
	Reason    string   `json:"failure_reason,omitempty"`
	Cause     string   `json:"cause,omitempty"`
	Servers   []string `json:"servers,omitempty"`
	Failing   string   `json:"failing,omitempty"`
	From      string   `json:"from,omitempty"`
	Started   string   `json:"started,omitempty"`
	Resolved  string   `json:"resolved,omitempty"`
	AckedBy   string   `json:"taken_on_by,omitempty"`
	Runbook   string   `json:"runbook,omitempty"`
	Demo      bool     `json:"demonstration,omitempty"`
}

type link struct {
	Href string `json:"href"`
	Text string `json:"text"`
}

func (s *Sink) event(n *uptime.Notice, action, key string) event {
	p := describe(n)
	p.Severity = severity(n)
	p.Group, p.Class = string(n.Kind), cmp.Or(string(n.Cause), string(n.Reason), string(n.Type))
	if len(n.Servers) > 0 {
		p.Component = card.CutRunes(n.Servers[0].Slug, maxName)
	}
	return event{RoutingKey: s.key.Reveal(), Action: action, DedupKey: key, Payload: p, Links: links(n), Client: "AliveMCP", ClientURL: card.URL(n.StatusPage)}
}

func (s *Sink) change(n *uptime.Notice) change {
	return change{RoutingKey: s.key.Reveal(), Payload: describe(n), Links: links(n)}
}

// severity is PagerDuty's word for a priority; what is tested or only logged is
// info.
func severity(n *uptime.Notice) string {
	switch n.Priority {
	case uptime.P1:
		return "critical"
	case uptime.P2:
		return "error"
	case uptime.P3:
		return "warning"
	default:
		return "info"
	}
}

// describe says what a notice says. A test's summary holds the code that its
// reader has to give back, so it stands in the line that everybody sees.
func describe(n *uptime.Notice) payload {
	summary := card.Line(n.Title)
	if n.Kind == uptime.AlertTest || n.Type == uptime.NoticeTest {
		summary = strings.TrimSpace(summary + " " + card.Line(n.Summary))
	}
	source := "AliveMCP"
	if len(n.Servers) > 0 {
		source = cmp.Or(card.Line(n.Servers[0].Name), card.Line(n.Servers[0].Slug), source)
	}
	return payload{
		Summary: card.CutRunes(cmp.Or(summary, string(n.Type)), maxSummary), Source: card.CutRunes(source, maxName),
		Timestamp: stamp(n.At), Details: detailsOf(n),
	}
}

func detailsOf(n *uptime.Notice) details {
	d := details{
		Key: string(n.Key), Severity: n.Priority.String(), Reason: string(n.Reason), Cause: string(n.Cause),
		What: card.CutRunes(card.Line(n.Summary), maxText), FirstStep: card.CutRunes(card.Line(n.FirstStep), maxText),
		From: card.CutRunes(card.Line(strings.Join(n.Regions, ", ")), maxText), Started: card.Minute(n.Started), Resolved: card.Minute(n.Resolved),
		AckedBy: card.CutRunes(card.Line(n.AckedBy), maxName), Runbook: card.URL(n.RunbookURL), Demo: n.Demo, Servers: servers(n),
	}
	if n.Total > 1 {
		d.Failing = fmt.Sprintf("%d of %d servers", n.Failing, n.Total)
	}
	return d
}

// servers are lines, the failing ones first, as in the notice.
func servers(n *uptime.Notice) []string {
	var lines []string
	for _, srv := range n.Servers {
		lines = append(lines, card.CutRunes(card.Line(srv.Name+" ("+srv.Slug+"): "+srv.State), maxName))
	}
	if n.More > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", n.More))
	}
	return lines
}

// links are for those who look at the alert.
func links(n *uptime.Notice) []link {
	var all []link
	for _, l := range card.Links(n) {
		all = append(all, link{l.URL, l.Label})
	}
	return all
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
