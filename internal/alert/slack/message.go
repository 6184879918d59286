// Package slack tells notices in Slack: as an app, which edits what it wrote
// (App), or through an incoming webhook, which cannot (Webhook).
//
// Slack reads its markup between < and >, also mentions such as <!channel>, so
// these and & are escaped in whatever comes from outside. Names and addresses in
// plain text are never made into links or mentions: texts are verbatim, and
// messages are sent with parse none, which chat.update would not do by itself.
package slack

import (
	"fmt"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/card"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// maxServers bounds the list of servers so that it fits a section's 3000
// characters.
const maxServers = 2600

// message is what chat.postMessage, chat.update and webhooks take.
type message struct {
	Channel   string `json:"channel,omitempty"`
	TS        string `json:"ts,omitempty"`
	ThreadTS  string `json:"thread_ts,omitempty"`
	Broadcast bool   `json:"reply_broadcast,omitempty"`
	// Text is what notifications show.
	Text   string  `json:"text"`
	Blocks []block `json:"blocks,omitempty"`
	// Attachments are never left out: an update would keep the former ones.
	Attachments []attachment `json:"attachments"`
	Parse       string       `json:"parse"`
	LinkNames   bool         `json:"link_names"`
	UnfurlLinks bool         `json:"unfurl_links"`
	UnfurlMedia bool         `json:"unfurl_media"`
}

// attachment is the part of a message that has a colour.
type attachment struct {
	Color  string  `json:"color"`
	Blocks []block `json:"blocks"`
}

type block struct {
	Type     string `json:"type"`
	Text     *text  `json:"text,omitempty"`
	Elements []any  `json:"elements,omitempty"`
}

type text struct {
	Type     string `json:"type"`
	Text     string `json:"text"`
	Verbatim bool   `json:"verbatim,omitempty"`
}

type button struct {
	Type     string `json:"type"`
	ActionID string `json:"action_id"`
	Text     text   `json:"text"`
	URL      string `json:"url"`
}

// render writes a notice as a line, and below it with its colour all the rest.
func render(n *uptime.Notice) message {
	c := card.Of(n, card.Markup{Escape: escape, Time: stamp, Servers: maxServers})
	head := c.Tone.Symbol() + " " + c.Title
	m := message{Text: head, Parse: "none", Blocks: []block{section("*" + head + "*")}, Attachments: []attachment{}}
	if rest := body(c); len(rest) > 0 {
		m.Attachments = []attachment{{Color: fmt.Sprintf("#%06x", c.Tone.Color()), Blocks: rest}}
	}
	return m
}

// line writes a notice as one line, for an answer in a thread.
func line(n *uptime.Notice) message {
	c := card.Of(n, card.Markup{Escape: escape, Time: stamp})
	return message{Text: strings.TrimSpace(c.Tone.Symbol() + " *" + c.Title + "* " + c.Summary), Parse: "none", Attachments: []attachment{}}
}

func body(c card.Card) []block {
	var out []block
	add := func(before, text string) {
		if text != "" {
			out = append(out, section(before+text))
		}
	}
	add("", c.Summary)
	add("*First:* ", c.FirstStep)
	if len(c.Servers) > 0 {
		add("• ", strings.Join(c.Servers, "\n• "))
	}
	if facts := table(c.Facts); facts != "" {
		out = append(out, block{Type: "context", Elements: []any{mrkdwn(facts)}})
	}
	if len(c.Links) > 0 {
		out = append(out, block{Type: "actions", Elements: buttons(c.Links)})
	}
	return out
}

func table(facts []card.Fact) string {
	var parts []string
	for _, f := range facts {
		parts = append(parts, f.Name+" *"+f.Value+"*")
	}
	return strings.Join(parts, "  ·  ")
}

func buttons(links []card.Link) []any {
	var out []any
	for _, l := range links {
		out = append(out, button{
			Type: "button", ActionID: strings.ReplaceAll(strings.ToLower(l.Label), " ", "_"),
			Text: text{Type: "plain_text", Text: l.Label}, URL: l.URL,
		})
	}
	return out
}

func section(s string) block {
	t := mrkdwn(s)
	return block{Type: "section", Text: &t}
}

func mrkdwn(s string) text { return text{Type: "mrkdwn", Text: s, Verbatim: true} }

// escape replaces the three characters that Slack gives a meaning.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// stamp writes a time in the reader's own zone.
func stamp(t time.Time) string {
	return fmt.Sprintf("<!date^%d^{date_short_pretty} {time}|%s>", t.Unix(), card.Time(t))
}
