// Package card says what a message about a notice consists of, before a chat
// service puts it into its own form: one symbol and colour by state, the texts cut
// and cleaned, the facts, the servers, and the links that can be followed. All
// services therefore say the same, and none forgets to escape a hostile name.
//
// Lengths are counted in UTF-16 code units, which is how the strictest of the
// services counts what it calls characters.
package card

import (
	"fmt"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Bounds of the texts, before they are escaped. They are chosen so that a card
// fits every service also when each character is escaped.
const (
	maxTitle     = 120
	maxSummary   = 600
	maxFirstStep = 300
	maxName      = 60
	maxServers   = 10
	maxRegions   = 8
	maxCity      = 30
	maxLink      = 1000
)

// Markup is how a service writes.
type Markup struct {
	// Escape makes a hostile text one that the service shows as it is; nil for
	// services without markup.
	Escape func(string) string
	// Time writes a time so that each reader sees it in their own zone; nil means
	// the text of Time.
	Time func(time.Time) string
	// Servers bounds the list of servers in bytes; zero for no bound.
	Servers int
}

// Card is what a message consists of. All texts are escaped.
type Card struct {
	Tone Tone
	// Title is one line. Summary may have several. FirstStep may be empty.
	Title, Summary, FirstStep string
	Facts                     []Fact
	// Servers are lines, when it is about more than one.
	Servers []string
	Links   []Link
}

// Fact is a line of a table.
type Fact struct {
	Name, Value string
	// At is the time that Value holds; zero for other facts.
	At time.Time
}

// Link leads somewhere. Its URL is http or https and holds no character that
// could end a markup's link.
type Link struct {
	Label, URL string
	// Acts means that it does something, other than showing a page.
	Acts bool
}

// Of returns the card of a notice.
func Of(n *uptime.Notice, m Markup) Card {
	w := writer{m}
	title := w.line(n.Title, maxTitle)
	if title == "" {
		title = "Alert" // services refuse a message without a text
	}
	return Card{
		Tone:      tone(n),
		Title:     title,
		Summary:   w.text(n.Summary, maxSummary),
		FirstStep: w.line(n.FirstStep, maxFirstStep),
		Facts:     w.facts(n),
		Servers:   w.servers(n),
		Links:     Links(n),
	}
}

// Time writes a time for services that cannot show each reader their own zone.
func Time(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// Minute is Time, and empty for no time.
func Minute(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return Time(t)
}

// Lasts reports whether what a notice tells of is not over, and has lasted for
// longer than d.
func Lasts(n *uptime.Notice, d time.Duration) bool {
	return n.Phase == uptime.NoticeChanges && !n.Started.IsZero() && n.At.Sub(n.Started) > d
}

// writer writes in one markup.
type writer struct{ Markup }

func (w writer) escape(s string) string {
	if w.Escape == nil {
		return s
	}
	return w.Escape(s)
}

// line writes a text as one line.
func (w writer) line(s string, limit int) string {
	return w.escape(Cut(Line(s), limit))
}

// text keeps the ends of lines.
func (w writer) text(s string, limit int) string {
	return w.escape(Cut(Text(s), limit))
}

func (w writer) stamp(t time.Time) string {
	if w.Time == nil {
		return Time(t)
	}
	return w.Time(t)
}

func (w writer) facts(n *uptime.Notice) []Fact {
	if n.Type == uptime.NoticeTest {
		return nil // nothing is wrong
	}
	var facts []Fact
	add := func(name, value string, at time.Time) {
		if value != "" {
			facts = append(facts, Fact{name, value, at})
		}
	}
	add("Severity", n.Priority.String(), time.Time{})
	if !n.Started.IsZero() {
		add("Since", w.stamp(n.Started), n.Started)
	}
	if n.Phase == uptime.NoticeCloses && n.Resolved.After(n.Started) {
		add("Over", w.stamp(n.Resolved), n.Resolved)
		add("Lasted", lasted(n.Resolved.Sub(n.Started)), time.Time{})
	}
	add("Seen from", w.regions(n.Regions), time.Time{})
	add("Acknowledged by", w.line(n.AckedBy, maxName), time.Time{})
	if n.Demo {
		add("Note", "this is a demonstration", time.Time{})
	}
	return facts
}

func (w writer) regions(cities []string) string {
	shown := make([]string, 0, maxRegions+1)
	for _, city := range cities[:min(len(cities), maxRegions)] {
		shown = append(shown, w.line(city, maxCity))
	}
	if more := len(cities) - len(shown); more > 0 {
		shown = append(shown, fmt.Sprintf("%d more", more))
	}
	return strings.Join(shown, ", ")
}

// servers lists those of a notice about several: the failing ones come first, as
// in the notice.
func (w writer) servers(n *uptime.Notice) []string {
	total := len(n.Servers) + n.More
	if total < 2 {
		return nil
	}
	var lines []string
	size := 0
	for _, srv := range n.Servers[:min(len(n.Servers), maxServers)] {
		line := w.server(srv)
		size += len(line) + 4 // a bullet and the end of the line
		if w.Servers > 0 && size > w.Servers {
			break
		}
		lines = append(lines, line)
	}
	if more := total - len(lines); more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return lines
}

func (w writer) server(srv uptime.NoticeServer) string {
	name := srv.Name
	if name == "" {
		name = srv.Slug
	}
	text := w.line(name, maxName) + ": " + w.line(srv.State, maxName)
	switch {
	case !srv.Until.IsZero():
		return text + " at " + w.stamp(srv.Until)
	case !srv.Since.IsZero():
		return text + " since " + w.stamp(srv.Since)
	}
	return text
}

// lasted writes a duration in its two greatest units.
func lasted(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d days %d h", int(d.Hours())/24, int(d.Hours())%24)
}
