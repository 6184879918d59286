package verdict

import (
	"context"
	"maps"
	"slices"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// course is what a Recorder knows of one server. It is never changed once it is
// in the Recorder: a draft changes a clone.
type course struct {
	// incident is the open one; nil for none.
	incident *uptime.Incident
	// failing are the regions that failed in the last Down verdict; nil when that
	// is not known.
	failing []string
	// events and evidence count what the open incident has brought.
	events, evidence int
	baseline         uptime.Baseline
	// drifts are the open ones, reverted those that may open again.
	drifts, reverted []uptime.Drift
	// news are the cycles of the newest drifts, in Unix seconds.
	news []int64
}

func (c *course) clone() *course {
	n := *c
	if c.incident != nil {
		n.incident = new(*c.incident)
	}
	n.baseline.Accepted = slices.Clone(c.baseline.Accepted)
	n.baseline.Shown = maps.Clone(c.baseline.Shown)
	n.drifts, n.reverted, n.news = slices.Clone(c.drifts), slices.Clone(c.reverted), slices.Clone(c.news)
	return &n
}

// accept makes a contract the only baseline.
func (c *course) accept(hash string) {
	c.baseline.Accepted = []string{hash}
	same := func(d uptime.Drift) bool { return d.To == hash }
	c.drifts = slices.DeleteFunc(c.drifts, same)
	c.reverted = slices.DeleteFunc(c.reverted, same)
}

// coursesOf puts what is ongoing together by server.
func coursesOf(on uptime.Ongoing) map[serverKey]*course {
	all := make(map[serverKey]*course, len(on.Baselines))
	of := func(tenant uptime.TenantID, server uptime.ServerID) *course {
		key := serverKey{tenant, server}
		if all[key] == nil {
			all[key] = newCourse(key)
		}
		return all[key]
	}
	for i := range on.Baselines {
		b := on.Baselines[i]
		c := of(b.Tenant, b.Server)
		c.baseline.Accepted = b.Accepted
		maps.Copy(c.baseline.Shown, b.Shown)
	}
	for i := range on.Incidents {
		in := on.Incidents[i]
		if c := of(in.Tenant, in.Server); c.incident == nil || c.incident.Opened.Before(in.Opened) {
			c.incident = &in
		}
	}
	for i := range on.Drifts {
		c := of(on.Drifts[i].Tenant, on.Drifts[i].Server)
		c.drifts = append(c.drifts, on.Drifts[i])
	}
	return all
}

func newCourse(key serverKey) *course {
	return &course{baseline: uptime.Baseline{Tenant: key.tenant, Server: key.server, Shown: map[string]string{}}}
}

// draft is what a batch of verdicts changes, before it is recorded.
type draft struct {
	*Recorder
	ctx     context.Context //nolint:containedctx // a draft lives as long as one call
	changed map[serverKey]*course
	out     uptime.Changes
	dirty   bool
	// plan and version are set when the plan is a new one.
	plan    map[serverKey]*uptime.Server
	version uint64
}

// see returns the course of a server, not to be changed; nil when there is none.
func (d *draft) see(key serverKey) *course {
	if c := d.changed[key]; c != nil {
		return c
	}
	return d.courses[key]
}

// edit returns the course of a server, to be changed.
func (d *draft) edit(key serverKey) *course {
	c := d.changed[key]
	if c == nil {
		if c = d.courses[key]; c == nil {
			c = newCourse(key)
		} else {
			c = c.clone()
		}
		d.changed[key] = c
	}
	return c
}

// fold takes a verdict into account, unless it was before.
func (d *draft) fold(v *uptime.Verdict) {
	if v.Seq <= d.out.Cursor {
		return
	}
	d.out.Cursor = v.Seq
	key := serverKey{v.Tenant, v.Server}
	srv := d.server(key)
	if srv == nil {
		return
	}
	d.health(key, v)
	d.contracts(key, srv, v)
}

// server returns the server when it is monitored.
func (d *draft) server(key serverKey) *uptime.Server {
	if d.plan != nil {
		return d.plan[key]
	}
	return d.Recorder.plan[key]
}

// follow adopts a new plan: what is open of servers that are gone is closed.
func (d *draft) follow(p *uptime.Plan) {
	if p == nil || p.Version == 0 || p.Version == d.Recorder.version {
		return
	}
	d.version, d.plan = p.Version, make(map[serverKey]*uptime.Server, len(p.Servers))
	for _, srv := range p.Servers {
		d.plan[serverKey{srv.Tenant, srv.ID}] = srv
	}
	for key, c := range d.courses {
		if d.plan[key] == nil && (c.incident != nil || len(c.drifts) > 0) {
			d.forget(key)
		}
	}
}

// forget closes what is open of a server that is not monitored any more.
func (d *draft) forget(key serverKey) {
	c, now := d.edit(key), d.opt.Now().UTC()
	if c.incident != nil {
		c.incident.Closed = now
		d.event(c, uptime.IncidentEvent{At: now, Kind: uptime.IncidentForgotten, Text: "The server is not monitored any more."})
		d.putIncident(*c.incident)
		c.incident = nil
	}
	for _, dr := range c.drifts {
		dr.Reverted = now
		d.putDrift(dr)
	}
	c.drifts = nil
	clear(c.baseline.Shown)
	d.putBaseline(c.baseline)
}

// putIncident, putDrift and putBaseline note the newest form of a row.

func (d *draft) putIncident(in uptime.Incident) {
	d.out.Incidents = upsert(d.out.Incidents, in, func(o uptime.Incident) bool { return o.ID == in.ID })
	d.dirty = true
}

func (d *draft) putDrift(dr uptime.Drift) {
	d.out.Drifts = upsert(d.out.Drifts, dr, func(o uptime.Drift) bool { return o.ID == dr.ID })
	d.dirty = true
}

func (d *draft) putBaseline(b uptime.Baseline) {
	b.Accepted, b.Shown = slices.Clone(b.Accepted), maps.Clone(b.Shown)
	d.out.Baselines = upsert(d.out.Baselines, b, func(o uptime.Baseline) bool { return o.Tenant == b.Tenant && o.Server == b.Server })
	d.dirty = true
}

func upsert[T any](rows []T, row T, same func(T) bool) []T {
	if i := slices.IndexFunc(rows, same); i >= 0 {
		rows[i] = row
		return rows
	}
	return append(rows, row)
}
