package lab

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// pair is the HTTP+SSE transport of revision 2024-11-05: a stream that names an
// endpoint, and the endpoint, whose answers come on the stream.
type pair struct {
	// first are the frames that open the stream; $ENDPOINT is the path and
	// query to post to.
	first string
	// post answers at the endpoint; nil accepts and answers on the stream.
	post answer
	// before comes on the stream ahead of each answer.
	before string
	// ends closes the stream after the first frames.
	ends bool
	// mute never answers on the stream.
	mute bool
	// onPost answers a POST to the stream's own address; nil is 405.
	onPost answer
}

const endpointEvent = "event: endpoint\ndata: $ENDPOINT\n\n"

// handler serves the pair. The answers are those of a correct legacy server.
func (p pair) handler(s *stage) http.Handler {
	var streams sync.Map // session id to chan string
	if p.onPost == nil {
		p.onPost = refuse(http.StatusMethodNotAllowed, "open the stream with GET")
	}
	open := func(w http.ResponseWriter, c *call) {
		id, frames := sessionID(), make(chan string, 16)
		streams.Store(id, frames)
		defer streams.Delete(id)
		events(strings.ReplaceAll(p.first, "$ENDPOINT", s.prefix()+"/message?sessionId="+id))(w, c)
		for !p.ends {
			select {
			case f := <-frames:
				push(w, f)
			case <-c.Context().Done():
				return
			}
		}
	}
	post := func(w http.ResponseWriter, c *call) {
		frames, ok := streams.Load(c.URL.Query().Get("sessionId"))
		if !ok {
			refuse(http.StatusNotFound, "no such session")(w, c)
			return
		}
		if text := pairAnswers(c); text != "" && !p.mute {
			select {
			case frames.(chan string) <- p.before + text:
			case <-c.Context().Done():
			}
		}
		refuse(http.StatusAccepted, "Accepted")(w, c)
	}
	if p.post != nil {
		post = p.post
	}
	return script(on{}, on{"GET": open, "POST": p.onPost, "/message": post})(s)
}

// pairAnswers returns the frame that answers a call; empty for a notification.
func pairAnswers(c *call) string {
	results := map[string]string{
		"initialize": strings.Replace(greeting, revision2025, revision2024, 1),
		"tools/list": `{"tools":` + tools + `}`, "ping": "{}",
	}
	switch res, ok := results[c.method]; {
	case c.id == "":
		return ""
	case !ok:
		return event(c.fill(`{"jsonrpc":"2.0","id":$ID,"error":{"code":-32601,"message":"Method not found"}}`))
	default:
		return event(c.fill(`{"jsonrpc":"2.0","id":$ID,"result":` + res + `}`))
	}
}

// pairScenarios use the deprecated transport.
func pairScenarios(group string) []Scenario {
	paired := func(name, about string, expect Expect, p pair) Scenario {
		if p.first == "" {
			p.first = endpointEvent
		}
		return Scenario{
			Name: name, Group: group, About: about, Expect: expect, path: "sse",
			Setup: Setup{Timeout: 3 * time.Second}, handler: p.handler,
		}
	}
	wrong := func(detail string) Expect { return fails(uptime.SSEEndpoint, uptime.StepStream, detail) }
	return []Scenario{
		paired("pair-plain", "A correct server of the deprecated transport.", liveSSE(), pair{}),
		paired("pair-absolute", "The endpoint is a whole address on the same origin.", liveSSE(),
			pair{first: "event: endpoint\ndata: $ORIGIN$ENDPOINT\n\n"}),
		paired("pair-notification-first", "Notifications come ahead of the answers.", liveSSE(),
			pair{before: event(`{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`)}),
		paired("pair-endpoint-on-post", "A POST to the stream's address opens a stream, too: it is still the deprecated transport.",
			liveSSE(), pair{onPost: events("event: endpoint\ndata: /nowhere\n\n")}),
		paired("pair-foreign-endpoint", "The endpoint is on another origin: the proxy's inner address leaks out.",
			wrong("origin"), pair{first: "event: endpoint\ndata: http://10.0.0.17:8000$ENDPOINT\n\n"}),
		paired("pair-localhost-endpoint", "The endpoint says localhost although the server was reached by another name.",
			wrong("origin"), pair{first: "event: endpoint\ndata: http://localhost:8080$ENDPOINT\n\n"}),
		paired("pair-no-endpoint", "The first event on the stream is not the endpoint.",
			wrong("endpoint"), pair{first: event(`{"jsonrpc":"2.0","method":"notifications/message"}`)}),
		paired("pair-empty-endpoint", "The endpoint event is empty.", wrong("endpoint"), pair{first: "event: endpoint\ndata: \n\n"}),
		paired("pair-silent", "The stream opens and no endpoint ever comes.",
			wrong("endpoint").or(uptime.SSENoAnswer), pair{first: ": ok\n\n"}),
		paired("pair-closed", "The stream ends before the endpoint comes.",
			wrong("endpoint").or(uptime.SSENoAnswer), pair{first: ": ok\n\n", ends: true}),
		paired("pair-mute", "The endpoint accepts every message and the stream never answers.",
			fails(uptime.SSENoAnswer, uptime.StepInitialize, ""), pair{mute: true}),
		paired("pair-stream-dies", "The stream ends right after it named the endpoint.",
			fails(uptime.SSENoAnswer, uptime.StepInitialize, "").or(uptime.HTTPNotFound, uptime.SSEEndpoint), pair{ends: true}),
		paired("pair-endpoint-404", "The endpoint that the stream names does not exist: the proxy drops its prefix.",
			fails(uptime.SSEEndpoint, "", "404").or(uptime.HTTPNotFound), pair{post: page(http.StatusNotFound, "Not Found")}),
		paired("pair-endpoint-500", "The endpoint fails.",
			fails(uptime.HTTPServerError, uptime.StepInitialize, "500"), pair{post: page(http.StatusInternalServerError, "Oops")}),
	}
}
