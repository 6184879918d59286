package alert

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// takeNews takes in what happened to incidents and drifts.
func (s *step) takeNews(news []uptime.News) {
	for i := range news {
		n := &news[i]
		if n.Seq <= s.news {
			continue
		}
		s.news = n.Seq
		switch {
		case n.Incident != nil && s.belated(n):
		case n.Incident != nil:
			s.put(s.incident(n.Incident))
		case n.Drift != nil:
			s.put(s.drift(n.Drift))
		}
	}
}

// belated reports whether somebody wrote about an incident of which nothing is
// told any more.
func (s *step) belated(n *uptime.News) bool {
	said := n.Event == uptime.IncidentNote || n.Event == uptime.IncidentAcked
	return said && !n.Incident.Open() && s.alerts[id{n.Incident.Tenant, uptime.AlertKey(n.Incident.ID)}] == nil
}

// incident returns the alert of an incident.
func (s *step) incident(in *uptime.Incident) uptime.Alert {
	a := uptime.Alert{
		Key: uptime.AlertKey(in.ID), Tenant: in.Tenant, Server: in.Server, Kind: uptime.AlertIncident,
		Reason: in.Failure.Cause.Reason(), Cause: in.Failure.Cause, Regions: slices.Clone(in.Regions), Opened: in.Opened,
		Detail: in.Note, Recovering: !in.Recovered.IsZero() && in.Open(), Demo: in.Demo,
	}
	if !in.Open() {
		a.Resolved = in.Closed
		if in.Recovered.IsZero() {
			a.Ended = uptime.EndedForgotten
		} else {
			a.Resolved = in.Recovered
		}
	}
	a.Priority = priorityOf(&a, s.now)
	return s.resting(s.located(a))
}

// located says where the server of an alert runs.
func (s *step) located(a uptime.Alert) uptime.Alert {
	srv := s.world.server(&a)
	if srv == nil {
		return a
	}
	if u, err := url.Parse(srv.URL); err == nil {
		a.Host = strings.ToLower(u.Hostname())
		a.Platform = platformOf(a.Host)
	}
	return a
}

// resting ends the alert of a server that is paused: nobody looks. One that
// nobody was told of yet is held instead, and told when it lasts after the pause.
func (s *step) resting(a uptime.Alert) uptime.Alert {
	srv := s.world.servers[serverKey{a.Tenant, a.Server}]
	if srv != nil && srv.Paused && a.Open() && s.of[id{a.Tenant, a.Key}] != nil {
		a.Resolved, a.Ended = s.now, uptime.EndedPaused
		if old := s.alerts[id{a.Tenant, a.Key}]; old != nil && old.Ended == uptime.EndedPaused {
			a.Resolved = old.Resolved
		}
	}
	return a
}

// forsake ends what is told of servers that are removed or paused, and goes on
// with those that are looked at again.
func (s *step) forsake() {
	for _, a := range s.alerts {
		if a.Server == "" {
			continue
		}
		srv := s.world.servers[serverKey{a.Tenant, a.Server}]
		n := *a
		switch {
		case a.Ended == uptime.EndedPaused && srv != nil && !srv.Paused:
			n.Resolved, n.Ended = time.Time{}, ""
		case !a.Open():
			continue
		case srv == nil && a.Kind != uptime.AlertIncident: // the recorder ends incidents
			n.Resolved, n.Ended = s.now, uptime.EndedForgotten
		case srv != nil:
			n = s.resting(n)
		}
		s.put(n)
	}
}

// same reports whether two states of an alert tell the same.
func same(a, b *uptime.Alert) bool {
	x, y := *a, *b
	regions := slices.Equal(x.Regions, y.Regions)
	x.Regions, y.Regions = nil, nil
	return regions && x.Opened.Equal(y.Opened) && x.Resolved.Equal(y.Resolved) && x.Ends.Equal(y.Ends) &&
		x.Priority == y.Priority && x.Reason == y.Reason && x.Cause == y.Cause && x.Class == y.Class &&
		x.Stage == y.Stage && x.Detail == y.Detail && x.Recovering == y.Recovering && x.Ended == y.Ended &&
		x.Host == y.Host && x.Platform == y.Platform
}

// union returns the sorted union of two sorted lists.
func union(a, b []string) []string {
	out := append(slices.Clone(a), b...)
	slices.Sort(out)
	return slices.Compact(out)
}
