package alert

import (
	"maps"
	"slices"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// world is the plan and the policies as a step sees them.
type world struct {
	version uint64
	servers map[serverKey]*uptime.Server
	// gone are servers that were removed while something was told of them.
	gone     map[serverKey]*uptime.Server
	windows  map[uptime.TenantID][]uptime.Window
	given    []*uptime.Policy
	policies map[uptime.TenantID]*uptime.Policy
}

// server returns a server, also one that was removed; nil when it is not known.
func (w *world) server(a *uptime.Alert) *uptime.Server {
	key := serverKey{a.Tenant, a.Server}
	if srv := w.servers[key]; srv != nil {
		return srv
	}
	return w.gone[key]
}

// policy returns who is told what; an empty one for a tenant that has none.
func (w *world) policy(tenant uptime.TenantID) *uptime.Policy {
	if p := w.policies[tenant]; p != nil {
		return p
	}
	return &uptime.Policy{Tenant: tenant}
}

// follow adopts a plan; it reports whether it is another one.
func (w *world) follow(p *uptime.Plan) bool {
	if p.Version == w.version {
		return false
	}
	servers := make(map[serverKey]*uptime.Server, len(p.Servers))
	for _, srv := range p.Servers {
		servers[serverKey{srv.Tenant, srv.ID}] = srv
	}
	if w.gone == nil {
		w.gone = map[serverKey]*uptime.Server{}
	}
	maps.Copy(w.gone, w.servers)
	maps.DeleteFunc(w.gone, func(k serverKey, _ *uptime.Server) bool { return servers[k] != nil })
	w.version, w.servers = p.Version, servers
	w.windows = map[uptime.TenantID][]uptime.Window{}
	for _, win := range p.Windows {
		w.windows[win.Tenant] = append(w.windows[win.Tenant], win)
	}
	return true
}

// forget forgets removed servers of which nothing is told.
func (w *world) forget(told func(serverKey) bool) {
	maps.DeleteFunc(w.gone, func(k serverKey, _ *uptime.Server) bool { return !told(k) })
}

// obey adopts policies; it reports whether one of them is another one.
func (w *world) obey(policies []*uptime.Policy) bool {
	if slices.Equal(w.given, policies) && w.policies != nil {
		return false
	}
	w.given, w.policies = slices.Clone(policies), make(map[uptime.TenantID]*uptime.Policy, len(policies))
	for _, p := range policies {
		w.policies[p.Tenant] = p
	}
	return true
}
