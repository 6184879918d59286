package statuspage

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// Timing of the live stream.
const (
	liveRetry = 5 * time.Second  // a client waits as long before it reconnects
	liveBeat  = 20 * time.Second // quiet for as long: a comment is sent
	livePace  = time.Second      // a client gets news at most as often
)

// Bounds of what a client may watch.
const (
	maxWatched    = 500
	maxWatchBytes = 32 << 10
)

// liveFeed is what the streams of all clients share. A client costs its
// connection and nothing that grows: there is no queue, only its place in the
// board's ring.
type liveFeed struct {
	limit   int
	mu      sync.Mutex
	clients int
	closed  bool
	done    chan struct{} // closed by stop

	place uint64    // that the news is of
	made  time.Time // when it was made
	news  []byte
}

func newLiveFeed(limit int) *liveFeed { return &liveFeed{limit: limit, done: make(chan struct{})} }

// enter admits a client, or not: it polls then.
func (l *liveFeed) enter() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.clients >= l.limit {
		return false
	}
	l.clients++
	return true
}

func (l *liveFeed) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.clients--
}

// count is how many clients follow now.
func (l *liveFeed) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.clients
}

func (l *liveFeed) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.closed = true
		close(l.done)
	}
}

// liveRoutes are the stream of updates.
func (s *Site) liveRoutes() {
	s.handle("GET /events", s.events)
}

// events is the stream: an event "board" with the news, an event "row" for each
// row that changed among those that the client watches, and "resync" when it
// missed too much and has to fetch the page anew.
func (s *Site) events(w http.ResponseWriter, r *http.Request) error {
	after, err := placeOf(r)
	if err != nil {
		return err
	}
	watched, err := watchList(r.URL.Query())
	if err != nil {
		return err
	}
	if r.Method == http.MethodHead {
		return nil
	}
	if !s.live.enter() {
		w.Header().Set("Retry-After", "60")
		return &web.Fault{Status: http.StatusServiceUnavailable, Detail: "too many clients follow live updates; fetch the page every minute instead"}
	}
	defer s.live.leave()
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	go func() {
		select {
		case <-s.live.done:
			cancel()
		case <-ctx.Done():
		}
	}()
	stream, err := web.OpenStream(w, liveRetry)
	if err != nil {
		return nil // the client is gone
	}
	(&follower{s, stream, watched, after}).run(ctx)
	return nil
}

// placeOf is where the client's knowledge ends: where its last stream ended, or
// the place that its page was made at.
func placeOf(r *http.Request) (uint64, error) {
	text := r.Header.Get("Last-Event-ID")
	if text == "" {
		text = r.URL.Query().Get("after")
	}
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: the place of the last event is no number", uptime.ErrInvalid)
	}
	return n, nil
}

// watchList are the slugs that a page shows.
func watchList(v url.Values) (map[string]bool, error) {
	text := v.Get("watch")
	if len(text) > maxWatchBytes || strings.Count(text, ",") >= maxWatched {
		return nil, fmt.Errorf("%w: at most %d servers can be watched", uptime.ErrInvalid, maxWatched)
	}
	watched := map[string]bool{}
	for slug := range strings.SplitSeq(text, ",") {
		if slug != "" {
			watched[slug] = true
		}
	}
	return watched, nil
}

// follower tells one client what changes.
type follower struct {
	site    *Site
	stream  *web.Stream
	watched map[string]bool
	place   uint64
}

// run tells until the client is gone or ctx ends. The news is told at least
// once a beat, which keeps the connection warm and says when the monitor itself
// stands still.
func (f *follower) run(ctx context.Context) {
	for f.tell(ctx) == nil {
		if pause(ctx, livePace) != nil {
			return
		}
		beat, cancel := context.WithTimeout(ctx, liveBeat)
		err := f.site.opt.Source.Wait(beat, f.place)
		cancel()
		if ctx.Err() != nil || err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return
		}
	}
}

// tell sends what changed since the place.
func (f *follower) tell(ctx context.Context) error {
	changed, next, resync := f.site.opt.Source.Updates(f.place)
	id := strconv.FormatUint(next, 10)
	if resync {
		f.stream.Event("resync", id, nil)
	}
	for _, row := range changed {
		if row.Tenant != f.site.opt.Tenant || !f.watched[row.Slug] {
			continue
		}
		html, err := f.site.rows.html(ctx, row)
		if err != nil {
			return err
		}
		f.stream.Event("row", "", html)
	}
	news, err := f.site.newsAt(next)
	if err != nil {
		return err
	}
	f.stream.Event("board", id, news)
	f.place = next
	return f.stream.Flush()
}

// newsAt returns the news as of this place, made once for all clients and never
// older than a beat.
func (s *Site) newsAt(place uint64) ([]byte, error) {
	l := s.live
	l.mu.Lock()
	defer l.mu.Unlock()
	now := s.opt.Now()
	if l.news != nil && l.place == place && now.Sub(l.made) < liveBeat/2 {
		return l.news, nil
	}
	page := s.opt.Source.List(s.opt.Tenant, board.Query{Limit: 1})
	text, err := json.Marshal(newsOf(page.Totals, s.opt.Source.Health()))
	if err != nil {
		return nil, fmt.Errorf("encoding the news: %w", err)
	}
	l.news, l.place, l.made = text, place, now
	return text, nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
