package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/audit"
	"github.com/alivemcp/alivemcp/internal/show"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// evidenceFlags are the flags of the commands that read audits.
type evidenceFlags struct {
	data   string
	format string
	with   string
	output string
}

// declare adds the flags; the first format is the default.
func (f *evidenceFlags) declare(cmd *cobra.Command, formats ...show.Format) {
	cmd.Flags().StringVar(&f.data, "data", "./data", "the data `directory` with the runs")
	formatFlag(cmd, &f.format, formats...)
}

// read opens the runs for do, with the name of the run, empty for the newest.
func (f *evidenceFlags) read(ctx context.Context, args []string, command string, do func(*app.Evidence, uptime.AuditRunID) error) error {
	if len(args) > 1 {
		return usage(command+" 2026-q4", "want one name of a run, got %d", len(args))
	}
	e, err := app.OpenEvidence(ctx, f.data)
	if err != nil {
		return err
	}
	var id uptime.AuditRunID
	if len(args) == 1 {
		id = uptime.AuditRunID(args[0])
	}
	return errors.Join(do(e, id), e.Close())
}

func newAuditList(sh Shell) *cobra.Command {
	var f evidenceFlags
	cmd := &cobra.Command{
		Use: "list", Short: "List the runs of a data directory",
		Example: "  alivemcp audit list --data ./audits", Args: noArgs("audit list"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			as, err := parseFormat(f.format, "audit list", show.Text, show.JSON)
			if err != nil {
				return err
			}
			return f.read(cmd.Context(), nil, "audit list", func(e *app.Evidence, _ uptime.AuditRunID) error {
				runs, err := e.AuditRuns(cmd.Context())
				if err != nil {
					return err
				}
				return writeRuns(sh, as, runs)
			})
		},
	}
	f.declare(cmd, show.Text, show.JSON)
	return cmd
}

func writeRuns(sh Shell, as show.Format, runs []uptime.AuditRun) error {
	if as == show.JSON {
		return indented(sh.Out, map[string]any{"runs": slices.Concat([]uptime.AuditRun{}, runs)})
	}
	lines := [][]string{{"RUN", "BEGAN", "ENDED", "ENDPOINTS", "ROUNDS", "REGIONS"}}
	for _, r := range runs {
		ended := "not over"
		if !r.Ended.IsZero() {
			ended = r.Ended.UTC().Format("2006-01-02 15:04")
		}
		lines = append(lines, []string{
			string(r.ID), r.Began.UTC().Format("2006-01-02 15:04"), ended, fmt.Sprint(r.Endpoints), fmt.Sprint(r.Rounds), fmt.Sprint(len(r.Regions)),
		})
	}
	return columns(sh.Out, lines)
}

func newAuditClassify(sh Shell) *cobra.Command {
	var f evidenceFlags
	cmd := &cobra.Command{
		Use: "classify [RUN]", Short: "Say how many endpoints of a run are in which bucket, and which",
		Long: `Classify judges the looks that are kept, by the decision table, and prints how many
endpoints are in each bucket, of the newest run unless you name one. With --format csv
it prints each endpoint with its bucket and the classes of its looks. A run that is
not over is judged by what is there.`,
		Example: "  alivemcp audit classify --data ./audits\n  alivemcp audit classify 2026-q4 --format csv > endpoints.csv",
		RunE: func(cmd *cobra.Command, args []string) error {
			as, err := parseFormat(f.format, "audit classify", show.Text, show.JSON, formatCSV)
			if err != nil {
				return err
			}
			return f.read(cmd.Context(), args, "audit classify", func(e *app.Evidence, id uptime.AuditRunID) error {
				return writeBuckets(cmd.Context(), sh, as, e, id)
			})
		},
	}
	f.declare(cmd, show.Text, show.JSON, formatCSV)
	return cmd
}

