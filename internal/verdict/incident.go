package verdict

import (
	"fmt"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// The bounds of one incident. What opens and what closes it is always told.
const (
	maxEvents   = 200
	maxEvidence = 24
)

// health follows incidents. Unknown changes nothing, and neither does a failure
// in a maintenance window.
func (d *draft) health(key serverKey, v *uptime.Verdict) {
	c := d.see(key)
	open := c != nil && c.incident != nil
	switch v.State {
	case uptime.Unknown:
	case uptime.Down:
		switch {
		case v.Maintenance:
		case open:
			d.worsen(d.edit(key), v)
		default:
			d.open(d.edit(key), v)
		}
	case uptime.Live, uptime.Degraded:
		if open {
			d.recover(d.edit(key), v)
		}
	}
}

// open begins an incident.
func (d *draft) open(c *course, v *uptime.Verdict) {
	in := &uptime.Incident{
		ID:     uptime.NewIncidentID(v.Tenant, v.Server, v.Cycle),
		Tenant: v.Tenant, Server: v.Server,
		Opened: failedAt(v), Detected: v.SealedAt, Failure: failureOf(v),
	}
	c.incident, c.failing, c.events, c.evidence = in, v.Failed(), 0, 0
	in.AddRegions(c.failing)
	d.event(c, uptime.IncidentEvent{At: in.Opened, Kind: uptime.IncidentOpened, Regions: c.failing, Text: v.Why})
	d.testify(c, v)
	d.putIncident(*in)
}

// worsen goes on with an incident: the server is down again, in other regions,
// or for another cause.
func (d *draft) worsen(c *course, v *uptime.Verdict) {
	in, at, failing := c.incident, failedAt(v), v.Failed()
	before := c.events
	if !in.Recovered.IsZero() {
		in.Recovered = time.Time{}
		d.event(c, uptime.IncidentEvent{At: at, Kind: uptime.IncidentRelapse, Regions: failing, Text: "Down again: " + v.Why})
	}
	if spread(c, failing) {
		d.event(c, uptime.IncidentEvent{At: at, Kind: uptime.IncidentRegions, Regions: failing, Text: v.Why})
	}
	c.failing = failing
	in.AddRegions(failing)
	if v.Cause() != in.Failure.Cause {
		in.Failure = failureOf(v)
		d.event(c, uptime.IncidentEvent{At: at, Kind: uptime.IncidentCause, Regions: failing, Text: v.Why})
	}
	if c.events > before {
		d.testify(c, v)
		d.putIncident(*in)
	}
}

// spread reports whether other regions fail than before. After a restart it is
// not known which did; then only a region that never failed is news.
func spread(c *course, failing []string) bool {
	if c.failing != nil {
		return !slices.Equal(c.failing, failing)
	}
	return slices.ContainsFunc(failing, func(r string) bool { return !slices.Contains(c.incident.Regions, r) })
}

// recover notes the first good verdict, and closes the incident at the second
// one in a row.
func (d *draft) recover(c *course, v *uptime.Verdict) {
	in := c.incident
	if in.Recovered.IsZero() {
		in.Recovered = latest(v.Cycle, in.Opened)
		d.event(c, uptime.IncidentEvent{At: in.Recovered, Kind: uptime.IncidentRecovery, Text: "It works again."})
		d.putIncident(*in)
		return
	}
	in.Closed = latest(v.SealedAt, in.Recovered)
	d.event(c, uptime.IncidentEvent{
		At: in.Closed, Kind: uptime.IncidentResolved,
		Text: fmt.Sprintf("Two good checks in a row. It was down for %s.", in.Duration(in.Closed).Round(time.Second)),
	})
	d.putIncident(*in)
	c.incident, c.failing = nil, nil
}

// event adds a line to the timeline of the open incident.
func (d *draft) event(c *course, e uptime.IncidentEvent) {
	if c.events++; c.events > maxEvents && !ends(e.Kind) {
		return
	}
	e.Incident, e.Cause = c.incident.ID, c.incident.Failure.Cause
	d.out.Events = append(d.out.Events, e)
	d.dirty = true
}

func ends(k uptime.IncidentEventKind) bool {
	return k == uptime.IncidentResolved || k == uptime.IncidentForgotten
}

// testify keeps what the failing regions saw.
func (d *draft) testify(c *course, v *uptime.Verdict) {
	var cells []uptime.Cell
	if d.opt.Looks != nil {
		cells = d.opt.Looks.Look(v.Tenant, v.Server)
	}
	for i := range v.Reports {
		r := &v.Reports[i]
		if r.State != uptime.Down || c.evidence == maxEvidence {
			continue
		}
		c.evidence++
		d.out.Evidence = append(d.out.Evidence, uptime.Evidence{
			Incident: c.incident.ID, Region: r.Region, Cycle: r.Cycle, Result: seen(r, cells),
		})
	}
}

// seen returns the evidence behind a report; what the report itself says when
// the evidence is gone.
func seen(r *uptime.Report, cells []uptime.Cell) uptime.Result {
	for i := range cells {
		if cells[i].Region == r.Region && cells[i].Cycle.Equal(r.Cycle) {
			return cells[i].Last()
		}
	}
	return uptime.Result{
		Started: r.Started, Region: r.Region, Transport: r.Transport, Era: r.Era, Version: r.Version,
		Access: r.Access, Failure: r.Failure, Timings: uptime.Timings{Handshake: r.Latency, Total: r.Total},
	}
}

// failedAt returns when the first failing probe of a Down verdict began.
func failedAt(v *uptime.Verdict) time.Time {
	at := time.Time{}
	for i := range v.Reports {
		r := &v.Reports[i]
		if r.State == uptime.Down && !r.Started.IsZero() && (at.IsZero() || r.Started.Before(at)) {
			at = r.Started
		}
	}
	if at.IsZero() {
		return v.Cycle
	}
	return at.UTC()
}

func failureOf(v *uptime.Verdict) uptime.Failure {
	if v.Failure == nil {
		return uptime.Failure{Detail: v.Why, Effect: v.State}
	}
	return *v.Failure
}

func latest(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
