// Command alivemcp is an uptime monitor that speaks the Model Context Protocol.
//
// Exit codes of every subcommand: 0 good, 1 the thing checked is not good, 2
// wrong usage or a failure of our own.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // rules and windows name zones, and not every machine knows them
)

func main() { Main() }

// Main runs the program and ends the process.
func Main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	code := Run(ctx, processShell(), os.Args[1:])
	stop()
	os.Exit(code)
}
