package mcpwire_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
)

// FuzzResponse: whatever comes ends in an answer or a fault, within the bounds.
func FuzzResponse(f *testing.F) {
	for _, test := range framing {
		if len(test.answer) < 1<<10 { // long seeds only slow mutation down
			f.Add([]byte(test.answer), byte(0), false)
		}
	}
	f.Add([]byte(respond("200 OK", "text/event-stream", ": hi\n\nid: 1\ndata: "+good+"\n\n")), byte(3), false)
	f.Add([]byte(respond("200 OK", "text/event-stream", "event: endpoint\ndata: /m?a b\n\ndata: "+good+"\n\n")), byte(1), true)
	limits := mcpwire.Limits{Body: 64 << 10, Header: 4 << 10, Fields: 16, Events: 100, Interim: 3}
	f.Fuzz(func(t *testing.T, answer []byte, piece byte, stream bool) {
		c := cannedClient(t, limits, bytes.NewReader(answer), int(piece))
		defer c.Close()
		ans, fault := c.Call(t.Context(), theCall())
		checkAnswer(t, ans, fault, limits)
		if got := c.BytesRead(); got > int64(len(answer)) {
			t.Errorf("%d bytes counted of %d", got, len(answer))
		}
		if !stream {
			return
		}
		events := cannedStream(t, limits, bytes.NewReader(answer), int(piece))
		defer events.Close()
		if ans, fault = events.Open(t.Context(), time.Second); fault == nil && ans.Status == 200 {
			ans, fault = events.Call(t.Context(), theCall())
			checkAnswer(t, ans, fault, limits)
		}
	})
}

func checkAnswer(t *testing.T, ans *mcpwire.Answer, f *mcpwire.Fault, limits mcpwire.Limits) {
	t.Helper()
	if f != nil && (f.Kind == "" || f.Detail == "" || len(f.Detail) > 400) {
		t.Errorf("fault %q: %q", f.Kind, f.Detail)
	}
	if f == nil && (ans.Status < 200 || ans.Status > 599) {
		t.Errorf("status %d without a fault", ans.Status)
	}
	if f == nil && ans.Status < 300 && !ans.Message.IsResponse() {
		t.Errorf("%d is no answer and no fault: %q", ans.Status, ans.Body)
	}
	if len(ans.Body) > 256<<10 || ans.Status < 300 && len(ans.Body) > limits.Body+4<<10 {
		t.Errorf("%d bytes of body are kept", len(ans.Body))
	}
}
