package mcpwire_test

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
)

const (
	foreign = `{"jsonrpc":"2.0","id":2,"result":{}}`
	changed = `{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}`
	asking  = `{"jsonrpc":"2.0","id":"s1","method":"roots/list"}`
	unread  = `{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"m"}}`
)

// stream is a whole answer that is an event stream; it ends with the
// connection.
func stream(text string) string {
	return "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\n" + text
}

func TestJSONAnswers(t *testing.T) {
	tests := map[string]struct {
		answer string
		kind   mcpwire.Kind
		notes  []string
	}{
		"good":                      {okJSON(good), "", nil},
		"charset":                   {respond("200 OK", "Application/JSON; charset=utf-8", good), "", nil},
		"json suffix":               {respond("200 OK", "application/vnd.x+json", good), "", nil},
		"no type":                   {respond("200 OK", "", good), "", []string{mcpwire.NoteNoContentType}},
		"compressed":                {okJSON(gzipped(good), "Content-Encoding: gzip"), "", []string{mcpwire.NoteCompressed}},
		"202 with the answer":       {respond("202 Accepted", "application/json", good), "", nil},
		"plain text":                {respond("200 OK", "text/plain", good), mcpwire.ContentType, nil},
		"wrong id":                  {okJSON(foreign), mcpwire.IDMismatch, nil},
		"id as a string":            {okJSON(`{"jsonrpc":"2.0","id":"1","result":{}}`), mcpwire.IDMismatch, nil},
		"id as a float":             {okJSON(`{"jsonrpc":"2.0","id":1.0,"result":{}}`), mcpwire.IDMismatch, nil},
		"no id":                     {okJSON(`{"jsonrpc":"2.0","result":{}}`), mcpwire.IDMismatch, nil},
		"wrong id, no type":         {respond("200 OK", "", foreign), mcpwire.IDMismatch, nil},
		"array":                     {okJSON("[" + good + "]"), mcpwire.BadEnvelope, nil},
		"array, no type":            {respond("200 OK", "", "["+good+"]"), mcpwire.BadEnvelope, nil},
		"result and error":          {okJSON(`{"jsonrpc":"2.0","id":1,"result":{},"error":null}`), mcpwire.BadEnvelope, nil},
		"a notification":            {okJSON(changed), mcpwire.BadEnvelope, nil},
		"cut JSON":                  {okJSON(good[:30]), mcpwire.BadJSON, nil},
		"cut JSON, no type":         {respond("200 OK", "", good[:30]), mcpwire.BadJSON, nil},
		"invalid UTF-8":             {okJSON("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"\xff\"}"), mcpwire.BadJSON, nil},
		"empty":                     {okJSON(""), mcpwire.EmptyBody, nil},
		"blank":                     {okJSON(" \r\n"), mcpwire.EmptyBody, nil},
		"204":                       {"HTTP/1.1 204 No Content\r\n\r\n", mcpwire.EmptyBody, nil},
		"202 and nothing":           {respond("202 Accepted", "", ""), mcpwire.Accepted, nil},
		"202 and a word":            {respond("202 Accepted", "text/plain", "Accepted"), mcpwire.HTML, nil},
		"html":                      {respond("200 OK", "text/html", "<!doctype html>"), mcpwire.HTML, nil},
		"html that says it is json": {okJSON("<html>"), mcpwire.BadJSON, nil},
		"html without a type":       {respond("200 OK", "", "\n <html>"), mcpwire.HTML, nil},
		"a text":                    {respond("200 OK", "text/plain", "it works"), mcpwire.HTML, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c, _ := streamable(t, once(test.answer))
			ans, f := c.Call(t.Context(), theCall())
			wantKind(t, f, test.kind)
			if test.kind == "" {
				wantGood(t, ans, f)
			}
			if !slices.Equal(noteIDs(ans), test.notes) {
				t.Errorf("notes are %v, want %v", ans.Notes, test.notes)
			}
		})
	}
}

func TestErrorAnswersAreAnswers(t *testing.T) {
	for _, text := range []string{unread, `{"jsonrpc":"2.0","error":{"code":0,"message":"m"}}`, `{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"m"}}`} {
		for _, answer := range []string{okJSON(text), stream("data: " + text + "\n\n")} {
			c, _ := streamable(t, once(answer))
			ans, f := c.Call(t.Context(), theCall())
			if f != nil || ans.Message.Error == nil || ans.Message.Error.Message != "m" {
				t.Errorf("%s: %+v, fault %v", text, ans.Message, f)
			}
		}
	}
}

