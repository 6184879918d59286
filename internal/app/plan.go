package app

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// planStore keeps what is monitored, so that ids outlive the process.
type planStore interface {
	// SyncServers makes the tenant's servers these and returns them with their
	// ids and numbers.
	SyncServers(ctx context.Context, tenant uptime.TenantID, servers []uptime.Server) ([]uptime.Server, error)
	// SyncWindows makes the tenant's windows these.
	SyncWindows(ctx context.Context, tenant uptime.TenantID, windows []uptime.Window) error
}

// planner makes plans of what the tenants' files say.
type planner struct {
	store planStore
	// environ is what child processes see besides what the file says.
	environ []string
	// others are the tenants besides the operator.
	others  []Tenant
	current atomic.Pointer[uptime.Plan]
	mu      sync.Mutex // held while a plan is made
	// running are the regions of the first file: probers are made once. Guarded by
	// mu.
	running []uptime.Region
	// file is the operator's that was adopted last. Guarded by mu.
	file *config.File
}

// Plan returns the present plan; never nil.
func (p *planner) Plan() *uptime.Plan {
	if plan := p.current.Load(); plan != nil {
		return plan
	}
	return &uptime.Plan{}
}

// adopt makes the operator's file, and what the other tenants have, the plan.
// When it fails the former plan stays.
func (p *planner) adopt(ctx context.Context, f *config.File) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.running == nil {
		p.running = f.Places()
	}
	plan := &uptime.Plan{Version: p.Plan().Version + 1, Regions: p.running}
	for _, t := range tenantsOf(f, p.others) {
		if err := p.add(ctx, plan, t); err != nil {
			return err
		}
	}
	p.current.Store(plan)
	p.file = f
	return nil
}

// add stores what one tenant has monitored and adds it to a plan.
func (p *planner) add(ctx context.Context, plan *uptime.Plan, t Tenant) error {
	wanted, err := t.serversOf(ctx)
	if err != nil {
		return err
	}
	servers, err := p.store.SyncServers(ctx, t.ID, p.probed(wanted))
	if err != nil {
		return fmt.Errorf("storing the servers of the tenant %s: %w", t.ID, err)
	}
	if t.stored != nil {
		if err := t.stored(ctx, servers); err != nil {
			return err
		}
	}
	windows := t.File.WindowsOf(t.ID)
	if err := p.store.SyncWindows(ctx, t.ID, windows); err != nil {
		return fmt.Errorf("storing the windows of the configuration: %w", err)
	}
	plan.Windows = append(plan.Windows, windows...)
	for i := range servers {
		srv := &servers[i]
		if srv.Transport == uptime.Stdio {
			srv.Command.Env = slices.Concat(p.environ, srv.Command.Env)
		}
		plan.Servers = append(plan.Servers, srv)
	}
	return nil
}

// renew lays out the windows that repeat anew.
func (p *planner) renew(ctx context.Context) error {
	p.mu.Lock()
	f := p.file
	p.mu.Unlock()
	if f == nil || !slices.ContainsFunc(tenantsOf(f, p.others), func(t Tenant) bool { return t.File.Repeats() }) {
		return nil
	}
	return p.adopt(ctx, f)
}

// again makes the plan anew: a tenant has other servers.
func (p *planner) again(ctx context.Context) error {
	p.mu.Lock()
	f := p.file
	p.mu.Unlock()
	return p.adopt(ctx, f)
}

// probed leaves those regions to the servers that somebody probes from. One
// that a new file adds runs after a restart: until then it must not be waited
// for, nor count among the N of two of N. A server that would be left without any
// has all that there are.
func (p *planner) probed(servers []uptime.Server) []uptime.Server {
	var all []string
	for _, r := range p.running {
		all = append(all, r.ID)
	}
	for i := range servers {
		left := slices.DeleteFunc(slices.Clone(servers[i].Regions), func(id string) bool { return !slices.Contains(all, id) })
		if len(left) == 0 {
			left = slices.Clone(all)
		}
		servers[i].Regions = left
	}
	return servers
}

// server finds a server of the plan by its slug.
func (p *planner) server(tenant uptime.TenantID, slug string) (*uptime.Server, error) {
	for _, srv := range p.Plan().Servers {
		if srv.Tenant == tenant && srv.Slug == slug {
			return srv, nil
		}
	}
	return nil, fmt.Errorf("%w: there is no server %q", uptime.ErrNotFound, slug)
}
