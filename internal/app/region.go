package app

import (
	"cmp"
	"crypto/x509"
	"fmt"
	"runtime"

	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/schedule"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// region is one place that probes run from: its prober and its scheduler.
type region struct {
	id        string
	looker    *looker
	scheduler *schedule.Scheduler
	// onDemand makes the looks that somebody asked for: once, with a transcript.
	onDemand *Checker
}

// regionOptions are what all regions share.
type regionOptions struct {
	file      *config.File
	version   string
	clock     *schedule.Clock
	cells     cells
	tally     *tally
	contracts *contracts
	plan      func() *uptime.Plan
	roots     *x509.CertPool
	// connect replaces the egress of a region, for the demonstration; nil for
	// none.
	connect map[string]connect
}

// newRegion makes a region of the file.
func (m *Monitor) newRegion(r config.Region, opt regionOptions) (*region, error) {
	p := opt.file.Probe
	out, err := egress(r.Egress)
	if err != nil {
		return nil, fmt.Errorf("region %s: %w", r.ID, err)
	}
	if c := opt.connect[r.ID]; c != nil {
		out = c
	}
	var way *wayOut
	if out != nil {
		way = &wayOut{connect: out}
		out = way.dial
	}
	options := probe.Options{
		Timeout: p.Timeout, Attempts: p.Attempts, Gap: p.Gap, Region: r.ID,
		Handshakes: cmp.Or(p.Handshakes, 64*runtime.NumCPU()/max(1, len(opt.file.Regions))),
		UserAgent:  userAgent(p, opt.version), Version: opt.version,
		Roots: opt.roots, Connect: out, Lag: opt.clock.Lag, KeepNewTools: true,
	}
	prober, err := probe.New(options)
	if err != nil {
		return nil, fmt.Errorf("region %s: %w", r.ID, err)
	}
	options.Attempts, options.KeepTranscript = 1, true
	onDemand, err := NewChecker(options)
	if err != nil {
		return nil, fmt.Errorf("region %s: %w", r.ID, err)
	}
	l := &looker{
		prober: prober, clock: opt.clock, way: way,
		refs:  &references{addrs: opt.file.ReferenceEndpoints, dial: way.reach},
		cells: opt.cells, tally: opt.tally, contracts: opt.contracts,
		log: m.log.With("region", r.ID),
	}
	s := schedule.New(schedule.Options{Region: r.ID, Plan: opt.plan, Look: l.look, PerHost: p.MaxPerHost})
	return &region{id: r.ID, looker: l, scheduler: s, onDemand: onDemand}, nil
}

// userAgent says who knocks, and whom to ask about it.
func userAgent(p config.Probe, version string) string {
	contact := cmp.Or(p.Contact, "https://github.com/alivemcp/alivemcp")
	return cmp.Or(p.UserAgent, "AliveMCP/"+version+" (+"+contact+")")
}

// UserAgent says, for a configuration, who knocks, and whom to ask about it.
func UserAgent(f *config.File, version string) string {
	p := f.Probe
	p.Contact = f.Whom()
	return userAgent(p, version)
}

// CheckEgress says what is wrong with a way out; nil for none and for a good one.
func CheckEgress(spec string) error {
	_, err := egress(spec)
	return err
}
