package audit_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/audit"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// markdown is a report in words.
func markdown(t *testing.T, r *audit.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := r.WriteMarkdown(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestMethodIsThatOfTheEvidence wants the commands and the attempts as they are.
func TestMethodIsThatOfTheEvidence(t *testing.T) {
	first := plant(1)
	second := later(first)
	md := markdown(t, build(t, second.run, &first.run, both{first, second}))
	if want := fmt.Sprintf("alivemcp audit report %s --with %s\n", second.run.ID, first.run.ID); !strings.Contains(md, want) {
		t.Errorf("it does not say %q", want)
	}
	unbound := plant(1)
	unbound.run.Rate = 0
	if md := markdown(t, build(t, unbound.run, nil, unbound)); !strings.Contains(md, "was begun without a bound on how many looks") {
		t.Error("it does not say that there was no bound")
	}
	for _, c := range []struct {
		attempts int
		want     string
	}{{1, "with one attempt;"}, {2, "with up to 2 attempts,"}} {
		p := plant(1)
		for k, l := range p.looks {
			l.Attempts = min(l.Attempts, c.attempts)
			p.looks[k] = l
		}
		if md := markdown(t, build(t, p.run, nil, p)); !strings.Contains(md, c.want) {
			t.Errorf("it does not say %q", c.want)
		}
	}
}

// TestChangeOfTheContractInAnyRegion plants one change of the contract in a region,
// and two of the wording in another.
func TestChangeOfTheContractInAnyRegion(t *testing.T) {
	run := threeRounds(time.Unix(0, 0), "a", "b")
	p := &planted{records: newRecords(run, targets(1, 1))}
	for _, l := range looksOf("owo", "ooc") {
		l.Endpoint = p.targets[0].Key
		p.looks[lookKey(&l)] = l
	}
	d := build(t, run, nil, p).Drift
	if d.Contract != 1 || d.Wording != 0 || d.Changes[2].Endpoints != 1 {
		t.Errorf("the drift is %+v", d)
	}
}

// TestSampleOfAllIsNone asks for as many as there are.
func TestSampleOfAllIsNone(t *testing.T) {
	p := plant(1)
	p.run.Sample, p.run.Population, p.run.Seed = 500, 500, 3
	r := build(t, p.run, nil, p)
	if r.Headlines[0].Low != nil || r.Buckets[0].High != nil || r.Run.Sample != 0 || strings.Contains(markdown(t, r), "sample") {
		t.Errorf("all were counted, and the headline is %+v", r.Headlines[0])
	}
	p.run.Population = 501
	if r := build(t, p.run, nil, p); r.Headlines[0].Low == nil || !strings.HasPrefix(r.Title(), "About 13.0 %") {
		t.Errorf("one was not drawn, and the headline is %+v, the title %q", r.Headlines[0], r.Title())
	}
}

// TestSurvivalOfASample tells an earlier sample, in whose later full count absence
// means what it says, from a later one.
func TestSurvivalOfASample(t *testing.T) {
	first := plant(1)
	second := later(first)
	earlier := first.run
	earlier.Sample, earlier.Population = 500, 9000
	if s := build(t, second.run, &earlier, both{first, second}).Cohort.Survival; s.Denominator != 65 || s.Low == nil {
		t.Errorf("of an earlier sample the survival is %+v", s)
	}
}

// TestRevisionsAreThoseOfHandshakes plants servers that want a revision each, with
// handshakes and without.
func TestRevisionsAreThoseOfHandshakes(t *testing.T) {
	run := threeRounds(time.Unix(0, 0), "a")
	for _, c := range []struct {
		era        uptime.Era
		rows, last int
	}{{"", 0, 0}, {uptime.Legacy, 12, 29}} {
		p := &planted{records: newRecords(run, targets(40, 40))}
		for i, target := range p.targets {
			l := letters()['n']
			l.Endpoint, l.Round, l.Region, l.Era, l.Version, l.Transport = target.Key, 1, "a", c.era, fmt.Sprintf("20%02d-01-01", i), uptime.StreamableHTTP
			p.looks[lookKey(&l)] = l
		}
		r := build(t, run, nil, p)
		if len(r.Versions) != c.rows || c.rows > 0 && r.Versions[c.rows-1].Endpoints != c.last {
			t.Errorf("era %q: %d revisions", c.era, len(r.Versions))
		}
	}
}

// TestFormulasBehindSemicolons is about spreadsheets for which a semicolon ends a
// cell, and about mathematics in Markdown.
func TestFormulasBehindSemicolons(t *testing.T) {
	p := plant(1)
	for i := range p.targets {
		p.targets[i].Names, p.targets[i].Platform = []string{"x;=1+1", "=2", "y; @SUM(A1)"}, "$x^2$"
	}
	out := every(t, p, nil, p)
	for cell := range strings.SplitSeq(out["endpoints.csv"], ";") {
		if c := strings.TrimLeft(cell, " "); strings.HasPrefix(c, "=") || strings.HasPrefix(c, "@") {
			t.Fatalf("a cell begins with %.10q", cell)
		}
	}
	if strings.Contains(out["report.md"], " $x") {
		t.Error("a stranger writes mathematics")
	}
}

// TestWhyACrawlFailedIsNotPublished: the address of a private mirror, and what it
// answered, are the operator's.
func TestWhyACrawlFailedIsNotPublished(t *testing.T) {
	p := plant(1)
	p.run.Crawls[1].State, p.run.Crawls[1].Why = uptime.CrawlFailed, "Get https://mirror.corp.internal/v0.1: no such host"
	for name, text := range every(t, p, nil, p) {
		if strings.Contains(text, "mirror.corp") {
			t.Errorf("%s says why a registry could not be read", name)
		}
	}
}
