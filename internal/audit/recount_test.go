package audit_test

import (
	"encoding/csv"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/audit"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestOthersCanRecount counts again, by the words of the report, from its files
// alone: the classes of looks from what was seen, and the buckets from the classes.
func TestOthersCanRecount(t *testing.T) {
	for name, p := range map[string]*planted{"planted": plant(1), "at random": scattered(400)} {
		files := every(t, p, nil, p)
		looks := map[string][]map[string]string{}
		for _, l := range rowsOf(t, files["looks.csv"]) {
			if got := recountLook(l); got != l["class"] {
				t.Fatalf("%s: %v is counted again as %s", name, l, got)
			}
			looks[l["endpoint"]] = append(looks[l["endpoint"]], l)
		}
		seen := map[string]bool{}
		for _, e := range rowsOf(t, files["endpoints.csv"]) {
			if got := recount(e, looks[e["endpoint"]]); got != e["bucket"] {
				t.Errorf("%s: %v is counted again as %s", name, e, got)
			}
			seen[e["bucket"]] = true
		}
		if len(seen) != len(audit.Buckets()) {
			t.Errorf("%s: there are endpoints in %v alone", name, slices.Sorted(maps.Keys(seen)))
		}
	}
}

// scattered plants endpoints with looks at random, from two regions of one city.
func scattered(n int) *planted {
	run := threeRounds(time.Unix(0, 0), "a", "b", "c")
	run.Regions[1].City = run.Regions[0].City
	r := rand.New(rand.NewPCG(1, 2))
	p := &planted{records: newRecords(run, targets(n, n))}
	words := []string{"oooooowcp", "ooootTTtt", "dddnmo.", "pppkkkbo", "lllluu..o", "nnnmmmob", "oooodd"}
	for i := range p.targets {
		of := words[i%len(words)]
		if p.targets[i].Demo = strings.Contains(of, "t"); i%29 == 0 {
			p.targets[i].Kind = uptime.EndpointJunk
			continue
		}
		var rows []string
		for range 3 {
			var row strings.Builder
			for range 3 {
				row.WriteString(string(of[r.IntN(len(of))]))
			}
			rows = append(rows, row.String())
		}
		for _, l := range looksOf(rows...) {
			l.Endpoint = p.targets[i].Key
			p.looks[lookKey(&l)] = l
		}
	}
	return p
}

func rowsOf(t *testing.T, text string) (out []map[string]string) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows[1:] {
		one := map[string]string{}
		for i, name := range rows[0] {
			one[name] = row[i]
		}
		out = append(out, one)
	}
	return out
}

func recountLook(l map[string]string) string {
	cause, access := l["cause"], l["access"]
	refused := cause == "auth_required" || cause == "credential_refused"
	switch {
	case cause == "rate_limited" || cause == "bot_challenge":
		return "limited"
	case l["reason"] == "connection_refused" || l["reason"] == "timeout" || cause == "blocked_target":
		return "dead"
	case l["state"] == "unknown" || cause == "self_overload" || cause == "agent_lost":
		return "unknown"
	case access == "auth_broken" || cause == "auth_broken":
		return "auth_broken"
	case access == "auth_walled" || refused && l["auth_metadata"] == "true":
		return "auth_proper"
	case access == "auth_custom" || refused:
		return "auth_custom"
	case l["malformed"] != "" || slices.Contains([]string{"tools_empty", "tools_malformed", "pagination_loop", "capability_lie"}, cause):
		return "malformed"
	case l["state"] == "live" || l["state"] == "degraded":
		return "ok"
	}
	return "not_mcp"
}

// regionLooks is what a region saw, round by round.
type regionLooks []map[string]string

func (r regionLooks) sums() (judged, ok int, changed bool) {
	hash := ""
	for _, l := range r {
		if l["class"] != "unknown" && l["class"] != "limited" {
			judged++
		}
		if l["class"] == "ok" {
			ok++
			changed = changed || hash != "" && hash != l["tools_hash"]
			hash = l["tools_hash"]
		}
	}
	return judged, ok, changed
}

func recount(e map[string]string, looks []map[string]string) string {
	if e["kind"] != "remote" {
		return "templated"
	}
	expected, _ := strconv.Atoi(e["looks_expected"])
	regions, rounds, of := map[string]regionLooks{}, map[string][2]int{}, map[string]int{}
	for _, l := range looks {
		regions[l["region"]] = append(regions[l["region"]], l)
		of[l["class"]]++
		if l["token_state"] != "" {
			n := rounds[l["round"]]
			n[0]++
			if l["token_state"] != "live" {
				n[1]++
			}
			rounds[l["round"]] = n
		}
	}
	judged, pass, fail, drift := 0, 0, 0, false
	for _, r := range regions {
		n, ok, changed := r.sums()
		judged, drift = judged+n, drift || changed
		switch {
		case 2*ok > n:
			pass++
		case n > 0:
			fail++
		}
	}
	failed := 0
	for _, n := range rounds {
		if 2*n[1] > n[0] {
			failed++
		}
	}
	switch {
	case (judged == 0 || 2*judged < expected) && 2*of["limited"] > expected-judged:
		return "limited"
	case judged == 0 || 2*judged < expected:
		return "unknown"
	case pass > 0 && fail == 0 && 2*failed > len(rounds):
		return "credentialed_degraded"
	case pass > 0 && fail == 0 && drift:
		return "healthy_drift"
	case pass > 0 && fail == 0:
		return "healthy_stable"
	case pass > 0:
		return "regionally_degraded"
	}
	order := []string{"dead", "not_mcp", "malformed", "auth_broken", "auth_custom", "auth_proper"}
	most := slices.MaxFunc(order, func(a, b string) int { return of[a] - of[b] })
	if most == "malformed" {
		return "schema_malformed"
	}
	return most
}
