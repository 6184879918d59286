package verdict

import (
	"maps"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// serverKey names a server over all tenants.
type serverKey struct {
	tenant uptime.TenantID
	server uptime.ServerID
}

// track is how far a server has been sealed. What is needed to judge a complete
// cycle is together, and nothing of it behind server.
type track struct {
	id serverKey
	// regions, every and phase are the server's.
	regions      []string
	every, phase time.Duration
	// due is the next cycle to seal, and deadline when that has to be done.
	due, deadline time.Time
	// heard is the newest cycle that somebody reported on, full the newest one
	// that every region reported on.
	heard, full time.Time
	// reports are those of due, once they are complete.
	reports []uptime.Report
	round   uint64
	// slot is the track's place in the agenda's queue.
	slot int64
	// slow counts verdicts in a row that were slow, up to the cycle seen.
	slow int
	seen time.Time
	// fullAt is when the first full cycle after due was heard.
	fullAt time.Time
	// since is when the server was first to be judged.
	since  time.Time
	server *uptime.Server
}

// schedule makes a cycle the next to seal.
func (t *track) schedule(due time.Time) {
	t.due, t.deadline, t.reports = due, t.server.Deadline(due), nil
}

// after returns the first cycle that begins after a moment.
func (t *track) after(at time.Time) time.Time {
	return t.server.CycleAt(at).Add(t.every)
}

// begins reports whether one of the server's cycles begins at a moment.
func (t *track) begins(at time.Time) bool {
	return (at.UnixNano()-int64(t.phase))%int64(t.every) == 0
}

// overdue returns the newest cycle whose deadline has passed.
func (t *track) overdue(now time.Time) time.Time {
	span := t.deadline.Sub(t.due)
	return t.server.CycleAt(now.Add(-span))
}

// overtaken reports whether every region reported on a cycle after the one that
// is due, SealGrace ago: a region reports its cycles in order, so that nobody
// will report on those before any more. Their looks took longer than a cycle.
func (t *track) overtaken(now time.Time) bool {
	return t.full.After(t.due) && !now.Before(t.fullAt.Add(uptime.SealGrace))
}

// silent reports whether no region was heard of for so long that they must be
// lost. A look that takes longer than a cycle is no such silence.
func (t *track) silent(now time.Time, live Live) bool {
	last := t.since
	if v, ok := live.Latest(t.id.tenant, t.id.server); ok && v.SealedAt.After(last) {
		if len(v.Reports) == 0 {
			return true
		}
		last = v.SealedAt
	}
	if last.After(now) { // the clock was set back
		return true
	}
	return now.Sub(last) >= uptime.CellTime+uptime.SealGrace
}

// complete reports whether every region of the server has reported.
func (t *track) complete(reports []uptime.Report) bool {
	if len(reports) < max(1, len(t.regions)) {
		return false
	}
	i := 0
	for _, region := range t.regions { // both are sorted
		for i < len(reports) && reports[i].Region < region {
			i++
		}
		if i == len(reports) || reports[i].Region != region {
			return false
		}
	}
	return true
}

// agenda holds a track for every server of the plan that is not paused, in a queue
// by deadline.
type agenda struct {
	version uint64
	byKey   map[serverKey]*track
	queue   *queue
	windows []uptime.Window
}

func newAgenda() agenda {
	return agenda{byKey: map[serverKey]*track{}, queue: newQueue(time.Unix(0, 0))}
}

func (a *agenda) find(tenant uptime.TenantID, server uptime.ServerID) *track {
	return a.byKey[serverKey{tenant, server}]
}

func (a *agenda) tracks() []*track { return slices.Collect(maps.Values(a.byKey)) }

// oldest returns the first deadline in Unix nanoseconds; zero for none.
func (a *agenda) oldest() int64 {
	if t := a.queue.next(); t != nil {
		return t.deadline.UnixNano()
	}
	return 0
}

// adopt follows a new plan. A server that is new begins with its next cycle:
// nobody was to look at the one that is on. So does one whose cycles have
// another length now.
func (a *agenda) adopt(p *uptime.Plan, now time.Time, live Live) {
	old := a.byKey
	a.version, a.windows = p.Version, p.Windows
	a.byKey, a.queue = make(map[serverKey]*track, len(p.Servers)), newQueue(now)
	for _, srv := range p.Servers {
		if srv.Paused {
			continue
		}
		key := serverKey{srv.Tenant, srv.ID}
		t := old[key]
		if t == nil || t.every != srv.Every() {
			t = newTrack(srv, now, live)
		}
		t.server, t.regions, t.reports = srv, srv.Regions, nil
		a.byKey[key] = t
		a.queue.put(t)
	}
}

func newTrack(srv *uptime.Server, now time.Time, live Live) *track {
	t := &track{id: serverKey{srv.Tenant, srv.ID}, server: srv, every: srv.Every(), phase: srv.Phase()}
	due := t.after(now.Add(-1))
	if latest, ok := live.Latest(srv.Tenant, srv.ID); ok && !due.After(latest.Cycle) {
		due = t.after(latest.Cycle)
	}
	t.schedule(due)
	return t
}

// move makes a cycle the next one to seal.
func (a *agenda) move(t *track, due time.Time) {
	t.schedule(due)
	a.queue.move(t)
}

// back makes an earlier cycle the next one to seal, unless it is sealed. The
// looks at a long cycle may begin in its middle, after its deadline, when nobody
// was there at its beginning: then the regions have from now on as much time as
// they always have.
func (a *agenda) back(t *track, due, now time.Time, live Live) {
	latest, ok := live.Latest(t.id.tenant, t.id.server)
	if ok && !due.After(latest.Cycle) {
		return
	}
	a.move(t, due)
	if late := now.Add(uptime.CellTime + uptime.SealGrace); t.every > uptime.CellTime && late.After(t.deadline) {
		t.deadline = late
		a.queue.move(t)
	}
}
