//go:build linux

// Command alert measures telling people: a storm through the whole monitor, the
// router and the outbox over a real database, and a server that flaps.
//
//	go run ./bench/alert storm -servers 2000 -interval 60s
//	go run ./bench/alert route -servers 2000 -tenants 200
//	go run ./bench/alert flap -for 1h
//
// Each prints a table and then the same figures as one line of JSON. In a storm,
// what is probed is a process of its own, and so is the monitor: the binary that
// `make build` makes.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

const usage = "usage: go run ./bench/alert storm | route | flap [flags]; -h lists the flags of each"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := dispatch(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/alert:", err)
		os.Exit(1)
	}
}

func dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	run := map[string]func(context.Context, []string) error{
		"storm": runStorm, "route": runRoute, "flap": runFlap, "targets": serveTargets,
	}[args[0]]
	if run == nil {
		return errors.New(usage)
	}
	return run(ctx, args[1:])
}
