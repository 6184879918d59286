package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/alivemcp/alivemcp/internal/show"
)

// release is what the next tag will be; builds of a tagged module know their
// own.
const release = "0.1.0-dev"

func newVersion(sh Shell) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print version, commit and the protocol revisions spoken",
		Example: `  alivemcp version
  alivemcp version --format json`,
		Args: noArgs("version"),
		RunE: func(*cobra.Command, []string) error {
			f, err := parseFormat(format, "version", show.Text, show.JSON)
			if err != nil {
				return err
			}
			return show.WriteVersion(sh.Out, f, build())
		},
	}
	formatFlag(cmd, &format, show.Text, show.JSON)
	return cmd
}

// build reads what the Go tool wrote into the binary.
func build() show.Version {
	v := show.Version{Version: release, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Commit = s.Value
		case "vcs.time":
			v.CommitTime = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}
