package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/web"
)

// TestStreamOutlivesTheDeadlines: a server's bounds on one exchange are for
// requests and pages, not for streams.
func TestStreamOutlivesTheDeadlines(t *testing.T) {
	t.Parallel()
	const bound, beats = 100 * time.Millisecond, 10
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s, err := web.OpenStream(w, time.Second)
		if err != nil {
			t.Error(err)
			return
		}
		tick := time.NewTicker(bound / 2)
		defer tick.Stop()
		for range beats {
			select {
			case <-r.Context().Done():
				return
			case <-tick.C:
			}
			s.Event("beat", "", nil)
			if s.Flush() != nil {
				return
			}
		}
	}))
	srv.Config.ReadTimeout, srv.Config.WriteTimeout = bound, bound
	srv.Start()
	defer srv.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(res.Body)
	if got := strings.Count(string(text), "event: beat"); got != beats || err != nil {
		t.Errorf("%d of %d events arrived, %v", got, beats, err)
	}
}
