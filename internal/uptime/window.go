package uptime

import (
	"slices"
	"time"
)

// Window is a time of planned maintenance.
type Window struct {
	ID     string // unique in the tenant
	Tenant TenantID
	Name   string // for people
	// Text says what is being done.
	Text string
	// Servers are slugs; Groups are groups of servers. With neither the window is
	// for all servers of the tenant.
	Servers []string
	Groups  []string
	From    time.Time
	To      time.Time
}

// Covers reports whether the window is for this server at this moment.
func (w *Window) Covers(s *Server, t time.Time) bool {
	return w.For(s) && !t.Before(w.From) && t.Before(w.To)
}

// For reports whether the window is for this server, at any time.
func (w *Window) For(s *Server) bool {
	if w.Tenant != s.Tenant {
		return false
	}
	everyone := len(w.Servers) == 0 && len(w.Groups) == 0
	return everyone || slices.Contains(w.Servers, s.Slug) || s.Group != "" && slices.Contains(w.Groups, s.Group)
}
