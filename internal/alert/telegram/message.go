package telegram

import (
	"strings"

	"github.com/alivemcp/alivemcp/internal/alert/card"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// message is what sendMessage and editMessageText take.
type message struct {
	Chat      string  `json:"chat_id"`
	Thread    int64   `json:"message_thread_id,omitempty"`
	Message   int64   `json:"message_id,omitempty"`
	Text      string  `json:"text"`
	ParseMode string  `json:"parse_mode"`
	Preview   preview `json:"link_preview_options"`
	Quiet     bool    `json:"disable_notification,omitempty"`
	Reply     *reply  `json:"reply_parameters,omitempty"`
}

type preview struct {
	Disabled bool `json:"is_disabled"`
}

type reply struct {
	Message int64 `json:"message_id"`
	Anyway  bool  `json:"allow_sending_without_reply"`
}

// render writes a notice as HTML. With the bounds of a card it stays under 4096
// characters, which Telegram counts without the markup. Links are in the text and
// not on buttons: a button whose address Telegram dislikes, such as that of a
// server without a public name, would refuse the whole message.
func render(n *uptime.Notice) string {
	c := card.Of(n, card.Markup{Escape: escape})
	parts := []string{c.Tone.Symbol() + " <b>" + c.Title + "</b>"}
	add := func(s string) {
		if s != "" {
			parts = append(parts, s)
		}
	}
	add(c.Summary)
	if c.FirstStep != "" {
		add("<b>First:</b> " + c.FirstStep)
	}
	if len(c.Servers) > 0 {
		add("• " + strings.Join(c.Servers, "\n• "))
	}
	add(facts(c.Facts))
	add(links(c.Links))
	return strings.Join(parts, "\n\n")
}

// line writes a notice as two lines, for an answer.
func line(n *uptime.Notice) string {
	c := card.Of(n, card.Markup{Escape: escape})
	return strings.TrimSpace(c.Tone.Symbol() + " <b>" + c.Title + "</b>\n" + c.Summary)
}

func facts(all []card.Fact) string {
	lines := make([]string, 0, len(all))
	for _, f := range all {
		lines = append(lines, f.Name+": <b>"+f.Value+"</b>")
	}
	return strings.Join(lines, "\n")
}

func links(all []card.Link) string {
	parts := make([]string, 0, len(all))
	for _, l := range all {
		parts = append(parts, `<a href="`+strings.ReplaceAll(l.URL, "&", "&amp;")+`">`+l.Label+"</a>")
	}
	return strings.Join(parts, " · ")
}

// escape writes a text as HTML. An invisible word joiner keeps names after an @
// from calling people, and addresses from becoming links.
func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "@", "@\u2060", "://", ":\u2060//").Replace(s)
}
