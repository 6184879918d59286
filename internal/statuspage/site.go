package statuspage

import (
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"time"

	"github.com/alivemcp/alivemcp/internal/audit/shelf"
	"github.com/alivemcp/alivemcp/internal/findings"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

//go:embed all:templates static
var files embed.FS

// Options are what a Site needs.
type Options struct {
	// Tenant is whose servers are shown.
	Tenant uptime.TenantID
	// BaseURL is the public address of the site, without a slash at its end, for
	// links that leave it (feeds, badges, alerts). Empty: taken from the request.
	BaseURL string
	Source  Source
	// Branding is how the site presents itself; the zero value is AliveMCP's own.
	Branding Branding
	// Operator says who runs the site; its zero value shows nothing.
	Operator Operator
	// Acts, when set, lets an operator act on the pages; nil shows them read-only.
	Acts Acts
	// Alarms, when set, shows operators sinks, deliveries and silences; it needs
	// Acts, which says who is one.
	Alarms Alarms
	// Links, when set, lets the signed links of messages act.
	Links Links
	// Mailboxes, when set, lets readers of sinks that are mailboxes say yes and no.
	Mailboxes Mailboxes
	// Subscribers, when set, lets readers subscribe.
	Subscribers Subscribers
	// Elsewhere, when set, is the site on which what registries list has its pages;
	// nil when that is this one.
	Elsewhere *Elsewhere
	// Registries, when set, shows what registries list.
	Registries Registries
	// Findings is what does not agree about it; required with Registries.
	Findings *findings.Index
	// OptoutPath is the path of the file by which an owner says that a server is not
	// to be probed, such as /.well-known/name; empty when no file is looked for.
	OptoutPath string
	// Reports, when set, shows reports of the audit.
	Reports Reports
	// Demo marks the whole site as a demonstration.
	Demo bool
	// Streams is how many clients may follow live updates at once; zero means
	// 1,000. Those beyond it poll.
	Streams int
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// Logger gets our own failures; nil discards them.
	Logger *slog.Logger
}

// Branding is how the site presents itself.
type Branding struct {
	Name string // in the header and in titles; empty means AliveMCP
	// Link is where the name leads; empty means the dashboard.
	Link string
}

// Operator says who runs the site and how to reach them.
type Operator struct {
	Name    string
	Contact string // mailto: or https:, for "report a problem"; empty for none
}

// Site is the public site. It is an http.Handler and has no life of its own;
// Stop ends the streams that it serves.
type Site struct {
	opt    Options
	mux    *http.ServeMux
	static *web.Static
	pages  *web.Templates
	rows   *rowCache
	live   *liveFeed
	nav    []navItem
	desk   *desk // of the operator; nil without Acts
	listed listedCache
}

// New returns the site. An error means that the binary is broken.
func New(opt Options) (*Site, error) {
	s := &Site{opt: opt.complete(), mux: http.NewServeMux()}
	sub, err := fs.Sub(files, "static")
	if err != nil {
		return nil, fmt.Errorf("opening the static files: %w", err)
	}
	if s.static, err = web.NewStatic(sub, "/static/"); err != nil {
		return nil, err
	}
	s.static.Add("report.css", []byte(shelf.CSS()))
	if s.pages, err = web.ParseTemplates(files, "templates", "layout.html", s.funcs()); err != nil {
		return nil, err
	}
	s.rows, s.live = newRowCache(s.renderRow), newLiveFeed(s.opt.Streams)
	s.routes()
	return s, nil
}

func (o Options) complete() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Streams <= 0 {
		o.Streams = 1000
	}
	if o.Branding.Name == "" {
		o.Branding.Name = "AliveMCP"
	}
	if o.Branding.Link == "" {
		o.Branding.Link = "/"
	}
	return o
}

// routes is the table of the site. Each page registers its own in its own file.
func (s *Site) routes() {
	s.handle("GET /static/", s.static.Serve)
	s.handle("POST /theme", s.setTheme)
	s.dashboardRoutes()
	s.liveRoutes()
	s.serverRoutes()
	s.studioRoutes()
	if s.opt.Links != nil {
		s.linkRoutes()
	}
	if s.opt.Mailboxes != nil {
		s.mailboxRoutes()
	}
	if s.opt.Subscribers != nil {
		s.subscribeRoutes()
	}
	if s.opt.Registries != nil {
		s.registryRoutes()
	}
	if s.opt.Reports != nil {
		s.reportRoutes()
	}
	s.handle("/", notFound)
}

// handle registers a handler whose errors become error pages for people and
// problem documents for programs.
func (s *Site) handle(pattern string, h web.Handler) {
	s.mux.Handle(pattern, web.Adapt(h, s.fail))
}

// ServeHTTP answers with security headers, compressed.
func (s *Site) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// Handler returns the site with everything around it: security headers and
// compression. App may serve it as it is or put Site below its own.
func (s *Site) Handler() http.Handler { return web.Protect(web.Compress(s)) }

// Stop ends all live streams, so that a graceful shutdown need not wait for
// them. Streams that are asked for afterwards are refused.
func (s *Site) Stop() { s.live.stop() }

// Streams is how many clients follow live updates now.
func (s *Site) Streams() int { return s.live.count() }

func notFound(_ http.ResponseWriter, r *http.Request) error {
	return fmt.Errorf("%w: there is no page at %s", uptime.ErrNotFound, web.Visible(r.URL.Path, 100))
}
