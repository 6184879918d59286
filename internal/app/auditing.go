package app

import (
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/alivemcp/alivemcp/internal/audit"
	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/schedule"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// AuditOptions say what is audited, and how.
type AuditOptions struct {
	// Run is the run's name; one that is there and not over goes on, as it began:
	// then Draw, Rounds, Gap, Command and From count for nothing.
	Run uptime.AuditRunID
	// Dir is where the run is kept.
	Dir string
	// From is a file of listings, or the data directory of a monitor; empty for Dir.
	From string
	// Tokens are tried in looks of their own. Those of a run that goes on must be for
	// the same endpoints.
	Tokens Tokens
	Draw   audit.Draw
	Rounds int
	Gap    time.Duration
	// Regions are where is looked from. Those of a run that goes on must be the same.
	Regions []config.Region
	// Rate is how many looks begin in a second.
	Rate float64
	// PerHost bounds the looks that are made at one host at once, HostGap is what
	// lies between the beginnings of two; zero for what audit says.
	PerHost int
	HostGap time.Duration
	// Private looks also at what is not on the public internet: for a registry, or a
	// lab, of one's own.
	Private bool
	// Timeout bounds one attempt; in a run that goes on it is that which it began with.
	// Attempts is how often a failing server is tried, AttemptGap apart.
	Timeout    time.Duration
	Attempts   int
	AttemptGap time.Duration
	Roots      *x509.CertPool
	Resolver   netip.AddrPort
	// References are HOST:PORT that practically always answer: when none does, a
	// failure is ours.
	References []string
	UserAgent  string
	Version    string
	// Command is what was typed; it is printed in the report.
	Command  []string
	Progress func(audit.Progress)
	// Remark is told what the operator should know before the first look; may be nil.
	Remark func(string)
	Clock  audit.Clock // nil for the real one
	Log    *slog.Logger
}

// RunAudit makes the looks of a run that are missing, of a new run all. When ctx
// ends it keeps what was seen and returns ctx's error.
func RunAudit(ctx context.Context, opt AuditOptions) (err error) {
	if opt.Clock == nil {
		opt.Clock = audit.RealClock{}
	}
	origin, err := opt.origin(ctx) // before a directory is made
	if err != nil {
		return err
	}
	if origin != nil {
		defer func() { err = errors.Join(err, origin.Close()) }()
	}
	store, err := sqlite.Open(ctx, sqlite.Options{Dir: opt.Dir})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if origin == nil {
		origin = store
	}
	run, err := store.AuditRun(ctx, opt.Run)
	if errors.Is(err, uptime.ErrNotFound) {
		run, err = beginAudit(ctx, store, origin, &opt)
	}
	switch {
	case err != nil:
		return err
	case !run.Ended.IsZero():
		return fmt.Errorf("%w: the audit %s is over; give this one another name, or see: alivemcp audit report %s --data %s", uptime.ErrConflict, run.ID, run.ID, opt.Dir)
	case !slices.Equal(run.Regions, placesOf(opt.Regions)):
		return fmt.Errorf("%w: the audit %s was begun with other regions; give the same ones to go on", uptime.ErrConflict, run.ID)
	}
	if err := opt.match(ctx, store); err != nil {
		return err
	}
	opt.Timeout = cmp.Or(run.Timeout, opt.Timeout)
	return opt.look(ctx, store, origin)
}

// match finds the endpoints that the tokens are for, and tells which have none.
func (o *AuditOptions) match(ctx context.Context, store *sqlite.Store) error {
	unused, err := o.Tokens.match(ctx, store, o.Run)
	if err == nil && len(unused) > 0 && o.Remark != nil {
		o.Remark(o.Tokens.unusedWords(unused))
	}
	return err
}

func placesOf(regions []config.Region) []uptime.Region {
	return (&config.File{Regions: regions}).Places()
}

// beginAudit keeps what a new run looks at.
func beginAudit(ctx context.Context, store, origin *sqlite.Store, opt *AuditOptions) (uptime.AuditRun, error) {
	all, crawls, err := opt.listed(ctx, origin)
	if err != nil {
		return uptime.AuditRun{}, err
	}
	if err := refuse(ctx, all, origin, store); err != nil {
		return uptime.AuditRun{}, err
	}
	if opt.Private {
		openLocal(all)
	}
	targets, population, optouts := audit.Plan(all, opt.Draw)
	if population == 0 {
		return uptime.AuditRun{}, fmt.Errorf("%w: nothing is listed here; read the registries first (alivemcp registry crawl), or name a file with --from", uptime.ErrNotFound)
	}
	if err := reachable(targets); err != nil {
		return uptime.AuditRun{}, err
	}
	opt.Tokens.mark(targets)
	run := uptime.AuditRun{
		ID: opt.Run, Began: opt.Clock.Now().UTC(), Rounds: opt.Rounds, Gap: opt.Gap, Regions: placesOf(opt.Regions),
		Sample: opt.Draw.Sample, Seed: opt.Draw.Seed, Population: population, Optouts: optouts, Endpoints: counted(targets), Rate: opt.Rate, Timeout: opt.Timeout,
		Version: opt.Version, Command: commandLine(opt.Command), Crawls: crawls,
	}
	return run, store.BeginAudit(ctx, run, targets)
}

// reachable refuses an audit of which no look would be made because all that could be
// looked at is on this machine or network.
func reachable(targets []uptime.AuditTarget) error {
	local := 0
	for i := range targets {
		if targets[i].Kind == uptime.EndpointRemote {
			return nil
		}
		if targets[i].Kind == uptime.EndpointLocal {
			local++
		}
	}
	if local == 0 {
		return nil
	}
	return fmt.Errorf("%w: no look would be made: %d of %d endpoints are on this machine or network, and none is on the public internet; if they are those of your own lab or registry, add --private", uptime.ErrInvalid, local, len(targets))
}

func counted(targets []uptime.AuditTarget) (n int) {
	for i := range targets {
		if targets[i].Gone.IsZero() {
			n++
		}
	}
	return n
}

// commandLine is what was typed, ready to be copied, without secrets. Of the file
// of tokens it has the name, not where it lies.
func commandLine(argv []string) string {
	const tokens = "--tokens"
	out := make([]string, len(argv))
	for i, arg := range argv {
		follows := i > 1 && secretFlag(argv[i-1])
		if i > 1 && argv[i-1] == tokens {
			out[i] = quote(filepath.Base(arg))
			continue
		}
		if file, ok := strings.CutPrefix(arg, tokens+"="); ok {
			out[i] = quote(tokens + "=" + filepath.Base(file))
			continue
		}
		out[i] = quote(redactArg(hideEgress(arg), i > 0, follows))
	}
	return strings.Join(out, " ")
}

// hideEgress hides the name and password of a proxy in ID=City:URL.
func hideEgress(arg string) string {
	before, _, ok := strings.Cut(arg, "://")
	if !ok {
		return arg
	}
	start := strings.LastIndexAny(before, ":=,") + 1
	return arg[:start] + probe.SafeURL(arg[start:])
}

// openLocal makes remote what is listed on this machine or network.
func openLocal(targets []uptime.AuditTarget) {
	for i := range targets {
		if t := &targets[i]; t.Kind == uptime.EndpointLocal {
			t.Kind, t.Why, t.Probe = uptime.EndpointRemote, "", t.URL
		}
	}
}

// listed returns everything that is known to be listed, and how that was read:
// from a file, or from the store that origin is.
func (o *AuditOptions) listed(ctx context.Context, origin *sqlite.Store) ([]uptime.AuditTarget, []uptime.Crawl, error) {
	if info, err := os.Stat(o.From); err == nil && !info.IsDir() {
		return fileTargets(o.From, o.Clock.Now().UTC())
	}
	return storedTargets(ctx, origin)
}

// origin opens the data directory of a monitor, to be read beside it. It is nil
// when the list comes from a file, or from where the run is kept.
func (o *AuditOptions) origin(ctx context.Context) (*sqlite.Store, error) {
	if o.From == "" {
		return nil, nil //nolint:nilnil // as documented
	}
	info, err := os.Stat(o.From)
	if err != nil {
		return nil, fmt.Errorf("finding what is listed: %w", err)
	}
	if same, _ := os.Stat(o.Dir); !info.IsDir() || os.SameFile(info, same) {
		return nil, nil //nolint:nilnil // as documented
	}
	origin, err := sqlite.Open(ctx, sqlite.Options{Dir: o.From, ReadOnly: true})
	if errors.Is(err, uptime.ErrNotFound) {
		return nil, fmt.Errorf("%w: %s is not the data directory of a monitor; name one with --from, or a CSV file", uptime.ErrNotFound, o.From)
	}
	return origin, err
}

// look makes the looks.
func (o *AuditOptions) look(ctx context.Context, store, origin *sqlite.Store) error {
	a := &auditor{clock: schedule.NewClock(o.Log), private: o.Private, tokens: &o.Tokens}
	runner := audit.New(audit.Options{
		Run: o.Run, Records: store, Look: a.look, Rate: o.Rate, PerHost: o.PerHost, HostGap: o.HostGap, Progress: o.Progress, Clock: o.Clock, Logger: o.Log,
		Round: func(int) (err error) { a.lookers, err = o.newLookers(a.clock); return err },
		Skip:  func(key uptime.EndpointKey) bool { return optedOut(ctx, key, store) || optedOut(ctx, key, origin) },
	})
	ticking, stop := context.WithCancel(ctx)
	var group errgroup.Group
	group.Go(func() error { _ = a.clock.Run(ticking); return nil }) // ends with its context alone
	err := runner.Run(ctx)
	stop()
	return errors.Join(err, group.Wait())
}

// optedOut reports whether a store knows that an owner does not want to be looked
// at.
func optedOut(ctx context.Context, key uptime.EndpointKey, store *sqlite.Store) bool {
	e, err := store.Endpoint(ctx, key)
	return err == nil && e.Optout
}

// newLookers makes what looks, by region. They know nothing, so that each round
// finds out by itself what the others did.
func (o *AuditOptions) newLookers(clock *schedule.Clock) (map[string]*looker, error) {
	out := map[string]*looker{}
	for _, r := range o.Regions {
		l, err := o.looker(r, clock)
		if err != nil {
			return nil, fmt.Errorf("region %s: %w", r.ID, err)
		}
		out[r.ID] = l
	}
	return out, nil
}

// looker makes what looks from one region.
func (o *AuditOptions) looker(r config.Region, clock *schedule.Clock) (*looker, error) {
	out, err := egress(r.Egress)
	if err != nil {
		return nil, err
	}
	var way *wayOut
	if out != nil {
		way = &wayOut{connect: out}
		out = way.dial
	}
	p, err := probe.New(probe.Options{
		Timeout: o.Timeout, Attempts: o.Attempts, Gap: o.AttemptGap, Region: r.ID, Roots: o.Roots, Resolver: o.Resolver,
		UserAgent: o.UserAgent, Version: o.Version, Connect: out, Lag: clock.Lag,
		Handshakes: max(1, 64*runtime.NumCPU()/len(o.Regions)),
	})
	if err != nil {
		return nil, err
	}
	return &looker{prober: p, clock: clock, way: way, refs: &references{addrs: o.References, dial: way.reach}, log: o.Log}, nil
}

// auditor looks at endpoints, as the monitor does at servers of strangers.
type auditor struct {
	clock   *schedule.Clock
	lookers map[string]*looker // by region; new in each round
	private bool
	tokens  *Tokens
}

// look makes one look, and where there is a published token a second one with it.
// One that was not answered, or met a limit, says nothing that a token could change,
// and the server is left alone.
func (a *auditor) look(ctx context.Context, t *uptime.AuditTarget, region string) uptime.AuditLook {
	seen := audit.LookOf(a.cell(ctx, region, &uptime.Server{ID: uptime.ServerID(t.Key), URL: t.Probe}))
	cred := a.tokens.credential(t.Key)
	if cred == nil || !t.Demo || ctx.Err() != nil || !audit.ClassOf(&seen).Answered() {
		return seen
	}
	seen.Demo = audit.DemoOf(a.cell(ctx, region, &uptime.Server{
		// Apart from the other, so that neither look remembers what the other one met.
		ID: uptime.ServerID(t.Key + "+token"), URL: t.Probe, Profile: uptime.Profile{Credential: cred},
	}))
	return seen
}

// cell makes the attempts of a look. Which transport a server speaks is found out,
// whatever is listed: what the listing says is compared later.
func (a *auditor) cell(ctx context.Context, region string, srv *uptime.Server) uptime.Cell {
	l, leaps := a.lookers[region], a.clock.Leaps()
	srv.Tenant, srv.Name, srv.Private = PublicTenant, string(srv.ID), a.private
	cell := l.prober.Cell(ctx, srv)
	if len(cell.Attempts) > 0 && ctx.Err() == nil {
		l.suspect(ctx, &cell, leaps)
	}
	return cell
}

// OpenEvidence opens the audits of a data directory to be read, also beside a
// process that owns them. The caller must Close it.
func OpenEvidence(ctx context.Context, dir string) (*Evidence, error) {
	if _, err := os.Stat(filepath.Join(dir, sqlite.File)); err != nil {
		return nil, fmt.Errorf("%w: there are no audits in %s; begin one with: alivemcp audit run, or name the data directory with --data", uptime.ErrNotFound, dir)
	}
	store, err := sqlite.Open(ctx, sqlite.Options{Dir: dir, ReadOnly: true})
	if err != nil {
		return nil, err
	}
	return &Evidence{Store: store, dir: dir}, nil
}

// Evidence is the audits of a data directory.
type Evidence struct {
	*sqlite.Store
	dir string
}

// Run returns a run by its name, the newest for an empty one.
func (e *Evidence) Run(ctx context.Context, id uptime.AuditRunID) (uptime.AuditRun, error) {
	if id != "" {
		run, err := e.AuditRun(ctx, id)
		if errors.Is(err, uptime.ErrNotFound) {
			return run, fmt.Errorf("%w: there is no audit %q here; see: alivemcp audit list --data %s", err, id, e.dir)
		}
		return run, err
	}
	runs, err := e.AuditRuns(ctx)
	if err != nil || len(runs) == 0 {
		return uptime.AuditRun{}, errors.Join(err, fmt.Errorf("%w: there is no audit here yet; begin one with: alivemcp audit run", uptime.ErrNotFound))
	}
	return slices.MaxFunc(runs, func(a, b uptime.AuditRun) int { return a.Began.Compare(b.Began) }), nil
}

// Report makes the report of a run, compared with an earlier one unless that is
// empty.
func (e *Evidence) Report(ctx context.Context, id, with uptime.AuditRunID) (*audit.Report, error) {
	run, err := e.Run(ctx, id)
	if err != nil {
		return nil, err
	}
	if with == "" {
		return audit.Build(ctx, run, nil, e)
	}
	earlier, err := e.Run(ctx, with)
	if err != nil {
		return nil, err
	}
	return audit.Build(ctx, run, &earlier, e)
}
