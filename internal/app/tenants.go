package app

import (
	"context"
	"slices"

	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// DefaultTenant owns everything that the operator's own file names.
const DefaultTenant uptime.TenantID = "default"

// Tenant is an owner of servers, windows, sinks and rules.
type Tenant struct {
	ID uptime.TenantID
	// File says what the tenant has: its servers, windows, sinks, alerts and smtp.
	// The rest of it is the operator's business, and is not read.
	File *config.File

	// servers, when it is not nil, returns the servers in place of those of File,
	// sorted by slug; stored hears which ids they have been given.
	servers func(context.Context) ([]uptime.Server, error)
	stored  func(context.Context, []uptime.Server) error
}

// tenants are those of a monitor, the operator first; never changed.
type tenants []Tenant

// tenantsOf puts the operator, whose file this is, before the others.
func tenantsOf(f *config.File, others []Tenant) tenants {
	return slices.Concat(tenants{{ID: DefaultTenant, File: f}}, others)
}

// serversOf returns what a tenant has monitored.
func (t *Tenant) serversOf(ctx context.Context) ([]uptime.Server, error) {
	if t.servers != nil {
		return t.servers(ctx)
	}
	return t.File.ServersOf(t.ID), nil
}

// ids returns the names of all.
func (t tenants) ids() []uptime.TenantID {
	out := make([]uptime.TenantID, len(t))
	for i := range t {
		out[i] = t[i].ID
	}
	return out
}
