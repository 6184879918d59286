package drill

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/alivemcp/alivemcp/internal/lab"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// settled is how long the servers may take to be live in the beginning.
const settled = time.Minute

// Monitor is what is drilled. It runs while Drill.Run does.
type Monitor interface {
	// Live reports whether a server was found live in its newest cycle.
	Live(tenant uptime.TenantID, slug string) bool
	// Held reports whether it was decided that the budget does not allow to tell of
	// the open incident of a server at once.
	Held(ctx context.Context, tenant uptime.TenantID, slug string) (bool, error)
	// NextHour moves the clock of those who tell people to the next full hour.
	NextHour()
	// Overloaded counts the verdicts that say nothing because this machine was too
	// busy to look.
	Overloaded(ctx context.Context) (int, error)
}

// Options are how a drill is run.
type Options struct {
	Scene *Scene
	// Slack is what each notice may take besides cycles; zero is Slack.
	Slack time.Duration
	// Version is the monitor's.
	Version string
	// Progress is called with what goes on; nil for nobody.
	Progress func(string)
	// Tamper has receivers do wrong, so that the drill fails.
	Tamper Tampering
}

// Drill is the surroundings of a monitor that is drilled: servers that can break
// and receivers that note what comes.
type Drill struct {
	opt      Options
	lab      *lab.Lab
	listener net.Listener
	mux      *http.ServeMux
	doors    map[string]*door
	receiver *receiver
	mailbox  *mailbox
	judge    *judge
	report   *Report
}

// New opens the ports; nobody answers before Serve. On an error everything is
// closed again.
func New(ctx context.Context, opt Options) (*Drill, error) {
	if opt.Slack == 0 {
		opt.Slack = Slack
	}
	if opt.Progress == nil {
		opt.Progress = func(string) {}
	}
	d := &Drill{opt: opt, mux: http.NewServeMux(), doors: map[string]*door{}, receiver: newReceiver(opt.Tamper), judge: newJudge()}
	var conf net.ListenConfig
	var err error
	if d.listener, err = conf.Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return nil, fmt.Errorf("opening the port of the drill: %w", err)
	}
	d.mailbox = &mailbox{receiver: d.receiver, first: map[string]string{}}
	if d.mailbox.listener, err = conf.Listen(ctx, "tcp", "127.0.0.1:0"); err != nil {
		return nil, errors.Join(fmt.Errorf("opening the mail port of the drill: %w", err), d.listener.Close())
	}
	all := slices.DeleteFunc(lab.Scenarios(), func(s lab.Scenario) bool { return s.Name != scenario })
	d.lab = lab.New(lab.Options{Scenarios: all})
	if err := d.lab.Listen(); err != nil { //nolint:contextcheck // listening takes no time; Run takes the context
		return nil, errors.Join(err, d.listener.Close(), d.mailbox.listener.Close())
	}
	return d, d.open()
}

// open makes the doors and the receivers' addresses.
func (d *Drill) open() error {
	to, err := url.Parse(d.lab.URL(scenario))
	if err != nil {
		return fmt.Errorf("reading the address of the lab: %w", err)
	}
	for i := range d.opt.Scene.Tenants {
		t := &d.opt.Scene.Tenants[i]
		for k := range t.Servers {
			at := place(t.ID, t.Servers[k].Slug)
			d.doors[at] = newDoor(t.Servers[k].fault, to)
			d.mux.Handle("/"+at+"/", d.doors[at])
		}
	}
	d.mux.Handle("POST /receive/{tenant}/{sink}", d.receiver)
	return nil
}

// Config is the configuration of a tenant, as it would be written by hand. The
// first tenant's is that of the whole monitor, whose data are in dir.
func (d *Drill) Config(i int, dir string) []byte {
	t, b := &d.opt.Scene.Tenants[i], &bytes.Buffer{}
	fmt.Fprintf(b, "listen: 127.0.0.1:0\ndata: %q\nprobe: {gap: 500ms, timeout: 5s, max_per_host: 64}\ndefaults: {interval: %s}\nservers:\n", dir, cycle)
	for k := range t.Servers {
		d.server(b, t, &t.Servers[k])
	}
	b.WriteString("sinks:\n")
	for _, sink := range t.Sinks {
		fmt.Fprintf(b, "  - {name: %s, verified: operator, patience: %s, ", sink, t.patience)
		if sink == byMail {
			fmt.Fprintf(b, "type: email, to: [%s.%s@%s]}\n", t.ID, sink, mailHost)
			continue
		}
		fmt.Fprintf(b, "type: webhook, url: %q, secret: %q}\n", "http://"+d.listener.Addr().String()+"/receive/"+place(t.ID, sink), d.receiver.secret())
	}
	host, port, _ := net.SplitHostPort(d.mailbox.listener.Addr().String()) // numeric
	fmt.Fprintf(b, "smtp: {host: %s, port: %s, tls: none, from: monitor@%s}\n", host, port, mailHost)
	fmt.Fprintf(b, "alerts: {budget: %d}\n", t.budget)
	return b.Bytes()
}

func (d *Drill) server(b *bytes.Buffer, t *Tenant, s *Server) {
	_, port, _ := net.SplitHostPort(d.listener.Addr().String()) // numeric
	host := s.host
	if host == "" {
		host = "127.0.0.1"
	}
	base := "http://" + net.JoinHostPort(host, port) + "/" + place(t.ID, s.Slug)
	fmt.Fprintf(b, "  - {slug: %s, url: %q", s.Slug, base+"/mcp")
	switch s.fault {
	case callFails, callErrs:
		fmt.Fprintf(b, ", canary: {tool: %s, arguments: {query: uptime}, downs: true}", tool)
	case healthFails:
		fmt.Fprintf(b, ", health: [{url: %q, downs: true}]", base+"/health")
	case away:
	}
	b.WriteString("}\n")
}

