package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/show"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// registryFlags say whose registries are meant.
type registryFlags struct {
	config  string
	data    string
	contact string
	from    string
}

func newRegistry(sh Shell) *cobra.Command {
	var f registryFlags
	cmd := &cobra.Command{
		Use:   "registry",
		Short: "Read the public registries of MCP servers, and search in what they list",
		Long: `Registry reads the registries that the configuration names (all open ones without
a configuration), keeps what they list in the data directory, and searches in it.
While a monitor runs on that directory, it reads them itself, every hour.

A registry whose credential is missing is shown as not read, never as empty. What was
read only in part, or is much less than before, changes nothing.

To try it without the internet, let the lab list its own servers:
alivemcp lab --registry lab.yaml, then alivemcp registry crawl --config lab.yaml.`,
		Example: `  alivemcp registry crawl --contact ops@example.com
  alivemcp registry sources
  alivemcp registry search weather --kind remote
  alivemcp registry optout ep_0123456789abcdef0123 --reason "asked by mail"`,
		Args: noArgs("registry sources"),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	flags := cmd.PersistentFlags()
	flags.StringVarP(&f.config, "config", "c", "", "read this `file` for the registries and the data directory; default "+defaultConfig+", when it is there")
	flags.StringVar(&f.data, "data", "", "keep what they list in this data `directory`")
	cmd.AddCommand(newRegistrySources(sh, &f), newRegistryCrawl(sh, &f), newRegistrySearch(sh, &f), newRegistryOptout(sh, &f))
	return cmd
}

// file returns the configuration; one without registries when there is none.
func (f *registryFlags) file(sh Shell) (*config.File, error) {
	file, err := configOr(sh, f.config)
	if err != nil {
		return nil, err
	}
	if f.data != "" {
		file.Data = f.data
	}
	if f.contact != "" {
		file.Registries.Contact = f.contact
	}
	return file, nil
}

// configOr reads a configuration, or that of this folder. Without any it returns
// what holds when nothing is said.
func configOr(sh Shell, name string) (*config.File, error) {
	path := name
	if path == "" {
		path = defaultConfig
	}
	if _, err := os.Stat(path); name != "" && errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: there is no such file here; a monitor's is made with: alivemcp config init > %s, that of a lab with: alivemcp lab --registry %s", path, path, path)
	}
	file, problems := config.Load(path, configOptions(sh))
	switch {
	case file != nil:
		return file, nil
	case name == "" && (&serveFlags{}).nothing():
		file, problems = config.Parse(path, []byte("x-none: here\n"), config.Options{})
		if file != nil {
			return file, nil
		}
	}
	return nil, fmt.Errorf("%s cannot be used: %w; see: alivemcp config check %s", path, problems.Err(), path)
}

// with opens the data for do.
func (f *registryFlags) with(ctx context.Context, sh Shell, create bool, do func(*app.Registries) error) error {
	file, err := f.file(sh)
	if err != nil {
		return err
	}
	if create && f.from == "" && file.Whom() == "" {
		return usage("registry crawl --contact ops@example.com", "registries are read under a name: say with --contact, or with contact in the configuration, whom they can ask about it")
	}
	r, err := app.OpenRegistries(ctx, app.RegistriesOptions{File: file, Create: create, From: f.from, Version: build().Version, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	return errors.Join(do(r), r.Close())
}

func newRegistrySources(sh Shell, f *registryFlags) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "sources", Short: "Say of each registry how it was read last",
		Example: "  alivemcp registry sources\n  alivemcp registry sources --format json",
		Args:    noArgs("registry sources"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			as, err := parseFormat(format, "registry sources", show.Text, show.JSON)
			if err != nil {
				return err
			}
			return f.with(cmd.Context(), sh, false, func(r *app.Registries) error {
				rows, err := r.Sources(cmd.Context())
				if err != nil {
					return err
				}
				return writeSources(sh, as, rows)
			})
		},
	}
	formatFlag(cmd, &format, show.Text, show.JSON)
	return cmd
}

