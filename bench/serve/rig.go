//go:build linux

package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"
)

// rig is a monitor on targets, in a place of its own.
type rig struct {
	dir     string // of the binary, the configuration, and the data if nobody names another
	targets *targets
	monitor *monitor
}

// rigOptions say what a rig is like.
type rigOptions struct {
	data     string // empty for a new one
	servers  int
	interval time.Duration
	regions  []string
	secure   bool
	pprof    string
}

// startRig starts targets and a monitor. The caller must stop it.
func startRig(ctx context.Context, o rigOptions) (r *rig, err error) {
	r = &rig{}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.stop())
		}
	}()
	if r.dir, err = os.MkdirTemp("", "alivemcp-bench-"); err != nil {
		return r, err
	}
	binary, err := build(ctx, r.dir)
	if err != nil {
		return r, err
	}
	if r.targets, err = startTargets(ctx, o.servers, o.secure); err != nil {
		return r, err
	}
	env, err := r.targets.trust(r.dir)
	if err != nil {
		return r, err
	}
	file := filepath.Join(r.dir, "alivemcp.yaml")
	conf := configuration{data: r.data(o.data), servers: o.servers, interval: o.interval, regions: o.regions, targets: r.targets, pprof: o.pprof}
	if err := conf.write(file); err != nil {
		return r, err
	}
	r.monitor, err = startMonitor(ctx, binary, env, "--config", file)
	return r, err
}

// data is the data directory.
func (r *rig) data(named string) string {
	if named != "" {
		return named
	}
	return filepath.Join(r.dir, "data")
}

// stop ends everything and leaves nothing behind.
func (r *rig) stop() error {
	err := r.end()
	if r.targets != nil {
		r.targets.stop()
	}
	return errors.Join(err, os.RemoveAll(r.dir))
}

// end ends the monitor alone.
func (r *rig) end() error {
	if r.monitor == nil {
		return nil
	}
	m := r.monitor
	r.monitor = nil
	return m.stop()
}
