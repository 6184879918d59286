package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/show"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// searchFlags are the flags of registry search.
type searchFlags struct {
	*registryFlags
	format string
	query  uptime.ListingQuery
	source string
	kind   string
	counts bool
}

func newRegistrySearch(sh Shell, of *registryFlags) *cobra.Command {
	f := searchFlags{registryFlags: of}
	cmd := &cobra.Command{
		Use: "search [flags] [WORD...]", Short: "Find listings by name, title, address or host",
		Long: `Search prints the listings whose name, title, address or host contain all words, with
what their address is: remote, or else why it is never probed. --counts prints how
many endpoints there are of each kind in place of them.`,
		Example: `  alivemcp registry search weather
  alivemcp registry search --kind templated --source official
  alivemcp registry search --counts --format json`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd.Context(), sh, args) },
	}
	formatFlag(cmd, &f.format, show.Text, show.JSON)
	flags := cmd.Flags()
	flags.StringVar(&f.source, "source", "", "only of this `registry`")
	flags.StringVar(&f.kind, "kind", "", "only addresses of this `kind`: "+strings.Join(endpointKinds(), "|"))
	flags.StringVar(&f.query.Platform, "platform", "", "only on this `platform`")
	flags.BoolVar(&f.query.Gone, "gone", false, "also what is not listed any more")
	flags.IntVar(&f.query.Limit, "limit", 50, "how many, at most 1000")
	flags.StringVar(&f.query.After, "after", "", "begin `where` the page before ended")
	flags.BoolVar(&f.counts, "counts", false, "count endpoints by kind")
	return cmd
}

func endpointKinds() []string {
	return []string{
		string(uptime.EndpointRemote), string(uptime.EndpointTemplated), string(uptime.EndpointPlaceholder), string(uptime.EndpointLocal), string(uptime.EndpointJunk),
	}
}

func (f *searchFlags) run(ctx context.Context, sh Shell, words []string) error {
	as, err := parseFormat(f.format, "registry search weather", show.Text, show.JSON)
	switch {
	case err != nil:
		return err
	case f.kind != "" && !slices.Contains(endpointKinds(), f.kind):
		return usage("registry search --kind remote", "unknown kind %q: want %s", f.kind, strings.Join(endpointKinds(), "|"))
	case f.query.Limit < 1 || f.query.Limit > 1000:
		return usage("registry search --limit 50", "--limit is 1 to 1000")
	}
	f.query.Search, f.query.Source, f.query.Kind = strings.Join(words, " "), uptime.SourceID(f.source), uptime.EndpointKind(f.kind)
	return f.with(ctx, sh, false, func(r *app.Registries) error {
		if f.counts {
			return f.count(ctx, sh, as, r)
		}
		return f.search(ctx, sh, as, r)
	})
}

// foundShape is a listing in JSON, with what its address is.
type foundShape struct {
	uptime.Listing
	Kind uptime.EndpointKind `json:"kind,omitempty"`
	Not  string              `json:"why_not_probed,omitempty"`
}

func (f *searchFlags) search(ctx context.Context, sh Shell, as show.Format, r *app.Registries) error {
	page, all, next, err := r.Search(ctx, f.query)
	if err != nil {
		return err
	}
	found := make([]foundShape, len(page))
	for i := range page {
		found[i].Listing = page[i]
		if page[i].Endpoint == "" {
			continue
		}
		e, err := r.Endpoint(ctx, page[i].Endpoint)
		if err != nil {
			return err
		}
		found[i].Kind, found[i].Not = e.Kind, e.Why
		if e.Optout {
			found[i].Not = "its owner does not want it"
		}
	}
	if as == show.JSON {
		return indented(sh.Out, map[string]any{"listings": found, "all": all, "next": next})
	}
	if all == 0 {
		return f.nothing(ctx, sh, r)
	}
	return writeFound(sh, found, all, next)
}

// nothing says why nothing was found.
func (f *searchFlags) nothing(ctx context.Context, sh Shell, r *app.Registries) error {
	counts, err := r.Counts(ctx)
	switch {
	case err != nil:
		return err
	case len(counts) == 0:
		sh.remark("no registry was read yet; begin with: alivemcp registry crawl")
	case f.query.Gone:
		sh.remark("nothing like this is or was listed")
	default:
		sh.remark("nothing like this is listed; add --gone for what is not listed any more")
	}
	return nil
}

