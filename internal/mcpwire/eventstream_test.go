package mcpwire_test

import (
	"cmp"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
)

const endpoint = "event: endpoint\ndata: /messages?sessionId=1\n\n"

// oldServer speaks HTTP+SSE: the first connection is the stream, the others
// carry POSTs.
type oldServer struct {
	first  string                             // what the stream begins with
	post   string                             // what every POST is answered; empty: 202
	silent bool                               // POSTs are not answered at all
	answer func(stream *peer, request string) // what a POST brings on the stream

	stream *peer
	paths  chan string
}

func (s *oldServer) serve(nth int, p *peer) {
	r := p.request()
	if nth == 0 {
		s.stream = p
		p.say(stream(s.first))
		p.gone()
		return
	}
	for ; r != nil; r = p.request() {
		body, _ := io.ReadAll(r.Body)
		s.paths <- r.URL.RequestURI()
		if s.silent {
			continue
		}
		p.say(cmp.Or(s.post, respond("202 Accepted", "text/plain", "Accepted")))
		s.answer(s.stream, string(body))
	}
}

// openOld opens the stream of s.
func openOld(t *testing.T, s *oldServer) (*mcpwire.EventStream, *mcpwire.Answer, *mcpwire.Fault) {
	t.Helper()
	s.paths = make(chan string, 10)
	if s.answer == nil {
		s.answer = func(stream *peer, _ string) { stream.say("data: " + good + "\n\n") }
	}
	opt, _ := inMemory(t, mcpwire.Limits{}, s.serve)
	e := mcpwire.NewEventStream(opt)
	t.Cleanup(e.Close)
	ans, f := e.Open(t.Context(), time.Second)
	return e, ans, f
}

func TestEndpoints(t *testing.T) {
	tests := map[string]struct {
		ref  string
		path string // empty: refused
	}{
		"absolute path":   {"/messages?sessionId=1", "/messages?sessionId=1"},
		"relative path":   {"messages", "/messages"},
		"query alone":     {"?sessionid=A", "/mcp?sessionid=A"},
		"absolute URL":    {"http://192.0.2.1/m", "/m"},
		"with the port":   {"http://192.0.2.1:80/m#f", "/m"},
		"padded":          {"  /m\t", "/m"},
		"with a space":    {"/m?a b HTTP/1.1", "/m?a%20b%20HTTP/1.1"},
		"another host":    {"http://192.0.2.2/m", ""},
		"another port":    {"http://192.0.2.1:8080/m", ""},
		"another scheme":  {"https://192.0.2.1/m", ""},
		"scheme-relative": {"//evil.example/m", ""},
		"userinfo":        {"http://192.0.2.1@evil.example/m", ""},
		"no http":         {"file:///etc/passwd", ""},
		"no URL":          {"http://[::1", ""},
		"control bytes":   {"/m\x01", ""},
		"empty":           {"", ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := &oldServer{first: "event: endpoint\ndata: " + test.ref + "\n\n"}
			e, _, f := openOld(t, s)
			if test.path == "" {
				wantKind(t, f, mcpwire.Endpoint)
				return
			}
			wantKind(t, f, "")
			ans, f := e.Call(t.Context(), theCall())
			wantGood(t, ans, f)
			if got := <-s.paths; got != test.path {
				t.Errorf("posted to %q, want %q", got, test.path)
			}
		})
	}
}

func TestOpenRefuses(t *testing.T) {
	tests := map[string]struct {
		answer string
		kind   mcpwire.Kind
		status int
	}{
		"ends at once":      {stream(""), mcpwire.Endpoint, 200},
		"ends inside":       {stream("event: endpo"), mcpwire.Endpoint, 200},
		"another first":     {stream("data: " + changed + "\n\n" + endpoint), mcpwire.Endpoint, 200},
		"not a stream":      {okJSON(good), mcpwire.HTML, 200},
		"no type":           {respond("200 OK", "", "x"), mcpwire.HTML, 200},
		"not allowed":       {respond("405 Method Not Allowed", "text/plain", "no"), "", 405},
		"closes":            {"", mcpwire.Reset, 0},
		"event without end": {stream("data: " + strings.Repeat("x", 9<<20)), mcpwire.Endpoint, 200},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			e := cannedStream(t, mcpwire.Limits{}, strings.NewReader(test.answer), 0)
			defer e.Close()
			ans, f := e.Open(t.Context(), time.Second)
			wantKind(t, f, test.kind)
			if ans.Status != test.status {
				t.Errorf("status is %d, want %d", ans.Status, test.status)
			}
		})
	}
}

