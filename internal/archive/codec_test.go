package archive_test

import (
	stdcmp "cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/alivemcp/alivemcp/internal/archive"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// The codes are on disk for years.
func TestCauseCodesNeverChange(t *testing.T) {
	pinned := []uptime.Cause{
		1: "dns_nxdomain", 2: "dns_failed", 3: "connect_refused", 4: "connect_timeout", 5: "connect_reset",
		6: "tls_expired", 7: "tls_not_yet_valid", 8: "tls_hostname", 9: "tls_untrusted", 10: "tls_failed",
		11: "first_byte_timeout", 12: "attempt_timeout", 13: "sse_no_answer", 14: "http_not_found",
		15: "http_method", 16: "http_client_error", 17: "http_server_error", 18: "http_redirect",
		19: "misdirected_host", 20: "not_mcp", 21: "empty_body", 22: "content_type", 23: "body_too_large",
		24: "bad_json", 25: "bad_envelope", 26: "id_mismatch", 27: "rpc_error", 28: "version_unsupported",
		29: "version_refused", 30: "handshake_shape", 31: "initialized_refused", 32: "session_lost",
		33: "capability_lie", 34: "tools_empty", 35: "tools_malformed", 36: "pagination_loop",
		37: "sse_endpoint", 38: "sse_unterminated", 39: "auth_required", 40: "auth_broken",
		41: "credential_refused", 42: "drift_breaking", 43: "canary_failed", 44: "canary_error",
		45: "health_failed", 46: "error_rate", 47: "rate_limited", 48: "bot_challenge",
		49: "credential_expired", 50: "blocked_target", 51: "agent_lost", 52: "self_overload",
	}
	for code, cause := range pinned {
		if got := archive.CauseOf(byte(code)); got != cause {
			t.Errorf("code %d is %q, was %q", code, got, cause)
		}
	}
	for _, c := range uptime.Causes() {
		if code := archive.CauseCode(c); code == 0 || archive.CauseOf(code) != c {
			t.Errorf("%s has no code: append it to the table, and to this test", c)
		}
	}
}

func TestLatencyIsKeptWithinFourPercent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := time.Duration(math.Exp(rapid.Float64Range(math.Log(60e3), math.Log(120e9)).Draw(t, "ln ns")))
		kept := archive.Kept(d)
		if off := math.Abs(float64(kept-d)) / float64(d); off > 0.04 {
			t.Fatalf("%s is kept as %s, off by %.1f %%", d, kept, 100*off)
		}
		if again := archive.Kept(kept); again != kept {
			t.Fatalf("%s becomes %s when it is kept again", kept, again)
		}
	})
	for d, slow := range map[time.Duration]bool{
		5*time.Second - 1: false, 5 * time.Second: true, 0: false, 1: false, time.Hour: true, -1: false,
	} {
		if got := archive.Kept(d) >= 5*time.Second; got != slow {
			t.Errorf("%s is kept as %s: slow is %t, want %t", d, archive.Kept(d), got, slow)
		}
	}
	if archive.Kept(0) != 0 || archive.Kept(1) == 0 {
		t.Error("no latency and a short one are mixed up")
	}
}

func TestDigestsAddUp(t *testing.T) {
	fast, slow := make([]time.Duration, 900), make([]time.Duration, 100)
	for i := range fast {
		fast[i] = 100 * time.Millisecond
	}
	for i := range slow {
		slow[i] = 2 * time.Second
	}
	slow[0] = 0 // no sample
	for q, want := range map[float64]time.Duration{0.5: fast[0], 0.9: fast[0], 0.95: slow[1], 1: slow[1]} {
		got, n, err := archive.Quantile(q, archive.Digest(fast), archive.Digest(slow), nil)
		if got != archive.Kept(want) || n != 999 || err != nil {
			t.Errorf("quantile %g = %s of %d, %v; want %s", q, got, n, err, want)
		}
	}
	if got, n, err := archive.Quantile(0.5, archive.Digest(nil)); got != 0 || n != 0 || err != nil {
		t.Errorf("quantile of nothing = %s of %d, %v", got, n, err)
	}
}

