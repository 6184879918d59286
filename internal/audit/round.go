package audit

import (
	"container/heap"
	"context"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// making is a round while it is made. One goroutine owns it; looks and the
// writing of what they saw have goroutines of their own.
type making struct {
	r     *Runner
	round int
	done  []bool
	turns int // how many turns of the round were taken from the order

	hosts   map[string]*host
	waiting hostQueue // hosts with jobs, for which there may be a place
	again   []retry   // in the order of their times
	tries   map[job]int
	flying  int
	rate    bucket
	token   time.Time // when the next look may begin; zero when that is not asked yet
	ended   chan ended
	keep    chan uptime.AuditLook
}

// host is what is going on at a host.
type host struct {
	jobs   []job
	flying int
	next   time.Time // when the next look may begin
	queued bool
}

type retry struct {
	at  time.Time
	job job
}

// ended is a look that was made. Cut ones say nothing.
type ended struct {
	job  job
	look uptime.AuditLook
	cut  bool
}

// make makes the looks of a round that are not done, and returns when they are
// kept.
func (r *Runner) make(ctx context.Context, round int, done []bool) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	m := &making{
		r: r, round: round, done: done, hosts: map[string]*host{}, tries: map[job]int{}, rate: newBucket(r.opt.Rate),
		ended: make(chan ended, r.opt.Concurrent), keep: make(chan uptime.AuditLook, batchSize),
	}
	written := make(chan error, 1)
	go func() {
		written <- m.write(ctx, stop)
	}()
	err := m.loop(ctx)
	m.land()
	close(m.keep)
	if failed := <-written; failed != nil {
		return failed
	}
	return err
}

// loop begins looks until all are made.
func (m *making) loop(ctx context.Context) error {
	for ctx.Err() == nil {
		begun, until := m.begin(ctx, m.r.opt.Clock.Now())
		if begun {
			m.collect()
			continue
		}
		if until.IsZero() && m.flying == 0 {
			return nil
		}
		m.wait(ctx, until)
	}
	return context.Cause(ctx)
}

// collect takes what has ended, without waiting.
func (m *making) collect() {
	for {
		select {
		case e := <-m.ended:
			m.end(e)
		default:
			return
		}
	}
}

// wait waits until a look ended, until the time, when there is one, or until ctx
// ends. While looks are made, time goes as fast by every clock.
func (m *making) wait(ctx context.Context, until time.Time) {
	if m.flying == 0 {
		_ = m.r.opt.Clock.Sleep(ctx, until) // the loop sees that ctx ended
		return
	}
	var due <-chan time.Time
	if !until.IsZero() {
		timer := time.NewTimer(until.Sub(m.r.opt.Clock.Now()))
		defer timer.Stop()
		due = timer.C
	}
	select {
	case e := <-m.ended:
		m.end(e)
	case <-due:
	case <-ctx.Done():
	}
}

// land waits for the looks that are being made. What ended before ctx did is
// kept.
func (m *making) land() {
	for m.flying > 0 {
		m.end(<-m.ended)
	}
}

// begin begins a look, when one may begin now. Else it says when to ask again;
// zero when only the end of a look changes anything.
func (m *making) begin(ctx context.Context, now time.Time) (begun bool, until time.Time) {
	if m.flying >= m.r.opt.Concurrent {
		return false, time.Time{}
	}
	if m.token.IsZero() {
		m.token = m.rate.take(now)
	}
	if m.token.After(now) && m.left() {
		return false, m.token
	}
	j, ok, until := m.choose(now)
	if !ok {
		return false, until
	}
	m.token = time.Time{}
	m.fly(ctx, j, now)
	return true, time.Time{}
}

// left reports whether there is anything to begin.
func (m *making) left() bool {
	return m.turns < len(m.done) || len(m.waiting) > 0 || len(m.again) > 0
}

// choose returns a job whose host has time. Those that waited for theirs come
// first.
func (m *making) choose(now time.Time) (j job, ok bool, until time.Time) {
	for len(m.again) > 0 && !m.again[0].at.After(now) {
		m.queue(m.again[0].job)
		m.again = m.again[1:]
	}
	if len(m.waiting) > 0 && !m.waiting[0].next.After(now) {
		return m.unqueue(), true, time.Time{}
	}
	if j, ok = m.advance(now); ok {
		return j, true, time.Time{}
	}
	if len(m.waiting) > 0 {
		until = m.waiting[0].next
	}
	if len(m.again) > 0 && (until.IsZero() || m.again[0].at.Before(until)) {
		until = m.again[0].at
	}
	return 0, false, until
}

// advance goes on in the order up to a job whose host has time. Those that it
// passes over wait for theirs.
func (m *making) advance(now time.Time) (job, bool) {
	for m.turns < len(m.done) {
		j := m.r.turn(m.turns)
		m.turns++
		if m.done[j] || m.r.opt.Skip(m.r.target(j).Key) {
			continue
		}
		h := m.host(j)
		if len(h.jobs) == 0 && h.flying < m.r.opt.PerHost && !h.next.After(now) {
			return j, true
		}
		m.queue(j)
	}
	return 0, false
}

