package mcpwire_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
)

const head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

func chunk(s string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(s), s) }

func gzipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = io.WriteString(w, s)
	_ = w.Close()
	return b.String()
}

// framing is what one connection says, and what is made of it.
var framing = map[string]struct {
	answer string
	kind   mcpwire.Kind // empty: the good answer
}{
	"content length":          {okJSON(good), ""},
	"lower-case fields":       {"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 45\r\n\r\n" + good, ""},
	"no reason":               {"HTTP/1.1 200\r\nContent-Length: 45\r\nContent-Type: application/json\r\n\r\n" + good, ""},
	"HTTP/1.0":                {"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + good, ""},
	"until the close":         {head + "\r\n" + good, ""},
	"bare LF":                 {strings.ReplaceAll(okJSON(good), "\r\n", "\n"), ""},
	"folded field":            {head + "X-A: b\r\n c\r\n\td\r\nContent-Length: 45\r\n\r\n" + good, ""},
	"same length twice":       {head + "Content-Length: 45\r\nContent-Length: 45\r\n\r\n" + good, ""},
	"chunks":                  {head + "Transfer-Encoding: chunked\r\n\r\n" + chunk(good[:7]) + chunk(good[7:]) + "0\r\n\r\n", ""},
	"Chunked, and a length":   {head + "Transfer-Encoding: Chunked\r\nContent-Length: 3\r\n\r\n" + chunk(good) + "0\r\n\r\n", ""},
	"chunks with extensions":  {head + "Transfer-Encoding: chunked\r\n\r\n2D ; a=\"b\"\r\n" + good + "\r\n000;x\r\n\r\n", ""},
	"chunks with trailer":     {head + "Transfer-Encoding: chunked\r\n\r\n" + chunk(good) + "0\r\nX-A: b\r\nX-B: c\r\n\r\n", ""},
	"chunks with bare LF":     {strings.ReplaceAll(head+"Transfer-Encoding: chunked\r\n\r\n"+chunk(good)+"0\r\n\r\n", "\r\n", "\n"), ""},
	"continue and hints":      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + okJSON(good), ""},
	"eight interim answers":   {strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 8) + okJSON(good), ""},
	"gzip all the same":       {okJSON(gzipped(good), "Content-Encoding: gzip"), ""},
	"gzip in members":         {okJSON(gzipped(good[:9])+gzipped(good[9:]), "Content-Encoding: X-GZIP"), ""},
	"256 fields":              {head + strings.Repeat("X-A: b\r\n", 254) + "Content-Length: 45\r\n\r\n" + good, ""},
	"other lengths":           {head + "Content-Length: 45\r\nContent-Length: 46\r\n\r\n" + good, mcpwire.BadFraming},
	"negative length":         {head + "Content-Length: -1\r\n\r\n", mcpwire.BadFraming},
	"minus zero":              {head + "Content-Length: -0\r\n\r\n", mcpwire.BadFraming},
	"signed length":           {head + "Content-Length: +45\r\n\r\n" + good, mcpwire.BadFraming},
	"length list":             {head + "Content-Length: 45, 46\r\n\r\n" + good, mcpwire.BadFraming},
	"length in hex":           {head + "Content-Length: 0x2d\r\n\r\n" + good, mcpwire.BadFraming},
	"empty length":            {head + "Content-Length:\r\n\r\n" + good, mcpwire.BadFraming},
	"length over 63 bits":     {head + "Content-Length: 99999999999999999999\r\n\r\n", mcpwire.BadFraming},
	"unknown coding":          {head + "Transfer-Encoding: gzip, chunked\r\n\r\n", mcpwire.BadFraming},
	"coding twice":            {head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(good), mcpwire.BadFraming},
	"chunk size is no number": {head + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", mcpwire.BadFraming},
	"chunk size is negative":  {head + "Transfer-Encoding: chunked\r\n\r\n-2\r\n", mcpwire.BadFraming},
	"chunk size is minus 0":   {head + "Transfer-Encoding: chunked\r\n\r\n-0\r\n\r\n", mcpwire.BadFraming},
	"chunk size is huge":      {head + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n" + good, mcpwire.BadFraming},
	"chunk promises too much": {head + "Transfer-Encoding: chunked\r\n\r\n3fffffffffffffff\r\n" + good, mcpwire.Truncated},
	"chunk without line end":  {head + "Transfer-Encoding: chunked\r\n\r\n5\r\n{\"jso0\r\n\r\n", mcpwire.BadFraming},
	"chunk longer than said":  {head + "Transfer-Encoding: chunked\r\n\r\n5\r\n" + strings.Repeat("x", 99), mcpwire.BadFraming},
	"chunk size cut":          {head + "Transfer-Encoding: chunked\r\n\r\n" + chunk(good) + "0", mcpwire.Truncated},
	"last chunk missing":      {head + "Transfer-Encoding: chunked\r\n\r\n" + chunk(good), mcpwire.Truncated},
	"trailer cut":             {head + "Transfer-Encoding: chunked\r\n\r\n" + chunk(good) + "0\r\nX-A: b\r\n", mcpwire.Truncated},
	"endless extension":       {head + "Transfer-Encoding: chunked\r\n\r\n2d;" + strings.Repeat("x", 64<<10), mcpwire.HeaderLimit},
	"endless trailer":         {head + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + strings.Repeat("A: b\r\n", 20_000), mcpwire.HeaderLimit},
	"body cut":                {head + "Content-Length: 46\r\n\r\n" + good, mcpwire.Truncated},
	"head cut":                {head + "Content-Le", mcpwire.Truncated},
	"status line cut":         {"HTTP/1.1 2", mcpwire.Truncated},
	"nothing":                 {"", mcpwire.Reset},
	"257 fields":              {head + strings.Repeat("X-A: b\r\n", 255) + "Content-Length: 45\r\n\r\n" + good, mcpwire.HeaderLimit},
	"flood of fields":         {head + strings.Repeat("X-Flood: "+strings.Repeat("x", 990)+"\r\n", 100) + "\r\n", mcpwire.HeaderLimit},
	"1 MiB line":              {head + "X-A: " + strings.Repeat("x", 1<<20), mcpwire.HeaderLimit},
	"endless status line":     {"HTTP/1.1 200 " + strings.Repeat("x", 1<<20), mcpwire.HeaderLimit},
	"too many interim":        {strings.Repeat("HTTP/1.1 102 Processing\r\n\r\n", 9) + okJSON(good), mcpwire.NotHTTP},
	"switching protocols":     {"HTTP/1.1 101 Switching Protocols\r\n\r\n", mcpwire.NotHTTP},
	"not HTTP":                {"SSH-2.0-OpenSSH_9.9\r\n", mcpwire.NotHTTP},
	"empty line first":        {"\r\n" + okJSON(good), mcpwire.NotHTTP},
	"HTTP/2 preface":          {"HTTP/2 200\r\n\r\n", mcpwire.NotHTTP},
	"version in letters":      {"HTTP/1.x 200 OK\r\n\r\n", mcpwire.NotHTTP},
	"status in letters":       {"HTTP/1.1 2OO OK\r\n\r\n", mcpwire.NotHTTP},
	"status 99":               {"HTTP/1.1 +99 OK\r\n\r\n", mcpwire.NotHTTP},
	"status 600":              {"HTTP/1.1 600 OK\r\n\r\n", mcpwire.NotHTTP},
	"status of four digits":   {"HTTP/1.1 2000 OK\r\n\r\n", mcpwire.NotHTTP},
	"no field":                {head + "nonsense\r\n\r\n", mcpwire.NotHTTP},
	"space before the colon":  {head + "Content-Length : 45\r\n\r\n" + good, mcpwire.NotHTTP},
	"empty name":              {head + ": x\r\n\r\n", mcpwire.NotHTTP},
	"fold without a field":    {"HTTP/1.1 200 OK\r\n x\r\n\r\n", mcpwire.NotHTTP},
	"brotli":                  {okJSON(good, "Content-Encoding: br"), mcpwire.ContentType},
	"gzip it is not":          {okJSON(good, "Content-Encoding: gzip"), mcpwire.BadFraming},
	"gzip cut inside":         {okJSON(gzipped(good)[:30], "Content-Encoding: gzip"), mcpwire.BadFraming},
	"gzip cut in its header":  {okJSON(gzipped(good)[:5], "Content-Encoding: gzip"), mcpwire.BadFraming},
	"gzip damaged":            {okJSON(gzipped(good)[:20]+strings.Repeat("\xff", 40), "Content-Encoding: gzip"), mcpwire.BadFraming},
	"gzip with a wrong sum":   {okJSON(gzipped(good)[:len(gzipped(good))-8]+"12345678", "Content-Encoding: gzip"), mcpwire.BadFraming},
	"gzip, connection cut":    {head + "Content-Encoding: gzip\r\nContent-Length: 999\r\n\r\n" + gzipped(good)[:30], mcpwire.Truncated},
	"gzip, nothing, cut":      {head + "Content-Encoding: gzip\r\nContent-Length: 999\r\n\r\n", mcpwire.Truncated},
	"gzip, nothing":           {okJSON("", "Content-Encoding: gzip"), mcpwire.EmptyBody},
}

func TestFraming(t *testing.T) {
	for name, test := range framing {
		t.Run(name, func(t *testing.T) {
			for _, piece := range []int{0, 1, 7} {
				c := cannedClient(t, mcpwire.Limits{}, strings.NewReader(test.answer), piece)
				ans, f := c.Call(t.Context(), theCall())
				c.Close()
				if test.kind == "" {
					wantGood(t, ans, f)
				} else {
					wantKind(t, f, test.kind)
				}
			}
		})
	}
}

func TestHeaderAsItWasSent(t *testing.T) {
	c, _ := streamable(t, once(head+"X-Two:  a \r\nx-two:b\r\nX-Folded: one\r\n  two\r\nX-Empty:\r\nContent-Length: 45\r\n\r\n"+good))
	ans, f := c.Call(t.Context(), theCall())
	wantGood(t, ans, f)
	h := ans.Header
	if got := strings.Join(h.Values("X-TWO"), "|"); got != "a|b" || h.Get("x-folded") != "one two" || !h.Has("x-empty") || h.Has("x-none") {
		t.Errorf("header is %q", h)
	}
}

func TestAnswersWithoutBody(t *testing.T) {
	for _, status := range []string{"204 No Content", "304 Not Modified"} {
		t.Run(status, func(t *testing.T) {
			c, s := streamable(t, func(_ int, p *peer) {
				for p.request() != nil {
					p.say("HTTP/1.1 " + status + "\r\nContent-Encoding: gzip\r\n\r\n")
				}
			})
			for range 2 {
				ans, f := c.Notify(t.Context(), "notifications/initialized")
				if f != nil || !strings.HasPrefix(status, fmt.Sprint(ans.Status)) {
					t.Errorf("status %d, fault %v", ans.Status, f)
				}
			}
			if s.count() != 1 {
				t.Errorf("%d connections, want one for both", s.count())
			}
		})
	}
}

// TestBodyOf204 pins that a body that must not be there is not taken for the
// next answer, also when it comes late.
func TestBodyOf204(t *testing.T) {
	c, s := streamable(t, func(nth int, p *peer) {
		p.request()
		if nth == 0 {
			p.say("HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n", "{}")
			return
		}
		p.say(okJSON(good))
	})
	if _, f := c.Notify(t.Context(), "notifications/initialized"); f != nil {
		t.Error(f)
	}
	ans, f := c.Call(t.Context(), theCall())
	wantGood(t, ans, f)
	if s.count() != 2 {
		t.Errorf("%d connections, want a fresh one", s.count())
	}
}

func TestKeepAlive(t *testing.T) {
	tests := map[string]struct {
		answer string
		conns  int
	}{
		"persists":               {okJSON(good), 1},
		"chunks":                 {head + "Transfer-Encoding: chunked\r\n\r\n" + chunk(good) + "0\r\n\r\n", 1},
		"close":                  {okJSON(good, "Connection: close"), 2},
		"close in a list":        {okJSON(good, "Connection: x", "Connection: keep-alive, Close"), 2},
		"HTTP/1.0":               {strings.Replace(okJSON(good), "1.1", "1.0", 1), 2},
		"garbage after the body": {okJSON(good) + "garbage", 2},
		"a second answer":        {okJSON(good) + okJSON(`{"jsonrpc":"2.0","id":1,"result":"smuggled"}`), 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c, s := streamable(t, func(_ int, p *peer) {
				for p.request() != nil {
					p.say(test.answer)
				}
			})
			for range 2 {
				ans, f := c.Call(t.Context(), theCall())
				wantGood(t, ans, f)
			}
			if s.count() != test.conns || c.Redials != test.conns-1 {
				t.Errorf("%d connections, %d redials, want %d", s.count(), c.Redials, test.conns)
			}
		})
	}
}

