package template

import (
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/card"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// view returns a notice as plain maps, lists, texts, numbers and truths. Every
// name is always there, empty when there is no value, so that one that is not is
// a slip of the template's.
func view(d *uptime.Delivery) map[string]any {
	n := &d.Notice
	return map[string]any{
		"delivery": string(d.ID), "type": string(n.Type), "key": string(n.Key), "phase": string(n.Phase), "kind": string(n.Kind),
		"resolved_now": n.Phase == uptime.NoticeCloses,
		"at":           moment(n.At), "severity": n.Priority.String(), "reason": string(n.Reason), "cause": string(n.Cause),
		"servers": servers(n.Servers), "more": n.More, "failing": n.Failing, "total": n.Total, "regions": texts(n.Regions),
		"started": moment(n.Started), "resolved": moment(n.Resolved),
		"title": line(n.Title, maxText), "summary": text(n.Summary), "first_step": text(n.FirstStep),
		"runbook_url": card.URL(n.RunbookURL), "status_page": card.URL(n.StatusPage), "ack_url": card.URL(n.AckURL), "silence_url": card.URL(n.SilenceURL),
		"acked_by": line(n.AckedBy, 200), "challenge": n.Challenge, "demo": n.Demo,
	}
}

func servers(list []uptime.NoticeServer) []map[string]any {
	out := make([]map[string]any, len(list))
	for i, s := range list {
		out[i] = map[string]any{
			"slug": s.Slug, "name": line(s.Name, 200), "url": card.URL(s.URL), "state": s.State,
			"since": moment(s.Since), "until": moment(s.Until), "status_page": card.URL(s.StatusPage),
		}
	}
	return out
}

func texts(list []string) []string {
	out := make([]string, 0, len(list))
	for _, s := range list {
		out = append(out, line(s, 100))
	}
	return out
}

func text(s string) string { return card.CutBytes(card.Text(s), maxText) }

// line is one line of at most n bytes.
func line(s string, n int) string { return card.CutBytes(card.Line(s), n) }

func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
