package verdict_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/verdict"
)

func newDriftDesk(t *testing.T) (*desk, *uptime.Server) {
	t.Helper()
	s := server("a", "ap", "eu", "us")
	return newDesk(t, verdict.RecorderOptions{Compare: compared}, s), s
}

func TestADrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := newDriftDesk(t)
		d.seal(s, showing("1"), good, good)
		d.seal(s, showing("1", "1", "edge"), good, good, good) // us joins, and is different
		d.seal(s, showing(""), down, down, good)
		d.seal(s, showing("1", "1", "edge"), good, good, good)
		if got := d.all(); len(got) != 0 {
			t.Fatalf("the first contracts drifted: %+v", got)
		}
		first := d.seal(s, showing("1", "2", "edge"), good, good, good)
		d.seal(s, showing("2", "2", "edge"), good, good, good)
		d.seal(s, showing("2", "2", "edge"), good, good, good)
		want := []uptime.Drift{{
			ID: uptime.NewDriftID("default", "a", "1", "2", first.Cycle), Tenant: "default", Server: "a", From: "1", To: "2",
			Class: uptime.DriftCompatible, Summary: "1 became 2", Changes: 3, Regions: []string{"ap", "eu"}, Detected: first.Cycle,
		}}
		if diff := cmp.Diff(want, d.all()); diff != "" {
			t.Fatal(diff)
		}
		d.seal(s, showing("1", "2", "edge"), good, good, good)
		if !d.all()[0].Open() {
			t.Error("reverted while a region shows it")
		}
		last := d.seal(s, showing("1", "1", "edge"), good, good, good)
		want[0].Reverted = last.Cycle
		if diff := cmp.Diff(want, d.all()); diff != "" {
			t.Fatal(diff)
		}
		d.seal(s, showing("1", "2", "edge"), good, good, good) // again
		if got := d.all(); len(got) != 1 || !got[0].Open() {
			t.Errorf("%+v", got)
		}
		if st := d.rec.Stats(); st.Drifts != 1 {
			t.Errorf("%+v", st)
		}
	})
}

// TestFromTheBaseline: a contract that changes again is compared with the one
// that was accepted.
func TestFromTheBaseline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := newDriftDesk(t)
		for _, hash := range []string{"1", "2", "3", "gone"} {
			d.seal(s, showing(hash), good, good, good)
			d.restart()
		}
		got := d.all()
		if len(got) != 3 {
			t.Fatalf("%+v", got)
		}
		for i, to := range []string{"2", "3", "gone"} {
			if got[i].From != "1" || got[i].To != to || got[i].Open() != (to == "gone") || len(got[i].Regions) != 3 {
				t.Errorf("%+v", got[i])
			}
		}
		if got[2].Class != uptime.DriftBreaking || got[2].Summary == "" {
			t.Errorf("a drift that cannot be explained: %+v", got[2])
		}
	})
}

func TestAcceptedDrift(t *testing.T) {
	for _, restart := range []bool{false, true} {
		t.Run(fmt.Sprint("restart ", restart), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d, s := newDriftDesk(t)
				d.seal(s, showing("1"), good, good, good)
				d.seal(s, showing("2", "2", "1"), good, good, good)
				dr := d.all()[0]
				dr.Accepted, dr.By, dr.Note = time.Now(), "ann", "new release"
				d.ledger.drifts[dr.ID] = dr
				b := d.ledger.baselines["a"]
				b.Accepted = []string{"2"}
				d.ledger.baselines["a"] = b
				if d.rec.Accepted("default", "a", "2"); restart {
					d.restart()
				}
				d.seal(s, showing("2", "2", "1"), good, good, good) // us is late
				d.seal(s, showing("2"), good, good, good)
				if diff := cmp.Diff([]uptime.Drift{dr}, d.all()); diff != "" {
					t.Fatal(diff)
				}
				d.seal(s, showing("1"), good, good, good)
				if got := d.all(); len(got) != 2 || got[1].From != "2" || got[1].To != "1" || !got[1].Open() {
					t.Errorf("going back is no drift: %+v", got)
				}
				if got := d.ledger.baselines["a"].Accepted; !slices.Equal(got, []string{"2"}) {
					t.Errorf("accepted are %q", got)
				}
			})
		})
	}
}

// TestPinnedContract: the configuration says what the contract is.
func TestPinnedContract(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := server("a", "eu", "us")
		d := newDesk(t, verdict.RecorderOptions{Compare: compared, Pinned: func(*uptime.Server) string { return "pin" }}, s)
		d.seal(s, showing("1"), good, good)
		if got := d.all(); len(got) != 1 || got[0].From != "pin" || got[0].To != "1" || len(got[0].Regions) != 2 {
			t.Fatalf("%+v", got)
		}
		d.seal(s, showing("pin"), good, good)
		if got := d.all(); len(got) != 1 || got[0].Open() {
			t.Errorf("%+v", got)
		}
	})
}

// TestRegionThatIsGone: what a region showed when it was there keeps no drift
// open.
func TestRegionThatIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := newDriftDesk(t)
		d.seal(s, showing("1"), good, good, good)
		d.seal(s, showing("1", "1", "2"), good, good, good)
		fewer := new(*s)
		fewer.Regions = []string{"ap", "eu"}
		d.plan.Store(&uptime.Plan{Version: 2, Servers: []*uptime.Server{fewer}})
		d.seal(fewer, showing("1"), good, good)
		if got := d.all(); len(got) != 1 || got[0].Open() {
			t.Errorf("%+v", got)
		}
	})
}

// TestNewRegionShowsTheDrift: a region that joins while a drift is open joins
// the drift and does not accept it.
func TestNewRegionShowsTheDrift(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := newDriftDesk(t)
		d.seal(s, showing("1"), good, good)
		d.seal(s, showing("2"), good, good)
		d.seal(s, showing("2"), good, good, good)
		if got := d.all(); len(got) != 1 || !got[0].Open() || len(got[0].Regions) != 3 {
			t.Errorf("%+v", got)
		}
	})
}

// TestRestlessContract: one that changes every minute fills no table, and when
// it comes to rest that is noted.
func TestRestlessContract(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, s := newDriftDesk(t)
		for i := range 180 {
			d.seal(s, showing(fmt.Sprint("v", i)), good, good, good)
		}
		if n := len(d.all()); n > 31 {
			t.Errorf("%d drifts in three hours", n)
		}
		for range 61 {
			d.seal(s, showing("rest"), good, good, good)
		}
		got := d.all()
		if last := got[len(got)-1]; last.To != "rest" || last.From != "v0" || !last.Open() {
			t.Errorf("%+v", last)
		}
	})
}
