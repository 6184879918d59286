package mcpwire_test

import (
	"io"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
)

const (
	exchangeMemory = 64 << 20 // what one hostile answer may make us allocate
	promiseMemory  = 256 << 10
)

// TestHostileAnswersAreCheap bounds everything that one exchange allocates
// (TotalAlloc before and after, exchanges one after the other), which is more
// than what is alive at any moment. The answers themselves are made before or
// come from readers that allocate nothing.
func TestHostileAnswersAreCheap(t *testing.T) {
	events := "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
	chunked := head + "Transfer-Encoding: chunked\r\n\r\n"
	zipped := head + "Content-Encoding: gzip\r\n\r\n"
	bomb := gzipped(strings.Repeat(" ", 16<<20))
	levels := strings.Repeat("[", 100_000)
	tests := map[string]struct {
		start, forever string
		kind           mcpwire.Kind
		most           uint64
	}{
		"endless body":              {head + "\r\n", "x", mcpwire.BodyLimit, exchangeMemory},
		"endless chunks":            {chunked, "10\r\n" + strings.Repeat("x", 16) + "\r\n", mcpwire.BodyLimit, exchangeMemory},
		"endless extensions":        {chunked, "1;" + strings.Repeat("x", 1000) + "\r\nx\r\n", mcpwire.HeaderLimit, 1 << 20},
		"endless error page":        {"HTTP/1.1 500 Oops\r\n\r\n", "x", mcpwire.BodyLimit, 2 << 20},
		"endless status line":       {"HTTP/1.1 200 ", "x", mcpwire.HeaderLimit, 1 << 20},
		"endless header line":       {head + "X: ", "x", mcpwire.HeaderLimit, 1 << 20},
		"endless header":            {head, "X: y\r\n", mcpwire.HeaderLimit, 1 << 20},
		"endless folds":             {head + "X: y\r\n", " y\r\n", mcpwire.HeaderLimit, 1 << 20},
		"endless interim answers":   {"", "HTTP/1.1 102 Processing\r\n\r\n", mcpwire.NotHTTP, 1 << 20},
		"endless trailer":           {chunked + "0\r\n", "X: y\r\n", mcpwire.HeaderLimit, 1 << 20},
		"8 MiB of JSON":             {head + "Content-Length: 8388608\r\n\r\n" + `{"jsonrpc":"2.0","id":1,"result":"`, "x", mcpwire.BadJSON, exchangeMemory},
		"100,000 levels":            {okJSON(`{"jsonrpc":"2.0","id":1,"result":` + levels), "[", mcpwire.BadJSON, 1 << 20},
		"8 MiB of levels":           {head + "Content-Length: 8388608\r\n\r\n", "[", mcpwire.BadJSON, exchangeMemory},
		"8 MiB of members":          {head + "Content-Length: 8388608\r\n\r\n{", `"a":1,`, mcpwire.BadJSON, exchangeMemory},
		"gzip bomb":                 {zipped, bomb, mcpwire.BodyLimit, exchangeMemory},
		"gzip bomb in an event":     {events[:len(events)-2] + "Content-Encoding: gzip\r\n\r\n", bomb, mcpwire.BodyLimit, exchangeMemory},
		"gzip of nothing":           {zipped, gzipped(""), mcpwire.BodyLimit, exchangeMemory},
		"event without line end":    {events + "data: ", "x", mcpwire.BodyLimit, exchangeMemory},
		"event without end":         {events, "data: x\n", mcpwire.BodyLimit, exchangeMemory},
		"event of long lines":       {events, "data: " + strings.Repeat("x", 1<<16) + "\n", mcpwire.BodyLimit, exchangeMemory},
		"event of empty lines":      {events, "data\n", mcpwire.BodyLimit, exchangeMemory},
		"endless events":            {events, "data: " + changed + "\n\n", mcpwire.NoAnswer, exchangeMemory},
		"endless foreign answers":   {events, "data: " + foreign + "\n\n", mcpwire.NoAnswer, exchangeMemory},
		"endless requests":          {events, "data: " + asking + "\n\n", mcpwire.NoAnswer, exchangeMemory},
		"endless names":             {events, "event: " + strings.Repeat("x", 300) + "\n", mcpwire.BodyLimit, exchangeMemory},
		"endless comments":          {events, ": x\n", mcpwire.BodyLimit, exchangeMemory},
		"a stream after its answer": {events + "data: " + good + "\n\n", ": x\n", "", 2 << 20},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			src := io.MultiReader(strings.NewReader(test.start), forever(test.forever))
			c := cannedClient(t, mcpwire.Limits{}, src, 0)
			var f *mcpwire.Fault
			used := allocated(func() { _, f = c.Call(t.Context(), theCall()) })
			wantKind(t, f, test.kind)
			if used > test.most {
				t.Errorf("%d KiB were allocated, want at most %d", used>>10, test.most>>10)
			}
		})
	}
}

// allocated is what do allocates, alone in the process as long as no test is
// parallel.
func allocated(do func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// TestPromisesCostNothing: a Content-Length alone sets hardly anything aside.
func TestPromisesCostNothing(t *testing.T) {
	c := cannedClient(t, mcpwire.Limits{}, strings.NewReader(head+"Content-Length: 8388608\r\n\r\n{"), 0)
	var f *mcpwire.Fault
	used := allocated(func() { _, f = c.Call(t.Context(), theCall()) })
	wantKind(t, f, mcpwire.Truncated)
	if used > promiseMemory {
		t.Errorf("%d KiB were allocated", used>>10)
	}
}

func TestHostileOldStreamIsCheap(t *testing.T) {
	start := "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nevent: endpoint\ndata: /"
	e := cannedStream(t, mcpwire.Limits{}, io.MultiReader(strings.NewReader(start), forever("x")), 0)
	defer e.Close()
	var f *mcpwire.Fault
	used := allocated(func() { _, f = e.Open(t.Context(), time.Minute) })
	wantKind(t, f, mcpwire.Endpoint)
	if used > exchangeMemory {
		t.Errorf("%d KiB were allocated", used>>10)
	}
}
