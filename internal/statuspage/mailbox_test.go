package statuspage_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// post sends what a mail program sends for one click, from anywhere and without
// cookies (RFC 8058).
func (a *alarms) post(t *testing.T, path string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, path, strings.NewReader("List-Unsubscribe=One-Click"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w := httptest.NewRecorder()
	a.h.ServeHTTP(w, r)
	careful(t, path, w)
	return w
}

func TestMailboxSaysYesAndNo(t *testing.T) {
	a := withAlarms(t)
	look := func(path, want string) {
		t.Helper()
		for range 2 {
			w := a.do(http.MethodGet, path, nil)
			careful(t, path, w)
			if said := words(w.Body.String()); w.Code != http.StatusOK || !strings.Contains(said, want) || strings.Contains(said, "ann@example.com") {
				t.Errorf("%s does not say %q: %d %s", path, want, w.Code, said)
			}
		}
	}
	press := func(path, want string) {
		t.Helper()
		if w := a.post(t, path); w.Code != http.StatusOK || !strings.Contains(words(w.Body.String()), want) {
			t.Errorf("pressing %s: status %d", path, w.Code)
		}
	}
	look("/sink/accept/ask", "Do you want alerts here?")
	look("/sink/accept/ask", "Sent to a…@example.com As the sink inbox Told of P1 and P2")
	if done := a.boxes.Done(); len(done) != 0 {
		t.Fatalf("looking did %q", done)
	}
	press("/sink/accept/ask", "Alerts come to you")
	look("/sink/accept/ask", "Alerts come to you")
	look("/sink/leave/leave", "One click and nothing more is sent to you.")
	press("/sink/leave/leave", "Nothing more is sent to you")
	look("/sink/leave/leave", "Nothing more is sent to you")
	if done := a.boxes.Done(); !slices.Equal(done, []string{"accept", "leave"}) {
		t.Errorf("done %q", done)
	}
}

func TestMailboxTokensThatAreNone(t *testing.T) {
	a := withAlarms(t)
	for path, status := range map[string]int{
		"/sink/accept/leave": http.StatusNotFound, "/sink/leave/ask": http.StatusNotFound, "/sink/accept/old": http.StatusGone,
		"/sink/accept/foreign": http.StatusNotFound, "/sink/accept/" + strings.Repeat("x", 2000): http.StatusNotFound, "/sink/leave/" + strings.Repeat("x", 2000): http.StatusNotFound,
	} {
		if w := a.post(t, path); w.Code != status {
			t.Errorf("pressing %.40s: status %d, want %d", path, w.Code, status)
		}
		if w := a.do(http.MethodGet, path, nil); w.Code != status {
			t.Errorf("looking at %.40s: status %d, want %d", path, w.Code, status)
		}
	}
	if done := a.boxes.Done(); len(done) != 0 {
		t.Errorf("done %q", done)
	}
}
