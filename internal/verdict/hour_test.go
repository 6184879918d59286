package verdict_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/verdict"
)

// TestAnHour runs sealer and recorder together for an hour: three regions, one of
// which lags and one of which is lost now and then, a server that is down from
// minute 20 to 30, and a restart of both in the middle of it.
func TestAnHour(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server("a", "ap", "eu", "us")
		r := newRig(t, s)
		d := newDesk(t, verdict.RecorderOptions{}, s)
		d.stop()
		d.live, d.opt.Feed, d.opt.Looks = r.live, r.live, r.live
		d.run()
		start := s.CycleAt(time.Now()).Add(time.Minute)
		for minute := range 60 {
			cycle := r.next(s)
			kind := good
			if minute >= 20 && minute < 30 {
				kind = down
			}
			r.put(s, cycle, "eu", kind)
			if minute%7 != 0 {
				r.put(s, cycle, "us", kind)
			}
			time.Sleep(20 * time.Second)
			r.put(s, cycle, "ap", kind)
			if minute == 25 {
				r.stop()
				d.restart()
				r.run()
			}
		}
		time.Sleep(2 * time.Minute)
		count := map[uptime.State]int{}
		for _, v := range r.sealed(s)[:60] {
			count[v.State]++
		}
		if count[uptime.Live] != 50 || count[uptime.Down] != 10 {
			t.Errorf("sealed %v, want 50 live and 10 down", count)
		}
		in := d.only()
		first := start.Add(20 * time.Minute)
		if in.Opened.Before(first) || in.Opened.After(first.Add(time.Minute)) || !in.Recovered.Equal(start.Add(30*time.Minute)) || in.Open() {
			t.Errorf("%+v", in)
		}
		if found := in.Detected.Sub(in.Opened); found > time.Minute+10*time.Second {
			t.Errorf("found after %s", found)
		}
	})
}
