package alert

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// title is one line: who, what, why.
func (s *step) title(t *thread, v *view, phase uptime.NoticePhase, w says) string {
	lead := v.lead()
	who := s.who(t, v)
	switch {
	case t.Kind == uptime.AlertDigest && v.total() == 0:
		return "Digest: what was above the hour's budget is told by itself by now"
	case t.Kind == uptime.AlertDigest && len(v.failing) == 0:
		return fmt.Sprintf("Digest: %s above the hour's budget, all over", count(v.total(), "alert"))
	case t.Kind == uptime.AlertDigest:
		return fmt.Sprintf("Digest: %s above the hour's budget, %d last", count(v.total(), "alert"), len(v.failing))
	case phase == uptime.NoticeCloses || len(v.failing) == 0 && !w.unstable:
		return s.closing(t, v, who)
	case w.unstable:
		return fmt.Sprintf("%s goes up and down: %d times down since %s", who, t.Times+1, t.Opened.UTC().Format("15:04 UTC"))
	}
	does := verb(lead, servers(v.failing))
	if t.Times > 0 && phase == uptime.NoticeOpens && lead.Kind == uptime.AlertIncident {
		does += " again (" + ordinal(t.Times+1) + " time)"
	}
	out := who + " " + does + colon(s.reasonWords(lead, len(v.failing)))
	if w.reminds {
		out = "Still: " + out
	}
	return out
}

// who names one server or counts several.
func (s *step) who(t *thread, v *view) string {
	n := servers(v.failing)
	if n == 0 {
		n = servers(v.over)
	}
	lead := v.lead()
	switch {
	case t.Kind == uptime.AlertSink && lead != nil:
		return "Sink " + clean(lead.Sink, maxName)
	case t.Kind == uptime.AlertRegistry && lead != nil:
		return "Registry " + clean(lead.Sink, maxName)
	case n != 1:
		return count(n, "server")
	}
	if srv := s.world.server(lead); srv != nil {
		return clean(name(srv), maxName)
	}
	return "A server"
}

// servers counts the servers of alerts. One may have several, such as drifts.
func servers(alerts []*uptime.Alert) int {
	seen := make(map[uptime.ServerID]bool, len(alerts))
	for _, a := range alerts {
		seen[a.Server] = true
	}
	return len(seen)
}

// verb says what a failing thing does.
func verb(a *uptime.Alert, n int) string {
	is, its, has := "is", "its", "has"
	if n != 1 {
		is, its, has = "are", "their", "have"
	}
	switch a.Kind {
	case uptime.AlertIncident:
		return is + " down"
	case uptime.AlertDegraded:
		return is + " degraded"
	case uptime.AlertDrift:
		return "changed " + its + " tools"
	case uptime.AlertTLS:
		return has + " a certificate that ends on " + a.Ends.Format("2006-01-02")
	case uptime.AlertCredential:
		return has + " a credential that ends on " + clock(a.Ends)
	case uptime.AlertBurn:
		if a.Stage == burnsFast {
			return is + " using up the error budget fast"
		}
		return is + " using up the error budget"
	case uptime.AlertSink:
		return "takes no notices"
	case uptime.AlertRegistry:
		return "is not taken over"
	default:
		return is + " failing"
	}
}

// reasonWords says why, when that is known and the same for all.
func (s *step) reasonWords(a *uptime.Alert, n int) string {
	switch a.Kind {
	case uptime.AlertDrift, uptime.AlertSink, uptime.AlertRegistry:
		if n == 1 {
			return strings.TrimSuffix(clean(a.Detail, 80), ".")
		}
		return ""
	case uptime.AlertIncident, uptime.AlertDegraded:
		return s.phrase(a.Cause)
	default:
		return ""
	}
}

