package app

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/lab"
	"github.com/alivemcp/alivemcp/internal/probe"
)

// LabPrefix begins a target that is a scenario of the lab: the check starts it
// itself.
const LabPrefix = "lab:"

// LabTargets are scenarios that run in this process as long as they are checked.
type LabTargets struct {
	lab     *lab.Lab
	cancel  context.CancelFunc
	stopped chan error
}

// StartLab serves the scenarios with the given names. The caller must Stop it.
func StartLab(ctx context.Context, names []string) (*LabTargets, error) {
	scenarios, err := LabScenarios(names)
	if err != nil {
		return nil, err
	}
	return startLab(ctx, lab.Options{Scenarios: scenarios})
}

func startLab(ctx context.Context, opt lab.Options) (*LabTargets, error) {
	t := &LabTargets{lab: lab.New(opt), stopped: make(chan error, 1)}
	if err := t.lab.Listen(); err != nil { //nolint:contextcheck // listening takes no time; Run takes the context
		return nil, fmt.Errorf("starting the lab: %w", err)
	}
	ctx, t.cancel = context.WithCancel(context.WithoutCancel(ctx))
	go func() { t.stopped <- t.lab.Run(ctx) }()
	return t, nil
}

// Stop ends the lab and returns when it has ended.
func (t *LabTargets) Stop() error {
	t.cancel()
	if err := <-t.stopped; err != nil && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("stopping the lab: %w", err)
	}
	return nil
}

// Targets returns the scenarios as servers to check, each with the profile that
// shows its fault.
func (t *LabTargets) Targets() []Target {
	var out []Target
	for _, s := range t.lab.Scenarios() {
		srv := t.lab.Server(s.Name)
		srv.Name = LabPrefix + s.Name
		out = append(out, Targets(srv)...)
	}
	return out
}

// Adapt gives the prober what the lab's servers need: trust in the lab's own
// authority, its name server, and short patience where nothing ever comes.
func (t *LabTargets) Adapt(opt probe.Options) probe.Options {
	for _, s := range t.lab.Scenarios() {
		opt = connectLab(t.lab, s.Setup, opt)
		if s.Setup.Timeout > 0 {
			opt.Timeout = min(opt.Timeout, max(s.Setup.Timeout, 2*time.Second))
		}
	}
	return opt
}

// connectLab gives the prober the lab's authority and name server, where a
// scenario needs them.
func connectLab(l *lab.Lab, s lab.Setup, opt probe.Options) probe.Options {
	if s.NeedsCA {
		opt.Roots = x509.NewCertPool()
		opt.Roots.AppendCertsFromPEM(l.CAPEM())
	}
	if s.NeedsResolver {
		opt.Resolver = l.Resolver()
	}
	return opt
}
