package boardtest

import (
	"fmt"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// verdict is the newest one.
func (s *script) verdict(now time.Time) uptime.Verdict {
	cycle := now.Truncate(time.Minute).Add(-90 * time.Second)
	sp := s.at(cycle)
	v := uptime.Verdict{
		Seq: 1, Tenant: Tenant, Server: s.id(), Cycle: cycle, Every: time.Minute, State: sp.state, Access: s.access,
		Expected: len(s.regions), Maintenance: sp.planned, SealedAt: cycle.Add(24 * time.Second),
	}
	if sp.state != uptime.Live {
		v.Failure, v.Why = sp.failure(), sp.why(s)
	}
	for _, region := range s.regions {
		r := s.report(sp, region, cycle)
		v.Reports = append(v.Reports, r)
		v.Latency = max(v.Latency, r.Latency)
	}
	return v
}

func (s *script) report(sp spell, region string, cycle time.Time) uptime.Report {
	state := s.regionState(sp, region)
	r := uptime.Report{
		Tenant: Tenant, Server: s.id(), Region: region, Cycle: cycle, State: state, Attempts: 1,
		Started: cycle.Add(time.Second), Access: s.access, Transport: s.transport,
	}
	if state == uptime.Down {
		r.Attempts = 3
	}
	if state != uptime.Live {
		r.Failure, r.Why = sp.failure(), sp.why(s)
	}
	if state == uptime.Live || state == uptime.Degraded {
		r.Latency = s.latency(uptime.MinuteOf(cycle)) + time.Duration(s.noise(int64(len(region))*31)*float64(s.typical)*0.6)
		r.Total = r.Latency * 2
		r.Era, r.Version, r.Software = uptime.Legacy, "2025-11-25", s.slug+" 1.8.2"
		r.Tools, r.ToolsHash, r.ContractHash = s.contract.Tools, s.contract.Hash, s.contract.ContractHash
		if hash, ok := s.shown[region]; ok {
			r.ToolsHash = hash
		}
	}
	if s.tlsDays > 0 {
		r.TLSNotAfter = cycle.Add(time.Duration(s.tlsDays)*24*time.Hour + time.Hour)
	}
	return r
}

func (sp spell) failure() *uptime.Failure {
	if sp.cause == "" {
		return nil
	}
	detail := map[uptime.Cause]string{
		uptime.HTTPServerError: "initialize was answered with HTTP 503 and an HTML page",
		uptime.ConnectTimeout:  "no answer to the TCP handshake within 10 s",
		uptime.HTTPNotFound:    "POST /mcp was answered with HTTP 404",
		uptime.RateLimited:     "HTTP 429, retry after 1800 s",
		uptime.SessionLost:     "tools/list was answered with HTTP 404: session not found",
		uptime.DriftDetected:   "tool search_contacts: required parameter account_id was added",
		uptime.AuthBroken:      "the authorization server's metadata names another issuer",
	}[sp.cause]
	return &uptime.Failure{Cause: sp.cause, Step: stepOf(sp.cause), Detail: detail, Effect: sp.state}
}

func stepOf(c uptime.Cause) uptime.Step {
	return map[uptime.Cause]uptime.Step{
		uptime.ConnectTimeout: uptime.StepTCP, uptime.SessionLost: uptime.StepTools, uptime.DriftDetected: uptime.StepTools,
		uptime.AuthBroken: uptime.StepAuth,
	}[c]
}

// why is the sentence of a verdict.
func (sp spell) why(s *script) string {
	if f := sp.failure(); f != nil {
		if len(sp.regions) > 0 && sp.state == uptime.Degraded {
			return fmt.Sprintf("1 of %d regions failed: %s", len(s.regions), f.Detail)
		}
		return f.Detail
	}
	if sp.slow {
		return "the handshake took longer than 5 s"
	}
	if sp.state == uptime.Degraded {
		return "passed only at the second attempt"
	}
	return ""
}

// look is the evidence of a region: every step, and the transcript where it
// failed.
func (s *script) look(cycle time.Time, region string) *uptime.Result {
	sp := s.at(cycle)
	state := s.regionState(sp, region)
	total := s.latency(uptime.MinuteOf(cycle))
	r := &uptime.Result{
		Started: cycle.Add(time.Second), Region: region, Transport: s.transport, Access: s.access,
		Timings: uptime.Timings{DNS: 3 * time.Millisecond, TCP: 18 * time.Millisecond, TLS: 27 * time.Millisecond, Total: total * 2},
	}
	if state == uptime.Down || state == uptime.Unknown {
		r.Failure = sp.failure()
	}
	r.Steps = s.steps(r.Failure, total)
	if r.Failure != nil {
		r.Transcript = transcript(s.url)
		return r
	}
	r.Era, r.Version, r.ServerName, r.ServerVer = uptime.Legacy, "2025-11-25", s.name, "1.8.2"
	r.Capabilities = []string{"logging", "tools"}
	r.Timings.Handshake, r.Timings.FirstByte, r.Timings.Tools = total, total/2, total/3
	r.Tools = &uptime.ToolSet{
		Count: s.contract.Tools, Hash: s.contract.Hash, ContractHash: s.contract.ContractHash,
		Bytes: s.contract.Bytes, Tokens: s.contract.Tokens, Pages: 1,
	}
	if s.tlsDays > 0 {
		r.TLS = &uptime.TLSInfo{NotAfter: cycle.Add(time.Duration(s.tlsDays)*24*time.Hour + time.Hour), Issuer: "Example Trust Services E5", Version: "TLS 1.3"}
	}
	return r
}

func (s *script) steps(f *uptime.Failure, total time.Duration) []uptime.StepResult {
	names := []uptime.Step{uptime.StepDNS, uptime.StepTCP, uptime.StepTLS, uptime.StepInitialize, uptime.StepInitialized, uptime.StepTools, uptime.StepClose}
	failed := uptime.Step("")
	if f != nil {
		failed = f.Step
		if failed == "" {
			failed = uptime.StepInitialize
		}
	}
	var out []uptime.StepResult
	status := uptime.StepPass
	for i, name := range names {
		step := uptime.StepResult{Name: name, Status: status, Took: total / time.Duration(9-i)}
		if name == failed {
			step.Status, step.Detail = uptime.StepFail, f.Detail
			status = uptime.StepSkip
		} else if status == uptime.StepSkip {
			step.Took, step.Detail = 0, "not reached"
		}
		out = append(out, step)
	}
	return out
}

func transcript(url string) []uptime.Exchange {
	return []uptime.Exchange{{
		At: 48 * time.Millisecond, Took: 212 * time.Millisecond,
		Request: "POST /mcp HTTP/1.1\nHost: " + url + "\nAccept: application/json, text/event-stream\n" +
			"Authorization: Bearer [redacted]\nContent-Type: application/json\n\n" +
			`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"alivemcp","version":"0.3"}}}`,
		Response: "HTTP/1.1 503 Service Unavailable\nContent-Type: text/html\nRetry-After: 30\n\n" +
			"<html><body><h1>503</h1><script>alert('upstream')</script>No healthy upstream</body></html>",
	}}
}

// incidents are the spells in which the server was down.
func (s *script) incidents(now time.Time) []board.IncidentView {
	var out []board.IncidentView
	for _, sp := range s.spells {
		if sp.state == uptime.Down && !sp.planned {
			out = append(out, s.incident(sp, now))
		}
	}
	return out
}

func (s *script) incident(sp spell, now time.Time) board.IncidentView {
	regions := sp.regions
	if len(regions) == 0 {
		regions = s.regions
	}
	in := uptime.Incident{
		ID: uptime.NewIncidentID(Tenant, s.id(), sp.from), Tenant: Tenant, Server: s.id(), Opened: sp.from,
		Detected: sp.from.Add(31 * time.Second), Failure: *sp.failure(), Regions: slices.Clone(regions), Note: sp.note,
	}
	if sp.to.Before(now) {
		in.Recovered, in.Closed = sp.to, sp.to.Add(84*time.Second)
	}
	v := board.IncidentView{Incident: in, Events: events(in)}
	for _, region := range regions {
		look := s.look(sp.from, region)
		v.Evidence = append(v.Evidence, uptime.Evidence{Incident: in.ID, Region: region, Cycle: sp.from, Result: *look})
	}
	return v
}

func events(in uptime.Incident) []uptime.IncidentEvent {
	out := []uptime.IncidentEvent{
		{At: in.Detected, Kind: uptime.IncidentOpened, Cause: in.Failure.Cause, Regions: in.Regions[:1], Text: in.Failure.Detail},
		{At: in.Detected.Add(time.Minute), Kind: uptime.IncidentRegions, Cause: in.Failure.Cause, Regions: in.Regions, Text: fmt.Sprintf("%d regions fail now", len(in.Regions))},
	}
	if in.Note != "" {
		out = append(out, uptime.IncidentEvent{At: in.Detected.Add(9 * time.Minute), Kind: uptime.IncidentNote, Text: in.Note, By: "ops@example.com"})
	}
	if !in.Open() {
		out = append(out, uptime.IncidentEvent{At: in.Recovered, Kind: uptime.IncidentRecovery, Text: "the handshake works again"},
			uptime.IncidentEvent{At: in.Closed, Kind: uptime.IncidentResolved, Text: "good twice in a row"})
	}
	for i := range out {
		out[i].Incident = in.ID
	}
	return out
}