// The formats that only reports have.
const (
	formatCSV   show.Format = "csv"
	formatLooks show.Format = "looks"
	formatHTML  show.Format = "html"
	formatMD    show.Format = "md"
)

func writeBuckets(ctx context.Context, sh Shell, as show.Format, e *app.Evidence, id uptime.AuditRunID) error {
	if as == formatCSV {
		run, err := e.Run(ctx, id)
		if err != nil {
			return err
		}
		return audit.WriteEndpoints(ctx, sh.Out, run, e)
	}
	r, err := e.Report(ctx, id, "")
	if err != nil {
		return err
	}
	if as == show.JSON {
		return indented(sh.Out, map[string]any{"run": r.Run.ID, "endpoints": r.Endpoints, "headlines": r.Headlines, "buckets": r.Buckets})
	}
	lines := [][]string{{"BUCKET", "ENDPOINTS", "PER CENT"}}
	for _, b := range r.Buckets {
		lines = append(lines, []string{b.Name, fmt.Sprint(b.Endpoints), percentWord(b.Percent)})
	}
	if err := columns(sh.Out, lines); err != nil {
		return err
	}
	_, err = fmt.Fprintln(sh.Out)
	return errors.Join(err, writeHeadlines(sh.Out, r.Headlines))
}

func writeHeadlines(w io.Writer, headlines []audit.Headline) error {
	for _, h := range headlines {
		if _, err := fmt.Fprintf(w, "%s: %s (%d of %d)\n", h.Name, percentWord(h.Percent), h.Numerator, h.Denominator); err != nil {
			return err
		}
	}
	return nil
}

func percentWord(p *float64) string {
	if p == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f %%", *p)
}

func newAuditReport(sh Shell) *cobra.Command {
	var f evidenceFlags
	formats := []show.Format{formatHTML, formatMD, show.JSON, formatCSV, formatLooks}
	cmd := &cobra.Command{
		Use: "report [RUN]", Short: "Write the report of a run: a page, Markdown, JSON, or the evidence as CSV",
		Long: `Report writes the report of a run, of the newest one unless you name one. The same
evidence gives the same bytes, whoever writes it and when.

html is a page that needs nothing else, md is Markdown, json has all numbers, csv has a
row for each endpoint, looks has a row for each look. --with tells what became of the
endpoints of an earlier run.`,
		Example: `  alivemcp audit report 2026-q4 --output report.html
  alivemcp audit report 2026-q4 --format md --with 2026-q3
  alivemcp audit report 2026-q4 --format looks > looks.csv`,
		RunE: func(cmd *cobra.Command, args []string) error {
			as, err := parseFormat(f.format, "audit report", formats...)
			if err != nil {
				return err
			}
			return f.read(cmd.Context(), args, "audit report", func(e *app.Evidence, id uptime.AuditRunID) error {
				return f.report(cmd.Context(), sh, as, e, id)
			})
		},
	}
	f.declare(cmd, formats...)
	cmd.Flags().StringVar(&f.with, "with", "", "tell what became of the endpoints of this earlier `run`")
	cmd.Flags().StringVarP(&f.output, "output", "o", "", "write to this `file` instead of standard output")
	return cmd
}

func (f *evidenceFlags) report(ctx context.Context, sh Shell, as show.Format, e *app.Evidence, id uptime.AuditRunID) error {
	if f.output == "" {
		return f.write(ctx, sh.Out, as, e, id)
	}
	var b bytes.Buffer
	if err := f.write(ctx, &b, as, e, id); err != nil {
		return err
	}
	return replaceFile(f.output, b.Bytes())
}

func (f *evidenceFlags) write(ctx context.Context, w io.Writer, as show.Format, e *app.Evidence, id uptime.AuditRunID) error {
	if as == formatCSV || as == formatLooks {
		run, err := e.Run(ctx, id)
		if err != nil {
			return err
		}
		if as == formatCSV {
			return audit.WriteEndpoints(ctx, w, run, e)
		}
		return audit.WriteLooks(ctx, w, run, e)
	}
	r, err := e.Report(ctx, id, uptime.AuditRunID(f.with))
	switch {
	case err != nil:
		return err
	case as == formatMD:
		return r.WriteMarkdown(w)
	case as == show.JSON:
		return r.WriteJSON(w)
	}
	return r.WritePage(w)
}

