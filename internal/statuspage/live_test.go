package statuspage_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/board/boardtest"
	"github.com/alivemcp/alivemcp/internal/statuspage"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// client follows a stream; what it got can be read at any time.
type client struct {
	header http.Header
	mu     sync.Mutex
	status int
	got    bytes.Buffer
}

func (c *client) Header() http.Header { return c.header }
func (c *client) Flush()              {}
func (c *client) WriteHeader(status int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.status = status
}

func (c *client) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.got.Write(p)
}

func (c *client) text() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.got.String()
}

// count is how many events of a kind came.
func (c *client) count(event string) int {
	return len(regexp.MustCompile(`(?m)^event: `+event+`$`).FindAllString(c.text(), -1))
}

func follow(ctx context.Context, h http.Handler, target string, header ...string) *client {
	c := &client{header: http.Header{}}
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	go h.ServeHTTP(c, r)
	return c
}

func liveSite(t *testing.T, b *boardtest.Board, streams int) *statuspage.Site {
	t.Helper()
	site, err := statuspage.New(statuspage.Options{Tenant: boardtest.Tenant, Source: b, Streams: streams})
	if err != nil {
		t.Fatal(err)
	}
	return site
}

// turn pushes a new version of a row in another state.
func turn(b *boardtest.Board, slug string, state uptime.State) {
	row, _ := b.Row(boardtest.Tenant, slug)
	fresh := *row
	fresh.State = state
	b.Push(&fresh)
}

func TestStreamTellsWhatIsWatched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := boardtest.New(now())
		site := liveSite(t, b, 10)
		c := follow(t.Context(), site, "/events?after=0&watch=weather,calendar")
		synctest.Wait()
		if c.count("board") != 1 || c.count("row") != 0 {
			t.Fatalf("at first: %s", c.text())
		}
		turn(b, "weather", uptime.Down)
		turn(b, "image-tools", uptime.Down)
		time.Sleep(1100 * time.Millisecond)
		synctest.Wait()
		got := c.text()
		if c.count("row") != 1 || !strings.Contains(got, `data-row="weather"`) || !strings.Contains(got, "id: 2\n") {
			t.Errorf("after two changes: %s", got)
		}
		if !strings.Contains(got, `"sentence":"3 of 15 servers are down`) {
			t.Error("the sentence did not change")
		}
		site.Stop()
	})
}

func TestStreamKeepsItsPaceAndItsBeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := boardtest.New(now())
		site := liveSite(t, b, 10)
		c := follow(t.Context(), site, "/events?watch=weather")
		for range 100 {
			turn(b, "weather", uptime.Down)
			time.Sleep(50 * time.Millisecond)
		}
		if n := c.count("board"); n > 7 {
			t.Errorf("%d times news in 5 s", n)
		}
		before := c.count("board")
		time.Sleep(time.Minute)
		if n := c.count("board") - before; n < 2 || n > 4 {
			t.Errorf("%d beats in a quiet minute", n)
		}
		b.SetHealth(board.Health{Trouble: "The database is read-only."})
		time.Sleep(time.Minute)
		if !strings.Contains(c.text(), "The database is read-only.") {
			t.Error("a quiet stream does not say that the monitor is in trouble")
		}
		site.Stop()
	})
}

func TestStreamResumes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := boardtest.New(now())
		site := liveSite(t, b, 10)
		turn(b, "weather", uptime.Down)
		turn(b, "calendar", uptime.Down)
		c := follow(t.Context(), site, "/events?after=0&watch=weather,calendar", "Last-Event-ID", "1")
		synctest.Wait()
		if c.count("row") != 1 || !strings.Contains(c.text(), `data-row="calendar"`) || c.count("resync") != 0 {
			t.Errorf("from 1: %s", c.text())
		}
		late := follow(t.Context(), site, "/events", "Last-Event-ID", "99")
		synctest.Wait()
		for range 100 {
			turn(b, "weather", uptime.Live)
		}
		far := follow(t.Context(), site, "/events?after=1&watch=weather")
		synctest.Wait()
		if late.count("resync") != 1 {
			t.Error("a place of another life is no resync")
		}
		if far.count("resync") != 1 || far.count("row") != 0 {
			t.Errorf("too far back: %s", far.text())
		}
		site.Stop()
	})
}

func TestStreamsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := boardtest.New(now())
		site := liveSite(t, b, 200)
		ctx, leave := context.WithCancel(t.Context())
		clients := make([]*client, 10_000)
		for i := range clients {
			clients[i] = follow(ctx, site, "/events?watch=weather")
		}
		synctest.Wait()
		if served, refused := tellApart(clients); served != 200 || refused != 9800 {
			t.Errorf("%d served, %d refused", served, refused)
		}
		leave()
		synctest.Wait()
		if c := follow(t.Context(), site, "/events"); !settled(c) {
			t.Error("no room after all have left")
		}
		site.Stop()
		synctest.Wait()
		if c := follow(t.Context(), site, "/events"); settled(c) {
			t.Error("a stream begins after Stop")
		}
	})
}

func settled(c *client) bool {
	synctest.Wait()
	return c.status == http.StatusOK
}

func tellApart(clients []*client) (served, refused int) {
	for _, c := range clients {
		switch {
		case c.status == http.StatusOK:
			served++
		case c.status == http.StatusServiceUnavailable && c.header.Get("Retry-After") != "":
			refused++
		}
	}
	return served, refused
}

func TestStreamRefusesNonsense(t *testing.T) {
	site := liveSite(t, boardtest.New(now()), 10)
	many := strings.Repeat("x,", 501)
	for _, target := range []string{"/events?after=x", "/events?after=-1", "/events?watch=" + many, fmt.Sprintf("/events?watch=%s", strings.Repeat("x", 40_000))} {
		w := httptest.NewRecorder()
		site.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, http.NoBody))
		if w.Code != http.StatusBadRequest {
			t.Errorf("%.40s: status %d", target, w.Code)
		}
	}
	w := httptest.NewRecorder() // would hang if it followed
	site.ServeHTTP(w, httptest.NewRequest(http.MethodHead, "/events", http.NoBody))
	if w.Body.Len() != 0 {
		t.Error("HEAD has a body")
	}
}
