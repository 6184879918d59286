package audit_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/audit"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestWhatIsCounted(t *testing.T) {
	gone := time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)
	all := []uptime.AuditTarget{target("a", "a.example"), target("b", "b.example"), target("c", "c.example"), target("d", "d.example"), target("e", "e.example"), target("f", "f.example"), target("g", "g.example")}
	all[1].Kind = uptime.EndpointTemplated
	all[2].Optout = true
	all[3].Transport = uptime.Stdio
	all[4].Gone = gone
	all[5].Gone, all[5].Kind = gone, uptime.EndpointJunk
	all[6].Gone, all[6].Optout = gone, true
	got, population, optouts := audit.Plan(slices.Clone(all), audit.Draw{Delisted: 10})
	names := []string{}
	for _, target := range got {
		names = append(names, target.Names[0])
	}
	slices.Sort(names)
	if diff := cmp.Diff([]string{"a", "b", "e"}, names); diff != "" || population != 2 || optouts != 1 {
		t.Errorf("population %d, opted out %d; planned (-want +got):\n%s", population, optouts, diff)
	}
	if got, _, _ := audit.Plan(slices.Clone(all), audit.Draw{}); len(got) != 2 {
		t.Errorf("%d are planned without the delisted, want 2", len(got))
	}
}

func TestASampleDependsOnTheSeedAlone(t *testing.T) {
	all := targets(1000, 100)
	keys := func(n int, seed uint64) []uptime.EndpointKey {
		shuffled := slices.Clone(all)
		rand.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		got, population, _ := audit.Plan(shuffled, audit.Draw{Sample: n, Seed: seed})
		if population != 1000 || len(got) != min(n, 1000) {
			t.Fatalf("%d of %d are drawn, want %d of 1000", len(got), population, n)
		}
		var out []uptime.EndpointKey
		for _, target := range got {
			out = append(out, target.Key)
		}
		return out
	}
	first := keys(100, 7)
	if diff := cmp.Diff(first, keys(100, 7)); diff != "" {
		t.Error("the same seed drew others")
	}
	larger := keys(200, 7)
	for _, k := range first {
		if !slices.Contains(larger, k) {
			t.Fatalf("%s is not in the larger sample", k)
		}
	}
	if slices.Equal(first, keys(100, 8)) {
		t.Error("another seed drew the same")
	}
	keys(5000, 1)
}

// TestLooksAreSpreadOverHosts holds that the looks at a host do not come one
// after another, whatever regions there are.
func TestLooksAreSpreadOverHosts(t *testing.T) {
	all := targets(900, 900)
	for i := range 100 {
		all = append(all, target(fmt.Sprint("big", i), "gateway.example"))
	}
	all, _, _ = audit.Plan(all, audit.Draw{})
	var b busy
	run := threeRounds(time.Now().Add(-72*time.Hour), "a", "b", "c", "d", "e")
	run.Rounds = 1
	err := audit.New(audit.Options{
		Run: "test", Records: newRecords(run, all), HostGap: -1, Concurrent: 1, PerHost: 100,
		Look: b.look(takes(0)),
	}).Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := len(b.began["gateway.example"]); got != 500 {
		t.Fatalf("%d looks at the gateway", got)
	}
	longest, row, last := 0, 0, ""
	for _, host := range b.order {
		if row++; host != last {
			row = 1
		}
		last = host
		if host == "gateway.example" {
			longest = max(longest, row)
		}
	}
	if longest > 5 {
		t.Errorf("%d looks at the gateway came one after another", longest)
	}
	half := 0
	for _, host := range b.order[:2500] {
		if host == "gateway.example" {
			half++
		}
	}
	if half < 225 || half > 275 {
		t.Errorf("%d of the 500 looks at the gateway came in the first half", half)
	}
}
