package feed

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/public"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// serveMarkdown answers /status/{slug}.md: the page of a server for agents.
func (f *feeds) serveMarkdown(w http.ResponseWriter, r *http.Request) error {
	slug := r.PathValue("slug")
	if _, err := f.row(slug); err != nil {
		return err
	}
	view, err := f.Source.View(r.Context(), f.Tenant, slug)
	if err != nil {
		return fmt.Errorf("reading %s for its document: %w", slug, err)
	}
	now, base, m := f.Now(), f.base(r), &markdown{}
	m.line("# %s\n", web.Markdown(view.Name, maxInertName))
	m.line("**%s**\n", web.Markdown(board.Headline(view.Row, now), maxInertText))
	f.writeWarnings(m)
	writeFacts(m, &view)
	writeRegions(m, &view)
	writeUptime(m, &view)
	writeTools(m, &view)
	f.writeListed(m, view.Server, base)
	writeIncidents(m, &view, now, base)
	writeDrifts(m, &view, base)
	writeWindows(m, &view)
	howToRead(m)
	page := base + web.ServerPath(view.Slug)
	m.line("\nAs a page: %s · As JSON: %s/api/embed-status/%s · Feed: %s/feed.atom", page, base, view.Slug, page)
	return sendMarkdown(w, r, markdownType, m)
}

// writeFacts writes what does not fit into tables.
func writeFacts(m *markdown, v *board.View) {
	fact := func(name, value string) {
		if value != "" {
			m.line("- %s: %s", name, value)
		}
	}
	fact("Slug", web.Markdown(v.Slug, maxInertName))
	fact("State", v.State.String()+sinceStamp(v.Since))
	fact("Access", board.AccessPhrase(v.Access))
	fact("Last checked", stampOr(v.LastProbe, "not yet"))
	fact("Description", web.Markdown(v.Description, maxInertText))
	fact("Group", web.Markdown(v.Group, maxInertName))
	fact("Endpoint", codeURL(public.URL(v.URL)))
	fact("Transport", string(v.Transport))
	if b := v.Budget; b != nil {
		fact("Objective", fmt.Sprintf("%s %% of minutes with a handshake under 5 s over %s; %.0f %% of the error budget is left",
			strconv.FormatFloat(b.Objective.Percent, 'f', -1, 64), board.Span(b.Objective.Window), 100*b.Left))
	}
	if v.DownLong {
		m.line("- **Red flag: down for more than 15 minutes.**")
	}
	if v.Demo {
		m.line("- The history of this server was invented for the demonstration.")
	}
	m.line("")
}

func sinceStamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return " since " + board.Stamp(t)
}

func stampOr(t time.Time, none string) string {
	if t.IsZero() {
		return none
	}
	return board.Stamp(t)
}

// writeRegions writes what each city sees. Regions have no other public name.
func writeRegions(m *markdown, v *board.View) {
	var rows [][]string
	for i := range v.Regions {
		region := &v.Regions[i]
		state, handshake, why := uptime.Unknown.String(), "–", "no report"
		if rep := region.Report; rep != nil {
			state, handshake, why = rep.State.String(), cmp.Or(board.Millis(rep.Latency), "–"), ""
			if rep.Failure != nil {
				why = board.CausePhrase(rep.Failure.Cause)
			}
		}
		rows = append(rows, []string{
			web.Markdown(region.City, maxInertName), state, handshake, web.Markdown(why, maxInertText), board.PercentWord(region.H24),
		})
	}
	if len(rows) == 0 {
		return
	}
	m.line("## Seen from\n")
	m.table([]string{"City", "State", "Handshake", "Why", "Uptime 24 h"}, rows)
	m.line("")
}

// writeListed writes where registries say something else than the server.
func (f *feeds) writeListed(m *markdown, server uptime.ServerID, base string) {
	if f.Findings == nil {
		return
	}
	e, ok := f.Findings.Snapshot().Server(server)
	if !ok {
		return
	}
	m.line("## In registries\n")
	if len(e.Findings) == 0 {
		m.line("- What is listed agrees with what was found.")
	}
	for _, one := range e.Findings {
		m.line("- %s: %s", one.ID, web.Markdown(one.Text, maxInertText))
	}
	m.line("- Who lists it: %s%s\n", base, web.EndpointPath(e.Key))
}

