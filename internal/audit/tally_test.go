package audit_test

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/audit"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestSampleHasIntervals checks against Wilson's formula as published: 15 of 148
// is 10.14 %, between 6.24 and 16.05.
func TestSampleHasIntervals(t *testing.T) {
	run := threeRounds(time.Unix(0, 0), "a")
	run.Rounds, run.Sample, run.Population, run.Seed = 1, 148, 5000, 9
	p := &planted{records: newRecords(run, targets(148, 148))}
	for i, target := range p.targets {
		l := letters()['d']
		if i < 15 {
			l = letters()['o']
		}
		l.Endpoint, l.Round, l.Region = target.Key, 1, "a"
		p.looks[lookKey(&l)] = l
	}
	r := build(t, run, nil, p)
	h := r.Headlines[0]
	if math.Abs(*h.Percent-10.14) > 0.01 || math.Abs(*h.Low-6.24) > 0.01 || math.Abs(*h.High-16.05) > 0.01 {
		t.Errorf("%.2f %%, %.2f to %.2f", *h.Percent, *h.Low, *h.High)
	}
	if b := r.Buckets[1]; *b.Low != 0 || *b.High < 2 || *b.High > 3 {
		t.Errorf("none of 148 is between %.2f and %.2f", *b.Low, *b.High)
	}
	var md bytes.Buffer
	if err := r.WriteMarkdown(&md); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(md.String(), "A sample of 148 endpoints was drawn of 5,000 endpoints, by a hash with the seed 9") || !strings.Contains(md.String(), "6.2 % to 16.0 %") || !strings.Contains(md.String(), "We counted 148 endpoints drawn from the 5,000 that registries list") {
		t.Error("the sample is not described")
	}
}

func TestComparisonInWords(t *testing.T) {
	first := plant(1)
	second := later(first)
	r := build(t, second.run, &first.run, both{first, second})
	md := markdown(t, r)
	for _, want := range []string{"Survival of the healthy: 78.5 % (51 of 65)", "| Healthy, stable | 52 | 10.4 % | 45 | 9.1 % | −1.3 pp |", "Q3 2026, others", "published by others"} {
		if !strings.Contains(md, want) {
			t.Errorf("the report lacks %q", want)
		}
	}
	if r.Title() != "11.7 % of the MCP endpoints that registries list are healthy" || !strings.Contains(audit.CSS(), ".audit") {
		t.Errorf("the title is %q", r.Title())
	}
}

func TestNotCrawledIsNamed(t *testing.T) {
	p := plant(1)
	for _, s := range build(t, p.run, nil, p).Sources {
		if s.Name == string(uptime.SourcePulseMCP) && (len(s.Crawls) != 1 || s.Crawls[0].State != uptime.CrawlNone || s.Endpoints != 0) {
			t.Errorf("the registry that was not crawled is %+v", s)
		}
	}
	out := every(t, p, nil, p)
	if !strings.Contains(out["report.md"], "| PulseMCP | not crawled (no credential) |") {
		t.Error("the page does not say that pulsemcp was not crawled")
	}
}

// TestListedVersusLive plants what registries get wrong.
func TestListedVersusLive(t *testing.T) {
	run := threeRounds(time.Unix(0, 0), "a")
	all := targets(6, 6)
	all[0].ListedVersion, all[0].ListedTransport = "v1.0.0", "streamable-http"
	all[1].ListedVersion, all[1].ListedTransport = "2.0.0", "sse"
	all[2].Listings, all[2].Sources, all[2].Names = 3, []uptime.SourceID{"docker", "official"}, []string{"a", "b"}
	all[2].Compared, all[2].Disagree = true, []string{"version", "name"}
	all[1].Listings = 2 // of a run in which listings were not compared with each other
	all[3].Gone, all[4].Gone = time.Unix(1, 0), time.Unix(1, 0)
	p := &planted{records: newRecords(run, all)}
	for i, target := range all {
		for n := range 3 {
			l := letters()['o']
			if i == 4 {
				l = letters()['d']
			}
			l.Endpoint, l.Round, l.Region, l.ServerVer, l.Transport, l.Tools = target.Key, n+1, "a", "1.0.0", uptime.StreamableHTTP, 4
			p.looks[lookKey(&l)] = l
		}
	}
	r := build(t, run, nil, p)
	l := r.Listed
	if r.Endpoints != 4 || l.Delisted.All() != 2 || l.Delisted.Healthy() != 1 {
		t.Errorf("%d are counted; of %d delisted %d live", r.Endpoints, l.Delisted.All(), l.Delisted.Healthy())
	}
	if l.Versions.Compared != 2 || l.Versions.Differ != 1 || l.Transports.Compared != 2 || l.Transports.Differ != 1 || l.Transports.Examples[0].Listed != "sse" {
		t.Errorf("versions %+v, transports %+v", l.Versions, l.Transports)
	}
	if d := l.Disagree; d.Compared != 1 || d.Endpoints != 1 || d.Aspects[0].Endpoints != 0 || d.Aspects[2].Endpoints != 1 {
		t.Errorf("listings that disagree: %+v", d)
	}
	if l.SeveralListings != 2 || l.SeveralSources != 1 || l.SeveralNames != 1 {
		t.Errorf("several listings %d, registries %d, names %d", l.SeveralListings, l.SeveralSources, l.SeveralNames)
	}
	if l.Catalogues != 1 || l.Copies != 4 || l.Largest[0].NameCount != 4 {
		t.Errorf("catalogues %d, copies %d, %+v", l.Catalogues, l.Copies, l.Largest)
	}
}

// TestSharesAreRoundedOnce: 156 of 380 are 41.05263 %, which is 41.1 and not what
// becomes of 41.05.
func TestSharesAreRoundedOnce(t *testing.T) {
	run := threeRounds(time.Unix(0, 0), "a")
	run.Rounds = 1
	p := &planted{records: newRecords(run, targets(380, 380))}
	for i, target := range p.targets {
		l := letters()['d']
		if i < 156 {
			l = letters()['o']
		}
		l.Endpoint, l.Round, l.Region = target.Key, 1, "a"
		p.looks[lookKey(&l)] = l
	}
	if h := build(t, run, nil, p).Headlines[0]; h.Share() != "41.1 %" {
		t.Errorf("156 of 380 are told as %s", h.Share())
	}
}
