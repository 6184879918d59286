// Package livetest is what the live state must do, whatever keeps it: a suite
// that every adapter runs, and a journal for those that need one.
package livetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Live is what is tested.
type Live interface {
	Put(context.Context, *uptime.Report) error
	Arrived(context.Context) ([]uptime.Pending, error)
	Pending(context.Context, []uptime.CycleKey) ([]uptime.Pending, error)
	Seal(context.Context, []uptime.Verdict) (int, error)
	After(context.Context, uptime.Cursor, int) ([]uptime.Verdict, error)
	Wait(context.Context, uptime.Cursor) error
	Latest(uptime.TenantID, uptime.ServerID) (uptime.Verdict, bool)
	Keep(uptime.Cell)
	Look(uptime.TenantID, uptime.ServerID) []uptime.Cell
}

// New makes an empty live state whose clock stands at now and whose archive ends
// with the minute floor. It ends with the test.
type New func(t *testing.T, now time.Time, floor uptime.Minute) Live

// Run runs the suite.
func Run(t *testing.T, open New) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, *bench){
		"ReportsOfACycleComeTogether":   testTogether,
		"TheFirstReportOfARegionCounts": testFirstCounts,
		"ReportsAreWaitedFor":           testArrivedWaits,
		"WhatEndedStillReturnsReports":  testArrivedAtTheEnd,
		"TenantsAreApart":               testTenants,
		"SealedOnce":                    testSealedOnce,
		"SealedInOrder":                 testSealedInOrder,
		"LateReportsAreDropped":         testLate,
		"TheArchivedIsNotSealed":        testFloor,
		"OldCyclesGiveWay":              testBounded,
		"TwoWhoSealAtOnce":              testConcurrent,
		"TheFeedIsReadInPieces":         testPieces,
		"ReadersWait":                   testWait,
		"ACursorAheadIsToldSo":          testAhead,
		"BrokenReportsAreRefused":       testInvalid,
		"EvidenceIsLight":               testEvidence,
		"NewestEvidenceStays":           testNewestEvidence,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, &bench{t: t, Live: open(t, noon().Add(30*time.Second), uptime.MinuteOf(noon())-10)})
		})
	}
}

func noon() time.Time { return time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC) }

// bench is a live state with what tests do to it.
type bench struct {
	Live
	t *testing.T
}

func key(server uptime.ServerID, cycle time.Time) uptime.CycleKey {
	return uptime.CycleKey{Tenant: "default", Server: server, Cycle: cycle}
}

func report(server uptime.ServerID, region string, cycle time.Time) *uptime.Report {
	return &uptime.Report{Tenant: "default", Server: server, Region: region, Cycle: cycle, State: uptime.Live, Attempts: 1}
}

func verdict(server uptime.ServerID, cycle time.Time) uptime.Verdict {
	return uptime.Verdict{
		Tenant: "default", Server: server, Cycle: cycle, Every: time.Minute, State: uptime.Live,
		Expected: 1, SealedAt: cycle.Add(time.Second),
	}
}

func (b *bench) put(server uptime.ServerID, region string, cycle time.Time) {
	b.t.Helper()
	if err := b.Put(b.t.Context(), report(server, region, cycle)); err != nil {
		b.t.Fatalf("Put: %v", err)
	}
}

func (b *bench) seal(want int, verdicts ...uptime.Verdict) {
	b.t.Helper()
	if n, err := b.Seal(b.t.Context(), verdicts); err != nil || n != want {
		b.t.Fatalf("Seal = %d, %v; want %d", n, err, want)
	}
}

// regions returns who reported on a cycle.
func (b *bench) regions(k uptime.CycleKey) []string {
	b.t.Helper()
	got, err := b.Pending(b.t.Context(), []uptime.CycleKey{k})
	if err != nil || len(got) != 1 || got[0].Tenant != k.Tenant || got[0].Server != k.Server || !got[0].Cycle.Equal(k.Cycle) {
		b.t.Fatalf("Pending(%v) = %v, %v", k, got, err)
	}
	return names(got[0])
}

func names(p uptime.Pending) []string {
	var out []string
	for i := range p.Reports {
		out = append(out, p.Reports[i].Region)
	}
	return out
}

