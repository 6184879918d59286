package app

import (
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
}

// tenants are those of a monitor, the operator first; never changed.
type tenants []Tenant

// tenantsOf puts the operator, whose file this is, before the others.
func tenantsOf(f *config.File, others []Tenant) tenants {
	return slices.Concat(tenants{{DefaultTenant, f}}, others)
}

// ids returns the names of all.
func (t tenants) ids() []uptime.TenantID {
	out := make([]uptime.TenantID, len(t))
	for i := range t {
		out[i] = t[i].ID
	}
	return out
}