func newAuditCompare(sh Shell) *cobra.Command {
	var f evidenceFlags
	cmd := &cobra.Command{
		Use: "compare [RUN] --with RUN|q2-2026|q3-2026", Short: "Compare a run with an earlier one, or with the figures that others published",
		Long: `Compare tells what became of the endpoints of an earlier run, or sets the figures of a
run beside those that others published of a quarter of 2026. These were counted with
another method: they stand beside each other and are no development.`,
		Example: "  alivemcp audit compare 2026-q4 --with 2026-q3 --data ./audits\n  alivemcp audit compare --with q3-2026 --format json",
		RunE: func(cmd *cobra.Command, args []string) error {
			as, err := parseFormat(f.format, "audit compare", show.Text, show.JSON)
			switch {
			case err != nil:
				return err
			case f.with == "":
				return usage("audit compare --with q3-2026", "say with what, with --with")
			}
			return f.read(cmd.Context(), args, "audit compare", func(e *app.Evidence, id uptime.AuditRunID) error {
				return f.compare(cmd.Context(), sh, as, e, id)
			})
		},
	}
	f.declare(cmd, show.Text, show.JSON)
	cmd.Flags().StringVar(&f.with, "with", "", "the earlier `run`, or q2-2026 or q3-2026")
	return cmd
}

func (f *evidenceFlags) compare(ctx context.Context, sh Shell, as show.Format, e *app.Evidence, id uptime.AuditRunID) error {
	earlier := uptime.AuditRunID(f.with)
	if isQuarter(f.with) {
		earlier = ""
	}
	r, err := e.Report(ctx, id, earlier)
	if err != nil {
		return err
	}
	if earlier == "" {
		return comparePublished(sh, as, r, f.with)
	}
	if as == show.JSON {
		return indented(sh.Out, map[string]any{"run": r.Run.ID, "buckets": r.Buckets, "cohort": r.Cohort})
	}
	return compareRuns(sh.Out, r)
}

// isQuarter reports a published quarter, which no run can be called by.
func isQuarter(word string) bool {
	word = strings.ToLower(word)
	return word == "q2-2026" || word == "q3-2026"
}

func compareRuns(w io.Writer, r *audit.Report) error {
	c := r.Cohort
	lines := [][]string{{"BUCKET", string(c.Run), string(r.Run.ID)}}
	for i, b := range r.Buckets {
		lines = append(lines, []string{b.Name, both(c.Buckets[i]), both(b)})
	}
	if err := columns(w, lines); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s: %s (%d of %d)\nIn both: %d endpoints, %d became healthy, %d ceased to be.\n",
		c.Survival.Name, percentWord(c.Survival.Percent), c.Survival.Numerator, c.Survival.Denominator, c.Both, c.Better, c.Worse)
	return err
}

func both(b audit.BucketRow) string {
	return fmt.Sprintf("%d (%s)", b.Endpoints, percentWord(b.Percent))
}

func comparePublished(sh Shell, as show.Format, r *audit.Report, word string) error {
	name := strings.ToUpper(strings.ReplaceAll(word, "-", " "))
	i := slices.IndexFunc(r.Published, func(p audit.PublishedQuarter) bool { return p.Quarter == name })
	if i < 0 {
		return usage("audit compare --with q3-2026", "nothing is known of %s", word)
	}
	p := r.Published[i]
	if as == show.JSON {
		return indented(sh.Out, map[string]any{"run": r.Run.ID, "endpoints": r.Endpoints, "buckets": r.Buckets, "published": p})
	}
	if err := columns(sh.Out, besideWords(r, &p)); err != nil {
		return err
	}
	_, err := fmt.Fprintln(sh.Out, "\nOthers counted other registries with another method: the figures are no development.")
	return err
}

