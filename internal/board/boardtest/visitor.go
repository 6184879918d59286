package boardtest

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/alivemcp/alivemcp/internal/board"
)

// Visitor asks a handler that shows a board.
type Visitor struct {
	*Board
	http.Handler
}

// Ask sends a request; headers are names and values in turn.
func (v Visitor) Ask(tb testing.TB, method, target string, headers ...string) *httptest.ResponseRecorder {
	tb.Helper()
	r := httptest.NewRequestWithContext(tb.Context(), method, target, nil)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	v.ServeHTTP(w, r)
	return w
}

// Get is Ask for what must be there.
func (v Visitor) Get(tb testing.TB, target string, headers ...string) *httptest.ResponseRecorder {
	tb.Helper()
	w := v.Ask(tb, http.MethodGet, target, headers...)
	if w.Code != http.StatusOK {
		tb.Fatalf("GET %s = %d %s", target, w.Code, w.Body)
	}
	return w
}

// Change replaces a row by a changed copy, as the board does.
func (v Visitor) Change(tb testing.TB, slug string, how func(*board.Row)) {
	tb.Helper()
	old, ok := v.Row(Tenant, slug)
	if !ok {
		tb.Fatalf("the story has no %s", slug)
	}
	row := *old
	how(&row)
	v.Push(&row)
}
