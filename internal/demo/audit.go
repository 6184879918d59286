package demo

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Audit is a count of what the registries of the demonstration list, that never was.
type Audit struct {
	uptime.AuditRun
	second bool
}

// Audits returns the two of the demonstration. Ago is in days, as in [Readings]: each
// began after the reading of that day.
func Audits(now time.Time) map[int]Audit {
	first, second := auditAt(now, 92), auditAt(now, 6)
	second.second = true
	return map[int]Audit{92: first, 6: second}
}

func auditAt(now time.Time, ago int) Audit {
	began := now.UTC().Truncate(time.Hour).AddDate(0, 0, -ago).Add(2 * time.Hour)
	return Audit{AuditRun: uptime.AuditRun{
		ID: uptime.AuditRunID(fmt.Sprintf("demo-%s", began.Format("2006-01-02"))), Began: began, Ended: began.Add(48*time.Hour + 7*time.Minute),
		Rounds: 3, Gap: 24 * time.Hour, Rate: 20, Version: "the demonstration's",
		Regions: []uptime.Region{{ID: "ap-southeast", City: "Singapore"}, {ID: "eu-west", City: "London"}, {ID: "us-east", City: "Virginia"}},
		Command: "alivemcp serve --demo (a demonstration: these looks are invented, and the registries too)",
	}}
}

// Looks invents what an audit saw. The same targets give the same looks.
func (a *Audit) Looks(targets []uptime.AuditTarget) []uptime.AuditLook {
	fates := a.fates()
	var out []uptime.AuditLook
	for i := range targets {
		t := &targets[i]
		if t.Kind != uptime.EndpointRemote {
			continue
		}
		dice := rand.New(rand.NewPCG(seed(string(t.Key)), 1)) //nolint:gosec // invented evidence needs no secrecy
		for region := range a.Regions {
			for round := range a.Rounds {
				out = append(out, a.look(t, fates[t.Host], region, round, dice))
			}
		}
	}
	return out
}

// fates are how the hosts did.
func (a *Audit) fates() map[string]fate {
	out := map[string]fate{}
	for _, s := range strangers() {
		out[s.host()] = s.then
		if a.second {
			out[s.host()] = s.now
		}
	}
	for _, r := range Roles() {
		out[r.Slug+acme] = roleFate(r.Slug, a.second)
	}
	return out
}

// look is one look, in the middle of its round.
func (a *Audit) look(t *uptime.AuditTarget, f fate, region, round int, dice *rand.Rand) uptime.AuditLook {
	l := uptime.AuditLook{
		Endpoint: t.Key, Round: round + 1, Region: a.Regions[region].ID, Attempts: 1,
		At: a.Began.Add(time.Duration(round)*a.Gap + time.Duration(dice.IntN(400_000))*time.Millisecond),
	}
	far := []int{230, 70, 120}[region]
	l.Handshake = far + dice.IntN(120)
	l.Total = l.Handshake + far/2 + dice.IntN(60)
	a.meet(&l, t, f, region, round)
	if l.State == uptime.Down {
		l.Handshake, l.Attempts = 0, 2
	}
	return l
}

// meet fills in what was met.
func (a *Audit) meet(l *uptime.AuditLook, t *uptime.AuditTarget, f fate, region, round int) {
	switch f {
	case stable:
		serve(l, t, 0)
	case drifting:
		serve(l, t, round/2)
	case regional:
		if serve(l, t, 0); region == 0 {
			fail(l, uptime.ConnectTimeout, uptime.StepTCP, 0)
		}
	case misshapen:
		serve(l, t, 0)
		l.Malformed = []string{"tool_schema_invalid"}
	case walled:
		refuse(l, uptime.AccessWalled)
		l.AuthChain = true
	case custom:
		refuse(l, uptime.AccessCustom)
	case broken:
		refuse(l, uptime.AccessBroken)
		l.State, l.Cause, l.AuthBroken = uptime.Degraded, uptime.AuthBroken, "prm_missing"
	case nameless:
		fail(l, uptime.DNSNXDomain, uptime.StepDNS, 0)
	case refusing:
		fail(l, uptime.ConnectRefused, uptime.StepTCP, 0)
	case missing:
		fail(l, uptime.HTTPNotFound, uptime.StepInitialize, 404)
	case website:
		fail(l, uptime.NotMCP, uptime.StepInitialize, 200)
	case limited:
		fail(l, uptime.RateLimited, uptime.StepInitialize, 429)
		l.State = uptime.Unknown
	}
}

// serve is a look at a server that works, with its tools after so many changes.
func serve(l *uptime.AuditLook, t *uptime.AuditTarget, changes int) {
	n := int(seed(t.Host) % 60)
	l.State, l.Access, l.Transport, l.Status = uptime.Live, uptime.AccessOpen, uptime.StreamableHTTP, 200
	l.Era, l.Version = uptime.Legacy, []string{"2025-06-18", "2025-11-25", "2025-06-18", "2025-03-26"}[n%4]
	switch {
	case t.ListedTransport == "sse" && n%2 == 0:
		l.Transport, l.Version = uptime.HTTPSSE, "2024-11-05"
	case n%7 == 3:
		l.Era, l.Version = uptime.Modern, "2026-07-28"
	}
	l.SDK = []string{"typescript-sdk", "FastMCP", "python-sdk", "typescript-sdk", "go-sdk", ""}[n%6]
	l.ServerName, l.ServerVer = "demo-"+t.Platform, t.ListedVersion
	l.Tools = 2 + n%14 + changes
	l.ToolsHash = fmt.Sprintf("demo:%s:%d", t.Host, changes)
	l.ContractHash = l.ToolsHash
}

// refuse is a look at a server that wants to know who asks.
func refuse(l *uptime.AuditLook, access uptime.Access) {
	l.State, l.Access, l.Transport, l.Status = uptime.Live, access, uptime.StreamableHTTP, 401
}

func fail(l *uptime.AuditLook, cause uptime.Cause, step uptime.Step, status int) {
	*l = uptime.AuditLook{
		Endpoint: l.Endpoint, Round: l.Round, Region: l.Region, At: l.At, Attempts: l.Attempts, Total: l.Total,
		State: uptime.Down, Cause: cause, Failed: step, Status: status,
	}
}
