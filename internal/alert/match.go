package alert

import (
	"slices"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// admits reports whether a rule is about an alert. Hours do not count here:
// they only say when.
func admits(r *uptime.Rule, a *uptime.Alert, srv *uptime.Server) bool {
	return about(r.Servers, r.Groups, srv) &&
		(len(r.Kinds) == 0 || slices.Contains(r.Kinds, a.Kind)) &&
		(len(r.Priorities) == 0 || slices.Contains(r.Priorities, a.Priority)) &&
		(len(r.Reasons) == 0 || slices.Contains(r.Reasons, a.Reason))
}

// about reports whether a server is among those that are named; all are when
// none is.
func about(servers, groups []string, srv *uptime.Server) bool {
	if len(servers) == 0 && len(groups) == 0 {
		return true
	}
	return srv != nil && (slices.Contains(servers, srv.Slug) || srv.Group != "" && slices.Contains(groups, srv.Group))
}

// allowed reports whether a sink may know of an alert at all, whatever the rules
// say: nobody but the owner hears of hidden servers, of credentials and of what
// is the owner's own business.
func allowed(sink *uptime.Sink, a *uptime.Alert, srv *uptime.Server) bool {
	if a.Kind == uptime.AlertSink && a.Sink == sink.Name {
		return false
	}
	if reads(sink) {
		return srv != nil && !srv.Hidden && about(sink.Servers, nil, srv) && public(a.Kind)
	}
	return about(sink.Servers, nil, srv)
}

// public reports whether readers of a status page are told of a kind.
func public(k uptime.AlertKind) bool {
	return k == uptime.AlertIncident || k == uptime.AlertDegraded || k == uptime.AlertDrift
}

// least is the least urgent priority that a sink is told.
func least(sink *uptime.Sink) uptime.Priority {
	if sink.Least == 0 {
		return uptime.P3
	}
	return sink.Least
}

// homeless reports whether no rule may speak of an alert because it is about no
// server: then every sink hears of it.
func homeless(p *uptime.Policy, a *uptime.Alert) bool {
	return a.Server == "" && !slices.ContainsFunc(p.Rules, func(r uptime.Rule) bool { return admits(&r, a, nil) })
}