// TestIdleConnectionClosed: a server may close a connection that idles; only a
// fresh one tells whether it is alive.
func TestIdleConnectionClosed(t *testing.T) {
	c, s := streamable(t, func(_ int, p *peer) {
		p.request()
		p.say(okJSON(good))
	})
	for range 3 {
		ans, f := c.Call(t.Context(), theCall())
		wantGood(t, ans, f)
	}
	if s.count() != 3 || c.Redials != 2 {
		t.Errorf("%d connections, %d redials", s.count(), c.Redials)
	}
}

// TestRetryEnds: closing every connection without an answer does not keep the
// client busy.
func TestRetryEnds(t *testing.T) {
	c, s := streamable(t, func(nth int, p *peer) {
		p.request()
		if nth == 0 {
			p.say(okJSON(good))
		}
	})
	ans, f := c.Call(t.Context(), theCall())
	wantGood(t, ans, f)
	_, f = c.Call(t.Context(), theCall())
	wantKind(t, f, mcpwire.Reset)
	if s.count() != 2 {
		t.Errorf("%d connections, want 2", s.count())
	}
}

func TestBodyLimit(t *testing.T) {
	big := `{"jsonrpc":"2.0","id":1,"result":"` + strings.Repeat("x", 4<<10) + `"}`
	tests := map[string]string{
		"length": okJSON(big), "until the close": head + "\r\n" + big, "gzip": okJSON(gzipped(big), "Content-Encoding: gzip"),
		"chunks": head + "Transfer-Encoding: chunked\r\n\r\n" + chunk(big) + "0\r\n\r\n",
		"events": respond("200 OK", "text/event-stream", "data: "+big+"\n\n"),
	}
	for name, answer := range tests {
		t.Run(name, func(t *testing.T) {
			_, f := cannedClient(t, mcpwire.Limits{Body: len(big) + 99}, strings.NewReader(answer), 0).Call(t.Context(), theCall())
			wantKind(t, f, "")
			_, f = cannedClient(t, mcpwire.Limits{Body: 4 << 10}, strings.NewReader(answer), 0).Call(t.Context(), theCall())
			wantKind(t, f, mcpwire.BodyLimit)
		})
	}
}