// sourceShape is a registry in JSON.
type sourceShape struct {
	Source    uptime.SourceID   `json:"source"`
	State     uptime.CrawlState `json:"state"`
	Why       string            `json:"why,omitempty"`
	Access    string            `json:"access,omitempty"`
	Read      time.Time         `json:"read_at,omitzero"`
	Shown     time.Time         `json:"shown_from,omitzero"`
	Records   int               `json:"records"`
	Listings  int               `json:"listings"`
	Endpoints int               `json:"endpoints"`
	Refused   map[string]int    `json:"refused,omitempty"`
}

func sourceOf(row *app.SourceRow) sourceShape {
	s := sourceShape{
		Source: row.ID, State: row.Last.State, Why: row.Last.Why, Access: row.Last.Access, Read: row.Last.Began, Shown: row.Good.Began,
		Records: row.Good.Records, Listings: row.Listings, Endpoints: row.Endpoints, Refused: row.Good.Refused,
	}
	if s.State == "" {
		s.State, s.Why = uptime.CrawlNone, "not yet"
	}
	if row.Missing != "" {
		s.State, s.Why = uptime.CrawlNone, row.Missing
	}
	if s.State == uptime.CrawlNone {
		s.Read = time.Time{}
	}
	if row.Off && s.Why == "" {
		s.Why = "the configuration leaves it out"
	}
	return s
}

func writeSources(sh Shell, as show.Format, rows []app.SourceRow) error {
	shapes := make([]sourceShape, len(rows))
	for i := range rows {
		shapes[i] = sourceOf(&rows[i])
	}
	if as == show.JSON {
		return indented(sh.Out, map[string]any{"sources": shapes})
	}
	lines, known := [][]string{{"REGISTRY", "STATE", "LISTINGS", "ENDPOINTS", "READ, UTC", "WHY"}}, false
	for _, s := range shapes {
		listings, endpoints, read := "-", "-", "-" // nothing is known of it
		if !s.Shown.IsZero() {
			listings, endpoints, known = fmt.Sprint(s.Listings), fmt.Sprint(s.Endpoints), true
		}
		if !s.Read.IsZero() {
			read = s.Read.UTC().Format("2006-01-02 15:04")
		}
		lines = append(lines, []string{string(s.Source), crawlWord(s.State), listings, endpoints, read, show.Clean(s.Why, 200)})
	}
	err := columns(sh.Out, lines)
	if err == nil && !known {
		sh.remark("nothing was read yet; begin with: alivemcp registry crawl")
	}
	return err
}

// crawlWord says to people how a crawl ended.
func crawlWord(state uptime.CrawlState) string {
	switch state {
	case uptime.CrawlNone:
		return "not read"
	case uptime.CrawlHeld:
		return "held back"
	case uptime.CrawlRunning:
		return "being read"
	case uptime.CrawlDone, uptime.CrawlFailed:
	}
	return string(state)
}

func newRegistryCrawl(sh Shell, f *registryFlags) *cobra.Command {
	var format string
	var shrunk, quiet bool
	cmd := &cobra.Command{
		Use: "crawl [REGISTRY...]", Short: "Read registries as a whole, now",
		Long: `Crawl reads registries to their end and takes over what they list. What cannot be
read to its end, or lists more than a tenth less than before, is not taken over: the
exit code is 1 then, and what was known stays. --accept-fewer takes it over all the same.

With --from a file of listings is read in their place: CSV whose first line names the
columns name, registry, url and, if you like, transport and version.`,
		Example: `  alivemcp registry crawl --contact ops@example.com
  alivemcp registry crawl official docker --accept-fewer
  alivemcp registry crawl --from listings.csv --data ./listed`,
		RunE: func(cmd *cobra.Command, args []string) error {
			as, err := parseFormat(format, "registry crawl", show.Text, show.JSON)
			if err != nil {
				return err
			}
			return f.with(cmd.Context(), sh, true, func(r *app.Registries) error {
				stop := sh.progress(cmd.Context(), quiet, func(d time.Duration) string { return crawlProgress(r.Progress(), d) })
				crawls, err := r.Crawl(cmd.Context(), args, shrunk)
				stop()
				return errors.Join(writeCrawls(sh, as, crawls, f.given()), err)
			})
		},
	}
	formatFlag(cmd, &format, show.Text, show.JSON)
	cmd.Flags().BoolVar(&shrunk, "accept-fewer", false, "take over also what lists much less than before, or much else")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "no progress")
	cmd.Flags().StringVar(&f.contact, "contact", "", "a `URL` or mail address that registries find in the User-Agent")
	cmd.Flags().StringVar(&f.from, "from", "", "read this CSV `file` of listings in place of the registries")
	return cmd
}