// cells draws minutes as they come: in runs.
func cells(n int) *rapid.Generator[[]uptime.MinuteCell] {
	return rapid.Custom(func(t *rapid.T) []uptime.MinuteCell {
		var out []uptime.MinuteCell
		for len(out) < n {
			c := cell().Draw(t, "cell")
			for range rapid.IntRange(1, 2*n).Draw(t, "length") {
				if c.Latency > 0 {
					c.Latency = archive.Kept(time.Duration(rapid.IntRange(1e6, 2e10).Draw(t, "latency")))
				}
				out = append(out, c)
			}
		}
		return out[:n]
	})
}

func cell() *rapid.Generator[uptime.MinuteCell] {
	return rapid.Custom(func(t *rapid.T) uptime.MinuteCell {
		states := rapid.SampledFrom([]uptime.State{uptime.Unknown, uptime.Live, uptime.Degraded, uptime.Down})
		c := uptime.MinuteCell{State: states.Draw(t, "state"), Maintenance: rapid.IntRange(0, 9).Draw(t, "maintenance") == 0}
		if c.State != uptime.Live && rapid.Bool().Draw(t, "has cause") {
			c.Cause = rapid.SampledFrom(uptime.Causes()).Draw(t, "cause")
		}
		for _, r := range []string{"ap-south", "eu-west", "us-east"} {
			if rapid.Bool().Draw(t, r) {
				c.Regions = append(c.Regions, uptime.RegionState{Region: r, State: states.Draw(t, r)})
			}
		}
		if rapid.Bool().Draw(t, "has latency") {
			c.Latency = archive.Kept(time.Duration(rapid.IntRange(1e6, 2e10).Draw(t, "latency")))
		}
		return c
	})
}

func TestDayRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := cells(uptime.MinutesPerDay).Draw(t, "cells")
		day := uptime.Day(rapid.IntRange(0, 40000).Draw(t, "day"))
		got, err := archive.UnpackDay(day, archive.PackDay(day, want))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestSegmentRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nums := rapid.SliceOfNDistinct(rapid.Uint32(), 0, 50, rapid.ID[uint32]).Draw(t, "nums")
		want := make([]archive.Entry, len(nums))
		for i, c := range cells(max(1, len(nums))).Draw(t, "cells")[:len(nums)] {
			want[i] = archive.Entry{Num: nums[i], Cell: c, Left: rapid.SampledFrom([]int{0, 0, 1, 1440}).Draw(t, "left")}
		}
		sortEntries(want)
		got, err := archive.UnpackSegment(archive.PackSegment(want))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Regions that come unsorted, twice, with long names or impossible states are
// made orderly, not refused: a minute is not lost because of them.
func TestOddRegionsAreTamed(t *testing.T) {
	long := string(make([]byte, 300))
	in := make([]uptime.MinuteCell, uptime.MinutesPerDay)
	in[0] = uptime.MinuteCell{State: 77, Cause: "no_such_cause", Regions: []uptime.RegionState{
		{Region: "b", State: uptime.Down}, {Region: "a", State: uptime.Live}, {Region: "b", State: uptime.Live}, {Region: long, State: 9},
	}}
	out, err := archive.UnpackDay(0, archive.PackDay(0, in))
	want := uptime.MinuteCell{Regions: []uptime.RegionState{
		{Region: long[:64], State: uptime.Unknown}, {Region: "a", State: uptime.Live}, {Region: "b", State: uptime.Down},
	}}
	if diff := cmp.Diff(want, out[0]); diff != "" || err != nil {
		t.Error(diff, err)
	}
}

// realistic is a day as servers have them: latencies that wander, an outage, a
// few blips.
func realistic(r *rand.Rand) []uptime.MinuteCell {
	out := make([]uptime.MinuteCell, uptime.MinutesPerDay)
	base := math.Exp(r.Float64()*3) * 40e6
	regions := func(s uptime.State) []uptime.RegionState {
		return []uptime.RegionState{{Region: "ap-south", State: s}, {Region: "eu-west", State: s}, {Region: "us-east", State: s}}
	}
	live, down := regions(uptime.Live), regions(uptime.Down)
	outage := r.IntN(5 * uptime.MinutesPerDay)
	for i := range out {
		out[i] = uptime.MinuteCell{
			State: uptime.Live, Regions: live,
			Latency: time.Duration(base * math.Exp(r.NormFloat64()*0.25)),
		}
		switch {
		case i >= outage && i < outage+17:
			out[i] = uptime.MinuteCell{State: uptime.Down, Cause: uptime.ConnectRefused, Regions: down}
		case r.IntN(400) == 0:
			out[i].State, out[i].Cause = uptime.Degraded, uptime.FirstByteTimeout
			out[i].Regions = append(regions(uptime.Live)[:2], uptime.RegionState{Region: "us-east", State: uptime.Down})
		}
	}
	return out
}

