package lab

import (
	"net/http"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// sseScenarios answer in event streams: well, oddly, or not at all. The ones
// that are expected to be live are shapes that real servers send.
func sseScenarios() []Scenario {
	const group = "sse"
	answered := event(`{"jsonrpc":"2.0","id":$ID,"result":` + greeting + `}`)
	streams := func(name, about string, expect Expect, frames string) Scenario {
		return Scenario{
			Name: name, Group: group, About: about, Expect: expect,
			handler: legacy(on{"initialize": session(events(frames))}),
		}
	}
	none := func(detail string) Expect { return fails(uptime.SSENoAnswer, uptime.StepInitialize, detail) }
	const note = `{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`
	good := []Scenario{
		streams("sse-plain", "A correct stream of one event.", live(toolCount), answered),
		streams("sse-priming", "An event with an id and no data comes first, so that clients can resume.",
			live(toolCount), "id: 0\nretry: 3000\ndata: \n\n"+answered),
		streams("sse-notification-first", "A notification comes ahead of the answer.", live(toolCount), event(note)+answered),
		streams("sse-request-first", "A request of the server comes ahead of the answer, as it may in the old era.",
			live(toolCount), event(`{"jsonrpc":"2.0","id":1,"method":"roots/list"}`)+answered),
		streams("sse-comments", "Comments keep the stream alive ahead of the answer.", live(toolCount), ": ok\n\n: still here\n\n"+answered),
		streams("sse-crlf", "Lines end in carriage return and line feed.", live(toolCount), strings.ReplaceAll(answered, "\n", "\r\n")),
		streams("sse-cr", "Lines end in carriage returns alone.", live(toolCount), strings.ReplaceAll(answered, "\n", "\r")),
		streams("sse-no-space", "There is no space after the colon.", live(toolCount), strings.ReplaceAll(answered, ": ", ":")),
		streams("sse-split-data", "The answer is split over several data lines.", live(toolCount), strings.Replace(answered, `"result":`, "\ndata: \"result\":", 1)),
		streams("sse-byte-order-mark", "The stream begins with a byte order mark.", live(toolCount), "\ufeff"+answered),
		streams("sse-unnamed", "The event has no name.", live(toolCount), strings.TrimPrefix(answered, "event: message\n")),
		streams("sse-answered-twice", "The answer comes twice.", live(toolCount), answered+answered),
		streams("sse-unterminated", "The blank line that ends the last event is missing: strict clients wait for ever.",
			live(toolCount).found("sse_unterminated_frame"), strings.TrimSuffix(answered, "\n\n")),
	}
	bad := []Scenario{
		streams("sse-cut", "The stream ends in the middle of the answer.",
			fails(uptime.SSEUnterminated, uptime.StepInitialize, ""), answered[:len(answered)-40]),
		streams("sse-empty", "The stream ends without any event.", none("ended"), ""),
		streams("sse-only-notifications", "The stream ends after a notification and without the answer.", none("ended"), event(note)),
		streams("sse-no-data-prefix", "The JSON stands in the stream without its data prefix.",
			none("").or(uptime.BadJSON), strings.Replace(answered, "data: ", "", 1)),
		streams("sse-plain-json", "Plain JSON is sent as an event stream.",
			none("").or(uptime.ContentType, uptime.SSEUnterminated), `{"jsonrpc":"2.0","id":$ID,"result":`+greeting+`}`),
		streams("sse-bad-json", "The event holds broken JSON.",
			fails(uptime.BadJSON, uptime.StepInitialize, "json").or(uptime.SSENoAnswer), event(`{"jsonrpc":"2.0","id":$ID,"result":{`)),
		streams("sse-other-id", "The only answer on the stream is for another request.",
			fails(uptime.IDMismatch, uptime.StepInitialize, "id").or(uptime.SSENoAnswer), strings.Replace(answered, "$ID", "424242", 1)),
		streams("sse-batch", "The answer is wrapped in an array.",
			fails(uptime.BadEnvelope, uptime.StepInitialize, "array").or(uptime.SSENoAnswer), event(`[{"jsonrpc":"2.0","id":$ID,"result":`+greeting+`}]`)),
	}
	return append(append(append(good, bad...), streamScenarios(group)...), pairScenarios(group)...)
}

// streamScenarios differ in when and how long the stream is sent.
func streamScenarios(group string) []Scenario {
	answered := event(`{"jsonrpc":"2.0","id":$ID,"result":` + greeting + `}`)
	return []Scenario{
		{
			Name: "sse-not-closed", Group: group,
			About:   "The stream stays open after the answer.",
			Expect:  live(toolCount).found("sse_not_closed"),
			handler: legacy(on{"initialize": session(eventsHeld(answered))}),
		},
		{
			Name: "sse-unterminated-held", Group: group, Setup: Setup{Timeout: 2 * time.Second},
			About:   "The blank line after the answer is missing and the stream stays open.",
			Expect:  live(toolCount).found("sse_unterminated_frame").or(uptime.SSENoAnswer, uptime.SSEUnterminated),
			handler: legacy(on{"initialize": session(eventsHeld(strings.TrimSuffix(answered, "\n\n")))}),
		},
		{
			Name: "sse-with-length", Group: group,
			About:   "The stream has a Content-Length.",
			Expect:  live(toolCount),
			handler: legacy(on{"initialize": wire("Content-Type: text/event-stream\r\nConnection: close\r\n", answered)}),
		},
		{
			Name: "sse-with-charset", Group: group,
			About:   "The media type of the stream has parameters and capitals.",
			Expect:  live(toolCount),
			handler: legacy(on{"initialize": session(reply(http.StatusOK, "Text/Event-Stream; charset=UTF-8", answered))}),
		},
		{
			Name: "sse-late", Group: group,
			About:   "The stream opens at once and the answer comes a second later, after a comment.",
			Expect:  live(toolCount),
			handler: legacy(on{"initialize": session(lateEvents(time.Second, ": working\n\n", answered))}),
		},
		{
			Name: "sse-by-the-byte", Group: group,
			About:   "A proxy cuts the stream into pieces of one byte.",
			Expect:  live(toolCount),
			handler: legacy(on{"initialize": session(bytewise(answered))}),
		},
		{
			Name: "sse-silent", Group: group, Setup: Setup{Timeout: time.Second},
			About:   "The stream opens and stays silent: a proxy buffers it.",
			Expect:  fails(uptime.SSENoAnswer, uptime.StepInitialize, ""),
			handler: legacy(on{"initialize": session(eventsHeld(": ok\n\n"))}),
		},
		{
			Name: "sse-tools-silent", Group: group, Setup: Setup{Timeout: time.Second},
			About:   "The handshake works and the stream with the tools stays silent.",
			Expect:  fails(uptime.SSENoAnswer, uptime.StepTools, ""),
			handler: legacy(on{"tools/list": inSession(eventsHeld(": ok\n\n"))}),
		},
	}
}

// lateEvents sends the first frames at once and the rest after a while.
func lateEvents(d time.Duration, first, rest string) answer {
	return func(w http.ResponseWriter, c *call) {
		events(first)(w, c)
		if c.wait(d) {
			push(w, c.fill(rest))
		}
	}
}

func bytewise(frames string) answer {
	return func(w http.ResponseWriter, c *call) {
		events("")(w, c)
		for _, b := range []byte(c.fill(frames)) {
			push(w, string([]byte{b}))
		}
	}
}