func TestEndlessEmptyGzipMembers(t *testing.T) {
	src := io.MultiReader(strings.NewReader(head+"Content-Encoding: gzip\r\n\r\n"), forever(gzipped("")))
	_, f := cannedClient(t, mcpwire.Limits{Body: 1 << 20}, src, 0).Call(t.Context(), theCall())
	wantKind(t, f, mcpwire.BodyLimit)
}

// repeat says the same for ever.
type repeat struct {
	what string
	at   int
}

func forever(what string) io.Reader {
	return &repeat{what: strings.Repeat(what, 1+(32<<10)/len(what))} // long, to be fast
}

func (r *repeat) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		k := copy(p[n:], r.what[r.at:])
		n, r.at = n+k, (r.at+k)%len(r.what)
	}
	return n, nil
}

func TestDeadlines(t *testing.T) {
	tests := map[string]struct {
		serve func(p *peer)
		kind  mcpwire.Kind
	}{
		"hangs":              {func(p *peer) { p.gone() }, mcpwire.FirstByteTimeout},
		"reads nothing":      {func(*peer) { <-time.After(time.Hour) }, mcpwire.FirstByteTimeout},
		"hangs in the head":  {func(p *peer) { p.request(); p.say("HTTP/1.1 200 OK\r\nContent-"); p.gone() }, mcpwire.ReadTimeout},
		"hangs in the body":  {func(p *peer) { p.request(); p.say(okJSON(good)[:99]); p.gone() }, mcpwire.ReadTimeout},
		"hangs in gzip":      {func(p *peer) { p.request(); p.say(head + "Content-Encoding: gzip\r\n\r\n\x1f\x8b"); p.gone() }, mcpwire.ReadTimeout},
		"hangs before gzip":  {func(p *peer) { p.request(); p.say(head + "Content-Encoding: gzip\r\n\r\n"); p.gone() }, mcpwire.ReadTimeout},
		"hangs in a chunk":   {func(p *peer) { p.request(); p.say(head + "Transfer-Encoding: chunked\r\n\r\n5\r\n{"); p.gone() }, mcpwire.ReadTimeout},
		"drips":              {func(p *peer) { drip(p, head+"\r\n", "x") }, mcpwire.ReadTimeout},
		"drips its head":     {func(p *peer) { drip(p, "HTTP/1.1 200 OK\r\n", "A: b\r\n") }, mcpwire.ReadTimeout},
		"interim, then none": {func(p *peer) { p.request(); p.say("HTTP/1.1 100 Continue\r\n\r\n"); p.gone() }, mcpwire.ReadTimeout},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c, _ := streamable(t, func(_ int, p *peer) { test.serve(p) })
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				began := time.Now()
				_, f := c.Call(ctx, theCall())
				wantKind(t, f, test.kind)
				if took := time.Since(began); took != 5*time.Second {
					t.Errorf("took %s, want the deadline's 5 s", took)
				}
				c.Close()
			})
		})
	}
}

