package app

import (
	"context"
	"net/http"
	"net/netip"
	"strings"

	"github.com/alivemcp/alivemcp/internal/api"
	"github.com/alivemcp/alivemcp/internal/embed"
	"github.com/alivemcp/alivemcp/internal/feed"
	"github.com/alivemcp/alivemcp/internal/statuspage"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// openPages makes the site and the API.
func (m *Monitor) openPages(context.Context) (err error) {
	f := m.opt.File
	opt := m.siteOptions(DefaultTenant, f.BaseURL)
	if f.OperatorToken != "" {
		opt.Acts, opt.Alarms = acts{m, f.OperatorToken}, m.alarms
	}
	if f.BaseURL != "" {
		opt.Links, opt.Mailboxes = links{m.alarms}, mailboxes{m.alarms}
	}
	if m.alarms.readers != nil {
		opt.Subscribers = m.alarms.readers
	}
	m.site, err = statuspage.New(opt)
	if err != nil {
		return err
	}
	most := f.Metrics.Max
	if !f.Metrics.PerServer {
		most = -1
	}
	of := m.apiOptions(DefaultTenant, f.BaseURL)
	of.MaxServers, of.Probe, of.Collectors = most, m.probeNow, m.crawlMetrics()
	m.api, err = api.New(of)
	return err
}

// siteOptions are those of the pages of a tenant.
func (m *Monitor) siteOptions(tenant uptime.TenantID, base string) statuspage.Options {
	f := m.opt.File
	opt := statuspage.Options{
		Tenant: tenant, BaseURL: base, Source: m.board, Demo: m.opt.Demo != nil,
		Branding: statuspage.Branding{Name: f.Branding.Title, Link: f.Branding.Link}, Logger: m.log.With("part", "pages"),
	}
	if m.showsListed(tenant) {
		opt.Registries, opt.Findings, opt.Reports, opt.Operator.Contact = m.library, m.compared, m.shelf, contactLink(f.Whom())
	}
	if f.Registries.Serve.Enabled {
		opt.OptoutPath = ownersFile
	}
	if tenant == DefaultTenant && f.Registries.Serve.Enabled {
		opt.Elsewhere = &statuspage.Elsewhere{Tenant: PublicTenant, BaseURL: m.listedBase}
	}
	return opt
}

// showsListed reports whether the pages of a tenant are among those that show what
// registries list: the operator's, and the listed servers' own.
func (m *Monitor) showsListed(tenant uptime.TenantID) bool {
	r := &m.opt.File.Registries
	return r.Serve.Enabled && tenant == PublicTenant || (r.Enabled || r.Serve.Enabled) && tenant == DefaultTenant
}

// listedBase is the public address of the pages of listed servers: that of the
// configuration or, while nothing here has one, that which is listened on when it is
// a single one. Behind a public address the latter leads nowhere, and is nobody's
// business.
func (m *Monitor) listedBase() string {
	f := m.opt.File
	if f.Registries.Serve.BaseURL != "" || f.BaseURL != "" || m.strange == nil {
		return strings.TrimSuffix(f.Registries.Serve.BaseURL, "/")
	}
	at, err := netip.ParseAddrPort(m.strange.listener.Addr().String())
	if err != nil || at.Addr().IsUnspecified() {
		return ""
	}
	return "http://" + at.String()
}

// contactLink makes a link of a contact: a URL, or a mail address.
func contactLink(contact string) string {
	if contact == "" || strings.Contains(contact, "://") || strings.HasPrefix(contact, "mailto:") {
		return contact
	}
	return "mailto:" + contact
}

// apiOptions are those of the API of a tenant.
func (m *Monitor) apiOptions(tenant uptime.TenantID, base string) api.Options {
	opt := api.Options{
		Tenant: tenant, Source: m.board, BaseURL: base,
		City: func(region string) string { return m.plans.Plan().City(region) }, Version: m.opt.Version, Schema: m.store.Schema(),
		Started: m.began, Vitals: m.vitals, Demo: m.opt.Demo != nil, Logger: m.log.With("part", "api"),
	}
	if m.showsListed(tenant) {
		opt.Registries, opt.Findings, opt.Reports = m.library, m.compared, m.shelf
	}
	return opt
}

// handler serves the operator's own servers.
func (m *Monitor) handler() http.Handler {
	all := m.pages(DefaultTenant, m.opt.File.BaseURL, m.site, m.api)
	if m.opt.Demo != nil && loopback(m.opt.File.Listen) {
		all = keepLocal(all)
	}
	return m.outermost(all)
}

// outermost is what each request meets first, on every port.
func (m *Monitor) outermost(h http.Handler) http.Handler {
	return web.Log(m.log.With("part", "http"), web.Behind(m.opt.File.Proxies(), web.Protect(h)))
}

// pages joins pages, API, embeds and feeds of a tenant.
func (m *Monitor) pages(tenant uptime.TenantID, base string, site *statuspage.Site, of *api.API) http.Handler {
	mux, f, log := http.NewServeMux(), m.opt.File, m.log.With("part", "http")
	mux.Handle("/", site)
	for _, pattern := range api.Patterns() {
		mux.Handle(pattern, of)
	}
	embed.Register(mux, embed.Options{Tenant: tenant, Source: m.board, BaseURL: base, Logger: log})
	opt := feed.Options{
		Tenant: tenant, Source: m.board, BaseURL: base, Name: f.Branding.Title, Demo: m.opt.Demo != nil, Logger: log,
		Calendar: m.board,
	}
	if m.showsListed(tenant) {
		opt.Reports, opt.Findings = m.shelf, m.compared
	}
	feed.Register(mux, opt)
	return web.Compress(feed.Documents(mux))
}

// openStrange makes the pages of the servers that registries list, and opens
// their port.
func (m *Monitor) openStrange(ctx context.Context) error {
	serve := m.opt.File.Registries.Serve
	if !serve.Enabled {
		return nil
	}
	site, err := statuspage.New(m.siteOptions(PublicTenant, serve.BaseURL))
	if err != nil {
		return err
	}
	opt := m.apiOptions(PublicTenant, serve.BaseURL)
	opt.MaxServers = -1 // the gauges are the operator's
	of, err := api.New(opt)
	if err != nil {
		return err
	}
	h := m.outermost(m.pages(PublicTenant, serve.BaseURL, site, of))
	if m.strange, err = listenHTTP(ctx, serve.Listen, h, m.log); err != nil {
		return err
	}
	m.strange.stop = site.Stop
	return nil
}
