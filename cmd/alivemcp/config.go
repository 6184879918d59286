package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/drift"
	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/show"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// configFile is the configuration when none is named.
const configFile = "alivemcp.yaml"

func newConfig(sh Shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Check, import, begin and explain alivemcp.yaml",
		Long:  `Config is about alivemcp.yaml, the file that says what is monitored and how.`,
		Example: `  alivemcp config init --out alivemcp.yaml
  alivemcp config check
  alivemcp config import ~/.cursor/mcp.json --out alivemcp.yaml
  alivemcp config manual | less`,
		Args: unknownConfig,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.SuggestionsMinimumDistance = 2
	cmd.AddCommand(newConfigCheck(sh), newConfigImport(sh), newConfigInit(sh), newConfigManual(sh))
	return cmd
}

func unknownConfig(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		return usage("config "+near[0], "there is no command config %q", args[0])
	}
	return usage("config check", "there is no command config %q", args[0])
}

// configOptions is what surrounds the configuration of this process.
func configOptions(sh Shell) config.Options {
	return config.Options{
		Lookup:    sh.LookupEnv,
		Assertion: probe.ParseAssertion,
		Snapshot: func(data []byte) error {
			_, err := drift.ReadSnapshot(bytes.NewReader(data))
			return err
		},
	}
}

// configCheckFlags are the flags of config check.
type configCheckFlags struct {
	format      string
	strict      bool
	probe       bool
	quiet       bool
	concurrency int
}

func newConfigCheck(sh Shell) *cobra.Command {
	var f configCheckFlags
	cmd := &cobra.Command{
		Use:   "check [flags] [FILE]",
		Short: "Say everything that is wrong in a configuration",
		Long: `Check names every problem at once, as file:line:column: message, with what to do.
Secret references are resolved: run it with the environment of the monitor.
The exit code is 1 when there is an error, with --strict also for warnings.

--probe also looks at each server once, as the monitor would from this machine;
the exit code is 1 when one is down.`,
		Example: `  alivemcp config check
  alivemcp config check /etc/alivemcp/alivemcp.yaml --strict
  alivemcp config check --probe
  alivemcp config check --format json`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), sh, args) },
	}
	formatFlag(cmd, &f.format, show.Text, show.JSON)
	flags := cmd.Flags()
	flags.BoolVar(&f.strict, "strict", false, "exit 1 for warnings too")
	flags.BoolVar(&f.probe, "probe", false, "look at each server once; runs the commands of stdio servers")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "no progress")
	flags.IntVar(&f.concurrency, "concurrency", 8, "how many servers are looked at at once, 1 to 64")
	return cmd
}

func (f *configCheckFlags) run(ctx context.Context, sh Shell, args []string) error {
	format, err := parseFormat(f.format, "config check", show.Text, show.JSON)
	switch {
	case err != nil:
		return err
	case len(args) > 1:
		return usage("config check alivemcp.yaml", "config check takes one file, got %d", len(args))
	case f.concurrency < 1 || f.concurrency > 64:
		return usage("config check --probe --concurrency 8", "--concurrency is 1 to 64")
	}
	name := configFile
	if len(args) == 1 {
		name = args[0]
	}
	if _, err := os.Stat(name); err != nil {
		return usage("config init --out "+configFile, "there is no configuration to check: %v", err)
	}
	file, problems := config.Load(name, configOptions(sh))
	var checks []show.Check
	missing := 0
	if f.probe && file != nil {
		if checks, missing, err = f.look(ctx, sh, file); err != nil {
			return err
		}
	}
	if err := f.print(sh, format, configReport{name, file, problems, checks}); err != nil {
		return err
	}
	if problems.Broken() || f.strict && len(problems) > 0 {
		return errNotGood
	}
	return judge(app.FailOnDown, checks, missing)
}