func TestEndpointPatience(t *testing.T) {
	for _, first := range []string{"", ": ok\n\n", "event: endpoint\ndata: /m\n"} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			e, _, f := openOld(t, &oldServer{first: first})
			if first == "event: endpoint\ndata: /m\n" {
				wantKind(t, f, "") // whole but for its end, which never comes
			} else {
				wantKind(t, f, mcpwire.Endpoint)
			}
			if took := time.Since(began); took != time.Second {
				t.Errorf("took %s, want the patience of 1 s", took)
			}
			e.Close()
		})
	}
}

func TestAnswersOnTheStream(t *testing.T) {
	event := "data: " + good + "\n\n"
	says := func(text string) func(*peer, string) {
		return func(stream *peer, _ string) { stream.say(text) }
	}
	tests := map[string]struct {
		server oldServer
		kind   mcpwire.Kind
	}{
		"answer":              {oldServer{}, ""},
		"notification before": {oldServer{answer: says("data: " + changed + "\n\n: ping\n\n" + event)}, ""},
		"foreign before":      {oldServer{answer: says("data: " + foreign + "\n\n" + event)}, ""},
		"on the POST":         {oldServer{post: okJSON(good), answer: says("")}, ""},
		"other id on POST":    {oldServer{post: okJSON(foreign), answer: says(event)}, ""},
		"stream dies":         {oldServer{answer: func(stream *peer, _ string) { stream.Close() }}, mcpwire.NoAnswer},
		"stream dies inside":  {oldServer{answer: func(stream *peer, _ string) { stream.say(event[:20]); stream.Close() }}, mcpwire.Unterminated},
		"no JSON":             {oldServer{answer: says("data: hi\n\n")}, mcpwire.BadJSON},
		"a second endpoint":   {oldServer{answer: says(endpoint)}, mcpwire.LegacyStream},
		"too long":            {oldServer{answer: says("data: " + strings.Repeat("x", 9<<20))}, mcpwire.BodyLimit},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := test.server
			s.first = endpoint
			e, _, f := openOld(t, &s)
			wantKind(t, f, "")
			ans, f := e.Call(t.Context(), theCall())
			wantKind(t, f, test.kind)
			if test.kind == "" {
				wantGood(t, ans, f)
			}
		})
	}
}

// TestAnswersStayWhatTheyAre: an answer is the caller's; the next one must not
// write over it.
func TestAnswersStayWhatTheyAre(t *testing.T) {
	other := strings.NewReplacer(`"id":1`, `"id":2`, "true", "null").Replace(good)
	e, _, f := openOld(t, &oldServer{first: endpoint, answer: func(stream *peer, request string) {
		if strings.Contains(request, `"id":2`) {
			stream.say("data: " + other + "\n\n")
			return
		}
		stream.say("data: " + good + "\n\n")
	}})
	wantKind(t, f, "")
	first, f := e.Call(t.Context(), theCall())
	wantGood(t, first, f)
	_, f = e.Call(t.Context(), mcpwire.Call{ID: 2, Method: "tools/list"})
	wantKind(t, f, "")
	wantGood(t, first, nil)
	if string(first.Body) != good {
		t.Errorf("body became %s", first.Body)
	}
}

func TestUnknownSession(t *testing.T) {
	for _, status := range []string{"400 Bad Request", "404 Not Found", "503 Service Unavailable"} {
		e, _, f := openOld(t, &oldServer{first: endpoint, post: respond(status, "text/plain", "unknown session"), answer: func(*peer, string) {}})
		wantKind(t, f, "")
		ans, f := e.Call(t.Context(), theCall())
		if f != nil || !strings.HasPrefix(status, strconv.Itoa(ans.Status)) || string(ans.Body) != "unknown session" {
			t.Errorf("%s: %+v, fault %v", status, ans, f)
		}
	}
}

func TestSilentStream(t *testing.T) {
	tests := map[string]struct {
		silent bool // on the POST too
		kind   mcpwire.Kind
	}{
		"accepted, then nothing": {false, mcpwire.NoAnswer},
		"not even accepted":      {true, mcpwire.FirstByteTimeout},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, _, f := openOld(t, &oldServer{first: endpoint, silent: test.silent, answer: func(*peer, string) {}})
				wantKind(t, f, "")
				ctx, cancel := timeout(t, 5*time.Second)
				defer cancel()
				began := time.Now()
				_, f = e.Call(ctx, theCall())
				wantKind(t, f, test.kind)
				if took := time.Since(began); took != 5*time.Second {
					t.Errorf("took %s, want the deadline's 5 s", took)
				}
			})
		})
	}
}

func TestCompressedStream(t *testing.T) {
	answer := "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n\r\n" + gzipped(endpoint)
	e := cannedStream(t, mcpwire.Limits{}, strings.NewReader(answer), 0)
	defer e.Close()
	ans, f := e.Open(t.Context(), time.Second)
	if f != nil || len(noteIDs(ans)) != 1 || ans.Notes[0].ID != mcpwire.NoteCompressed {
		t.Errorf("fault %v, notes %v", f, ans.Notes)
	}
}
