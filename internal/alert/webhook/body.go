package webhook

import (
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/card"
	"github.com/alivemcp/alivemcp/internal/alert/post"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// maxBody is the size that Standard Webhooks recommends not to pass.
const maxBody = 20_000

// event is the body (DESIGN section 5). What has no value is null, or left out
// where that is said.
type event struct {
	Type      uptime.NoticeType `json:"type"`
	Timestamp time.Time         `json:"timestamp"`
	Data      data              `json:"data"`
}

type data struct {
	Key        uptime.AlertKey `json:"incident_key"`
	Severity   *string         `json:"severity"`
	Reason     *string         `json:"failure_reason"`
	Cause      *string         `json:"cause"`
	Server     *server         `json:"server"`
	Regions    []string        `json:"regions"`
	Started    *time.Time      `json:"started_at"`
	Resolved   *time.Time      `json:"resolved_at"`
	Duration   *int64          `json:"duration_seconds"`
	Summary    *string         `json:"summary"`
	RunbookURL *string         `json:"runbook_url"`
	StatusPage *string         `json:"status_page"`
	// Servers and More are there when it is about several servers: the first is
	// Server too, and More counts those that found no room.
	Servers []server `json:"servers,omitempty"`
	More    int      `json:"servers_omitted,omitempty"`
	// Title is one line, FirstStep what to do first. Whoever has the next two can
	// act without signing in; Unsubscribe ends a reader's subscription, by a POST.
	// AckedBy took it on.
	Title       string `json:"title,omitempty"`
	FirstStep   string `json:"first_step,omitempty"`
	AckURL      string `json:"acknowledge_url,omitempty"`
	SilenceURL  string `json:"silence_url,omitempty"`
	Unsubscribe string `json:"unsubscribe_url,omitempty"`
	AckedBy     string `json:"acknowledged_by,omitempty"`
	// Challenge is there in a test that asks for it back.
	Challenge string `json:"challenge,omitempty"`
}

type server struct {
	Slug string  `json:"slug"`
	Name string  `json:"name"`
	URL  *string `json:"url"`
}

// body writes the notice in less than 20 kB. Long texts are cut first, and then
// servers are left out.
func body(n *uptime.Notice) ([]byte, error) {
	e := eventOf(n)
	for {
		b, err := post.Marshal(e)
		if err != nil || len(b) < maxBody || !e.Data.shrink() {
			return b, err
		}
	}
}

func eventOf(n *uptime.Notice) event {
	d := data{
		Key: n.Key, Severity: text(n.Priority.String()), Reason: text(string(n.Reason)), Cause: text(string(n.Cause)),
		Regions: regions(n.Regions), Started: moment(n.Started), Resolved: moment(n.Resolved),
		Summary: text(card.CutBytes(card.Text(n.Summary), 2000)), RunbookURL: text(card.URL(n.RunbookURL)), StatusPage: text(card.URL(n.StatusPage)),
		Title: card.CutBytes(card.Line(n.Title), 400), FirstStep: card.CutBytes(card.Line(n.FirstStep), 1000),
		AckURL: card.URL(n.AckURL), SilenceURL: card.URL(n.SilenceURL), Unsubscribe: card.URL(n.UnsubscribeURL),
		AckedBy: card.CutBytes(card.Line(n.AckedBy), 200), Challenge: n.Challenge,
	}
	if d.Started != nil && d.Resolved != nil {
		seconds := int64(max(0, n.Resolved.Sub(n.Started)) / time.Second)
		d.Duration = &seconds
	}
	list := servers(n.Servers)
	if len(list) > 0 {
		d.Server = &list[0]
	}
	if len(list) > 1 || n.More > 0 {
		d.Servers, d.More = list, n.More
	}
	return event{Type: n.Type, Timestamp: n.At.UTC(), Data: d}
}

// shrink leaves a quarter of the servers out; false when there is nothing more
// to leave out.
func (d *data) shrink() bool {
	if len(d.Servers) < 2 {
		return false
	}
	keep := len(d.Servers) * 3 / 4
	d.More += len(d.Servers) - keep
	d.Servers = d.Servers[:keep]
	return true
}

func servers(list []uptime.NoticeServer) []server {
	out := make([]server, len(list))
	for i, s := range list {
		out[i] = server{Slug: card.CutBytes(card.Line(s.Slug), 100), Name: card.CutBytes(card.Line(s.Name), 200), URL: text(card.URL(s.URL))}
	}
	return out
}

func regions(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	out := make([]string, 0, len(list))
	for _, city := range list[:min(len(list), 30)] {
		out = append(out, card.CutBytes(card.Line(city), 60))
	}
	return out
}

func text(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
