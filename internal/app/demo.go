package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/archive"
	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/demo"
	"github.com/alivemcp/alivemcp/internal/drift"
	"github.com/alivemcp/alivemcp/internal/lab"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// staleRegion sees the product search through an edge that was not updated.
const staleRegion = "ap-southeast"

// Demonstration is the world of `serve --demo`: servers of the lab and registries
// that live in this process, three regions that all are this machine, and an
// invented past.
type Demonstration struct {
	lab   *lab.Lab
	inbox *inbox
	fakes *fakes
	file  *config.File
}

// NewDemonstration opens the servers' ports; nobody answers before the monitor
// runs.
func NewDemonstration(now time.Time) (*Demonstration, error) {
	d := &Demonstration{lab: lab.New(lab.Options{Scenarios: lab.Cast()})}
	if err := d.lab.Listen(); err != nil {
		return nil, fmt.Errorf("starting the demonstration's servers: %w", err)
	}
	var err error
	if d.inbox, err = newInbox(); err != nil {
		return nil, err
	}
	if d.fakes, err = newFakes(now); err != nil {
		return nil, err
	}
	f, problems := config.Parse("demonstration", d.yaml(now), config.Options{})
	if f == nil {
		return nil, fmt.Errorf("reading the demonstration's own configuration: %w", problems.Err())
	}
	d.file = f
	return d, nil
}

// Lock makes a token of the operator that nobody can guess, and returns it, when
// the demonstration is to be reached from other machines: an operator can have
// any address probed, also such that only this machine can reach. On a loopback
// address it returns nothing, the token stays "demo", and the links in messages
// lead here.
func (d *Demonstration) Lock() (token string) {
	if loopback(d.file.Listen) {
		if d.file.BaseURL == "" && !strings.HasSuffix(d.file.Listen, ":0") {
			d.file.BaseURL = "http://" + d.file.Listen
		}
		return ""
	}
	token = strings.ToLower(rand.Text())
	d.file.OperatorToken = uptime.Secret(token)
	return token
}

// loopback reports whether a HOST:PORT is on this machine alone.
func loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	return err == nil && thisMachine(host)
}

func thisMachine(host string) bool {
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}

