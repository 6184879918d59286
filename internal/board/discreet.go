package board

import (
	"slices"

	"github.com/alivemcp/alivemcp/internal/public"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// What the board says in words of its own rows and records is public, wherever
// it is shown next: pages, feeds, JSON, markdown. Evidence is given whole, for
// operators; whoever shows it to others asks package public.

// discreetVerdict returns v without what is never public. It shares nothing that
// it changes.
func discreetVerdict(v uptime.Verdict) uptime.Verdict {
	v.Why, v.Failure = public.Text(v.Why), discreetFailure(v.Failure)
	v.Reports = slices.Clone(v.Reports)
	for i := range v.Reports {
		r := &v.Reports[i]
		r.Why, r.Failure = public.Text(r.Why), discreetFailure(r.Failure)
	}
	return v
}

func discreetFailure(f *uptime.Failure) *uptime.Failure {
	if f == nil {
		return nil
	}
	return new(public.Failure(*f))
}

func discreetIncidents(list []uptime.Incident) []uptime.Incident {
	for i := range list {
		list[i].Failure = public.Failure(list[i].Failure)
	}
	return list
}

// discreetEvents leaves what operators wrote as it is.
func discreetEvents(list []uptime.IncidentEvent) []uptime.IncidentEvent {
	for i := range list {
		if list[i].By == "" {
			list[i].Text = public.Text(list[i].Text)
		}
	}
	return list
}

// discreetWindows leaves out what names servers and groups that are not shown.
func discreetWindows(windows []uptime.Window, shown func(t uptime.TenantID, slug string) bool, group func(t uptime.TenantID, name string) bool) []uptime.Window {
	var out []uptime.Window
	for _, w := range windows {
		everyone := len(w.Servers)+len(w.Groups) == 0
		w.Servers = slices.DeleteFunc(slices.Clone(w.Servers), func(slug string) bool { return !shown(w.Tenant, slug) })
		w.Groups = slices.DeleteFunc(slices.Clone(w.Groups), func(name string) bool { return !group(w.Tenant, name) })
		if everyone || len(w.Servers)+len(w.Groups) > 0 {
			out = append(out, w)
		}
	}
	return out
}

// windowsOf returns the plan's windows as they may be shown.
func (b *Board) windowsOf(plan *uptime.Plan) []uptime.Window {
	return discreetWindows(plan.Windows,
		func(t uptime.TenantID, slug string) bool { _, ok := b.sheet(t).bySlug[slug]; return ok },
		func(t uptime.TenantID, name string) bool { return slices.Contains(b.sheet(t).groups, name) })
}

// named and grouped report which slugs and groups are shown on shelves.

func named(shelves map[uptime.TenantID][]*uptime.Server) func(uptime.TenantID, string) bool {
	return on(shelves, func(s *uptime.Server) string { return s.Slug })
}

func grouped(shelves map[uptime.TenantID][]*uptime.Server) func(uptime.TenantID, string) bool {
	return on(shelves, func(s *uptime.Server) string { return s.Group })
}

func on(shelves map[uptime.TenantID][]*uptime.Server, of func(*uptime.Server) string) func(uptime.TenantID, string) bool {
	type word struct {
		tenant uptime.TenantID
		text   string
	}
	seen := map[word]bool{}
	for tenant, servers := range shelves {
		for _, s := range servers {
			seen[word{tenant, of(s)}] = true
		}
	}
	return func(t uptime.TenantID, text string) bool { return seen[word{t, text}] }
}