func TestStreamedAnswers(t *testing.T) {
	answer := "event: message\ndata: " + good + "\n\n"
	tests := map[string]struct {
		text  string
		kind  mcpwire.Kind
		notes []string
	}{
		"good":                       {answer, "", nil},
		"with id":                    {"id: a_1\n" + answer, "", nil},
		"primed":                     {"id: a_0\nretry: 1000\ndata: \n\n" + answer, "", nil},
		"comments":                   {": ok\n\n" + answer + ": ping\n\n", "", nil},
		"CR":                         {strings.ReplaceAll(answer, "\n", "\r"), "", nil},
		"over two data lines":        {"data: " + good[:17] + "\ndata: " + good[17:] + "\n\n", "", nil},
		"notification before":        {"data: " + changed + "\n\n" + answer, "", nil},
		"other events before":        {"event: ping\ndata: x\n\nevent: heartbeat\n\n" + answer, "", nil},
		"request before":             {"data: " + asking + "\n\n" + answer, "", []string{mcpwire.NoteServerRequest}},
		"foreign answer before":      {"data: " + foreign + "\n\n" + answer, "", []string{mcpwire.NoteForeignAnswer}},
		"no blank line":              {"data: " + good + "\n", "", []string{mcpwire.NoteUnterminatedFrame}},
		"no line end":                {"data: " + good, "", []string{mcpwire.NoteUnterminatedFrame}},
		"more after the answer":      {answer + answer, "", nil},
		"cut":                        {"data: " + good[:30], mcpwire.Unterminated, nil},
		"empty":                      {"", mcpwire.NoAnswer, nil},
		"comments alone":             {": ok\n\n", mcpwire.NoAnswer, nil},
		"notification alone":         {"data: " + changed + "\n\n", mcpwire.NoAnswer, nil},
		"foreign answer alone":       {"data: " + foreign + "\n\n", mcpwire.IDMismatch, []string{mcpwire.NoteForeignAnswer}},
		"no JSON":                    {"data: hello\n\n" + answer, mcpwire.BadJSON, nil},
		"array":                      {"data: [" + good + "]\n\n", mcpwire.BadEnvelope, nil},
		"endpoint":                   {"event: endpoint\ndata: /messages?sessionId=1\n\n", mcpwire.LegacyStream, nil},
		"too many events":            {strings.Repeat("data: "+changed+"\n\n", 10_000) + answer, mcpwire.NoAnswer, nil},
		"the last event that counts": {strings.Repeat("data: "+changed+"\n\n", 9_999) + answer, "", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c := cannedClient(t, mcpwire.Limits{}, strings.NewReader(stream(test.text)), 0)
			ans, f := c.Call(t.Context(), theCall())
			wantKind(t, f, test.kind)
			if test.kind == "" {
				wantGood(t, ans, f)
			}
			if !slices.Equal(noteIDs(ans), test.notes) || !ans.Stream {
				t.Errorf("stream %v, notes are %v, want %v", ans.Stream, ans.Notes, test.notes)
			}
		})
	}
}