// keepLocal refuses requests that were sent to another name than that of this
// machine: a page of somebody else whose name was made to point here would be of
// the same origin, and could sign in with the token that everybody knows.
func keepLocal(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, err := net.SplitHostPort(r.Host)
		if err != nil {
			host = r.Host
		}
		if !thisMachine(host) {
			http.Error(w, "the demonstration answers to localhost alone; serve it with --listen for others", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Inbox is the address at which this machine shows what the demonstration's sinks
// were sent.
func (d *Demonstration) Inbox() string { return d.inbox.url() }

// File is the demonstration's configuration.
func (d *Demonstration) File() *config.File { return d.file }

// yaml writes the configuration that an operator would have written.
func (d *Demonstration) yaml(now time.Time) []byte {
	var b bytes.Buffer
	b.WriteString("branding: {title: AliveMCP demo}\noperator_token: demo\nlog: {level: warn}\nregions:\n")
	for _, r := range []uptime.Region{
		{ID: staleRegion, City: "Singapore"}, {ID: "eu-west", City: "London"}, {ID: "us-east", City: "Virginia"},
	} {
		fmt.Fprintf(&b, "  - {id: %s, city: %s}\n", r.ID, r.City)
	}
	b.WriteString(d.inbox.yaml())
	b.WriteString(d.fakes.yaml())
	b.WriteString("probe: {gap: 2s, max_per_host: 64}\nservers:\n")
	for _, r := range demo.Roles() {
		fmt.Fprintf(&b, "  - {slug: %s, name: %q, group: %q, description: %q, url: %q", r.Slug, r.Name, r.Group, r.Description, d.lab.URL(r.Slug))
		if r.Runbook != "" {
			fmt.Fprintf(&b, ", runbook_url: %q", r.Runbook)
		}
		if r.Percent > 0 {
			fmt.Fprintf(&b, ", slo: %g", r.Percent)
		}
		if c := d.lab.Server(r.Slug).Profile.Canary; c != nil {
			fmt.Fprintf(&b, ", canary: {tool: %s, arguments: %s}", c.Tool, c.Arguments)
		}
		b.WriteString("}\n")
	}
	b.WriteString("windows:\n")
	for _, r := range demo.Roles() {
		if r.Planned {
			from := now.UTC().Truncate(time.Hour)
			fmt.Fprintf(&b, "  - {name: Upgrade of the payment sandbox, text: The database moves to a new machine., servers: [%s], from: %s, for: 6h}\n",
				r.Slug, from.Format(time.RFC3339))
		}
	}
	return b.Bytes()
}

// roots trust the lab's authority.
func (d *Demonstration) roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(d.lab.CAPEM())
	return pool
}

// connects returns how each region reaches the servers: with the delay of its
// distance, and one of them through an edge that was not updated.
func (d *Demonstration) connects() map[string]connect {
	away := map[string]time.Duration{"eu-west": 9 * time.Millisecond, "us-east": 38 * time.Millisecond, staleRegion: 81 * time.Millisecond}
	out := map[string]connect{}
	for id, delay := range away {
		out[id] = delayed(delay, d.detour(id))
	}
	return out
}

// detour returns where a region's connections really end.
func (d *Demonstration) detour(id string) func(netip.AddrPort) netip.AddrPort {
	origin, edge := d.port("product-search"), d.port("product-search-stale")
	return func(to netip.AddrPort) netip.AddrPort {
		if id == staleRegion && to == origin {
			return edge
		}
		return to
	}
}

func (d *Demonstration) port(name string) netip.AddrPort {
	u, err := url.Parse(d.lab.URL(name))
	if err != nil {
		return netip.AddrPort{}
	}
	at, _ := netip.ParseAddrPort(u.Host) // the lab's addresses are numeric
	return at
}

// delayed connects and lets every answer wait, as if the server were far away.
func delayed(by time.Duration, detour func(netip.AddrPort) netip.AddrPort) connect {
	return func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
		if err := wait(ctx, by); err != nil {
			return nil, err
		}
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", detour(to).String())
		if err != nil {
			return nil, err
		}
		return &distantConn{Conn: c, by: by}, nil
	}
}

// wait returns after d, or with the error of ctx.
func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// distantConn lets the first read after a write wait.
type distantConn struct {
	net.Conn
	by    time.Duration
	asked bool
}

func (c *distantConn) Write(p []byte) (int, error) {
	c.asked = true
	return c.Conn.Write(p)
}

func (c *distantConn) Read(p []byte) (int, error) {
	if c.asked {
		c.asked = false
		<-time.After(c.by)
	}
	return c.Conn.Read(p)
}

// fill writes the invented past, unless there is one.
func (d *Demonstration) fill(ctx context.Context, m *Monitor) error {
	today, roles := uptime.DayOf(m.began), demo.Roles()
	servers := make([]*uptime.Server, len(roles))
	for i, r := range roles {
		srv, err := m.plans.server(DefaultTenant, r.Slug)
		if err != nil {
			return err
		}
		if known, err := m.store.PackedDays(ctx, srv.Tenant, srv.ID, today-1, today-1); err != nil || len(known) > 0 {
			return err
		}
		servers[i] = srv
	}
	for day := today - demo.Days; day <= today; day++ {
		if err := m.archiver.Import(ctx, day, pastOf(roles, servers, day, m.began), true); err != nil {
			return fmt.Errorf("inventing the past: %w", err)
		}
	}
	for i, r := range roles {
		if err := fillServer(ctx, m, r, servers[i], today); err != nil {
			return fmt.Errorf("inventing what happened to %s: %w", r.Slug, err)
		}
	}
	if err := d.fillSilences(ctx, m); err != nil {
		return fmt.Errorf("inventing a silence: %w", err)
	}
	if err := d.fillRegistries(ctx, m); err != nil {
		return fmt.Errorf("inventing the past of the registries: %w", err)
	}
	return d.fillDrifts(ctx, m, today)
}

// pastOf invents a day of all servers that were measured in it.
func pastOf(roles []demo.Role, servers []*uptime.Server, day uptime.Day, now time.Time) (out []archive.PastDay) {
	today := uptime.DayOf(now)
	for i, srv := range servers {
		if day < today-uptime.Day(roles[i].Age) {
			continue
		}
		cells := roles[i].Day(day, today, srv.Regions)
		if day == today {
			cells = roles[i].Today(now, srv.Regions)
		}
		out = append(out, archive.PastDay{Tenant: srv.Tenant, Server: srv.ID, Cells: cells})
	}
	return out
}

// fillServer writes what happened to a server.
func fillServer(ctx context.Context, m *Monitor, r demo.Role, srv *uptime.Server, today uptime.Day) error {
	incidents, events := r.Incidents(srv, today, srv.Regions)
	if err := m.store.Record(ctx, uptime.Changes{Incidents: incidents, Events: events}); err != nil {
		return err
	}
	_, err := m.live.Seal(ctx, lately(r, srv, today, m.began))
	return err
}

// lately are the last minutes of today as verdicts: they go the way of all
// verdicts, so that what is wrong lately has an incident that is open.
func lately(r demo.Role, srv *uptime.Server, today uptime.Day, now time.Time) []uptime.Verdict {
	var out []uptime.Verdict
	cells := r.Today(now, srv.Regions)
	last, first := srv.CycleAt(now), now.Add(-keepVerdicts/2)
	if midnight := today.Time().Add(time.Minute); first.Before(midnight) {
		first = midnight
	}
	for cycle := srv.CycleAt(first); cycle.Before(last); cycle = cycle.Add(srv.Every()) {
		if cell := cells[uptime.MinuteOf(cycle).OfDay()]; len(cell.Regions) > 0 {
			out = append(out, invented(srv, cycle, cell))
		}
	}
	return out
}

// invented is the verdict that would have given this minute.
func invented(srv *uptime.Server, cycle time.Time, cell uptime.MinuteCell) uptime.Verdict {
	v := uptime.Verdict{
		Tenant: srv.Tenant, Server: srv.ID, Cycle: cycle, Every: srv.Every(), State: cell.State,
		Latency: cell.Latency, Expected: len(cell.Regions), Maintenance: cell.Maintenance, SealedAt: cycle.Add(time.Second),
	}
	switch {
	case cell.Cause != "":
		v.Failure = &uptime.Failure{Cause: cell.Cause, Effect: cell.State}
	case cell.State == uptime.Degraded:
		v.Why = "the handshake took longer than 5 s"
	}
	for _, region := range cell.Regions {
		report := uptime.Report{
			Tenant: srv.Tenant, Server: srv.ID, Region: region.Region, Cycle: cycle, State: region.State,
			Attempts: 1, Started: cycle, Latency: cell.Latency,
		}
		if region.State != uptime.Live {
			report.Failure = v.Failure
		}
		v.Reports = append(v.Reports, report)
	}
	return v
}

// fillDrifts writes the accepted changes of the past.
func (d *Demonstration) fillDrifts(ctx context.Context, m *Monitor, today uptime.Day) error {
	var changes uptime.Changes
	for _, c := range demo.Changes() {
		srv, err := m.plans.server(DefaultTenant, c.Slug)
		if err != nil {
			return err
		}
		tools := lab.CastTools(c.Slug)
		from, err := m.putTools(ctx, srv, c.Before(tools))
		if err != nil {
			return err
		}
		to, err := m.putTools(ctx, srv, tools)
		if err != nil {
			return err
		}
		change := c.Drift(srv, from, to, today, srv.Regions)
		if change.Class, change.Summary, change.Changes, err = m.contracts.compare(ctx, srv.Tenant, from, to); err != nil {
			return err
		}
		changes.Drifts = append(changes.Drifts, change)
	}
	known, err := d.knownProducts(ctx, m)
	if err != nil {
		return err
	}
	changes.Baselines = append(changes.Baselines, known)
	return m.store.Record(ctx, changes)
}

// knownProducts is the contract that every region has shown of the product
// search, so that the edge with the old one is noticed.
func (d *Demonstration) knownProducts(ctx context.Context, m *Monitor) (uptime.Baseline, error) {
	srv, err := m.plans.server(DefaultTenant, "product-search")
	if err != nil {
		return uptime.Baseline{}, err
	}
	hash, err := m.putTools(ctx, srv, lab.CastTools(srv.Slug))
	if err != nil {
		return uptime.Baseline{}, err
	}
	b := uptime.Baseline{Tenant: srv.Tenant, Server: srv.ID, Accepted: []string{hash}, Shown: map[string]string{}}
	for _, region := range srv.Regions {
		b.Shown[region] = hash
	}
	return b, nil
}

// putTools stores a list of tools as a contract and returns its hash.
func (m *Monitor) putTools(ctx context.Context, srv *uptime.Server, tools []string) (string, error) {
	snap := drift.Snapshot{Target: srv.URL, Server: drift.ServerInfo{Name: srv.Name}}
	for _, tool := range tools {
		snap.Tools = append(snap.Tools, json.RawMessage(tool))
	}
	c, problems := snap.Contract()
	if len(problems) > 0 {
		return "", errors.New("the demonstration's tools: " + problems[0].String())
	}
	var text bytes.Buffer
	if _, err := snap.WriteTo(&text); err != nil {
		return "", fmt.Errorf("writing the demonstration's tools: %w", err)
	}
	size := len(strings.Join(tools, ","))
	return c.Hash, m.store.PutContract(ctx, srv.Tenant, uptime.Contract{
		Hash: c.Hash, ContractHash: c.ContractHash, Tools: len(tools), Bytes: size, Tokens: size / 4, Snapshot: text.Bytes(),
	})
}