// look looks at every server that is not paused, as its configuration says.
func (f *configCheckFlags) look(ctx context.Context, sh Shell, file *config.File) ([]show.Check, int, error) {
	checker, err := app.NewChecker(probe.Options{
		Timeout: file.Probe.Timeout, Attempts: 1, Region: "local", Version: build().Version, UserAgent: userAgent(),
	})
	if err != nil {
		return nil, 0, err
	}
	var servers []uptime.Server
	for _, srv := range file.ServersOf("default") {
		if srv.Paused {
			sh.remark(srv.Slug + " is paused and was not looked at")
			continue
		}
		srv.ID = uptime.ServerID(srv.Slug)
		srv.Command.Env = append(app.MinimalEnv(sh.LookupEnv), srv.Command.Env...)
		servers = append(servers, srv)
	}
	stop := sh.progress(ctx, f.quiet, func(d time.Duration) string {
		return fmt.Sprintf("looking at %d servers, %.0f s", len(servers), d.Seconds())
	})
	defer stop()
	checks, missing := checker.All(ctx, app.Targets(servers...), f.concurrency, func(show.Check) {})
	return checks, missing, nil
}

// configReport is what config check has found.
type configReport struct {
	name     string
	file     *config.File // nil when it is broken
	problems config.Problems
	checks   []show.Check
}

func (f *configCheckFlags) print(sh Shell, format show.Format, r configReport) error {
	if format == show.JSON {
		return r.json(sh)
	}
	for _, p := range r.problems {
		_, _ = fmt.Fprintln(sh.Out, show.Clean(p.String(), 2000)) // a broken pipe ends us by itself
	}
	if r.file != nil {
		_, _ = fmt.Fprintf(sh.Out, "%s: %s\n", show.Clean(r.name, 1000), r.sum())
	}
	if len(r.checks) == 0 {
		return nil
	}
	return show.Write(sh.Out, show.Text, r.checks, sh.style())
}

// sum says in one line what a good configuration has.
func (r configReport) sum() string {
	words := fmt.Sprintf("good, with %s in %s", counted(len(r.file.Servers), "server"), counted(len(r.file.Regions), "region"))
	if n := len(r.problems); n > 0 {
		words += ", and " + counted(n, "warning")
	}
	return words
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// json prints alivemcp.config-check/v1.
func (r configReport) json(sh Shell) error {
	type problem struct {
		File     string          `json:"file"`
		Line     int             `json:"line"`
		Column   int             `json:"column"`
		Field    string          `json:"field"`
		Message  string          `json:"message"`
		Severity config.Severity `json:"severity"`
	}
	type looked struct {
		Server string       `json:"server"`
		State  uptime.State `json:"state"`
		Cause  uptime.Cause `json:"cause,omitempty"`
		Why    string       `json:"why,omitempty"`
	}
	out := struct {
		Schema   string    `json:"schema"`
		File     string    `json:"file"`
		Good     bool      `json:"good"`
		Servers  int       `json:"servers"`
		Problems []problem `json:"problems"`
		Looks    []looked  `json:"looks,omitempty"`
	}{Schema: "alivemcp.config-check/v1", File: r.name, Good: r.file != nil, Problems: []problem{}}
	if r.file != nil {
		out.Servers = len(r.file.Servers)
	}
	for _, p := range r.problems {
		out.Problems = append(out.Problems, problem(p))
	}
	for _, c := range r.checks {
		l := looked{Server: c.Target, State: c.State, Why: c.Why}
		if c.Failure != nil {
			l.Cause = c.Failure.Cause
		}
		out.Looks = append(out.Looks, l)
	}
	e := json.NewEncoder(sh.Out)
	e.SetIndent("", "  ")
	return e.Encode(out)
}

// outFlags are the flags of the commands that write a configuration.
type outFlags struct {
	out   string
	force bool
}

func (f *outFlags) declare(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.out, "out", "", "write to this `file` instead of standard output")
	cmd.Flags().BoolVar(&f.force, "force", false, "replace the file when it is there already")
}

