package app

import (
	"context"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// errNotRunning is what commands say that only a running monitor can obey.
func errNotRunning(dir string) error {
	return fmt.Errorf("no monitor runs on %s: start it with `alivemcp serve`, or name its data directory with --data", dir)
}

// alertHandlers answers the commands of `alivemcp alert` on the socket.
func (m *Monitor) alertHandlers(handle func(string, func(context.Context, command) (any, error))) {
	done := struct{}{}
	handle("POST /alert/test", func(ctx context.Context, c command) (any, error) {
		return done, m.alarms.TestSink(ctx, DefaultTenant, c.ID, c.By)
	})
	handle("POST /alert/explain", func(ctx context.Context, c command) (any, error) {
		return m.alarms.Story(ctx, DefaultTenant, uptime.AlertKey(c.ID))
	})
	handle("POST /alert/ack", func(ctx context.Context, c command) (any, error) {
		return done, m.alarms.Acknowledge(ctx, DefaultTenant, uptime.AlertKey(c.ID), c.By, c.Text)
	})
	handle("POST /alert/sinks", func(ctx context.Context, _ command) (any, error) {
		return m.alarms.Sinks(ctx, DefaultTenant)
	})
	handle("POST /alert/challenge", func(ctx context.Context, c command) (any, error) {
		return done, m.alarms.Challenge(ctx, DefaultTenant, c.ID, c.By)
	})
	handle("POST /alert/prove", func(ctx context.Context, c command) (any, error) {
		return done, m.alarms.Prove(ctx, DefaultTenant, c.ID, c.Text, c.By)
	})
	handle("POST /alert/deliveries", func(ctx context.Context, c command) (any, error) {
		return m.alarms.Deliveries(ctx, DefaultTenant, uptime.DeliveryQuery{Sink: c.ID, State: uptime.DeliveryState(c.Text)})
	})
	handle("POST /alert/replay", func(ctx context.Context, c command) (any, error) {
		return done, m.alarms.ReplayDelivery(ctx, DefaultTenant, uptime.DeliveryID(c.ID), c.By)
	})
	handle("POST /alert/silence", func(ctx context.Context, c command) (any, error) {
		if c.Silence == nil {
			return nil, fmt.Errorf("%w: no silence was given", uptime.ErrInvalid)
		}
		c.Silence.Tenant = DefaultTenant
		return done, m.alarms.PutSilence(ctx, *c.Silence)
	})
}

// Explain returns what was decided and sent about an incident, a drift or
// another alert.
func (a *Admin) Explain(ctx context.Context, key string) (s uptime.Story, err error) {
	if a.store != nil {
		return a.store.Story(ctx, DefaultTenant, uptime.AlertKey(key))
	}
	return s, a.ask(ctx, "alert/explain", command{ID: key}, &s)
}

// Deliveries returns the newest deliveries, of one sink and in one state when
// these are named.
func (a *Admin) Deliveries(ctx context.Context, sink, state string) (list []uptime.Delivery, err error) {
	if a.store != nil {
		return a.store.Deliveries(ctx, DefaultTenant, uptime.DeliveryQuery{Sink: sink, State: uptime.DeliveryState(state)})
	}
	return list, a.ask(ctx, "alert/deliveries", command{ID: sink, Text: state}, &list)
}

// Sinks returns how the sinks of a running monitor are.
func (a *Admin) Sinks(ctx context.Context) (list []uptime.SinkStatus, err error) {
	return list, a.tell(ctx, "alert/sinks", command{}, &list)
}

// Test sends a test notice to a sink and returns when the sink has taken it.
func (a *Admin) Test(ctx context.Context, sink, by string) error {
	return a.tell(ctx, "alert/test", command{ID: sink, By: by}, nil)
}

// Challenge has a sink prove that its owner wants what is sent there, or sends
// the code that Prove takes.
func (a *Admin) Challenge(ctx context.Context, sink, by string) error {
	return a.tell(ctx, "alert/challenge", command{ID: sink, By: by}, nil)
}

// Prove takes the code that was sent to a sink.
func (a *Admin) Prove(ctx context.Context, sink, code, by string) error {
	return a.tell(ctx, "alert/prove", command{ID: sink, Text: code, By: by}, nil)
}

// Acknowledge takes an incident on: nobody else is called.
func (a *Admin) Acknowledge(ctx context.Context, key, by, note string) error {
	return a.tell(ctx, "alert/ack", command{ID: key, By: by, Text: note}, nil)
}

// ReplayDelivery sends a delivery again that was given up.
func (a *Admin) ReplayDelivery(ctx context.Context, id, by string) error {
	return a.tell(ctx, "alert/replay", command{ID: id, By: by}, nil)
}

// Silence keeps sinks quiet about servers, or about everything when none is
// named, for some time.
func (a *Admin) Silence(ctx context.Context, servers []string, d time.Duration, by, note string) error {
	now := time.Now().UTC()
	s := uptime.Silence{Servers: servers, From: now, Until: now.Add(d), By: by, Note: note}
	return a.tell(ctx, "alert/silence", command{Silence: &s}, nil)
}

// tell asks what only a running monitor can do.
func (a *Admin) tell(ctx context.Context, path string, c command, answer any) error {
	if a.store != nil {
		return errNotRunning(a.dir)
	}
	return a.ask(ctx, path, c, answer)
}
