package email

import (
	"bytes"
	_ "embed" // the form of a mail
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/card"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

//go:embed mail.html
var htmlSource string

// The colours of what a mail says first.
const (
	colorDown = "#c40040"
	colorWarn = "#b25e00"
	colorGood = "#0b7a4b"
	colorCalm = "#41597a"
)

// view is what both forms of a mail say, in this order. Everything in it is
// clean and cut.
type view struct {
	Word, Color string
	Severity    string
	Title       string
	Summary     string
	FirstStep   string
	Facts       []fact
	Servers     []server
	More        int
	Note        string
	Primary     action
	Actions     []action
	Foot        string
	Key         string
	Unsubscribe string
}

type fact struct{ Name, Value string }

type server struct{ Name, State, Color, When, Link string }

type action struct{ Text, Link string }

// viewOf says what a notice says.
func viewOf(n *uptime.Notice) view {
	v := view{
		Title: card.CutRunes(clean(n.Title), maxText), Summary: card.CutRunes(clean(n.Summary), maxText), FirstStep: card.CutRunes(clean(n.FirstStep), maxText),
		Facts: facts(n), Servers: servers(n), More: n.More, Primary: action{"Open the status page", link(n.StatusPage)},
		Key: card.CutRunes(clean(string(n.Key)), maxName), Unsubscribe: link(n.UnsubscribeURL),
	}
	v.Word, v.Color = word(n)
	if !testing(n) && n.Kind != uptime.AlertDigest {
		v.Severity = n.Priority.String()
	}
	v.Actions = actions(n)
	v.Foot = foot(n)
	if n.Challenge != "" && v.Primary.Link != "" {
		v.Word, v.Primary.Text = "Please confirm", "See what this is, and confirm"
	}
	if n.Demo {
		v.Note = "This is a demonstration: no such server is down."
	}
	return v
}

// foot says why this mail came. A test may come to somebody who has not asked.
func foot(n *uptime.Notice) string {
	if testing(n) && n.UnsubscribeURL == "" {
		return "Somebody entered this address as a place for alerts of AliveMCP. It was not you? Then do nothing."
	}
	return "You get this because alerts of AliveMCP are sent to this address."
}

// testing reports whether somebody tries the sink, so that nothing is wrong.
func testing(n *uptime.Notice) bool { return n.Kind == uptime.AlertTest || n.Type == uptime.NoticeTest }

// actions are what the reader can do besides looking. What is over needs nobody
// to take it on.
func actions(n *uptime.Notice) []action {
	all := []action{{"Runbook", link(n.RunbookURL)}}
	if n.Phase != uptime.NoticeCloses {
		all = []action{{"Acknowledge", link(n.AckURL)}, {"Silence", link(n.SilenceURL)}, all[0]}
	}
	return slices.DeleteFunc(all, func(a action) bool { return a.Link == "" || a.Text == "Acknowledge" && n.AckedBy != "" })
}

// word is the state that a mail tells of, and its colour.
func word(n *uptime.Notice) (text, color string) {
	switch {
	case testing(n):
		return "Test", colorCalm
	case n.Phase == uptime.NoticeCloses:
		return "Resolved", colorGood
	}
	switch n.Kind {
	case uptime.AlertDegraded:
		return "Degraded", colorWarn
	case uptime.AlertDrift:
		return "Changed", colorWarn
	case uptime.AlertTLS, uptime.AlertCredential:
		return "Expiring", colorWarn
	case uptime.AlertBurn:
		return "Burning", colorWarn
	case uptime.AlertSink:
		return "Undelivered", colorWarn
	case uptime.AlertRegistry:
		return "Stale", colorWarn
	case uptime.AlertDigest:
		return "Digest", colorCalm
	default:
		return "Down", colorDown
	}
}

// facts are what a reader looks for, in pairs.
func facts(n *uptime.Notice) []fact {
	if testing(n) || n.Kind == uptime.AlertDigest {
		return nil
	}
	all := []fact{{"Started", card.Minute(n.Started)}, {"Ended", card.Minute(n.Resolved)}, {"Lasted", lasted(n)}}
	if n.Total > 1 && n.Resolved.IsZero() {
		all = append(all, fact{"Failing", fmt.Sprintf("%d of %d servers", n.Failing, n.Total)})
	}
	all = append(all, fact{"Seen from", card.CutRunes(clean(strings.Join(n.Regions, ", ")), maxText)},
		fact{"Cause", strings.ReplaceAll(clean(string(n.Cause)), "_", " ")}, fact{"Taken on by", card.CutRunes(clean(n.AckedBy), maxName)})
	return slices.DeleteFunc(all, func(f fact) bool { return f.Value == "" })
}

func lasted(n *uptime.Notice) string {
	if n.Resolved.IsZero() || n.Started.IsZero() || n.Resolved.Before(n.Started) {
		return ""
	}
	return duration(n.Resolved.Sub(n.Started))
}

// servers lists those of a notice that has several: one alone is in the title.
func servers(n *uptime.Notice) []server {
	if len(n.Servers) < 2 && n.More == 0 && n.Kind != uptime.AlertDigest {
		return nil
	}
	var all []server
	for i := range n.Servers {
		s := &n.Servers[i]
		one := server{Name: card.CutRunes(clean(s.Name), maxName), State: clean(s.State), Color: stateColor(s.State), When: "since " + card.Minute(s.Since), Link: link(s.StatusPage)}
		if !s.Until.IsZero() {
			one.When = "until " + card.Minute(s.Until)
		}
		if one.Name == "" {
			one.Name = card.CutRunes(clean(s.Slug), maxName)
		}
		all = append(all, one)
	}
	return all
}

func stateColor(state string) string {
	switch state {
	case "down":
		return colorDown
	case "recovered":
		return colorGood
	default:
		return colorWarn
	}
}

// duration is a length for people, in its two greatest units.
func duration(d time.Duration) string {
	m := int(d.Round(time.Minute) / time.Minute)
	switch {
	case m < 1:
		return "less than a minute"
	case m == 1:
		return "1 minute"
	case m < 60:
		return strconv.Itoa(m) + " minutes"
	case m < 24*60:
		return fmt.Sprintf("%d h %d min", m/60, m%60)
	default:
		return fmt.Sprintf("%d d %d h", m/(24*60), m/60%24)
	}
}

// page is the html form.
func (s *Sink) page(v view) (string, error) {
	var b bytes.Buffer
	if err := s.html.Execute(&b, v); err != nil {
		return "", fmt.Errorf("writing the html of a mail: %w", err)
	}
	return b.String(), nil
}

// text is the plain form. No line of it was written by others from its
// beginning: it starts with a word of ours, or is one paragraph.
func (v view) text() string {
	var b strings.Builder
	head := strings.ToUpper(v.Word)
	if v.Severity != "" {
		head += " (" + v.Severity + ")"
	}
	fmt.Fprintf(&b, "%s: %s\n", head, v.Title)
	paragraph(&b, v.Summary)
	if v.FirstStep != "" {
		paragraph(&b, "What to do first: "+v.FirstStep)
	}
	if len(v.Facts) > 0 {
		b.WriteByte('\n')
	}
	for _, f := range v.Facts {
		fmt.Fprintf(&b, "%-12s %s\n", f.Name+":", f.Value)
	}
	v.list(&b)
	paragraph(&b, v.Note)
	v.links(&b)
	v.foot(&b)
	return b.String()
}

func paragraph(b *strings.Builder, text string) {
	if text != "" {
		b.WriteString("\n" + text + "\n")
	}
}

func (v view) list(b *strings.Builder) {
	if len(v.Servers) > 0 {
		b.WriteByte('\n')
	}
	for _, s := range v.Servers {
		fmt.Fprintf(b, "* %s: %s %s\n", s.Name, s.State, s.When)
	}
	if v.More > 0 {
		fmt.Fprintf(b, "* and %d more\n", v.More)
	}
}

func (v view) links(b *strings.Builder) {
	all := v.Actions
	if v.Primary.Link != "" {
		all = append([]action{v.Primary}, all...)
	}
	for _, a := range all {
		fmt.Fprintf(b, "\n%s:\n%s\n", a.Text, a.Link)
	}
}

// foot says why the mail came. The line before it is the mark of signatures.
func (v view) foot(b *strings.Builder) {
	fmt.Fprintf(b, "\n-- \n%s\n", v.Foot)
	if v.Unsubscribe != "" {
		fmt.Fprintf(b, "Unsubscribe: %s\n", v.Unsubscribe)
	}
	if v.Key != "" {
		fmt.Fprintf(b, "%s\n", v.Key)
	}
}