// Dial connects to a server of the drill. Their addresses differ so that they are
// different hosts; all of them are this machine, and one port of it.
func (d *Drill) Dial(ctx context.Context, _ netip.AddrPort) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "tcp", d.listener.Addr().String())
}

// Serve answers as servers and receivers until ctx ends. Call it once.
func (d *Drill) Serve(ctx context.Context) error {
	srv := &http.Server{Handler: d.mux, ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = srv.Close() })()
	var group errgroup.Group
	group.Go(func() error { return d.lab.Run(ctx) })
	group.Go(func() error { return d.mailbox.serve(ctx) })
	group.Go(func() error {
		if err := srv.Serve(d.listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	return group.Wait()
}

// Run runs the drill on a monitor that runs already. The error says why the drill
// could not be done; what it found is in the report.
func (d *Drill) Run(ctx context.Context, m Monitor) (*Report, error) {
	if err := d.begin(ctx, m); err != nil {
		return nil, err
	}
	if d.opt.Scene.crossesHour(time.Now()) {
		m.NextHour()
	}
	d.report = newReport(d.opt.Scene, d.opt.Version, time.Now())
	for i := range d.opt.Scene.steps {
		if err := d.step(ctx, m, &d.opt.Scene.steps[i]); err != nil {
			return nil, err
		}
	}
	d.report.finish(time.Now(), d.receiver.after(0))
	if n, err := m.Overloaded(ctx); err == nil && n > 0 {
		d.report.Remarks = append(d.report.Remarks, fmt.Sprintf("%d verdicts say nothing because this machine was too busy to look in time.", n))
	}
	return d.report, nil
}

// begin waits until every server is live.
func (d *Drill) begin(ctx context.Context, m Monitor) error {
	ctx, cancel := context.WithTimeout(ctx, settled)
	defer cancel()
	d.opt.Progress("waiting until every server is live")
	for {
		waits := slices.ContainsFunc(d.opt.Scene.Tenants, func(t Tenant) bool {
			return slices.ContainsFunc(t.Servers, func(s Server) bool { return !m.Live(t.ID, s.Slug) })
		})
		switch {
		case !waits:
			return nil
		case !pause(ctx, 100*time.Millisecond):
			return fmt.Errorf("the drill cannot begin, not every server became live within %s: %w", settled, ctx.Err())
		}
	}
}

// step lets something happen and waits for what has to be heard of it.
func (d *Drill) step(ctx context.Context, m Monitor, s *step) error {
	d.opt.Progress(s.text)
	now, err := d.act(ctx, m, s)
	if err != nil {
		return err
	}
	within := s.within + d.opt.Slack
	e := Event{At: now, Text: s.text, Checks: []Check{}}
	strange := len(d.judge.strange)
	waits := d.judge.expect(s.wants, now, within)
	d.listen(ctx, now.Add(within), func() bool { return missing(waits) })
	held, err := d.held(ctx, m, s, now.Add(within))
	if err != nil {
		return err
	}
	from := time.Now()
	d.listen(ctx, later(from.Add(s.watch), now.Add(s.least)), func() bool { return true })
	for _, w := range waits {
		if c, counts := w.check(); counts {
			e.Checks = append(e.Checks, c)
		}
	}
	e.Checks = append(append(e.Checks, held...), d.silence(strange, time.Since(now)))
	d.report.Steps = append(d.report.Steps, e)
	return ctx.Err()
}

// act breaks, heals or moves the clock, and returns when that was.
func (d *Drill) act(ctx context.Context, m Monitor, s *step) (time.Time, error) {
	now := time.Now()
	for _, at := range s.breaks {
		d.doors[at].turn(true, false)
	}
	var group errgroup.Group
	for _, at := range s.heals {
		if s.gently {
			group.Go(func() error { return d.doors[at].heal(ctx) })
		} else {
			d.doors[at].turn(false, false)
		}
	}
	if s.hour {
		m.NextHour()
	}
	if err := group.Wait(); err != nil || !s.gently {
		return now, err
	}
	return time.Now(), nil
}

// listen takes in what arrives until a moment, or until it need not any longer.
func (d *Drill) listen(ctx context.Context, until time.Time, more func() bool) {
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	for {
		d.judge.take(d.receiver.after(d.judge.seen))
		if !more() {
			return
		}
		select {
		case <-d.receiver.fresh:
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// held waits until it was decided of each server that its notice waits.
func (d *Drill) held(ctx context.Context, m Monitor, s *step, until time.Time) ([]Check, error) {
	var out []Check
	for _, at := range s.held {
		tenant, slug, _ := strings.Cut(at, "/")
		c := Check{Text: fmt.Sprintf("%s of %s waits for the digest of the hour", slug, tenant), Tenant: uptime.TenantID(tenant)}
		for {
			ok, err := m.Held(ctx, c.Tenant, slug)
			if err != nil {
				return nil, fmt.Errorf("asking what was decided of %s: %w", at, err)
			}
			if ok {
				break
			}
			if time.Now().After(until) || !pause(ctx, 100*time.Millisecond) {
				c.Problem = "that was not decided"
				break
			}
		}
		out = append(out, c)
	}
	return out, nil
}

// silence says whether something arrived that nobody waited for.
func (d *Drill) silence(before int, span time.Duration) Check {
	c := Check{Text: fmt.Sprintf("nothing else arrived at any sink in %.0f s", span.Seconds())}
	for i, a := range d.judge.strange[before:] {
		if i > 0 {
			c.Problem += "; "
		}
		c.Problem += surprise(&a)
	}
	return c
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// pause waits; false when ctx ends.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