// TestOpenStreams: streams that stay open cost their bound and no more, and the
// next call gets a connection of its own.
func TestOpenStreams(t *testing.T) {
	event := "data: " + good + "\n\n"
	tests := map[string]struct {
		parts []string
		took  time.Duration // of the answer, without the wait for the end
		wait  time.Duration // until the call returned
		notes []string
	}{
		"after the answer":     {[]string{": hi\n", event}, time.Second, time.Second + mcpwire.DrainTime, []string{mcpwire.NoteStreamNotClosed}},
		"before the blank":     {[]string{event[:len(event)-1]}, mcpwire.BlankLinePatience, mcpwire.BlankLinePatience, []string{mcpwire.NoteUnterminatedFrame}},
		"before the line end":  {[]string{event[:len(event)-2]}, mcpwire.BlankLinePatience, mcpwire.BlankLinePatience, []string{mcpwire.NoteUnterminatedFrame}},
		"slow in the event":    {[]string{event[:20], event[20:]}, time.Second, time.Second + mcpwire.DrainTime, []string{mcpwire.NoteStreamNotClosed}},
		"slow before the data": {[]string{"id: 1\n", event}, time.Second, time.Second + mcpwire.DrainTime, []string{mcpwire.NoteStreamNotClosed}},
	}
	for name, test := range tests {
		for framing, wrap := range map[string]func(string) string{"until the close": strings.Clone, "in chunks": chunk} {
			t.Run(name+" "+framing, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					c, s := streamable(t, func(nth int, p *peer) {
						p.request()
						if nth > 0 {
							p.say(okJSON(good))
							return
						}
						p.say(strings.TrimSuffix(stream(""), "\r\n"))
						if framing == "in chunks" {
							p.say("Transfer-Encoding: chunked\r\n")
						}
						p.say("\r\n")
						for i, part := range test.parts {
							if i > 0 {
								<-time.After(time.Second)
							}
							p.say(wrap(part))
						}
						p.gone()
					})
					began := time.Now()
					ans, f := c.Call(t.Context(), theCall())
					wantGood(t, ans, f)
					if wait := time.Since(began); ans.Took != test.took || wait != test.wait {
						t.Errorf("took %s, returned after %s, want %s and %s", ans.Took, wait, test.took, test.wait)
					}
					if !slices.Equal(noteIDs(ans), test.notes) {
						t.Errorf("notes are %v, want %v", ans.Notes, test.notes)
					}
					ans, f = c.Call(t.Context(), theCall())
					wantGood(t, ans, f)
					if s.count() != 2 || c.Redials != 1 {
						t.Errorf("%d connections, %d redials", s.count(), c.Redials)
					}
				})
			})
		}
	}
}

// TestChunkEndComesLate: patience that ran out between a chunk and its line end
// does not lose the place.
func TestChunkEndComesLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := streamable(t, func(_ int, p *peer) {
			p.request()
			p.say(strings.TrimSuffix(stream(""), "\r\n")+"Transfer-Encoding: chunked\r\n\r\n", "9\r\ndata: {\"j")
			<-time.After(time.Second)
			p.say("\r\n", chunk(good[3:]+"\n\n"), "0\r\n\r\n")
			p.gone()
		})
		ans, f := c.Call(t.Context(), theCall())
		wantGood(t, ans, f)
	})
}

func TestStreamWithoutAnswerEndsAtTheDeadline(t *testing.T) {
	tests := map[string]struct {
		text string
		kind mcpwire.Kind
	}{
		"silent":       {"", mcpwire.NoAnswer},
		"comments":     {": ok\n\n", mcpwire.NoAnswer},
		"in the event": {"data: {", mcpwire.Unterminated},
		"other answer": {"data: " + foreign + "\n\n", mcpwire.NoAnswer},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, _ := streamable(t, func(_ int, p *peer) {
					p.request()
					p.say(stream(""), test.text)
					p.gone()
				})
				ctx, cancel := timeout(t, 5*time.Second)
				defer cancel()
				_, f := c.Call(ctx, theCall())
				wantKind(t, f, test.kind)
			})
		})
	}
}

// sent is one request as the server saw it.
type sent struct {
	Method string
	Header http.Header
	Body   string
}

// watching answers every request the same and hands them out.
func watching(t *testing.T, answer string) (*mcpwire.Streamable, <-chan sent) {
	t.Helper()
	seen := make(chan sent, 1)
	c, _ := streamable(t, func(_ int, p *peer) {
		for r := p.request(); r != nil; r = p.request() {
			body, _ := io.ReadAll(r.Body)
			seen <- sent{r.Method, r.Header, string(body)}
			p.say(answer)
		}
	})
	return c, seen
}