// drip sends what for ever, once a second.
func drip(p *peer, head, what string) {
	p.request()
	p.say(head)
	for err := error(nil); err == nil; <-time.After(time.Second) {
		_, err = io.WriteString(p.Conn, what)
	}
}

func TestCancel(t *testing.T) {
	tests := map[string]string{
		"before the answer": "", "in the head": "HTTP/1.1 200", "in the body": okJSON(good)[:99],
		"in a stream":   "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n: hi\n\n",
		"in an event":   "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: {",
		"an error page": "HTTP/1.1 500 Oops\r\nContent-Length: 9\r\n\r\n",
	}
	for name, says := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				c, _ := streamable(t, func(_ int, p *peer) {
					p.request()
					p.say(says)
					<-time.After(time.Second)
					cancel()
					p.gone()
				})
				began := time.Now()
				_, f := c.Call(ctx, theCall())
				wantKind(t, f, mcpwire.Canceled)
				if took := time.Since(began); took != time.Second {
					t.Errorf("took %s, want to end with the context", took)
				}
			})
		})
	}
}

// lateConn sets a deadline, once armed, only when the interruption that comes
// with the context's end has come first.
type lateConn struct {
	net.Conn
	armed       bool
	once        sync.Once
	interrupted chan struct{}
}

func (c *lateConn) SetDeadline(t time.Time) error {
	if !t.IsZero() && t.Before(time.Now()) {
		defer c.once.Do(func() { close(c.interrupted) })
	} else if c.armed {
		c.armed = false
		<-c.interrupted
	}
	return c.Conn.SetDeadline(t)
}

