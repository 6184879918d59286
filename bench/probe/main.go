//go:build linux

// Command probe measures what one look at a server costs: our probe, the same
// done with the official SDK's client, and the floor under both, a bare TCP
// connection with a TLS handshake. All three talk, in turn and in one run, to
// one local TLS server that runs as a process of its own; only this process's
// CPU time is counted.
//
//	go run ./bench/probe              # cost of one probe
//	go run ./bench/probe -hang 10000  # memory of probes in flight
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

func main() {
	n := flag.Int("n", 500, "probes a round")
	rounds := flag.Int("rounds", 5, "rounds of each variant, interleaved")
	hang := flag.Int("hang", 0, "instead: hold this many probes open against a server that hangs")
	serve := flag.String("serve", "", "internal: run as the server (answer or hang)")
	profile := flag.String("cpuprofile", "", "write a CPU profile of our probe to this file")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	switch {
	case *serve != "":
		pin(1)
		err = runServer(ctx, *serve)
	case *hang > 0:
		err = measureHang(ctx, *hang)
	default:
		pin(0)
		err = measureCost(ctx, *n, *rounds, *profile)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/probe:", err)
		os.Exit(1)
	}
}

// pin binds this process to one core, so that client and server do not share
// one, and tunes the collector as the agent does.
func pin(core int) {
	var set unix.CPUSet
	set.Set(core % runtime.NumCPU())
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		fmt.Fprintln(os.Stderr, "bench/probe: not pinned:", err)
	}
	runtime.GOMAXPROCS(1)
	debug.SetGCPercent(400)
}