func header(pairs ...string) http.Header {
	h := http.Header{"User-Agent": {"test"}, "Accept-Encoding": {"identity"}}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

func TestLegacyRequest(t *testing.T) {
	c, seen := watching(t, okJSON(good))
	c.SetHeader(mcpwire.Header{{Name: "Authorization", Value: "Bearer x"}})
	c.Version, c.Session = "2025-11-25", "s-1"
	_, f := c.Call(t.Context(), mcpwire.Call{ID: 1, Method: "tools/call", Params: []byte(`{"a":1}`), Name: "ignored"})
	wantKind(t, f, "")
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"a":1}}`
	want := sent{"POST", header(
		"Accept", "application/json, text/event-stream", "Content-Type", "application/json", "MCP-Protocol-Version", "2025-11-25",
		"Mcp-Session-Id", "s-1", "Authorization", "Bearer x", "Content-Length", "63",
	), body}
	if diff := cmp.Diff(want, <-seen); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestDeleteAndNotify(t *testing.T) {
	c, seen := watching(t, respond("202 Accepted", "", ""))
	c.Session = "s-1"
	if ans, f := c.Notify(t.Context(), "notifications/initialized"); f != nil || ans.Status != 202 {
		t.Errorf("status %d, fault %v", ans.Status, f)
	}
	if got := <-seen; got.Body != `{"jsonrpc":"2.0","method":"notifications/initialized"}` || got.Header.Get("Mcp-Session-Id") != "s-1" {
		t.Errorf("sent %+v", got)
	}
	if ans, f := c.Delete(t.Context()); f != nil || ans.Status != 202 {
		t.Errorf("status %d, fault %v", ans.Status, f)
	}
	want := sent{"DELETE", header("Mcp-Session-Id", "s-1"), ""}
	if diff := cmp.Diff(want, <-seen); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestModernRequest(t *testing.T) {
	const meta = `{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientInfo":{"name":"test"},"io.modelcontextprotocol/clientCapabilities":{}}`
	tests := map[string]struct {
		params, name         string
		wantParams, wantName string
	}{
		"no params":    {"", "", `{"_meta":` + meta + `}`, ""},
		"no members":   {"{}", "", `{"_meta":` + meta + `}`, ""},
		"blank":        {" { } ", "", `{"_meta":` + meta + `}`, ""},
		"members":      {` {"cursor":"x"} `, "", `{"_meta":` + meta + `,"cursor":"x"}`, ""},
		"name":         {`{"name":"get_time"}`, "get_time", `{"_meta":` + meta + `,"name":"get_time"}`, "get_time"},
		"foreign name": {`{"name":"café"}`, "café", `{"_meta":` + meta + `,"name":"café"}`, "=?base64?Y2Fmw6k=?="},
		"spaced name":  {"", "a b", `{"_meta":` + meta + `}`, "=?base64?YSBi?="},
		"hostile name": {"", "a\r\nX: 1", `{"_meta":` + meta + `}`, "=?base64?YQ0KWDogMQ==?="},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c, seen := watching(t, okJSON(good))
			c.Modern, c.Version = true, "2026-07-28"
			_, f := c.Call(t.Context(), mcpwire.Call{ID: 1, Method: "tools/list", Params: []byte(test.params), Name: test.name})
			wantKind(t, f, "")
			got := <-seen
			if !json.Valid([]byte(got.Body)) || got.Body != `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":`+test.wantParams+`}` {
				t.Errorf("body is %s", got.Body)
			}
			if h := got.Header; h.Get("Mcp-Method") != "tools/list" || h.Get("Mcp-Name") != test.wantName || h.Get("MCP-Protocol-Version") != "2026-07-28" {
				t.Errorf("header is %v", h)
			}
		})
	}
}

func TestFetch(t *testing.T) {
	c, seen := watching(t, respond("200 OK", "text/html", "<html>"))
	ans, f := c.Fetch(t.Context(), "GET", mcpwire.Header{{Name: "Accept", Value: "*/*"}}, nil)
	if f != nil || string(ans.Body) != "<html>" {
		t.Errorf("body %q, fault %v", ans.Body, f)
	}
	if diff := cmp.Diff(sent{"GET", header("Accept", "*/*"), ""}, <-seen); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestRecorderIsBounded(t *testing.T) {
	rec := &mcpwire.Recorder{Began: time.Now()}
	opt, _ := inMemory(t, mcpwire.Limits{}, func(_ int, p *peer) {
		for p.request() != nil {
			p.say(okJSON(`{"jsonrpc":"2.0","id":1,"result":"` + strings.Repeat("x", 8<<10) + `"}`))
		}
	})
	opt.Record = rec
	c := mcpwire.NewStreamable(opt)
	defer c.Close()
	for range 40 {
		_, f := c.Call(t.Context(), theCall())
		wantKind(t, f, "")
	}
	total := 0
	for _, x := range rec.Exchanges {
		total += len(x.Request()) + len(x.Response())
	}
	first := rec.Exchanges[0]
	if total > 20<<10 || !strings.HasPrefix(first.Request(), "POST /mcp HTTP/1.1\r\nHost: 192.0.2.1\r\n") ||
		!strings.HasSuffix(first.Response(), " ...[cut]") {
		t.Errorf("%d bytes are kept; the first exchange is %.600q", total, first.Request()+first.Response())
	}
}
