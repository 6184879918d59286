package alert_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// move is one thing that happens to the servers or the router.
type move struct {
	What   string
	Server int
	After  time.Duration
}

func someMoves(t *rapid.T) []move {
	return rapid.SliceOfN(rapid.Custom(func(t *rapid.T) move {
		return move{
			What:   rapid.SampledFrom([]string{"fails", "fails", "works", "works", "cause", "note", "ack", "restart", "full", "unsure", "blip", "degraded", "window"}).Draw(t, "what"),
			Server: rapid.IntRange(0, 3).Draw(t, "server"),
			After:  rapid.SampledFrom([]time.Duration{0, time.Second, 20 * time.Second, 2 * time.Minute, 6 * time.Minute, 20 * time.Minute}).Draw(t, "after"),
		}
	}), 1, 30).Draw(t, "moves")
}

// act lets a move happen.
func (d *desk) act(m move) {
	s := d.plan.Servers[m.Server]
	in := d.open[s.ID]
	switch m.What {
	case "fails":
		if in == nil {
			d.fails(s, []uptime.Cause{uptime.ConnectRefused, uptime.FirstByteTimeout}[m.Server%2])
		}
	case "works":
		d.works(s)
	case "blip":
		if in == nil {
			d.fails(s, uptime.ConnectRefused)
			d.works(s)
		}
	case "cause", "note":
		if in != nil {
			d.amend(s, func(in *uptime.Incident) {
				if in.Note = fmt.Sprint(time.Now().Unix()); m.What == "cause" {
					in.Note, in.Failure.Cause = "", uptime.BadJSON
				}
			})
		}
	case "ack":
		if in != nil {
			_ = d.router.Acknowledge(d.t.Context(), "t", uptime.AlertKey(in.ID), "ann", "")
		}
	case "restart":
		d.restart()
	case "full", "unsure":
		d.records.mu.Lock()
		d.records.fail = func() (bool, error) {
			d.records.fail = nil
			return m.What == "unsure", errors.New(m.What)
		}
		d.records.mu.Unlock()
	case "degraded":
		d.seal(s, uptime.Degraded)
	case "window":
		p := &uptime.Plan{Version: d.plan.Version + 1, Servers: d.plan.Servers, Windows: []uptime.Window{{
			Tenant: "t", Servers: []string{s.Slug}, From: time.Now(), To: time.Now().Add(10 * time.Minute),
		}}}
		d.change(func() { d.plan = p })
	}
}

// truthful checks that what each sink was told last of each thread is so.
func (d *desk) truthful(sinks []uptime.Sink) error {
	d.records.mu.Lock()
	defer d.records.mu.Unlock()
	for _, sink := range sinks {
		last := map[uptime.AlertKey]uptime.Notice{}
		for _, x := range d.records.deliveries {
			if x.Sink == sink.Name {
				last[x.Thread] = x.Notice
			}
		}
		down := map[string]bool{}
		for key, n := range last {
			if n.Phase == uptime.NoticeCloses || n.Kind != uptime.AlertIncident {
				continue
			}
			for _, s := range n.Servers {
				down[s.Slug] = down[s.Slug] || s.State == "down"
			}
			if sink.Final {
				continue // it hears of the beginning and the end only
			}
			if n.Failing == 0 {
				return fmt.Errorf("%s: %s is open, and nothing fails", sink.Name, key)
			}
		}
		for _, s := range d.plan.Servers {
			is := d.open[s.ID] != nil
			if is != down[s.Slug] && (!sink.Final || len(down) == 0) {
				return fmt.Errorf("%s believes that %s is down: %v; it is: %v", sink.Name, s.Slug, down[s.Slug], is)
			}
		}
	}
	return nil
}

// TestRouterProperty: whatever happens, and wherever the router is stopped or
// its store refuses, each sink's last notice says what is so, and the notices
// are numbered without a gap.
func TestRouterProperty(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		moves := someMoves(rt)
		var failure error
		synctest.Test(t, func(t *testing.T) {
			servers := []*uptime.Server{
				server("t", "a", "a.example.com"), server("t", "b", "b.example.com"), server("t", "c", "c.example.org"), server("t", "d", "d.example.net"),
			}
			sinks := []uptime.Sink{sink("plain"), sink("edit", editing), sink("final", final), sink("slow", func(s *uptime.Sink) { s.Patience = 3 * time.Minute })}
			d := newDesk(t, uptime.Policy{Sinks: sinks}, servers...).run()
			for _, m := range moves {
				d.act(m)
				d.pass(m.After)
			}
			d.pass(3 * time.Hour)
			d.stop()
			if failure = consistent(d.records); failure == nil {
				failure = d.truthful(sinks)
			}
		})
		if failure != nil {
			rt.Fatal(failure)
		}
	})
}
