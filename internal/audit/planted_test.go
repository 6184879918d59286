package audit_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/audit"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// planted is a history whose truth is known: endpoints that were made to be in a
// bucket, with the looks that lead there.
type planted struct {
	*records
	truth map[uptime.EndpointKey]uptime.AuditBucket
	r     *rand.Rand
}

// share is how many of the 500 endpoints are in a bucket.
func share() map[uptime.AuditBucket]int {
	return map[uptime.AuditBucket]int{
		uptime.BucketStable: 52, uptime.BucketDrift: 13, uptime.BucketRegional: 19, uptime.BucketCredentialed: 6,
		uptime.BucketAuthProper: 41, uptime.BucketAuthCustom: 23, uptime.BucketAuthBroken: 11,
		uptime.BucketDead: 151, uptime.BucketNotMCP: 104, uptime.BucketMalformed: 27,
		uptime.BucketTemplated: 31, uptime.BucketLimited: 14, uptime.BucketUnknown: 8,
	}
}

func plant(seed uint64) *planted {
	began := time.Date(2026, 10, 14, 6, 0, 0, 0, time.UTC)
	run := uptime.AuditRun{
		ID: "2026-q4", Began: began, Ended: began.Add(49 * time.Hour), Rounds: 3, Gap: 24 * time.Hour, Rate: 20, Optouts: 2, Population: 500, Endpoints: 500,
		Regions: []uptime.Region{{ID: "eu-west", City: "London"}, {ID: "us-east", City: "Ashburn"}, {ID: "ap-southeast", City: "Singapore"}},
		Version: "1.4.0", Command: "alivemcp audit run 2026-q4 --rounds 3 --gap 24h --rate 20 --regions eu-west,us-east,ap-southeast",
		Crawls: []uptime.Crawl{
			{ID: "crawl_1", Source: uptime.SourceOfficial, State: uptime.CrawlDone, Access: "open", Began: began.Add(-time.Hour), Ended: began.Add(-50 * time.Minute), Records: 8123, Listings: 391, Previous: 385, Refused: map[string]int{"no address": 3, "too long": 1}},
			{ID: "crawl_2", Source: uptime.SourceDocker, State: uptime.CrawlDone, Access: "open", Began: began.Add(-time.Hour), Ended: began.Add(-58 * time.Minute), Records: 320, Listings: 76},
			{ID: "crawl_3", Source: uptime.SourceGlama, State: uptime.CrawlHeld, Why: "60 of 240 listings", Access: "key", Began: began.Add(-time.Hour), Ended: began.Add(-57 * time.Minute), Records: 60, Listings: 60, Previous: 240},
			{ID: "crawl_4", Source: uptime.SourcePulseMCP, State: uptime.CrawlNone, Why: "no credential", Began: began.Add(-time.Hour)},
		},
	}
	p := &planted{records: newRecords(run, nil), truth: map[uptime.EndpointKey]uptime.AuditBucket{}, r: rand.New(rand.NewPCG(seed, 5))}
	for _, b := range audit.Buckets() {
		for i := range share()[b] {
			p.endpoint(b, i)
		}
	}
	p.targets, _, _ = audit.Plan(p.targets, audit.Draw{Delisted: 100})
	return p
}

func (p *planted) endpoint(b uptime.AuditBucket, i int) {
	n := len(p.targets)
	t := target(fmt.Sprintf("com.example%d/%s-%d", n%37, b, i), fmt.Sprintf("s%d.platform%d.example", n, p.r.IntN(n/12+1)))
	t.Platform = t.Host[strings.Index(t.Host, ".")+1:]
	if n%4 == 0 {
		t.Platform = "gateway.example"
	}
	if n%7 == 0 {
		t.Sources = append(t.Sources, uptime.SourceDocker)
		t.Listings = 2
	}
	if n%11 == 0 {
		t.Sources = []uptime.SourceID{uptime.SourceGlama}
	}
	t.ListedVersion, t.ListedTransport = "1.0.0", "streamable-http"
	t.Compared = true
	if t.Listings > 1 && n%3 == 0 {
		t.Disagree = []string{"transport", "name"}[n%2:]
	}
	t.Demo = b == uptime.BucketCredentialed
	if b == uptime.BucketTemplated {
		t.Kind, t.Why, t.Probe = []uptime.EndpointKind{uptime.EndpointTemplated, uptime.EndpointPlaceholder, uptime.EndpointLocal, uptime.EndpointJunk}[i%4], "the variable tenant has no value", ""
	}
	p.truth[t.Key] = b
	p.targets = append(p.targets, t)
	if b == uptime.BucketTemplated {
		return
	}
	for region := range p.run.Regions {
		for round := range p.run.Rounds {
			if l, ok := p.look(&t, b, i, region, round); ok {
				p.looks[lookKey(&l)] = l
			}
		}
	}
}

