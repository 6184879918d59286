//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"runtime/pprof"
	"strings"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/bench/gauge"
	"github.com/alivemcp/alivemcp/internal/alert"
	"github.com/alivemcp/alivemcp/internal/alert/outbox"
	"github.com/alivemcp/alivemcp/internal/alert/post"
	"github.com/alivemcp/alivemcp/internal/alert/webhook"
	"github.com/alivemcp/alivemcp/internal/guard"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// scene is a storm without probes: so many servers of so many tenants fail at
// once. Every tenant has two sinks that work; the first ones have a third, which
// takes a connection and never answers.
type scene struct {
	key, name        string
	tenants, servers int
	hanging          int // tenants with a sink that hangs
	shared           bool
}

// runRoute measures the router and the outbox over a real database.
func runRoute(ctx context.Context, args []string) error {
	set := flag.NewFlagSet("route", flag.ExitOnError)
	servers := set.Int("servers", 2000, "servers in all")
	tenants := set.Int("tenants", 200, "tenants that share them, where there are several")
	profile := set.String("profile", "", "write a CPU profile to this `file`")
	only := set.String("scene", "", "play this scene alone: one, many, hanging or cluster")
	_ = set.Parse(args)
	if *profile != "" {
		f, err := os.Create(*profile)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	each := max(1, *servers / *tenants)
	for _, s := range []scene{
		{"one", "one tenant, two sinks that work and one that hangs", 1, *servers, 1, false},
		{"many", "two sinks that work at each tenant, and one that hangs in all", *tenants, each, 1, false},
		{"hanging", "two sinks that work and one that hangs at each tenant", *tenants, each, *tenants, false},
		{"cluster", "one platform under all: only the operator, the first tenant, is to be told", *tenants, each, 0, true},
	} {
		if *only != "" && *only != s.key {
			continue
		}
		if err := s.play(ctx); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
	}
	return nil
}

// cast is who plays a scene.
type cast struct {
	scene
	*world
	dir          string
	good, broken *receiver
	sinks        map[uptime.SinkKey]outbox.Sink
	steps        *steps
	router       *alert.Router
	outbox       *outbox.Dispatcher

	mu      sync.Mutex
	created map[string]time.Time // of deliveries, by id
	open    []uptime.Incident
}

// play breaks everything, mends it, and tells what that cost.
func (s scene) play(ctx context.Context) (err error) {
	out := newTable(fmt.Sprintf("route: %d servers of %d tenants: %s", s.tenants*s.servers, s.tenants, s.name))
	c := &cast{scene: s, sinks: map[uptime.SinkKey]outbox.Sink{}, created: map[string]time.Time{}}
	if c.dir, err = os.MkdirTemp("", "alivemcp-bench-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.end()) }()
	if err := c.assemble(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	var parts sync.WaitGroup
	defer parts.Wait()
	defer cancel()
	parts.Go(func() { _ = c.router.Run(ctx) })
	parts.Go(func() { _ = c.outbox.Run(ctx) })
	wall, cpu := time.Now(), gauge.CPUTime()
	if err := c.round(ctx, out, "broken", c.fail, opens); err != nil {
		return err
	}
	if err := c.round(ctx, out, "mended", c.mend, closes); err != nil {
		return err
	}
	out.line("both rounds", "%s, CPU %s", gauge.Round(time.Since(wall)), gauge.Round(gauge.CPUTime()-cpu))
	if err := c.compare(ctx, out); err != nil {
		return err
	}
	return out.end()
}

func (c *cast) end() (err error) {
	for _, r := range []*receiver{c.good, c.broken} {
		if r != nil {
			r.end()
		}
	}
	if c.world != nil {
		err = c.store.Close()
	}
	return errors.Join(err, os.RemoveAll(c.dir))
}

// assemble makes all parts. None runs yet.
func (c *cast) assemble(ctx context.Context) (err error) {
	if c.world, err = openWorld(ctx, sqlite.Options{Dir: c.dir}, c.tenants, c.servers, c.shared); err != nil {
		return err
	}
	if c.good, err = newReceiver(false); err != nil {
		return err
	}
	if c.broken, err = newReceiver(true); err != nil {
		return err
	}
	client := post.New(post.Options{Policy: guard.Policy{AllowPrivate: true}, UserAgent: "bench"})
	for t := range c.tenants {
		p := &uptime.Policy{Tenant: tenantName(t)}
		if err := c.hire(client, p, t < c.hanging); err != nil {
			return err
		}
		c.policies = append(c.policies, p)
	}
	c.outbox = outbox.New(outbox.Options{Rows: c.store, Sinks: func(tenant uptime.TenantID, name string) (outbox.Sink, bool) {
		sink, ok := c.sinks[uptime.SinkKey{Tenant: tenant, Name: name}]
		return sink, ok
	}})
	c.steps = &steps{Store: c.store, routed: c.routed}
	operator := uptime.TenantID("")
	if c.shared {
		operator = tenantName(0)
	}
	c.router, err = alert.New(alert.Options{
		Records: c.steps, Feed: silentFeed{}, Operator: operator,
		Plan:     func() *uptime.Plan { c.steps.begin(); return c.plan },
		Policies: func() []*uptime.Policy { return c.policies },
		Tenants:  func() int { return c.tenants },
	})
	return err
}

// hire gives a tenant its sinks.
func (c *cast) hire(client *post.Client, p *uptime.Policy, hangs bool) error {
	for _, name := range []string{"first", "second", "broken"} {
		to := c.good
		if name == "broken" {
			to = c.broken
		}
		if name == "broken" && !hangs {
			continue
		}
		sink, err := webhook.New(webhook.Options{
			Client: client, URL: uptime.Secret(to.url), Secrets: []uptime.Secret{"whsec_QSBzZWNyZXQgb2YgdGhlIHJlY2VpdmVyLCBsb25nIGVub3VnaA=="},
		})
		if err != nil {
			return err
		}
		p.Sinks = append(p.Sinks, uptime.Sink{Tenant: p.Tenant, Name: name, Type: "webhook", Verified: true})
		c.sinks[uptime.SinkKey{Tenant: p.Tenant, Name: name}] = sink
	}
	return nil
}

// routed notes when deliveries were made, and wakes who takes them.
func (c *cast) routed(r uptime.Routing) {
	if len(r.Deliveries) == 0 {
		return
	}
	c.mu.Lock()
	for i := range r.Deliveries {
		c.created[string(r.Deliveries[i].ID)] = time.Now()
	}
	c.mu.Unlock()
	c.outbox.Wake()
}

// fail records that every server fails, as the recorder of incidents does.
func (c *cast) fail(ctx context.Context) error {
	var out uptime.Changes
	now := time.Now().UTC()
	for _, srv := range c.plan.Servers {
		in := uptime.Incident{
			ID: uptime.NewIncidentID(srv.Tenant, srv.ID, now), Tenant: srv.Tenant, Server: srv.ID, Opened: now, Detected: now,
			Failure: uptime.Failure{Cause: uptime.HTTPServerError, Effect: uptime.Down}, Regions: []string{"local"},
		}
		out.Incidents = append(out.Incidents, in)
		out.Events = append(out.Events, uptime.IncidentEvent{Incident: in.ID, At: now, Kind: uptime.IncidentOpened, Regions: in.Regions})
	}
	c.open = out.Incidents
	return c.store.Record(ctx, out)
}

// mend records that every server works again.
func (c *cast) mend(ctx context.Context) error {
	var out uptime.Changes
	now := time.Now().UTC()
	for _, in := range c.open {
		in.Recovered, in.Closed = now, now
		out.Incidents = append(out.Incidents, in)
		out.Events = append(out.Events, uptime.IncidentEvent{Incident: in.ID, At: now, Kind: uptime.IncidentResolved})
	}
	return c.store.Record(ctx, out)
}

// round lets something happen, and waits until every sink that works was told.
func (c *cast) round(ctx context.Context, out *table, key string, happen func(context.Context) error, kind string) error {
	begin := time.Now()
	if err := happen(ctx); err != nil {
		return err
	}
	recorded := time.Now()
	c.router.Wake()
	want := 2 * c.tenants
	if c.shared {
		want = 2
	}
	err := until(ctx, 10*time.Minute, fmt.Sprintf("%d deliveries of one that %s arrived", want, kind), func() (bool, error) {
		return count(c.good.events(), kind) >= want, nil
	})
	if err != nil {
		return err
	}
	var took []time.Duration
	var firstMade, last time.Time
	c.mu.Lock()
	for _, e := range c.good.events() {
		if e.kind != kind {
			continue
		}
		made := c.created[e.id]
		took = append(took, e.at.Sub(made))
		if firstMade.IsZero() || made.Before(firstMade) {
			firstMade = made
		}
		if e.at.After(last) {
			last = e.at
		}
	}
	c.mu.Unlock()
	speed := float64(len(took)) / last.Sub(firstMade).Seconds()
	out.line(key+": record "+fmt.Sprint(len(c.open))+" incidents", "%s", gauge.Round(recorded.Sub(begin)))
	out.timed(key+"_recorded_to_last_delivery_s", key+": recorded until the last sink that works is told", last.Sub(recorded))
	out.figure(key+"_deliveries_s", speed)
	out.line(key+": deliveries to sinks that work", "%d: %.0f a second; after they were made p50 %s, p99 %s", len(took), speed,
		gauge.Round(gauge.Quantile(took, 0.5)), gauge.Round(gauge.Quantile(took, 0.99)))
	out.figure(key+"_delivery_p50_s", gauge.Quantile(took, 0.5))
	out.figure(key+"_delivery_p99_s", gauge.Quantile(took, 0.99))
	return nil
}

// compare sets what was done beside the least that it could have cost: the same
// rows put into tables without an index in one transaction, and bare posts.
func (c *cast) compare(ctx context.Context, out *table) error {
	rows, err := openRows(c.dir)
	if err != nil {
		return err
	}
	defer func() { _ = rows.close() }()
	written, err := rows.written(ctx)
	if err != nil {
		return err
	}
	var took []time.Duration
	n := 0
	for i := range 5 {
		var cpu time.Duration
		if n, cpu, err = rows.copyTo(ctx, fmt.Sprintf("%s/reference-%d.db", c.dir, i)); err != nil {
			return err
		}
		took = append(took, cpu)
	}
	raw, s := gauge.Quantile(took, 0.5), c.steps
	out.figure("rows", written)
	out.line("rows of alerts, threads, members, decisions, deliveries", "%d, %d, %d, %d, %d",
		written["alerts"], written["threads"], written["thread_members"], written["decisions"], written["deliveries"])
	out.figure("steps_s", s.whole)
	out.figure("steps_store_s", s.inside)
	out.figure("steps_cpu_s", s.cpu)
	out.figure("decisions_cpu_s", float64(written["decisions"])/s.cpu.Seconds())
	out.figure("raw_insert_cpu_s", raw)
	out.figure("steps_to_raw_insert_cpu", s.cpu.Seconds()/raw.Seconds())
	out.line(fmt.Sprintf("router: %d steps that changed something", s.stored), "%s, of which the store %s; CPU %s: %.0f decisions a second",
		gauge.Round(s.whole), gauge.Round(s.inside), gauge.Round(s.cpu), float64(written["decisions"])/s.cpu.Seconds())
	out.line(fmt.Sprintf("the same %d rows, put raw in one transaction", n), "CPU %s, median of %d: the router takes %.1f times that",
		gauge.Round(raw), len(took), s.cpu.Seconds()/raw.Seconds())
	return c.bare(ctx, out)
}

// bare posts as often to the same receiver, as many at once as the outbox may,
// with nothing written down.
func (c *cast) bare(ctx context.Context, out *table) error {
	n := len(c.good.events())
	body := strings.Repeat("x", 2000)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}
	work := make(chan struct{})
	var workers sync.WaitGroup
	errs := make(chan error, n)
	begin := time.Now()
	for range min(64, 2*c.tenants) {
		workers.Go(func() {
			for range work {
				errs <- bare(ctx, client, c.good.url, body)
			}
		})
	}
	for range n {
		work <- struct{}{}
	}
	close(work)
	workers.Wait()
	took := time.Since(begin)
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	out.figure("bare_posts_s", float64(n)/took.Seconds())
	out.line(fmt.Sprintf("%d bare posts", n), "%s: %.0f a second", gauge.Round(took), float64(n)/took.Seconds())
	return nil
}

func bare(ctx context.Context, client *http.Client, url, body string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	return res.Body.Close()
}