func (m *making) host(j job) *host {
	name := m.r.target(j).Host
	h := m.hosts[name]
	if h == nil {
		h = &host{}
		m.hosts[name] = h
	}
	return h
}

func (m *making) queue(j job) {
	h := m.host(j)
	h.jobs = append(h.jobs, j)
	m.enlist(h)
}

// enlist lets a host wait for its time, when it has jobs and a place for one.
func (m *making) enlist(h *host) {
	if !h.queued && len(h.jobs) > 0 && h.flying < m.r.opt.PerHost {
		h.queued = true
		heap.Push(&m.waiting, h)
	}
}

func (m *making) unqueue() job {
	h, ok := heap.Pop(&m.waiting).(*host)
	if !ok {
		panic("audit: the queue holds hosts alone")
	}
	h.queued = false
	j := h.jobs[0]
	h.jobs = h.jobs[1:]
	return j
}

// fly begins a look.
func (m *making) fly(ctx context.Context, j job, now time.Time) {
	h := m.host(j)
	h.flying++
	h.next = now.Add(m.r.opt.HostGap)
	m.enlist(h)
	m.flying++
	go func() {
		look := m.r.opt.Look(ctx, m.r.target(j), m.r.region(j))
		if look.At.IsZero() {
			look.At = now.UTC()
		}
		m.ended <- ended{job: j, look: look, cut: ctx.Err() != nil}
	}()
}

// end takes a look that was made. One that failed through our own fault is not
// one; when it keeps failing so, that is what is known.
func (m *making) end(e ended) {
	m.flying--
	h := m.host(e.job)
	h.flying--
	m.enlist(h)
	if e.cut {
		return
	}
	if ours(e.look.Cause) {
		m.tries[e.job]++
		if m.tries[e.job] < m.r.opt.Tries {
			m.again = append(m.again, retry{at: m.r.opt.Clock.Now().Add(m.r.opt.RetryAfter), job: e.job})
			return
		}
		e.look.State = uptime.Unknown
	}
	e.look.Endpoint, e.look.Round, e.look.Region = m.r.target(e.job).Key, m.round, m.r.region(e.job)
	m.keep <- e.look
}

// ours reports whether a cause speaks of us and not of the endpoint.
func ours(c uptime.Cause) bool { return c == uptime.SelfOverload || c == uptime.AgentLost }

// batchSize is how many looks are kept at once, batchTime how long one waits for
// others: what is lost when the process is killed.
const (
	batchSize = 500
	batchTime = time.Second
)

// write keeps looks, in batches, until there will be no more. What has been seen
// when ctx ends is kept too. After a failure it stops the round, and reads on so
// that nobody waits.
func (m *making) write(ctx context.Context, stop context.CancelCauseFunc) error {
	m.r.meter.start(m.r.opt.Clock.Now())
	var failed error
	for first := range m.keep {
		batch := m.batch(ctx, first)
		if failed == nil {
			failed = m.put(ctx, batch)
		}
		if failed != nil {
			stop(failed)
		}
	}
	return failed
}

func (m *making) batch(ctx context.Context, first uptime.AuditLook) []uptime.AuditLook {
	batch := append(make([]uptime.AuditLook, 0, batchSize), first)
	timer := time.NewTimer(batchTime)
	defer timer.Stop()
	stop := ctx.Done()
	for len(batch) < batchSize {
		select {
		case look, ok := <-m.keep:
			if !ok {
				return batch
			}
			batch = append(batch, look)
		case <-timer.C:
			return batch
		case <-stop:
			stop = nil // there is little more to come
			timer.Reset(batchTime / 10)
		}
	}
	return batch
}

func (m *making) put(ctx context.Context, batch []uptime.AuditLook) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if err := m.r.opt.Records.PutLooks(ctx, m.r.run.ID, batch); err != nil {
		return fmt.Errorf("keeping what was seen: %w", err)
	}
	m.r.meter.add(m.r.opt.Clock.Now(), len(batch))
	m.r.opt.Progress(m.r.progress(m.round, time.Time{}))
	return nil
}

// hostQueue is a heap of hosts by when they have time.
type hostQueue []*host

// Len implements heap.Interface.
func (q *hostQueue) Len() int { return len(*q) }

// Less implements heap.Interface.
func (q *hostQueue) Less(i, j int) bool { return (*q)[i].next.Before((*q)[j].next) }

// Swap implements heap.Interface.
func (q *hostQueue) Swap(i, j int) { (*q)[i], (*q)[j] = (*q)[j], (*q)[i] }

// Push implements heap.Interface.
func (q *hostQueue) Push(x any) {
	if h, ok := x.(*host); ok {
		*q = append(*q, h)
	}
}

// Pop implements heap.Interface.
func (q *hostQueue) Pop() any {
	last := len(*q) - 1
	h := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	return h
}