func TestPackedSizes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	size, days := 0, 100
	minutes := make([][]uptime.MinuteCell, days)
	for i := range days {
		minutes[i] = realistic(r)
		size += len(archive.PackDay(uptime.Day(i), minutes[i]))
	}
	perMinute := float64(size) / float64(days*uptime.MinutesPerDay)
	t.Logf("a day blob: %.2f bytes a minute", perMinute)
	if perMinute > 1.5 {
		t.Errorf("%.2f bytes a minute in day blobs, want at most 1.5", perMinute)
	}
	entries := make([]archive.Entry, days)
	size = 0
	for m := range uptime.MinutesPerDay {
		for i := range entries {
			entries[i] = archive.Entry{Num: uint32(i + 1), Cell: minutes[i][m]}
		}
		size += len(archive.PackSegment(entries))
	}
	perCell := float64(size) / float64(days*uptime.MinutesPerDay)
	t.Logf("segments: %.2f bytes a server", perCell)
	if perCell > 8 {
		t.Errorf("%.2f bytes a server in segments, want at most 8", perCell)
	}
	quiet := make([]uptime.MinuteCell, uptime.MinutesPerDay)
	if n := len(archive.PackDay(0, quiet)); n > 16 {
		t.Errorf("an empty day has %d bytes", n)
	}
}

func FuzzUnpackDay(f *testing.F) {
	f.Add([]byte{})
	f.Add(archive.PackDay(3, make([]uptime.MinuteCell, uptime.MinutesPerDay)))
	f.Add(archive.PackDay(3, realistic(rand.New(rand.NewPCG(3, 4)))))
	f.Fuzz(func(t *testing.T, b []byte) {
		cells, err := archive.UnpackDay(3, b)
		if err != nil {
			return
		}
		again, err := archive.UnpackDay(3, archive.PackDay(3, cells))
		if diff := cmp.Diff(cells, again); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}

func FuzzUnpackSegment(f *testing.F) {
	f.Add([]byte{})
	f.Add(archive.PackSegment(nil))
	for i := range 3 {
		f.Add(archive.PackSegment([]archive.Entry{
			{Num: 1, Cell: realistic(rand.New(rand.NewPCG(3, uint64(i))))[i], Left: i},
			{Num: 1 << 31, Cell: uptime.MinuteCell{State: uptime.Down, Cause: uptime.SelfOverload, Maintenance: true}},
		}))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		entries, err := archive.UnpackSegment(b)
		if err != nil {
			return
		}
		again, err := archive.UnpackSegment(archive.PackSegment(entries))
		if diff := cmp.Diff(entries, again); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}

func FuzzDigest(f *testing.F) {
	f.Add([]byte{})
	f.Add(archive.Digest([]time.Duration{1, time.Second, time.Hour}))
	f.Fuzz(func(t *testing.T, b []byte) {
		if d, n, err := archive.Quantile(0.95, b); err == nil && (d == 0) != (n == 0) {
			t.Errorf("%s of %d samples", d, n)
		}
	})
}

func BenchmarkPackDay(b *testing.B) {
	day := realistic(rand.New(rand.NewPCG(1, 2)))
	for b.Loop() {
		archive.PackDay(0, day)
	}
}

func BenchmarkUnpackDay(b *testing.B) {
	packed := archive.PackDay(0, realistic(rand.New(rand.NewPCG(1, 2))))
	for b.Loop() {
		if _, err := archive.UnpackDay(0, packed); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSegment(b *testing.B) {
	entries := make([]archive.Entry, 2000)
	for i := range entries {
		entries[i] = archive.Entry{Num: uint32(i), Cell: realistic(rand.New(rand.NewPCG(1, uint64(i))))[0]}
	}
	b.Run(fmt.Sprintf("%d servers", len(entries)), func(b *testing.B) {
		for b.Loop() {
			if _, err := archive.UnpackSegment(archive.PackSegment(entries)); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func sortEntries(entries []archive.Entry) {
	slices.SortFunc(entries, func(a, b archive.Entry) int { return stdcmp.Compare(a.Num, b.Num) })
}