// TestCanceledBefore: a context that is done already ends a call on an idle
// connection, also when the interruption comes before the deadline is set.
func TestCanceledBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &served{serve: func(_ int, p *peer) {
			p.request()
			p.say(okJSON(good))
			p.gone()
		}}
		conn := &lateConn{interrupted: make(chan struct{})}
		d := mcpwire.NewDialer(mcpwire.DialerOptions{Connect: func(ctx context.Context, to netip.AddrPort) (nc net.Conn, err error) {
			conn.Conn, err = s.Connect(ctx, to)
			return conn, err
		}})
		c := mcpwire.NewStreamable(mcpwire.Options{Dialer: d, Target: parseTarget(t, target)})
		defer c.Close()
		ans, f := c.Call(t.Context(), theCall())
		wantGood(t, ans, f)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		conn.armed = true
		_, f = c.Call(ctx, theCall())
		wantKind(t, f, mcpwire.Canceled)
	})
}

func TestFirstByteIsTheFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := streamable(t, func(_ int, p *peer) {
			p.request()
			<-time.After(time.Second)
			p.say("H")
			<-time.After(time.Second)
			p.say(okJSON(good)[1:99])
			<-time.After(time.Second)
			p.say(okJSON(good)[99:])
		})
		ans, f := c.Call(t.Context(), theCall())
		wantGood(t, ans, f)
		if ans.FirstByte != time.Second || ans.Took != 3*time.Second {
			t.Errorf("first byte %s, took %s", ans.FirstByte, ans.Took)
		}
	})
}