// look plants a look that fits a bucket. What a bucket bears is planted too: an
// outage of one round, a limited look.
func (p *planted) look(t *uptime.AuditTarget, b uptime.AuditBucket, i, region, round int) (uptime.AuditLook, bool) {
	l := uptime.AuditLook{
		Endpoint: t.Key, Round: round + 1, Region: p.run.Regions[region].ID, Attempts: 1,
		At: p.run.Began.Add(time.Duration(round)*24*time.Hour + time.Duration(p.r.IntN(3600))*time.Second),
	}
	switch b {
	case uptime.BucketStable, uptime.BucketDrift, uptime.BucketCredentialed:
		p.well(&l, t, i)
		if i%9 == 4 && round == 1 {
			p.fail(&l, uptime.ConnectTimeout)
		}
		if b == uptime.BucketDrift {
			p.drift(&l, i, round)
		}
		if b == uptime.BucketCredentialed {
			l.Demo = uptime.Degraded
		}
	case uptime.BucketRegional:
		p.well(&l, t, i)
		if region == 2 && (round > 0 || i%2 == 0) {
			p.fail(&l, uptime.ConnectTimeout)
		}
	case uptime.BucketAuthProper:
		p.walled(&l, uptime.AccessWalled)
	case uptime.BucketAuthCustom:
		p.walled(&l, uptime.AccessCustom)
	case uptime.BucketAuthBroken:
		p.walled(&l, uptime.AccessBroken)
		l.State, l.Cause, l.AuthBroken = uptime.Degraded, uptime.AuthBroken, "prm_missing"
	case uptime.BucketDead:
		p.fail(&l, []uptime.Cause{uptime.DNSNXDomain, uptime.DNSNXDomain, uptime.ConnectRefused, uptime.ConnectTimeout, uptime.TLSExpired, uptime.TLSHostname, uptime.FirstByteTimeout, uptime.BlockedTarget}[i%8])
	case uptime.BucketNotMCP:
		p.fail(&l, []uptime.Cause{uptime.HTTPNotFound, uptime.HTTPNotFound, uptime.HTTPServerError, uptime.NotMCP, uptime.HTTPMethod, uptime.BadJSON}[i%6])
		l.Status = 404
	case uptime.BucketMalformed:
		p.well(&l, t, i)
		if l.Malformed = []string{"tool_schema_invalid"}; i%3 == 0 {
			l.State, l.Cause, l.Malformed = uptime.Down, uptime.ToolsEmpty, nil
		}
	case uptime.BucketLimited:
		p.fail(&l, []uptime.Cause{uptime.RateLimited, uptime.BotChallenge}[i%2])
	case uptime.BucketUnknown:
		if p.fail(&l, uptime.SelfOverload); round > 0 {
			return l, false
		}
	}
	return l, true
}

func (p *planted) well(l *uptime.AuditLook, t *uptime.AuditTarget, i int) {
	l.State, l.Access, l.Transport, l.Era, l.Version = uptime.Live, uptime.AccessOpen, uptime.StreamableHTTP, uptime.Legacy, "2025-06-18"
	switch {
	case i%8 == 0:
		l.Era, l.Version = uptime.Modern, "2026-07-28"
	case i%5 == 0:
		l.Transport, l.Version = uptime.HTTPSSE, "2024-11-05"
	case i%3 == 0:
		l.Version = "2025-11-25"
	}
	l.SDK = []string{"typescript-sdk", "", "FastMCP", "go-sdk", "typescript-sdk"}[i%5]
	l.ServerName, l.ServerVer = t.Names[0], []string{"1.0.0", "v1.0.0", "1.2.3"}[i%3]
	l.Tools, l.ToolsHash, l.ContractHash = 3+i, fmt.Sprintf("sha256:%064d", i), fmt.Sprintf("sha256:%064x", i)
	l.Handshake = 40 + int(p.r.ExpFloat64()*300) + 200*slices.IndexFunc(p.run.Regions, func(r uptime.Region) bool { return r.ID == l.Region })
	l.Total = l.Handshake + 100
}

// drift changes the tools: 9 of 13 once, 4 twice, one of which comes back; 5 only
// their wording.
func (p *planted) drift(l *uptime.AuditLook, i, round int) {
	if i%9 == 4 { // dead in the second round: it changes in the third
		round--
	}
	var version int
	switch {
	case i < 9:
		version = min(round, 1)
	case i == 9:
		version = round % 2
	default:
		version = round
	}
	l.ToolsHash += fmt.Sprint("-", version)
	if i >= 5 {
		l.ContractHash += fmt.Sprint("-", version)
	}
}

func (p *planted) walled(l *uptime.AuditLook, a uptime.Access) {
	l.State, l.Access, l.Status, l.AuthChain = uptime.Live, a, 401, a == uptime.AccessWalled
}

func (p *planted) fail(l *uptime.AuditLook, c uptime.Cause) {
	*l = uptime.AuditLook{Endpoint: l.Endpoint, Round: l.Round, Region: l.Region, At: l.At, State: c.Effect(), Cause: c, Attempts: 3, Total: 15_000}
}