// writeUptime writes each percentage with what it is made of.
func writeUptime(m *markdown, v *board.View) {
	row := func(name string, c uptime.Counts) []string {
		return []string{
			name, board.PercentWord(c), strconv.Itoa(c.Measured()), strconv.Itoa(c.Down), strconv.Itoa(c.Degraded),
			strconv.Itoa(c.Unknown), board.Share(c.Unknown, c.Total()), strconv.Itoa(c.Maintenance),
		}
	}
	sum := v.Summary
	m.line("## Uptime\n")
	m.table([]string{"Window", "Uptime", "n (min)", "Down", "Degraded", "Unknown", "Unknown share", "Maintenance"}, [][]string{
		row("24 h", sum.H24), row("7 days", sum.D7), row("30 days", sum.D30), row("90 days", sum.D90),
	})
	m.line("")
	if sum.P95 > 0 {
		m.line("Handshake over 24 h: p50 %s, p95 %s (n = %d). p95 over 7 days: %s.\n",
			board.Millis(sum.P50), board.Millis(sum.P95), sum.Samples, cmp.Or(board.Millis(sum.P95D7), "–"))
	}
}

// countsSentence is an uptime with its sample.
func countsSentence(c uptime.Counts) string {
	return fmt.Sprintf("%s (n = %d minutes, %s unknown)", board.PercentWord(c), c.Measured(), board.Share(c.Unknown, c.Total()))
}

func writeTools(m *markdown, v *board.View) {
	m.line("## Tools\n")
	if v.ToolsHash == "" {
		m.line("The tools of this server could not be listed.\n")
		return
	}
	m.line("- Count: %d", v.Tools)
	m.line("- Hash: %s", web.Markdown(v.ToolsHash, maxInertText))
	if !v.ToolsSince.IsZero() {
		m.line("- Unchanged since: %s", board.Stamp(v.ToolsSince))
	}
	if c := v.Contract; c != nil {
		m.line("- Weight: %d bytes, about %d tokens for an agent that loads them", c.Bytes, c.Tokens)
	}
	m.line("")
}

func writeIncidents(m *markdown, v *board.View, now time.Time, base string) {
	m.line("## Incidents\n")
	var rows [][]string
	for i := range v.Incidents {
		in := &v.Incidents[i]
		lasted := board.Span(in.Duration(now))
		if in.Open() {
			lasted += ", goes on"
		}
		rows = append(rows, []string{
			"[" + board.Stamp(in.Opened) + "](" + base + web.IncidentPath(v.Slug, in.ID) + ")", lasted,
			web.Markdown(board.CausePhrase(in.Failure.Cause), maxInertText), web.Markdown(board.Sentence(cities(v, in.Regions)), maxInertText),
			cmp.Or(web.Markdown(in.Note, maxInertText), "–") + demoMark(in.Demo),
		})
	}
	if len(rows) == 0 {
		m.line("None is known.")
	}
	m.table([]string{"Since", "Lasted", "Cause", "Cities", "What is being done"}, rows)
	m.line("")
}

// cities are the names that people know the regions by. A region that is not
// probed from any more has none: its id is ours alone.
func cities(v *board.View, regions []string) []string {
	var out []string
	for _, id := range regions {
		for i := range v.Regions {
			if v.Regions[i].ID == id {
				out = append(out, v.Regions[i].City)
			}
		}
	}
	return out
}

func writeDrifts(m *markdown, v *board.View, base string) {
	m.line("## Changes of the tools\n")
	var rows [][]string
	for i := range v.Drifts {
		d := &v.Drifts[i]
		rows = append(rows, []string{
			"[" + board.Stamp(d.Detected) + "](" + base + web.DriftPath(v.Slug, d.ID) + ")", d.Class.String() + ": " + board.DriftPhrase(d.Class),
			web.Markdown(strings.TrimSpace(d.Summary), maxInertText) + demoMark(d.Demo), driftStatus(d),
		})
	}
	if len(rows) == 0 {
		m.line("None is known.")
	}
	m.table([]string{"Seen first", "Class", "What changed", "Status"}, rows)
	m.line("")
}

func driftStatus(d *uptime.Drift) string {
	switch {
	case !d.Accepted.IsZero():
		return "accepted " + board.Stamp(d.Accepted)
	case !d.Reverted.IsZero():
		return "taken back " + board.Stamp(d.Reverted)
	default:
		return "open"
	}
}

func writeWindows(m *markdown, v *board.View) {
	var rows [][]string
	for i := range v.Windows {
		w := &v.Windows[i]
		rows = append(rows, []string{board.Stamp(w.From), board.Stamp(w.To), web.Markdown(w.Name, maxInertName), web.Markdown(w.Text, maxInertText)})
	}
	if len(rows) == 0 {
		return
	}
	m.line("## Planned maintenance\n")
	m.table([]string{"From", "To", "Name", "What is being done"}, rows)
	m.line("")
}