func (b *bench) is(k uptime.CycleKey, want ...string) {
	b.t.Helper()
	if got := b.regions(k); !slices.Equal(got, want) {
		b.t.Errorf("%s at %s was reported on by %q, want %q", k.Server, k.Cycle.Format(time.TimeOnly), got, want)
	}
}

func (b *bench) feed(after uptime.Cursor, limit int) []uptime.Verdict {
	b.t.Helper()
	got, err := b.After(b.t.Context(), after, limit)
	if err != nil {
		b.t.Fatalf("After(%d): %v", after, err)
	}
	return got
}

func testTogether(t *testing.T, b *bench) {
	t.Helper()
	for _, region := range []string{"us", "ap", "eu"} {
		b.put("a", region, noon())
	}
	b.put("b", "eu", noon())
	b.is(key("a", noon()), "ap", "eu", "us") // by region, whatever the order
	b.is(key("b", noon()), "eu")
	b.is(key("a", noon().Add(-time.Minute)))
	b.is(key("c", noon()))
	got, err := b.Arrived(t.Context())
	if err != nil || len(got) != 2 {
		t.Fatalf("Arrived = %v, %v; want two cycles", got, err)
	}
	for _, p := range got {
		if want := map[uptime.ServerID]int{"a": 3, "b": 1}[p.Server]; len(p.Reports) != want {
			t.Errorf("%s arrived with %q", p.Server, names(p))
		}
	}
}