func TestRequestsAreNotSplit(t *testing.T) {
	seen := make(chan *http.Request, 1)
	c, _ := streamable(t, func(_ int, p *peer) {
		seen <- p.request()
		p.say(okJSON(good))
	})
	c.Session = "a\r\nX-Evil: 1\r\n\r\nGET / HTTP/1.1\x00"
	ans, f := c.Call(t.Context(), theCall())
	wantGood(t, ans, f)
	r := <-seen
	if got := r.Header.Get("Mcp-Session-Id"); r.Header.Get("X-Evil") != "" || got != "aX-Evil: 1GET / HTTP/1.1" {
		t.Errorf("session %q, header %v", got, r.Header)
	}
}

func TestErrorsKeepTheirStatus(t *testing.T) {
	page := "<html>" + strings.Repeat("x", 1<<20)
	c, _ := streamable(t, once(respond("404 Not Found", "text/html", page)))
	ans, f := c.Call(t.Context(), theCall())
	wantKind(t, f, mcpwire.BodyLimit)
	if ans.Status != 404 {
		t.Errorf("status is %d", ans.Status)
	}
	c, _ = streamable(t, once(respond("400 Bad Request", "", `{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"m"}}`)))
	ans, f = c.Call(t.Context(), theCall())
	if f != nil || ans.Status != 400 || ans.Message.Error == nil || ans.Message.Error.Code != -32000 {
		t.Errorf("answer %+v, fault %v", ans, f)
	}
}

func TestReadErrorsEndTheAnswer(t *testing.T) {
	src := io.MultiReader(strings.NewReader(okJSON(good)[:80]), iotest.ErrReader(errors.New("broken")))
	_, f := cannedClient(t, mcpwire.Limits{}, src, 0).Call(t.Context(), theCall())
	wantKind(t, f, mcpwire.Truncated)
}
