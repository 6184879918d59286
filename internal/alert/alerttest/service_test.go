package alerttest_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// kind is what a service does with a notice.
type kind string

const (
	edits   kind = "edits"   // keeps one message per ref, as Slack does
	keyed   kind = "keyed"   // knows a delivery that comes twice by its id
	appends kind = "appends" // takes whatever comes, as mail does
)

// trouble is what goes wrong at a service.
type trouble string

const (
	well    trouble = ""
	fails   trouble = "fails"   // 500
	silent  trouble = "silent"  // takes nothing and answers nothing
	mute    trouble = "mute"    // takes it and answers nothing
	cut     trouble = "cut"     // takes it, and the connection breaks
	busy    trouble = "busy"    // 429
	refuses trouble = "refuses" // 400
	gone    trouble = "gone"    // 410
	panics  trouble = "panics"  // a fault of ours
)

// take is a notice that a service has taken.
type take struct {
	id         uptime.DeliveryID
	thread     uptime.AlertKey
	transition int
	at         time.Time
	notice     uptime.Notice
	ref        string // of the message it is now the text of; a later one is greater
}

// service is what stands behind a sink. It outlives the process.
type service struct {
	key  uptime.SinkKey
	kind kind

	mu       sync.Mutex
	inside   bool
	taken    []take
	posts    int
	contents map[uptime.DeliveryID]uptime.Notice
	// doubts count how often nobody could know that a notice was taken, open are
	// those that were taken and whose end is not durable yet.
	doubts  map[uptime.DeliveryID]int
	open    map[uptime.DeliveryID]bool
	refused map[uptime.DeliveryID]bool
	wrong   []string

	trouble trouble
	calls   int       // it lasts for, or
	until   time.Time // until when
}

func newService(key uptime.SinkKey, k kind) *service {
	return &service{
		key: key, kind: k, contents: map[uptime.DeliveryID]uptime.Notice{}, doubts: map[uptime.DeliveryID]int{},
		open: map[uptime.DeliveryID]bool{}, refused: map[uptime.DeliveryID]bool{},
	}
}

// suffer has the service fail for some calls, or for a while when that is zero.
func (s *service) suffer(what trouble, calls int, span time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble, s.calls, s.until = what, calls, time.Now().Add(span)
}

func (s *service) now() trouble {
	switch {
	case s.trouble == well:
	case s.calls > 0:
		if s.calls--; s.calls == 0 {
			defer func() { s.trouble = well }()
		}
	case !time.Now().Before(s.until):
		s.trouble = well
	}
	return s.trouble
}

// deliver is one request to the service.
func (s *service) deliver(ctx context.Context, d *uptime.Delivery, ref string) (string, error) {
	s.mu.Lock()
	if s.inside {
		s.complain("two deliveries at once, one of them %s", d.ID)
	}
	s.inside = true
	what := s.now()
	out, err := s.answer(what, d, ref)
	s.mu.Unlock()
	if what == silent || what == mute {
		<-ctx.Done()
		err = ctx.Err()
	}
	s.mu.Lock()
	s.inside = false
	s.mu.Unlock()
	if what == panics {
		panic("a fault of ours")
	}
	return out, err
}

func (s *service) answer(what trouble, d *uptime.Delivery, ref string) (string, error) {
	switch what {
	case fails:
		return "", errors.New("the service answered 500")
	case silent, panics:
		return "", nil
	case busy:
		return "", &uptime.Refusal{Temporary: true, After: 90 * time.Second, Reason: "429"}
	case refuses, gone:
		s.refused[d.ID] = true
		return "", &uptime.Refusal{Gone: what == gone, Reason: string(what)}
	}
	out := s.accept(d, ref)
	if what == mute || what == cut {
		s.doubts[d.ID]++
		return "", io.ErrUnexpectedEOF
	}
	s.open[d.ID] = true
	return out, nil
}

// accept takes a notice.
func (s *service) accept(d *uptime.Delivery, ref string) string {
	if d.Tenant != s.key.Tenant || d.Sink != s.key.Name {
		s.complain("%s is for %s of %s", d.ID, d.Sink, d.Tenant)
	}
	former, again := s.contents[d.ID]
	if diff := cmp.Diff(former, d.Notice); again && diff != "" {
		s.complain("%s comes again and says something else:\n%s", d.ID, diff)
	}
	s.contents[d.ID] = d.Notice
	if s.kind == keyed && again {
		return ""
	}
	out := ""
	if s.kind == edits {
		if out = ref; out == "" {
			s.posts++
			out = fmt.Sprintf("%s/%06d", d.Thread, s.posts)
		}
	}
	s.taken = append(s.taken, take{d.ID, d.Thread, d.Transition, time.Now(), d.Notice, out})
	return out
}

func (s *service) complain(format string, args ...any) {
	s.wrong = append(s.wrong, fmt.Sprintf(format, args...))
}

// ended tells that the end of a delivery is durable.
func (s *service) ended(id uptime.DeliveryID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, id)
}

// forget has whatever was taken, and is not known to be, be in doubt: the process
// ends.
func (s *service) forget() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n = len(s.open)
	for id := range s.open {
		s.doubts[id]++
	}
	clear(s.open)
	return n
}

// mouth is a sink in one life of the process.
type mouth struct {
	life    *life
	service *service
}

// Deliver hands a notice to the service, unless the process dies.
func (m mouth) Deliver(ctx context.Context, d *uptime.Delivery, ref string) (string, error) {
	done, dead := m.life.step(true)
	if !done {
		return "", dead
	}
	out, err := m.service.deliver(ctx, d, ref)
	if dead != nil {
		return "", dead
	}
	return out, err
}