// crawlProgress says how far a crawl is. Of one that a monitor makes only the time is
// known.
func crawlProgress(p app.CrawlProgress, took time.Duration) string {
	if p.Source == "" {
		return fmt.Sprintf("reading registries, %.0f s", took.Seconds())
	}
	return fmt.Sprintf("reading %s (%d of %d): %d listings, %.0f s", p.Source, p.Number, p.Of, p.Listings, took.Seconds())
}

// writeCrawls says how crawls ended; errNotGood when one was not taken over.
func writeCrawls(sh Shell, as show.Format, crawls []uptime.Crawl, given string) error {
	good := true
	for _, c := range crawls {
		good = good && (c.State == uptime.CrawlDone || c.State == uptime.CrawlNone)
	}
	var err error
	if as == show.JSON {
		err = indented(sh.Out, map[string]any{"crawls": slices.Concat([]uptime.Crawl{}, crawls)})
	} else {
		lines := [][]string{{"REGISTRY", "STATE", "RECORDS", "LISTINGS", "BEFORE", "WHY"}}
		for _, c := range crawls {
			line := []string{
				string(c.Source), crawlWord(c.State), fmt.Sprint(c.Records), fmt.Sprint(c.Listings), fmt.Sprint(c.Previous),
				strings.TrimSpace(show.Clean(c.Why, 200) + " " + refusedWords(c.Refused)),
			}
			if c.State == uptime.CrawlNone {
				line[2], line[3], line[4] = "-", "-", "-"
			}
			lines = append(lines, line)
		}
		err = columns(sh.Out, lines)
		remarkHeld(sh, crawls, given)
	}
	if err == nil && !good {
		return errNotGood
	}
	return err
}

// given are the flags that say what is read into what, for a command that is to do it
// again.
func (f *registryFlags) given() string {
	var out strings.Builder
	for _, flag := range [][2]string{{"config", f.config}, {"data", f.data}, {"contact", f.contact}, {"from", f.from}} {
		if flag[1] != "" {
			fmt.Fprintf(&out, " --%s %s", flag[0], show.Clean(flag[1], 200))
		}
	}
	return out.String()
}

// remarkHeld says how what was held can be taken over.
func remarkHeld(sh Shell, crawls []uptime.Crawl, given string) {
	var held []string
	for _, c := range crawls {
		if c.State == uptime.CrawlHeld {
			held = append(held, string(c.Source))
		}
	}
	if len(held) > 0 {
		sh.remark("what was held changes nothing; if it is right: alivemcp registry crawl " + strings.Join(held, " ") + " --accept-fewer" + given)
	}
}

func refusedWords(refused map[string]int) string {
	var out []string
	for _, why := range slices.Sorted(maps.Keys(refused)) {
		out = append(out, fmt.Sprintf("%d %s", refused[why], show.Clean(why, 80)))
	}
	if len(out) == 0 {
		return ""
	}
	return "(left out: " + strings.Join(out, ", ") + ")"
}

// indented writes JSON for machines and people.
func indented(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}
