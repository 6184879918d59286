package registrytest

import (
	"context"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Audits of the story: two that are over, and one that is not.
const (
	OldAudit  uptime.AuditRunID = "2025-q4"
	Audit     uptime.AuditRunID = "2026-q1"
	OpenAudit uptime.AuditRunID = "2026-q2"
)

func (s *Story) audits(ctx context.Context) error {
	for _, one := range []struct {
		id    uptime.AuditRunID
		ago   time.Duration
		alive int
		over  bool
	}{{OldAudit, 3 * month, 12, true}, {Audit, 10 * 24 * time.Hour, 9, true}, {OpenAudit, 30 * time.Hour, 9, false}} {
		if err := s.auditOf(ctx, one.id, s.now.Add(-one.ago), one.alive, one.over); err != nil {
			return err
		}
	}
	return nil
}

// auditOf plants a run over sixty endpoints: so many live in all looks, some need
// a key, the others refuse the connection or are not to be probed.
func (s *Story) auditOf(ctx context.Context, id uptime.AuditRunID, began time.Time, alive int, over bool) error {
	const all = 60
	run := uptime.AuditRun{
		ID: id, Began: began.UTC(), Rounds: 3, Gap: 24 * time.Hour, Rate: 20, Endpoints: all, Version: "1.4.0", Command: "alivemcp audit run " + string(id),
		Regions: []uptime.Region{{ID: "eu-west", City: "London"}, {ID: "us-east", City: "Ashburn"}, {ID: "ap-southeast", City: "Singapore"}},
		Crawls: []uptime.Crawl{
			{ID: "crawl_1", Source: uptime.SourceOfficial, State: uptime.CrawlDone, Access: "open", Began: began.Add(-time.Hour).UTC(), Ended: began.Add(-50 * time.Minute).UTC(), Records: 65, Listings: all},
			{ID: "crawl_2", Source: uptime.SourcePulseMCP, State: uptime.CrawlNone, Why: "no API key and tenant", Began: began.Add(-time.Hour).UTC()},
		},
	}
	var targets []uptime.AuditTarget
	var looks []uptime.AuditLook
	for i := range all {
		t := target(i, began)
		targets = append(targets, t)
		if t.Kind == uptime.EndpointRemote {
			looks = append(looks, looksAt(&run, &t, i, alive)...)
		}
	}
	if err := s.BeginAudit(ctx, run, targets); err != nil {
		return err
	}
	if err := s.PutLooks(ctx, id, looks); err != nil || !over {
		return err
	}
	return s.EndAudit(ctx, id, began.Add(49*time.Hour))
}

func target(i int, began time.Time) uptime.AuditTarget {
	host := fmt.Sprintf("tool%d.%s", i, platform(i))
	e := uptime.Endpoint{
		Key: uptime.NewEndpointKey("https://"+host+"/mcp", uptime.StreamableHTTP), Kind: uptime.EndpointRemote, URL: "https://" + host + "/mcp", Probe: "https://" + host + "/mcp",
		Transport: uptime.StreamableHTTP, Host: host, Platform: platform(i), FirstSeen: began.Add(-month).UTC(), LastSeen: began.UTC(), Listings: 1,
	}
	if i >= 54 {
		e.Kind, e.Why, e.Probe = uptime.EndpointTemplated, "it has variables that only a customer can fill in", ""
	}
	return uptime.AuditTarget{Endpoint: e, Sources: []uptime.SourceID{uptime.SourceOfficial}, Names: []string{fmt.Sprintf("io.github.someone/tool-%03d", i)}, ListedVersion: "1.0.0", ListedTransport: "streamable-http"}
}

func looksAt(run *uptime.AuditRun, t *uptime.AuditTarget, i, alive int) (out []uptime.AuditLook) {
	for round := range run.Rounds {
		for _, region := range run.Regions {
			l := uptime.AuditLook{Endpoint: t.Key, Round: round + 1, Region: region.ID, At: run.Began.Add(time.Duration(round)*24*time.Hour + time.Duration(i)*time.Second), Attempts: 1}
			switch {
			case i < alive:
				l.State, l.Access, l.Transport, l.Era, l.Version = uptime.Live, uptime.AccessOpen, uptime.StreamableHTTP, uptime.Legacy, "2025-06-18"
				l.Tools, l.ToolsHash, l.ContractHash, l.Handshake, l.Total = 3+i, "a", "b", 120+10*i, 300+10*i
			case i < alive+10:
				l.State, l.Access, l.AuthChain, l.Status = uptime.Live, uptime.AccessWalled, true, 401
			case i < alive+22:
				l.State, l.Cause, l.Failed, l.Status = uptime.Down, uptime.HTTPNotFound, uptime.StepInitialize, 404
			default:
				l.State, l.Cause, l.Failed = uptime.Down, uptime.ConnectRefused, uptime.StepTCP
			}
			out = append(out, l)
		}
	}
	return out
}
