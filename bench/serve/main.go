//go:build linux

// Command serve measures `alivemcp serve` as a whole: a past of many servers in
// a real database, the pages over it, the load of thousands of servers that are
// probed, and how long a start takes.
//
//	go run ./bench/serve past  -servers 2000 -days 90
//	go run ./bench/serve pages -servers 2000 -days 90
//	go run ./bench/serve load  -servers 5000 -interval 60s -for 10m
//	go run ./bench/serve first -servers 50
//	go run ./bench/serve demo
//
// What is probed is a process of its own, and so is the monitor wherever its
// memory or processor time is told: the binary that `make build` makes.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

const usage = "usage: go run ./bench/serve past | pages | load | first | demo [flags]; -h lists the flags of each"

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := dispatch(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/serve:", err)
		os.Exit(1)
	}
}

func dispatch(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return errors.New(usage)
	}
	run := map[string]func(context.Context, []string) error{
		"past": runPast, "pages": runPages, "load": runLoad, "first": runFirst, "demo": runDemo, "targets": serveTargets,
	}[args[0]]
	if run == nil {
		return errors.New(usage)
	}
	return run(ctx, args[1:])
}