func writeFound(sh Shell, found []foundShape, all int, next string) error {
	lines := [][]string{{"NAME", "REGISTRY", "KIND", "ENDPOINT", "ADDRESS"}}
	for i := range found {
		l := &found[i]
		kind := string(l.Kind)
		if l.Not != "" {
			kind += " (" + show.Clean(l.Not, 100) + ")"
		}
		lines = append(lines, []string{show.Clean(l.Name, 60), string(l.Source), orDash(kind), orDash(string(l.Endpoint)), orDash(show.Clean(l.URL, 120))})
	}
	if err := columns(sh.Out, lines); err != nil {
		return err
	}
	sh.remark(fmt.Sprintf("%d of %d listings", len(found), all))
	if next != "" {
		sh.remark("for more add --after " + next)
	}
	return nil
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (f *searchFlags) count(ctx context.Context, sh Shell, as show.Format, r *app.Registries) error {
	counts, err := r.Counts(ctx)
	if err != nil {
		return err
	}
	if as == show.JSON {
		return indented(sh.Out, map[string]any{"counts": slices.Concat([]uptime.EndpointCount{}, counts)})
	}
	of := map[uptime.EndpointKind]uptime.EndpointCount{}
	for _, c := range counts {
		sum := of[c.Kind]
		sum.Endpoints, sum.Listings = sum.Endpoints+c.Endpoints, sum.Listings+c.Listings
		of[c.Kind] = sum
	}
	lines := [][]string{{"KIND", "ENDPOINTS", "LISTINGS"}}
	for _, kind := range endpointKinds() {
		c := of[uptime.EndpointKind(kind)]
		lines = append(lines, []string{kind, fmt.Sprint(c.Endpoints), fmt.Sprint(c.Listings)})
	}
	return columns(sh.Out, lines)
}

// columns writes a table, its columns aligned, those of numbers to the right. The
// first line is the head.
func columns(w io.Writer, lines [][]string) error {
	t := tabwriter.NewWriter(w, 0, 1, 2, ' ', 0)
	for i := range lines[0] {
		if width, ok := numbers(lines, i); ok {
			for _, cells := range lines {
				cells[i] = fmt.Sprintf("%*s", width, cells[i])
			}
		}
	}
	for _, cells := range lines {
		for len(cells) > 1 && cells[len(cells)-1] == "" {
			cells = cells[:len(cells)-1]
		}
		if _, err := fmt.Fprintln(t, strings.Join(cells, "\t")); err != nil {
			return err
		}
	}
	return t.Flush()
}

// numbers reports whether a column has numbers alone, and how wide it is.
func numbers(lines [][]string, column int) (width int, ok bool) {
	for i, cells := range lines {
		width = max(width, len(cells[column]))
		if i > 0 && strings.Trim(cells[column], "0123456789.-% ") != "" {
			return 0, false
		}
		ok = ok || i > 0 && strings.ContainsAny(cells[column], "0123456789")
	}
	return width, ok
}

func newRegistryOptout(sh Shell, f *registryFlags) *cobra.Command {
	var by, reason string
	var undo bool
	cmd := &cobra.Command{
		Use: "optout ENDPOINT", Short: "Note that an owner does not want an endpoint to be probed",
		Long: `Optout keeps an endpoint from being probed: it is not served any more, and no audit
looks at it or counts it. --undo takes that back. Both are kept in the audit log.`,
		Example: `  alivemcp registry optout ep_0123456789abcdef0123 --reason "asked by mail on Monday"
  alivemcp registry optout ep_0123456789abcdef0123 --undo --reason "asked again"`,
		Args: exactly(1, "registry optout ep_0123456789abcdef0123 --reason \"asked by mail\""),
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(reason) == "" {
				return usage("registry optout "+args[0]+" --reason \"asked by mail\"", "say who asked for it, with --reason")
			}
			return f.with(cmd.Context(), sh, false, func(r *app.Registries) error {
				return r.Optout(cmd.Context(), uptime.EndpointKey(args[0]), !undo, by, reason)
			})
		},
	}
	cmd.Flags().StringVar(&by, "by", "", "who notes it; default operator")
	cmd.Flags().StringVar(&reason, "reason", "", "who asked for it, and how")
	cmd.Flags().BoolVar(&undo, "undo", false, "the owner wants it to be probed again")
	return cmd
}
