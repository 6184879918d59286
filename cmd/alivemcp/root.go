package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/alivemcp/alivemcp/internal/show"
)

// The exit codes.
const (
	exitGood    = 0
	exitNotGood = 1
	exitTrouble = 2
)

// errNotGood ends a command whose output already says what is not good.
var errNotGood = errors.New("not good")

// usageError is a wrong call: what is wrong, and how to do it right.
type usageError struct{ what, right string }

func (e usageError) Error() string { return e.what + "; " + e.right }

// usage returns a usageError that ends with an example to copy.
func usage(try, format string, args ...any) error {
	return usageError{fmt.Sprintf(format, args...), "try: alivemcp " + try}
}

// Run runs the command line args and returns the exit code.
func Run(ctx context.Context, sh Shell, args []string) int {
	sh.Args = args
	root := newRoot(sh) //nolint:contextcheck // cobra hands the context to the commands
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	switch {
	case err == nil:
		return exitGood
	case errors.Is(err, errNotGood):
		return exitNotGood
	}
	_, _ = fmt.Fprintln(sh.Err, oneLine(cmd, err)) // nobody else could be told
	return exitTrouble
}

// oneLine says in one line whose error it is and what it is.
func oneLine(cmd *cobra.Command, err error) string {
	msg, more, _ := strings.Cut(err.Error(), "\n\nDid you mean this?")
	if better := strings.Fields(more); len(better) > 0 {
		msg += fmt.Sprintf("; did you mean %q?", better[0])
	}
	return cmd.CommandPath() + ": " + show.Clean(msg, 1000)
}

func newRoot(sh Shell) *cobra.Command {
	root := &cobra.Command{
		Use:   "alivemcp",
		Short: "Uptime monitor that speaks MCP",
		Long: `AliveMCP completes the MCP handshake, lists the tools, times every step and says
in words what is wrong and what to do about it.

Exit codes: 0 good; 1 the thing checked is not good; 2 wrong usage or our own failure.`,
		Example: `  alivemcp check https://example.com/mcp
  alivemcp snapshot https://example.com/mcp > tools.json
  alivemcp diff tools.json https://example.com/mcp`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          unknownCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SuggestionsMinimumDistance = 2
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetIn(sh.In)
	root.SetOut(sh.Out)
	root.SetErr(sh.Err)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{err.Error(), "see: " + cmd.CommandPath() + " --help"}
	})
	root.AddCommand(newCheck(sh), newServe(sh), newAlert(sh), newAdmin(sh), newBench(sh), newSnapshot(sh), newDiff(sh), newLab(sh), newDrill(sh), newRegistry(sh), newAudit(sh), newConfig(sh), newVersion(sh), newCompletion(sh))
	return root
}

func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	right := "see: alivemcp --help"
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		right = "did you mean: alivemcp " + near[0]
	}
	return usageError{fmt.Sprintf("there is no command %q", args[0]), right}
}
