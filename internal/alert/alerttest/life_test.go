package alerttest_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

var (
	errKilled = errors.New("killed")
	errDisk   = errors.New("the disk is full")
)

// life is one run of the process. Its steps are what it changes in the store and
// at the services: it may be killed before or after any of them takes effect.
// Between two of them it makes no difference where it dies.
type life struct {
	died chan struct{}

	mu   sync.Mutex
	left int // steps until it dies; zero for ever
	late bool
	dead bool
}

func newLife() *life { return &life{died: make(chan struct{})} }

// kill has the life end at its n-th step from now: with late, just after that
// took effect.
func (l *life) kill(n int, late bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.left, l.late = n, late
}

// step reports whether the next step takes effect; one that changes nothing does
// not count. The error is that of a process that lives no more: it sees no answer.
func (l *life) step(counts bool) (done bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		return false, errKilled
	}
	if l.left == 0 || !counts {
		return true, nil
	}
	if l.left--; l.left > 0 {
		return true, nil
	}
	l.dead = true
	close(l.died)
	return l.late, errKilled
}

// disk fails for some operations. It outlives the process.
type disk struct {
	mu   sync.Mutex
	op   string
	left int
	// stored means that what fails is stored in spite of it.
	stored bool
	writes atomic.Uint64
}

func (d *disk) fail(op string, times int, stored bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.op, d.left, d.stored = op, times, stored
}

func (d *disk) failing() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.left > 0
}

func (d *disk) step(op string) (done bool, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.left == 0 || d.op != op {
		return true, nil
	}
	d.left--
	return d.stored, errDisk
}

// shelf is the store as one life of the process sees it.
type shelf struct {
	*sqlite.Store
	life *life
	disk *disk
	// routed and recorded wake those who wait for what was stored, as the monitor
	// does; ended tells of deliveries whose end is durable.
	routed, recorded func()
	ended            func(uptime.Delivery)
	early            func(uptime.Delivery) // what is tried and is not due

	mu    sync.Mutex
	asked uint64 // News after this place gave nothing
	seen  uint64 // when so much was written
	idle  uint64 // so much was written when nothing was due before next
	next  time.Time
}

// The operations that change nothing, but places in the feed and in the news.
const (
	reads  = "read"
	places = "place"
)

// do runs an operation, unless the process or the disk fails.
func (s *shelf) do(op string, run func() error) error {
	done, dead := s.life.step(op != reads && op != places)
	if !done {
		return dead
	}
	done, full := s.disk.step(op)
	if done {
		if err := run(); err != nil {
			return err
		}
	}
	if dead != nil {
		return dead
	}
	return full
}

// write runs an operation that changes something.
func (s *shelf) write(op string, run func() error) error {
	return s.do(op, func() error {
		defer s.disk.writes.Add(1)
		return run()
	})
}

func (s *shelf) Ongoing(ctx context.Context) (out uptime.Ongoing, err error) {
	err = s.do(reads, func() (err error) {
		out, err = s.Store.Ongoing(ctx)
		return err
	})
	return out, err
}

func (s *shelf) Record(ctx context.Context, c uptime.Changes) error {
	op := "record"
	if len(c.Events)+len(c.Drifts)+len(c.Baselines) == 0 {
		op = places
	}
	err := s.write(op, func() error { return s.Store.Record(ctx, c) })
	if err == nil && len(c.Events)+len(c.Drifts) > 0 {
		s.recorded()
	}
	return err
}

func (s *shelf) Alerting(ctx context.Context) (out uptime.Alerting, err error) {
	err = s.do(reads, func() (err error) {
		out, err = s.Store.Alerting(ctx)
		return err
	})
	return out, err
}

func (s *shelf) Route(ctx context.Context, r uptime.Routing) error {
	op := "route"
	if len(r.Alerts)+len(r.Threads)+len(r.Deliveries) == 0 {
		op = places
	}
	err := s.write(op, func() error { return s.Store.Route(ctx, r) })
	if err == nil && len(r.Deliveries) > 0 {
		s.routed()
	}
	return err
}

// News asks the database only when something was written since there was
// nothing: the router asks every second of hours.
func (s *shelf) News(ctx context.Context, after uint64, limit int) (out []uptime.News, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	writes := s.disk.writes.Load() + 1
	if s.seen == writes && s.asked == after {
		return nil, nil
	}
	err = s.do(reads, func() (err error) {
		out, err = s.Store.News(ctx, after, limit)
		return err
	})
	if err == nil && len(out) == 0 {
		s.asked, s.seen = after, writes
	}
	return out, err
}

// DueDeliveries asks only when something was written since nothing was due, or
// when something is: the outbox asks every half a minute of hours.
func (s *shelf) DueDeliveries(ctx context.Context, now time.Time, skip func(uptime.SinkKey) bool, limit int) (out []uptime.Delivery, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	writes := s.disk.writes.Load() + 1
	if s.idle == writes && (s.next.IsZero() || now.Before(s.next)) {
		return nil, nil
	}
	err = s.do(reads, func() (err error) {
		if out, err = s.Store.DueDeliveries(ctx, now, skip, limit); err == nil && len(out) == 0 {
			s.next, err = nextDue(ctx, s.Store, now)
		}
		return err
	})
	if err == nil && len(out) == 0 {
		s.idle = writes
	}
	return out, err
}

func (s *shelf) BeginDelivery(ctx context.Context, tenant uptime.TenantID, id uptime.DeliveryID, at time.Time) error {
	return s.write("begin", func() error {
		if d, err := s.Delivery(ctx, tenant, id); err == nil && d.Due.After(time.Now()) && d.State == uptime.DeliveryWaiting {
			s.early(d)
		}
		return s.Store.BeginDelivery(ctx, tenant, id, at)
	})
}

func (s *shelf) EndDelivery(ctx context.Context, d uptime.Delivery, ref string) error {
	return s.write("end", func() error {
		err := s.Store.EndDelivery(ctx, d, ref)
		if err == nil {
			s.ended(d)
		}
		return err
	})
}

func (s *shelf) Ref(ctx context.Context, tenant uptime.TenantID, thread uptime.AlertKey, sink string) (out string, err error) {
	err = s.do(reads, func() (err error) {
		out, err = s.Store.Ref(ctx, tenant, thread, sink)
		return err
	})
	return out, err
}

// nextDue returns when the next delivery is due after now; zero when none waits.
func nextDue(ctx context.Context, s *sqlite.Store, now time.Time) (time.Time, error) {
	far, err := s.DueDeliveries(ctx, now.Add(36*time.Hour), nil, 1)
	if err != nil || len(far) == 0 {
		return time.Time{}, err
	}
	return far[0].Due, nil
}
