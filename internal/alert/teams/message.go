package teams

import (
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/card"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// maxServers bounds the list of servers: a card must stay under 28 KB.
const maxServers = 4000

// message is what the workflow posts as a card.
type message struct {
	Type        string       `json:"type"`
	Attachments []attachment `json:"attachments"`
}

type attachment struct {
	ContentType string       `json:"contentType"`
	ContentURL  *string      `json:"contentUrl"` // null
	Content     adaptiveCard `json:"content"`
}

// adaptiveCard is an Adaptive Card of version 1.4, which Teams shows everywhere.
type adaptiveCard struct {
	Schema  string            `json:"$schema"`
	Type    string            `json:"type"`
	Version string            `json:"version"`
	Summary string            `json:"fallbackText"`
	Body    []element         `json:"body"`
	Actions []action          `json:"actions,omitempty"`
	MSTeams map[string]string `json:"msteams"`
}

// element is a RichTextBlock for texts from outside, which gives markdown no
// meaning, or a TextBlock for ours, in which a time is shown in the reader's zone.
type element struct {
	Type    string `json:"type"`
	Text    string `json:"text,omitempty"`
	Inlines []run  `json:"inlines,omitempty"`
	Wrap    bool   `json:"wrap,omitempty"`
	Subtle  bool   `json:"isSubtle,omitempty"`
	Spacing string `json:"spacing,omitempty"`
}

type run struct {
	Type   string `json:"type"`
	Text   string `json:"text"`
	Weight string `json:"weight,omitempty"`
	Size   string `json:"size,omitempty"`
	Color  string `json:"color,omitempty"`
	Subtle bool   `json:"isSubtle,omitempty"`
}

type action struct {
	Type  string `json:"type"`
	Title string `json:"title"`
	URL   string `json:"url"`
}

func render(n *uptime.Notice) message {
	c := card.Of(n, card.Markup{Escape: plain, Servers: maxServers})
	head := c.Tone.Symbol() + " " + c.Title
	return message{Type: "message", Attachments: []attachment{{
		ContentType: "application/vnd.microsoft.card.adaptive",
		Content: adaptiveCard{
			Schema: "http://adaptivecards.io/schemas/adaptive-card.json", Type: "AdaptiveCard", Version: "1.4",
			Summary: head, Body: body(head, c), Actions: actions(c.Links), MSTeams: map[string]string{"width": "Full"},
		},
	}}}
}

func body(head string, c card.Card) []element {
	out := []element{rich(run{Text: head, Weight: "Bolder", Size: "Large", Color: color(c.Tone)})}
	if c.Summary != "" {
		out = append(out, rich(run{Text: c.Summary}))
	}
	if c.FirstStep != "" {
		out = append(out, rich(run{Text: "First: ", Weight: "Bolder"}, run{Text: c.FirstStep}))
	}
	for _, line := range c.Servers {
		out = append(out, near(rich(run{Text: "• " + line})))
	}
	for _, f := range c.Facts {
		out = append(out, near(fact(f)))
	}
	return out
}

// fact shows a time in the reader's zone, and other values as they are.
func fact(f card.Fact) element {
	if f.At.IsZero() {
		return rich(run{Text: f.Name + ": " + f.Value, Subtle: true})
	}
	at := f.At.UTC().Format(time.RFC3339)
	return element{Type: "TextBlock", Text: f.Name + ": {{DATE(" + at + ",SHORT)}} {{TIME(" + at + ")}}", Wrap: true, Subtle: true}
}

func rich(runs ...run) element {
	for i := range runs {
		runs[i].Type = "TextRun"
	}
	return element{Type: "RichTextBlock", Inlines: runs}
}

func near(e element) element {
	e.Spacing = "Small"
	return e
}

// color is the theme's, so that it can be read on light and dark.
func color(t card.Tone) string {
	switch t {
	case card.Bad:
		return "Attention"
	case card.Warn:
		return "Warning"
	case card.Good:
		return "Good"
	default:
		return "Accent"
	}
}

func actions(links []card.Link) []action {
	var out []action
	for _, l := range links {
		out = append(out, action{Type: "Action.OpenUrl", Title: l.Label, URL: l.URL})
	}
	return out
}

// plain takes apart the braces that hold functions and the tags that hold
// mentions in cards. A word joiner is invisible.
func plain(s string) string {
	return strings.NewReplacer("{{", "{\u2060{", "${", "$\u2060{", "<at", "<\u2060at").Replace(s)
}
