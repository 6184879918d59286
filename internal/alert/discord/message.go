package discord

import (
	"fmt"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/card"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Limits of a message.
const (
	maxContent = 2000
	maxField   = 1024
	maxName    = 100
	maxTags    = 5
	maxServers = 1200 // so that title, description and fields stay under 6000
)

// message is what a webhook takes.
type message struct {
	Content    string   `json:"content,omitempty"`
	ThreadName string   `json:"thread_name,omitempty"`
	Tags       []string `json:"applied_tags,omitempty"`
	Embeds     []embed  `json:"embeds,omitempty"`
	Mentions   mentions `json:"allowed_mentions"`
}

// mentions say who is called. Parse is always empty: no text calls anybody.
type mentions struct {
	Parse nobody   `json:"parse"`
	Roles []string `json:"roles,omitempty"`
}

// nobody is an empty list.
type nobody struct{}

// MarshalJSON returns an empty list.
func (nobody) MarshalJSON() ([]byte, error) { return []byte("[]"), nil }

type embed struct {
	Title       string  `json:"title"`
	URL         string  `json:"url,omitempty"`
	Description string  `json:"description,omitempty"`
	Color       int     `json:"color"`
	Fields      []field `json:"fields,omitempty"`
	Timestamp   string  `json:"timestamp,omitempty"`
}

type field struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Inline bool   `json:"inline,omitempty"`
}

// embeds writes a notice as one embed.
func embeds(n *uptime.Notice) []embed {
	c := card.Of(n, card.Markup{Escape: escape, Time: stamp, Servers: maxServers})
	e := embed{Title: c.Tone.Symbol() + " " + c.Title, Description: description(c), Color: c.Tone.Color()}
	for _, f := range c.Facts {
		e.Fields = append(e.Fields, field{f.Name, f.Value, true})
	}
	for _, l := range c.Links {
		if l.Label == "Status page" {
			e.URL = l.URL
		}
	}
	if follow := links(c.Links); follow != "" {
		e.Fields = append(e.Fields, field{Name: "Links", Value: follow})
	}
	if !n.At.IsZero() {
		e.Timestamp = n.At.UTC().Format(time.RFC3339)
	}
	return []embed{e}
}

func description(c card.Card) string {
	var parts []string
	if c.Summary != "" {
		parts = append(parts, c.Summary)
	}
	if c.FirstStep != "" {
		parts = append(parts, "**First:** "+c.FirstStep)
	}
	if len(c.Servers) > 0 {
		parts = append(parts, "- "+strings.Join(c.Servers, "\n- "))
	}
	return strings.Join(parts, "\n\n")
}

// links are as many as one field holds.
func links(all []card.Link) string {
	var out string
	for _, l := range all {
		next := fmt.Sprintf("[%s](%s)", l.Label, l.URL)
		if out != "" {
			next = out + " · " + next
		}
		if len(next) <= maxField {
			out = next
		}
	}
	return out
}

// line writes a notice as one line for a thread.
func line(n *uptime.Notice) string {
	c := card.Of(n, card.Markup{Escape: escape, Time: stamp})
	return card.Cut(strings.TrimSpace(c.Tone.Symbol()+" **"+c.Title+"** "+c.Summary), maxContent)
}

// name is that of a post in a forum, which has no markup.
func name(n *uptime.Notice) string {
	c := card.Of(n, card.Markup{})
	return card.Cut(c.Title, maxName)
}

// escape puts a backslash before whatever Discord's markdown gives a meaning, and
// into addresses, so that no name becomes a link.
func escape(s string) string {
	var b strings.Builder
	for i, r := range s {
		if strings.ContainsRune("\\*_~`|<>[]#@", r) || strings.HasPrefix(s[i:], "://") {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// stamp writes a time in the reader's own zone.
func stamp(t time.Time) string { return fmt.Sprintf("<t:%d:f>", t.Unix()) }