// besideWords sets the figures of a run beside published ones, by the names that the
// report has for them.
func besideWords(r *audit.Report, p *audit.PublishedQuarter) [][]string {
	lines := [][]string{
		{"", string(r.Run.ID), p.Quarter + " (published by others)"},
		{"Endpoints", fmt.Sprint(r.Endpoints), fmt.Sprint(p.Endpoints)},
	}
	for _, row := range []struct {
		name   string
		theirs *float64
		of     []uptime.AuditBucket
	}{
		{"Healthy, stable", p.Stable, []uptime.AuditBucket{uptime.BucketStable}},
		{"Healthy, with drift", p.Drift, []uptime.AuditBucket{uptime.BucketDrift}},
		{"Healthy", p.Healthy, []uptime.AuditBucket{uptime.BucketStable, uptime.BucketDrift}},
		{"Regionally degraded", p.Regional, []uptime.AuditBucket{uptime.BucketRegional}},
		{"Published token fails", p.Token, []uptime.AuditBucket{uptime.BucketCredentialed}},
		{"Sign-in", p.Auth, []uptime.AuditBucket{uptime.BucketAuthProper, uptime.BucketAuthCustom, uptime.BucketAuthBroken}},
		{"Dead", p.Dead, []uptime.AuditBucket{uptime.BucketDead}},
		{"Answers, but not MCP", p.NotMCP, []uptime.AuditBucket{uptime.BucketNotMCP}},
		{"Malformed tools", p.Malformed, []uptime.AuditBucket{uptime.BucketMalformed}},
	} {
		lines = append(lines, []string{row.name, shareOf(r, row.of), percentWord(row.theirs)})
	}
	return lines
}

// shareOf is the share of some buckets, of all endpoints that are counted.
func shareOf(r *audit.Report, some []uptime.AuditBucket) string {
	n := 0
	for _, b := range r.Buckets {
		if slices.Contains(some, b.Bucket) {
			n += b.Endpoints
		}
	}
	if r.Endpoints == 0 {
		return "-"
	}
	share := 100 * float64(n) / float64(r.Endpoints)
	return percentWord(&share)
}

func newAuditPublish(sh Shell) *cobra.Command {
	var from, to string
	cmd := &cobra.Command{
		Use: "publish RUN", Short: "Copy a run that is over to a monitor, whose pages show its report",
		Long: `Publish copies a run with its evidence into the data of a monitor, also while that
runs: its pages then show the report at /reports, when its configuration has
registries: {enabled: true}.`,
		Example: "  alivemcp audit publish 2026-q4 --data ./audits --to /var/lib/alivemcp",
		Args:    exactly(1, "audit publish 2026-q4 --data ./audits --to /var/lib/alivemcp"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if to == "" {
				return usage("audit publish "+args[0]+" --to /var/lib/alivemcp", "say with --to which data directory the monitor has")
			}
			a, err := app.OpenAdmin(cmd.Context(), to)
			if errors.Is(err, fs.ErrNotExist) {
				return usage("audit publish "+args[0]+" --to /var/lib/alivemcp", "%s is not the data directory of a monitor: say with --to which is, as data has it in its configuration", to)
			}
			if err != nil {
				return err
			}
			if err := errors.Join(a.Publish(cmd.Context(), from, uptime.AuditRunID(args[0])), a.Close()); err != nil {
				return err
			}
			sh.remark("published " + args[0] + "; a monitor whose configuration has registries: {enabled: true} shows it within a minute, at /reports/" + args[0])
			return nil
		},
	}
	cmd.Flags().StringVar(&from, "data", "./data", "the data `directory` with the run")
	cmd.Flags().StringVar(&to, "to", "", "the data `directory` of the monitor")
	return cmd
}
