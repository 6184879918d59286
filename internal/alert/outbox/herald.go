package outbox

import (
	"context"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// news is what has to be told of a sink.
type news struct {
	key    uptime.SinkKey
	what   telling
	since  time.Time
	reason string
}

// herald tells which sinks fail and which work again, until ctx ends. It tells
// what is so by then: a failure that ended before it was told is none.
func (d *Dispatcher) herald(ctx context.Context) {
	for ctx.Err() == nil {
		list, next := d.untold()
		bell := d.stirred
		for _, n := range list {
			if err := d.proclaim(ctx, n); err != nil && ctx.Err() == nil {
				d.log.WarnContext(ctx, "how a sink does could not be told", "tenant", n.key.Tenant, "sink", n.key.Name, "error", err)
				bell, next = nil, d.now().Add(recovery) // whatever happens
			}
		}
		pause(ctx, bell, max(0, next.Sub(d.now())))
	}
}

// untold returns what has to be told now, and when to look again.
func (d *Dispatcher) untold() (list []news, next time.Time) {
	now := d.now()
	next = now.Add(long)
	d.mu.Lock()
	defer d.mu.Unlock()
	for key, l := range d.lanes {
		if what := l.want(now); what != l.told {
			list = append(list, news{key, what, l.since, l.last})
		} else if over := l.since.Add(long); !l.many && l.told != fails && over.After(now) && over.Before(next) {
			next = over
		}
	}
	return list, next
}

// proclaim tells one, and remembers that.
func (d *Dispatcher) proclaim(ctx context.Context, n news) (err error) {
	if n.what == fails {
		d.log.WarnContext(ctx, "a sink fails for long", "tenant", n.key.Tenant, "sink", n.key.Name, "since", n.since, "reason", n.reason)
		err = d.fails(ctx, n.key.Tenant, n.key.Name, n.since, n.reason)
	} else {
		err = d.works(ctx, n.key.Tenant, n.key.Name)
	}
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if l := d.lanes[n.key]; l != nil {
		l.told = n.what
		if l.removed && !l.busy {
			delete(d.lanes, n.key)
		}
	}
	return nil
}