func testFirstCounts(t *testing.T, b *bench) {
	t.Helper()
	b.put("a", "eu", noon())
	again := report("a", "eu", noon())
	again.State = uptime.Down
	if err := b.Put(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	got, err := b.Pending(t.Context(), []uptime.CycleKey{key("a", noon())})
	if err != nil || len(got[0].Reports) != 1 || got[0].Reports[0].State != uptime.Live {
		t.Errorf("Pending = %+v, %v; want the first report alone", got, err)
	}
}

// testArrivedWaits: what was returned stays as it was, and is not returned again
// until more arrives; then all of it is.
func testArrivedWaits(t *testing.T, b *bench) {
	t.Helper()
	before := verdict("a", noon().Add(-time.Minute))
	before.Expected = 3
	b.seal(1, before)
	b.put("a", "us", noon())
	first, err := b.Arrived(t.Context())
	if err != nil || len(first) != 1 {
		t.Fatalf("Arrived = %v, %v", first, err)
	}
	found := make(chan []uptime.Pending)
	go func() {
		got, _ := b.Arrived(t.Context())
		found <- got
	}()
	b.put("a", "eu", noon())
	if got := <-found; len(got) != 1 || !slices.Equal(names(got[0]), []string{"eu", "us"}) {
		t.Errorf("then arrived %v", got)
	}
	if !slices.Equal(names(first[0]), []string{"us"}) {
		t.Errorf("what was returned before became %q", names(first[0]))
	}
}

func testArrivedAtTheEnd(t *testing.T, b *bench) {
	t.Helper()
	b.put("a", "us", noon())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := b.Arrived(ctx); err != nil || len(got) != 1 {
		t.Errorf("Arrived = %v, %v; want what was there", got, err)
	}
	if got, err := b.Arrived(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Arrived = %v, %v; want that the context ended", got, err)
	}
}

func testTenants(t *testing.T, b *bench) {
	t.Helper()
	b.put("a", "eu", noon())
	other := report("a", "us", noon())
	other.Tenant = "other"
	if err := b.Put(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	b.is(key("a", noon()), "eu")
	b.seal(1, verdict("a", noon()))
	b.is(uptime.CycleKey{Tenant: "other", Server: "a", Cycle: noon()}, "us")
	if v, ok := b.Latest("other", "a"); ok {
		t.Errorf("the other tenant got %+v", v)
	}
}

func testSealedOnce(t *testing.T, b *bench) {
	t.Helper()
	b.put("a", "eu", noon())
	v := verdict("a", noon())
	b.seal(1, v)
	worse := v
	worse.State = uptime.Down
	b.seal(0, worse)
	if got := b.feed(0, 10); len(got) != 1 || got[0].State != uptime.Live || got[0].Seq == 0 {
		t.Errorf("the feed holds %+v", got)
	}
	if got, ok := b.Latest("default", "a"); !ok || got.State != uptime.Live || !got.Cycle.Equal(noon()) {
		t.Errorf("Latest = %+v, %v", got, ok)
	}
	b.is(key("a", noon()))
}

func testSealedInOrder(t *testing.T, b *bench) {
	t.Helper()
	at := func(n int) time.Time { return noon().Add(time.Duration(n) * 10 * time.Second) }
	// In one batch: a cycle twice, and an older one behind a newer one.
	b.seal(4, verdict("a", at(0)), verdict("b", at(1)), verdict("a", at(0)), verdict("b", at(0)), verdict("a", at(2)), verdict("c", at(0)))
	b.seal(0, verdict("a", at(1)))
	var last uptime.Cursor
	for i, v := range b.feed(0, 10) {
		if i > 0 && v.Seq != last+1 {
			t.Errorf("verdict %d follows %d", v.Seq, last)
		}
		last = v.Seq
	}
	b.seal(0)
}

func testLate(t *testing.T, b *bench) {
	t.Helper()
	b.put("a", "eu", noon().Add(-time.Minute))
	b.put("a", "eu", noon())
	b.seal(1, verdict("a", noon()))
	b.put("a", "us", noon())
	b.put("a", "us", noon().Add(-time.Minute))
	b.is(key("a", noon()))
	b.is(key("a", noon().Add(-time.Minute)))
	ahead := noon().Add(time.Hour) // somebody's clock is wrong
	b.put("a", "us", ahead)
	b.is(key("a", ahead))
}

func testFloor(t *testing.T, b *bench) {
	t.Helper()
	archived := noon().Add(-10 * time.Minute)
	b.put("a", "eu", archived.Add(59*time.Second))
	b.is(key("a", archived.Add(59*time.Second)))
	b.seal(0, verdict("a", archived))
	b.seal(1, verdict("a", archived.Add(time.Minute)))
}

// testBounded: a server that is never sealed does not pile up, and its newest
// cycles are there.
func testBounded(t *testing.T, b *bench) {
	t.Helper()
	for n := -8; n <= 0; n++ {
		b.put("a", "eu", noon().Add(time.Duration(n)*time.Minute))
	}
	b.is(key("a", noon()), "eu")
	b.is(key("a", noon().Add(-time.Minute)), "eu")
	b.is(key("a", noon().Add(-8*time.Minute)))
	b.put("a", "us", noon().Add(-8*time.Minute)) // a straggler pushes nobody out
	b.is(key("a", noon()), "eu")
	b.is(key("a", noon().Add(-time.Minute)), "eu")
}

// testConcurrent: many sealers with the same and overlapping batches, in other
// orders, while reports arrive.
func testConcurrent(t *testing.T, b *bench) {
	t.Helper()
	const servers, sealers = 40, 8
	var verdicts []uptime.Verdict
	for i := range servers {
		verdicts = append(verdicts, verdict(uptime.ServerID(fmt.Sprint("s", i)), noon()))
	}
	var wg sync.WaitGroup
	total := make(chan int, sealers)
	for s := range sealers {
		mine := slices.Concat(verdicts[s*servers/sealers:], verdicts[:s*servers/sealers])
		wg.Go(func() {
			n := 0
			for part := range slices.Chunk(mine, 7) {
				got, err := b.Seal(t.Context(), part)
				if err != nil {
					t.Errorf("Seal: %v", err)
				}
				n += got
				b.put(part[0].Server, fmt.Sprint("r", s), noon())
			}
			total <- n
		})
	}
	wg.Wait()
	close(total)
	sum := 0
	for n := range total {
		sum += n
	}
	if got := b.feed(0, 1000); sum != servers || len(got) != servers {
		t.Errorf("%d sealed, %d in the feed, want %d", sum, len(got), servers)
	}
}

func testPieces(t *testing.T, b *bench) {
	t.Helper()
	for i := range 10 {
		b.seal(1, verdict(uptime.ServerID(fmt.Sprint("s", i)), noon()))
	}
	var got []uptime.ServerID
	for cursor := uptime.Cursor(0); ; {
		part := b.feed(cursor, 3)
		if len(part) == 0 {
			break
		}
		for _, v := range part {
			got, cursor = append(got, v.Server), v.Seq
		}
		if len(part) > 3 {
			t.Fatalf("%d verdicts, want 3 at most", len(part))
		}
	}
	if len(got) != 10 || got[0] != "s0" || got[9] != "s9" {
		t.Errorf("read %q", got)
	}
}

func testWait(t *testing.T, b *bench) {
	t.Helper()
	woken := make(chan error)
	for range 3 {
		go func() { woken <- b.Wait(t.Context(), 0) }()
	}
	b.seal(1, verdict("a", noon()))
	for range 3 {
		if err := <-woken; err != nil {
			t.Errorf("Wait: %v", err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Wait(ctx, b.feed(0, 1)[0].Seq); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait = %v, want that the context ended", err)
	}
}

func testAhead(t *testing.T, b *bench) {
	t.Helper()
	b.seal(1, verdict("a", noon()))
	_, err := b.After(t.Context(), 1000, 10)
	gap, ok := errors.AsType[*uptime.FeedGap](err)
	if !ok || !errors.Is(err, uptime.ErrNotFound) {
		t.Fatalf("After = %v, want a gap", err)
	}
	if got := b.feed(gap.Resume, 10); len(got) != 1 {
		t.Errorf("after %d come %v", gap.Resume, got)
	}
}

func testInvalid(t *testing.T, b *bench) {
	t.Helper()
	for _, r := range []*uptime.Report{report("", "eu", noon()), report("a", "", noon()), report("a", "eu", time.Time{})} {
		if err := b.Put(t.Context(), r); !errors.Is(err, uptime.ErrInvalid) {
			t.Errorf("Put(%+v) = %v, want that it is invalid", r, err)
		}
	}
}

func cell(region string, cycle time.Time, failed ...bool) uptime.Cell {
	c := uptime.Cell{Tenant: "default", Server: "a", Region: region, Cycle: cycle}
	for _, f := range failed {
		r := uptime.Result{
			Region: region, Transcript: []uptime.Exchange{{Request: "POST /", Response: "200"}},
			Tools: &uptime.ToolSet{Count: 1, Raw: [][]byte{[]byte("{}")}},
		}
		if f {
			r.Failure = &uptime.Failure{Cause: uptime.NotMCP, Effect: uptime.Down}
		}
		c.Attempts = append(c.Attempts, r)
	}
	return c
}

func testEvidence(t *testing.T, b *bench) {
	t.Helper()
	given := cell("us", noon(), true, true, false)
	b.Keep(given)
	b.Keep(cell("eu", noon(), true))
	got := b.Look("default", "a")
	if len(got) != 2 || got[0].Region != "eu" || got[1].Region != "us" || len(got[1].Attempts) != 3 {
		t.Fatalf("Look = %+v", got)
	}
	for i, want := range []bool{false, true, false} { // the last failure's
		if a := got[1].Attempts[i]; (a.Transcript != nil) != want || a.Tools.Raw != nil || a.Tools.Count != 1 {
			t.Errorf("attempt %d: %+v", i, a)
		}
	}
	if given.Attempts[0].Tools.Raw == nil || given.Attempts[0].Transcript == nil {
		t.Error("what was given was changed")
	}
	if got := b.Look("other", "a"); len(got) != 0 {
		t.Errorf("another tenant sees %v", got)
	}
}

func testNewestEvidence(t *testing.T, b *bench) {
	t.Helper()
	b.Keep(cell("eu", noon(), false))
	b.Keep(cell("eu", noon().Add(-time.Minute), true))
	b.Keep(cell("eu", time.Time{}, true)) // outside of cycles
	if got := b.Look("default", "a"); len(got) != 1 || !got[0].Cycle.Equal(noon()) {
		t.Errorf("Look = %+v, want the newest", got)
	}
	b.Keep(cell("eu", noon().Add(time.Minute), true))
	if got := b.Look("default", "a"); len(got) != 1 || got[0].Last().Failure == nil {
		t.Errorf("Look = %+v, want the newest", got)
	}
}
