package verdict

import (
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// maxAccepted is how many contracts of its regions a server may begin with.
	maxAccepted = 16
	// reopen is for how long a drift that was reverted opens again instead of
	// being told anew: an edge that shows two contracts in turn is one drift.
	reopen      = 24 * time.Hour
	maxReverted = 8
	// maxNews is how many new drifts a server may have in newsWindow; a contract
	// that changes faster is noted when it settles.
	maxNews    = 10
	newsWindow = time.Hour
)

// contracts follows the contracts that regions show.
func (d *draft) contracts(key serverKey, srv *uptime.Server, v *uptime.Verdict) {
	for i := range v.Reports {
		r := &v.Reports[i]
		c := d.see(key)
		if r.ToolsHash != "" && (c == nil || c.baseline.Shown[r.Region] != r.ToolsHash) {
			d.shows(d.edit(key), srv, v, r)
		}
	}
	if c := d.see(key); c != nil && len(c.drifts) > 0 {
		d.settle(key, srv, v)
	}
}

// shows notes that a region shows another contract than before. The first
// contract of a region is accepted as it is: edges differ legitimately.
func (d *draft) shows(c *course, srv *uptime.Server, v *uptime.Verdict, r *uptime.Report) {
	before, pinned := c.baseline.Shown[r.Region], d.pinned(srv)
	accepted := r.ToolsHash == pinned || slices.Contains(c.baseline.Accepted, r.ToolsHash)
	known := slices.ContainsFunc(c.drifts, func(o uptime.Drift) bool { return o.To == r.ToolsHash })
	switch {
	case accepted:
	case before == "" && pinned == "" && !known && len(c.baseline.Accepted) < maxAccepted:
		c.baseline.Accepted = append(c.baseline.Accepted, r.ToolsHash)
	case !d.drifted(c, v, r, origin(c, pinned, before)):
		return
	}
	c.baseline.Shown[r.Region] = r.ToolsHash
	d.putBaseline(c.baseline)
}

func (d *draft) pinned(srv *uptime.Server) string {
	if d.opt.Pinned == nil {
		return ""
	}
	return d.opt.Pinned(srv)
}

// origin returns the accepted contract that a new one is compared with: what the
// region showed before, if that is accepted.
func origin(c *course, pinned, before string) string {
	accepted := c.baseline.Accepted
	switch {
	case before != "" && (before == pinned || slices.Contains(accepted, before)):
		return before
	case pinned != "":
		return pinned
	case len(accepted) > 0:
		return accepted[len(accepted)-1]
	}
	return before
}

// drifted notes that a region shows a contract that nobody has accepted. It
// reports false when there is too much news to note it now.
func (d *draft) drifted(c *course, v *uptime.Verdict, r *uptime.Report, from string) bool {
	same := func(o uptime.Drift) bool { return o.From == from && o.To == r.ToolsHash }
	i := slices.IndexFunc(c.drifts, same)
	if i < 0 {
		dr, ok := d.revive(c, v, same)
		if !ok {
			if !c.hasRoom(v.Cycle) {
				return false
			}
			dr = d.explain(v, from, r.ToolsHash)
		}
		i = len(c.drifts)
		c.drifts = append(c.drifts, dr)
	}
	c.drifts[i].Regions = with(c.drifts[i].Regions, r.Region)
	d.putDrift(c.drifts[i])
	return true
}

// revive takes a drift back that was reverted not long ago.
func (d *draft) revive(c *course, v *uptime.Verdict, same func(uptime.Drift) bool) (uptime.Drift, bool) {
	c.reverted = slices.DeleteFunc(c.reverted, func(o uptime.Drift) bool { return v.Cycle.Sub(o.Reverted) > reopen })
	i := slices.IndexFunc(c.reverted, same)
	if i < 0 {
		return uptime.Drift{}, false
	}
	dr := c.reverted[i]
	c.reverted = slices.Delete(c.reverted, i, i+1)
	dr.Reverted = time.Time{}
	return dr, true
}

// hasRoom reports whether a server may have one more new drift now, and counts
// it.
func (c *course) hasRoom(at time.Time) bool {
	since := at.Add(-newsWindow).Unix()
	c.news = slices.DeleteFunc(c.news, func(t int64) bool { return t <= since })
	if len(c.news) >= maxNews {
		return false
	}
	c.news = append(c.news, at.Unix())
	return true
}

// explain makes a new drift. One that cannot be explained counts as breaking:
// nobody can say that it is not.
func (d *draft) explain(v *uptime.Verdict, from, to string) uptime.Drift {
	dr := uptime.Drift{
		ID:     uptime.NewDriftID(v.Tenant, v.Server, from, to, v.Cycle),
		Tenant: v.Tenant, Server: v.Server, From: from, To: to, Detected: v.Cycle,
		Class: uptime.DriftBreaking, Summary: "The tools changed, and what exactly cannot be told.",
	}
	if d.opt.Compare == nil {
		return dr
	}
	class, summary, changes, err := d.opt.Compare(d.ctx, v.Tenant, from, to)
	if err != nil {
		d.opt.Logger.WarnContext(d.ctx, "cannot compare two contracts", "server", v.Server, "from", from, "to", to, "error", err)
		return dr
	}
	dr.Class, dr.Summary, dr.Changes = max(class, uptime.DriftWording), summary, changes
	return dr
}

// settle ends drifts that no region shows any more, and those whose contract was
// accepted by another way.
func (d *draft) settle(key serverKey, srv *uptime.Server, v *uptime.Verdict) {
	c := d.see(key)
	stands := func(o uptime.Drift) bool { return c.shown(srv, o.To) && !slices.Contains(c.baseline.Accepted, o.To) }
	if !slices.ContainsFunc(c.drifts, func(o uptime.Drift) bool { return !stands(o) }) {
		return
	}
	c = d.edit(key)
	var open []uptime.Drift
	for _, dr := range c.drifts {
		switch {
		case stands(dr):
			open = append(open, dr)
		case slices.Contains(c.baseline.Accepted, dr.To):
			dr.Accepted, dr.Note = v.Cycle, "Its contract is part of the baseline."
			d.putDrift(dr)
		default:
			dr.Reverted = v.Cycle
			c.reverted = append(c.reverted, dr)
			d.putDrift(dr)
		}
	}
	c.drifts = open
	c.reverted = c.reverted[max(0, len(c.reverted)-maxReverted):]
}

// shown reports whether one of the server's regions shows a contract.
func (c *course) shown(srv *uptime.Server, hash string) bool {
	for region, h := range c.baseline.Shown {
		if h == hash && (len(srv.Regions) == 0 || slices.Contains(srv.Regions, region)) {
			return true
		}
	}
	return false
}

// with returns a sorted set with one more member.
func with(set []string, member string) []string {
	i, found := slices.BinarySearch(set, member)
	if found {
		return set
	}
	return slices.Insert(slices.Clone(set), i, member)
}