// closing is the title of the last notice.
func (s *step) closing(t *thread, v *view, who string) string {
	lead := v.lead()
	lasted := span(ended(v, s.now).Sub(started(t, v)))
	if lead == nil {
		return "It is over"
	}
	works := "works"
	if servers(v.over) != 1 {
		works = "work"
	}
	switch lead.Ended {
	case uptime.EndedForgotten:
		if t.Kind == uptime.AlertRegistry {
			return who + ": it is not read any more"
		}
		return who + ": not monitored any more"
	case uptime.EndedPaused:
		return who + ": monitoring is paused"
	case uptime.EndedAccepted:
		return who + ": the new tools were accepted"
	case uptime.EndedReverted:
		return who + ": the tools are the old ones again"
	case uptime.EndedWorse:
		return who + ": no longer degraded, but down"
	}
	switch t.Kind {
	case uptime.AlertTLS:
		return who + ": the certificate was renewed"
	case uptime.AlertCredential:
		return who + ": the credential was renewed"
	case uptime.AlertBurn:
		return who + ": the error budget does not burn any more"
	case uptime.AlertSink:
		return who + " takes notices again"
	case uptime.AlertRegistry:
		return who + ": it was read and taken over again"
	case uptime.AlertDegraded:
		return fmt.Sprintf("%s %s well again after %s", who, works, lasted)
	default:
		return fmt.Sprintf("%s %s again after %s", who, works, lasted)
	}
}

// summary says in two or three sentences what broke, since when, and where from.
func (s *step) summary(t *thread, v *view, phase uptime.NoticePhase, w says, cities []string) string {
	since := clock(started(t, v))
	var out []string
	lead := v.lead()
	switch {
	case t.Kind == uptime.AlertDigest:
		out = append(out, "The budget of notices of this hour was used up; these were kept for the digest.")
	case phase == uptime.NoticeCloses:
		out = append(out, fmt.Sprintf("It began at %s and lasted %s.", since, span(ended(v, s.now).Sub(started(t, v)))))
	case w.unstable:
		out = append(out, fmt.Sprintf("It went down %d times since %s. Single changes are not told until it was quiet for 15 minutes, or stays down for 5.", t.Times+1, since))
	default:
		out = append(out, "Since "+since+from(cities)+".")
	}
	if n := len(v.over); n > 0 && len(v.failing) > 0 && !w.unstable {
		out = append(out, fmt.Sprintf("%d of %d are over.", n, v.total()))
	}
	if phase != uptime.NoticeCloses && lead != nil {
		out = append(out, s.detail(lead, len(v.failing))...)
	}
	return strings.Join(out, " ")
}

// detail adds what is known of a single one.
func (s *step) detail(a *uptime.Alert, n int) []string {
	var out []string
	if n == 1 && a.Detail != "" && a.Kind == uptime.AlertIncident {
		out = append(out, "Note: "+sentence(clean(a.Detail, 500)))
	}
	if n == 1 && a.Detail != "" && a.Kind == uptime.AlertDrift {
		out = append(out, sentence(clean(a.Detail, 300)))
	}
	if n == 1 && a.Recovering && a.Open() {
		out = append(out, "The last check was good.")
	}
	return out
}

func from(cities []string) string {
	switch n := len(cities); {
	case n == 0:
		return ""
	case n > maxCities:
		return fmt.Sprintf(", seen from %s and %d more places", strings.Join(cities[:maxCities], ", "), n-maxCities)
	default:
		return ", seen from " + strings.Join(cities, ", ")
	}
}

// span says a duration as people do: 45 s, 12 min, 3 h 5 min, 2 days.
func span(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", max(0, int(d.Round(time.Second).Seconds())))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		if m := int(d.Minutes()) % 60; m > 0 {
			return fmt.Sprintf("%d h %d min", int(d.Hours()), m)
		}
		return fmt.Sprintf("%d h", int(d.Hours()))
	default:
		return fmt.Sprintf("%d days", int(d.Hours())/24)
	}
}

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func ordinal(n int) string {
	switch {
	case n%100 >= 11 && n%100 <= 13:
		return fmt.Sprintf("%dth", n)
	case n%10 == 1:
		return fmt.Sprintf("%dst", n)
	case n%10 == 2:
		return fmt.Sprintf("%dnd", n)
	case n%10 == 3:
		return fmt.Sprintf("%drd", n)
	}
	return fmt.Sprintf("%dth", n)
}

// name returns what people call a server.
func name(srv *uptime.Server) string { return orElse(srv.Name, srv.Slug) }

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// clean returns a text of others on one line, without control and direction
// characters, at most max characters long.
func clean(s string, limit int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, s)
	return cut(strings.Join(strings.Fields(s), " "), limit)
}

// cut shortens a text to a number of characters.
func cut(s string, limit int) string {
	if len(s) <= limit {
		return s
	}
	if r := []rune(s); len(r) > limit {
		return string(r[:limit-1]) + "…"
	}
	return s
}