// write writes data, and never over a file unless that was asked for.
func (f *outFlags) write(sh Shell, command string, data []byte) error {
	if f.out == "" {
		_, err := sh.Out.Write(data)
		return err
	}
	if f.force {
		return replaceFile(f.out, data)
	}
	file, err := os.OpenFile(f.out, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- the user names the file
	if errors.Is(err, os.ErrExist) {
		return usage(command+" --out "+f.out+" --force", "%s is there already and is not replaced", f.out)
	}
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	return errors.Join(err, file.Close())
}

func newConfigImport(sh Shell) *cobra.Command {
	var f outFlags
	cmd := &cobra.Command{
		Use:   "import [flags] FILE...",
		Short: "Make a configuration of the files of other programs",
		Long: `Import reads the servers of MCP clients (mcpServers), backups of Uptime Kuma (JSON)
and configurations of Gatus (YAML), finds out which is which, and writes one
alivemcp.yaml. What could not be taken over is said on stderr.

No secret is written: each becomes env:NAME, and the variables are listed.`,
		Example: `  alivemcp config import ~/.cursor/mcp.json
  alivemcp config import kuma-backup.json gatus.yaml --out alivemcp.yaml
  alivemcp config import claude_desktop_config.json --out alivemcp.yaml --force`,
		RunE: func(_ *cobra.Command, args []string) error { return importFiles(sh, f, args) },
	}
	f.declare(cmd)
	return cmd
}

func importFiles(sh Shell, f outFlags, names []string) error {
	if len(names) == 0 {
		return usage("config import mcp.json", "there is no file to import")
	}
	var sources []config.Source
	for _, name := range names {
		data, err := readFile(name, maxClientFile)
		if err != nil {
			return err
		}
		sources = append(sources, config.Source{Name: filepath.Base(name), Data: data})
	}
	found, err := config.ImportFiles(sources...)
	if err != nil {
		return err
	}
	for _, note := range found.Notes {
		sh.remark(note)
	}
	if found.Servers == 0 {
		return errors.New("there is no server to import in " + counted(len(names), "file"))
	}
	if err := f.write(sh, "config import", found.YAML); err != nil {
		return err
	}
	sayImported(sh, found)
	return nil
}

// sayImported tells on stderr what is left to do.
func sayImported(sh Shell, found config.Imported) {
	say := func(format string, args ...any) {
		_, _ = fmt.Fprintln(sh.Err, show.Clean(fmt.Sprintf(format, args...), 2000)) // nobody else could be told
	}
	say("imported %s; a monitor of something that is no MCP server will be down: look with alivemcp config check --probe", counted(found.Servers, "server"))
	if len(found.Variables) == 0 {
		return
	}
	say("set these variables for the monitor, or replace them by file:PATH:")
	for _, v := range found.Variables {
		say("  %s: %s", v.Name, v.What)
	}
}

func newConfigInit(sh Shell) *cobra.Command {
	var f outFlags
	cmd := &cobra.Command{
		Use:   "init [flags]",
		Short: "Write a configuration to begin with",
		Example: `  alivemcp config init
  alivemcp config init --out alivemcp.yaml`,
		Args: noArgs("config init"),
		RunE: func(*cobra.Command, []string) error { return f.write(sh, "config init", config.Starter()) },
	}
	f.declare(cmd)
	return cmd
}

func newConfigManual(sh Shell) *cobra.Command {
	return &cobra.Command{
		Use:   "manual",
		Short: "Print the reference of alivemcp.yaml",
		Example: `  alivemcp config manual | less
  alivemcp config manual > config.md`,
		Args: noArgs("config manual"),
		RunE: func(*cobra.Command, []string) error {
			text, err := config.Manual()
			if err != nil {
				return err
			}
			_, err = sh.Out.Write(text)
			return err
		},
	}
}
