package alert_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestOldVerdictsTellNothingStale: a router that begins with hours of verdicts,
// as after an upgrade, tells what is so in the end.
func TestOldVerdictsTellNothingStale(t *testing.T) {
	for _, last := range []uptime.State{uptime.Live, uptime.Degraded} {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, weather)
			began := time.Now().Add(-2 * time.Hour)
			for i := range 30_000 {
				state := uptime.Degraded
				ends := time.Now().Add(day)
				if i >= 9_000 {
					state, ends = last, time.Now().Add(90*day)
				}
				d.seal(weather, state, func(v *uptime.Verdict) {
					v.Cycle = began.Add(time.Duration(i) * 240 * time.Millisecond)
					v.SealedAt = v.Cycle
					v.Reports = []uptime.Report{{Region: "eu", State: uptime.Live, TLSNotAfter: ends}}
				})
			}
			d.run()
			d.pass(30 * time.Minute)
			want := []string(nil)
			if last == uptime.Degraded {
				want = []string{"opens Weather is degraded"}
			}
			d.wants("team", want...)
			d.stop()
		})
	}
}

// broken is a feed that has nothing but errors.
type broken struct {
	*feed
	err error
}

func (b broken) After(context.Context, uptime.Cursor, int) ([]uptime.Verdict, error) {
	return nil, b.err
}

// TestFeedThatIsBroken: outages are told, and over, whatever is with the feed.
func TestFeedThatIsBroken(t *testing.T) {
	for _, err := range []error{
		errors.New("damaged"), &uptime.FeedGap{After: 10, Resume: 0}, &uptime.FeedGap{After: 10, Resume: 4}, &uptime.FeedGap{After: 10, Resume: 10},
	} {
		t.Run(err.Error(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t, uptime.Policy{Sinks: []uptime.Sink{sink("team")}}, weather)
				d.records.verdicts = 10
				d.opt.Feed = broken{d.feed, err}
				d.run()
				d.pass(10 * time.Second)
				d.fails(weather, uptime.ConnectRefused)
				d.pass(5 * time.Minute)
				d.works(weather)
				d.pass(5 * time.Minute)
				d.wants("team", isDown, "closes Weather works again after 5 min")
				d.stop()
			})
		})
	}
}

// TestClockThatIsSetBack: what waited for a moment does not wait for it a day
// longer.
func TestClockThatIsSetBack(t *testing.T) {
	for _, back := range []time.Duration{10 * time.Second, time.Hour, 10 * day} {
		t.Run(back.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := newDesk(t, uptime.Policy{Sinks: []uptime.Sink{sink("team", editing)}}, weather)
				ahead := back
				d.opt.Now = func() time.Time {
					d.records.mu.Lock()
					defer d.records.mu.Unlock()
					return time.Now().Add(ahead).Round(0)
				}
				d.run()
				d.fails(weather, uptime.ConnectRefused)
				d.pass(time.Second) // before it was told
				d.change(func() { ahead = 0 })
				d.pass(20 * time.Second)
				d.wants("team", isDown)
				d.change(func() { ahead = back })
				d.pass(time.Minute)
				d.amend(weather, func(in *uptime.Incident) { in.Failure.Cause = uptime.BadJSON })
				d.pass(time.Minute)
				d.amend(weather, func(in *uptime.Incident) { in.Failure.Cause = uptime.ConnectRefused })
				d.change(func() { ahead = 0 })
				d.pass(time.Minute)
				if got := d.told("team"); len(got) != 3 {
					t.Errorf("told %q", got)
				}
				d.works(weather)
				d.pass(time.Minute)
				if n := d.last("team"); n.Phase != uptime.NoticeCloses {
					t.Errorf("told %q", d.told("team"))
				}
				d.stop()
			})
		})
	}
}
