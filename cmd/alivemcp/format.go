package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/alivemcp/alivemcp/internal/show"
)

// formatFlag declares --format with its completion. The first format is the
// default.
func formatFlag(cmd *cobra.Command, value *string, formats ...show.Format) {
	cmd.Flags().StringVar(value, "format", string(formats[0]), "how to print: "+list(formats))
	words := strings.Split(list(formats), "|")
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)) // fails only for a flag that does not exist
}

func parseFormat(word, command string, formats ...show.Format) (show.Format, error) {
	if f := show.Format(word); slices.Contains(formats, f) {
		return f, nil
	}
	return "", usage(command+" --format json", "unknown format %q: want %s", word, list(formats))
}

func list(formats []show.Format) string {
	words := make([]string, len(formats))
	for i, f := range formats {
		words[i] = string(f)
	}
	return strings.Join(words, "|")
}

func noArgs(command string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usage(command, "%s takes no arguments, %s", command, fmt.Sprintf("got %d", len(args)))
		}
		return nil
	}
}

// exactly is for commands that take as many arguments as the example shows.
func exactly(n int, example string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != n {
			return usage(example, "want %d arguments, got %d", n, len(args))
		}
		return nil
	}
}
