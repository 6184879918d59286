package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/audit"
	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func newAudit(sh Shell) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "Count which of the listed servers work, and report it so that others can check",
		Long: `Audit looks at every endpoint that registries list, in rounds, from regions, puts each
into exactly one bucket by a table that the report prints, and writes the report.

It begins with what registries list: alivemcp registry crawl reads them. To try it
without the internet, let the lab list its own servers: alivemcp lab --registry lab.yaml
says how to go on.`,
		Example: `  alivemcp registry crawl --contact ops@example.com
  alivemcp audit run 2026-q4 --contact https://example.com/audit
  alivemcp audit report 2026-q4 --output report.html
  alivemcp audit compare 2026-q4 --with q3-2026`,
		Args: noArgs("audit run"),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newAuditRun(sh), newAuditList(sh), newAuditClassify(sh), newAuditReport(sh), newAuditCompare(sh), newAuditPublish(sh))
	return cmd
}

// auditFlags are the flags of audit run.
type auditFlags struct {
	app.AuditOptions
	config   string
	from     []string // regions, as they are typed
	tokens   string
	caFile   string
	resolver string
	contact  string
	quiet    bool
}

func newAuditRun(sh Shell) *cobra.Command {
	var f auditFlags
	cmd := &cobra.Command{
		Use: "run [flags] [RUN]", Short: "Make the looks of an audit, or those that are missing",
		Long: `Run looks at every endpoint that is listed, from every region, in rounds that begin
--gap apart, and keeps what it sees in the data directory. It may be cut off at any
time: the same command goes on where it stopped. A run is named after the quarter
unless you name it.

What is listed is taken from the data directory (see: alivemcp registry crawl), from
that of a monitor, or from a CSV file with the columns name,registry,url,transport.

It is a guest: no look uses a malformed request, a failing server is tried --attempts
times, and of one host only --per-host looks are made at once. No look uses a
credential, except that tokens which servers publish for everybody are tried in looks
of their own: --tokens names a CSV file with the columns url (or endpoint, its key) and
token (or header,value). A secret may be env:NAME or file:PATH.`,
		Example: `  alivemcp audit run --data ./audits --from /var/lib/alivemcp --contact https://example.com/audit
  alivemcp audit run 2026-q4 --from listings.csv --sample 500 --seed 7 --rate 5
  alivemcp audit run trial --from listings.csv --rounds 2 --gap 10m \
    --region eu=London --region us=Ashburn:socks5://10.0.0.5:1080`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, sh, args) },
	}
	f.declare(cmd)
	return cmd
}

func (f *auditFlags) declare(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.Dir, "data", "", "keep the run in this data `directory`; default that of the configuration, else ./data")
	flags.StringVar(&f.From, "from", "", "what is listed: a CSV `file`, or the data directory of a monitor; default the data directory")
	flags.StringVar(&f.tokens, "tokens", "", "a CSV `file` of published tokens: url,token or url,header,value")
	flags.StringVarP(&f.config, "config", "c", "", "take the regions, the contact and the reference endpoints from this `file`; default "+defaultConfig+", when it is there")
	flags.IntVar(&f.Rounds, "rounds", 3, "how often is looked at each endpoint, at most 100")
	flags.DurationVar(&f.Gap, "gap", 24*time.Hour, "from the beginning of one round to that of the next")
	flags.StringArrayVar(&f.from, "region", nil, "look from here, as `ID[=CITY[:EGRESS]]` (repeatable); the egress is a proxy's URL or a local address")
	flags.Float64Var(&f.Rate, "rate", 20, "how many looks begin in a second; 0 for no bound")
	flags.IntVar(&f.PerHost, "per-host", 2, "how many looks are made at one host at once")
	flags.DurationVar(&f.HostGap, "host-gap", 500*time.Millisecond, "from the beginning of one look at a host to that of the next")
	flags.IntVar(&f.Draw.Sample, "sample", 0, "draw so many endpoints; 0 for all")
	flags.Uint64Var(&f.Draw.Seed, "seed", 1, "draws the sample: the same seed draws the same")
	flags.IntVar(&f.Draw.Delisted, "delisted", 0, "look also at so many that no registry lists any more")
	flags.BoolVar(&f.Private, "private", false, "look also at what is not on the public internet: for a lab or a registry of your own")
	flags.DurationVar(&f.Timeout, "timeout", 15*time.Second, "bound of one attempt, at most 50s")
	flags.IntVar(&f.Attempts, "attempts", 2, "how often a failing server is tried in one look, 1 to 3")
	flags.DurationVar(&f.AttemptGap, "attempt-gap", 5*time.Second, "wait so long before trying again")
	flags.StringArrayVar(&f.References, "reference", nil, "`HOST:PORT` that practically always answers; when none does, a failure counts as ours (repeatable)")
	flags.StringVar(&f.caFile, "ca-file", "", "trust the certificates in this PEM `file` instead of the system's")
	flags.StringVar(&f.resolver, "resolver", "", "ask this name server, as `ADDR[:PORT]`, instead of the system's")
	flags.StringVar(&f.contact, "contact", "", "a `URL` or mail address that the servers' operators find in the User-Agent")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "no progress")
}

// runForm is how runs and regions are called.
var runForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$`)

// quarter names the quarter of a day: 2026-q4.
func quarter(t time.Time) string {
	return fmt.Sprintf("%d-q%d", t.Year(), (int(t.Month())+2)/3)
}

func (f *auditFlags) run(cmd *cobra.Command, sh Shell, args []string) error {
	if err := f.complete(sh, args); err != nil {
		return err
	}
	if err := f.goesOn(cmd); err != nil {
		return err
	}
	var last atomic.Pointer[audit.Progress]
	f.Progress = func(p audit.Progress) { last.Store(&p) }
	stop := sh.progress(cmd.Context(), f.quiet, func(time.Duration) string { return progressWords(last.Load(), time.Now()) })
	err := app.RunAudit(cmd.Context(), f.AuditOptions)
	stop()
	if errors.Is(err, context.Canceled) {
		return fmt.Errorf("the audit %s was cut off: what it saw is kept, and the same command goes on", f.Run)
	}
	if err == nil {
		sh.remark(fmt.Sprintf("the audit %s is over; now: alivemcp audit report %s --data %s --output report.html", f.Run, f.Run, f.Dir))
	}
	return err
}

// goesOn refuses flags that say something else than a run that is there: it was
// drawn with them, and they would count for nothing.
func (f *auditFlags) goesOn(cmd *cobra.Command) error {
	e, err := app.OpenEvidence(cmd.Context(), f.Dir)
	if err != nil {
		return nil //nolint:nilerr // there is no audit yet; RunAudit says what else is wrong
	}
	run, err := e.Run(cmd.Context(), f.Run)
	if err := e.Close(); err != nil {
		return err
	}
	if err != nil {
		return nil //nolint:nilerr // it begins now
	}
	for _, flag := range []struct {
		name, was string
		same      bool
	}{
		{"rounds", fmt.Sprint(run.Rounds), run.Rounds == f.Rounds},
		{"gap", run.Gap.String(), run.Gap == f.Gap},
		{"sample", fmt.Sprint(run.Sample), run.Sample == f.Draw.Sample},
		{"seed", fmt.Sprint(run.Seed), run.Seed == f.Draw.Seed},
		{"timeout", run.Timeout.String(), run.Timeout == 0 || run.Timeout == f.Timeout},
	} {
		if cmd.Flags().Changed(flag.name) && !flag.same {
			return fmt.Errorf("%w: the audit %s was begun with --%s %s; leave the flag out to go on, or give another run a name of its own", uptime.ErrConflict, run.ID, flag.name, flag.was)
		}
	}
	return nil
}

// complete reads what is not a plain flag.
func (f *auditFlags) complete(sh Shell, args []string) (err error) {
	const try = "audit run 2026-q4 --from listings.csv"
	f.Run = uptime.AuditRunID(quarter(time.Now().UTC()))
	if len(args) == 1 {
		f.Run = uptime.AuditRunID(args[0])
	}
	switch {
	case len(args) > 1:
		return usage(try, "want one name of a run, got %d", len(args))
	case !runForm.MatchString(string(f.Run)):
		return usage(try, "the name of a run has lower-case letters, digits and hyphens, at most 64")
	case f.Rounds < 1 || f.Rounds > 100:
		return usage(try+" --rounds 3", "--rounds is 1 to 100")
	case f.Gap < 0 || f.Gap > 90*24*time.Hour:
		return usage(try+" --gap 24h", "--gap is 0s to 2160h")
	case f.Rate < 0 || f.Rate > 100_000:
		return usage(try+" --rate 20", "--rate is 0 to 100000")
	case f.Attempts < 1 || f.Attempts > 3:
		return usage(try+" --attempts 2", "--attempts is 1 to 3")
	case f.Timeout < time.Millisecond || f.Timeout > 50*time.Second:
		return usage(try+" --timeout 15s", "--timeout is 1ms to 50s")
	case f.Draw.Sample < 0 || f.Draw.Delisted < 0 || f.PerHost < 1 || f.HostGap < 0 || f.AttemptGap < 0:
		return usage(try, "--sample, --delisted, --host-gap and --attempt-gap are not negative, --per-host is at least 1")
	}
	if f.HostGap == 0 {
		f.HostGap = -1
	}
	return f.surround(sh)
}

// surround reads the configuration and what reaches the servers.
func (f *auditFlags) surround(sh Shell) error {
	file, err := configOr(sh, f.config)
	if err != nil {
		return err
	}
	f.Dir = cmp.Or(f.Dir, file.Data)
	if f.contact != "" {
		file.Probe.Contact, file.Registries.Contact = f.contact, f.contact
	}
	if file.Whom() == "" && !f.Private {
		return usage("audit run --contact https://example.com/audit", "an audit is made under a name: say with --contact, or with contact in the configuration, whom the servers' operators can ask about it")
	}
	if f.Regions, err = parseRegions(f.from); err != nil {
		return err
	}
	if _, err := os.Stat(f.Dir); f.From == "" && err != nil { // before it is made
		return usage("audit run --from listings.csv", "nothing is listed in %s yet: read the registries first, with %s, or say with --from what is listed", f.Dir, f.crawl())
	}
	if len(f.from) == 0 {
		f.Regions = file.Regions
	}
	if len(f.References) == 0 {
		f.References = file.ReferenceEndpoints
	}
	if f.Resolver, err = parseResolver(f.resolver, "audit run"); err != nil {
		return err
	}
	if f.Roots, err = readRoots(f.caFile); err != nil {
		return err
	}
	f.UserAgent, f.Version = app.UserAgent(file, build().Version), build().Version
	if f.tokens != "" {
		if f.Tokens, err = app.ReadTokens(f.tokens, sh.secret); err != nil {
			return err
		}
	}
	f.Remark = sh.remark
	f.Command = append([]string{"alivemcp"}, sh.Args...)
	f.Log = slog.New(slog.DiscardHandler)
	return nil
}

// crawl is the command that reads the registries for this one.
func (f *auditFlags) crawl() string {
	if f.config == "" {
		return "alivemcp registry crawl"
	}
	return "alivemcp registry crawl --config " + f.config
}

// parseRegions reads ID[=CITY[:EGRESS]].
func parseRegions(words []string) (out []config.Region, err error) {
	const try = "audit run --region eu=London --region us=Ashburn:socks5://10.0.0.5:1080"
	seen := map[string]bool{}
	for _, word := range words {
		id, rest, _ := strings.Cut(word, "=")
		city, egress, _ := strings.Cut(rest, ":")
		if !runForm.MatchString(id) || seen[id] {
			return nil, usage(try, "a region is ID[=CITY[:EGRESS]], and each id has lower-case letters, digits and hyphens and stands once")
		}
		if err := app.CheckEgress(egress); err != nil {
			return nil, usage(try, "region %s: %v", id, err)
		}
		seen[id] = true
		out = append(out, config.Region{ID: id, City: city, Egress: egress})
	}
	if len(out) > 64 {
		return nil, usage(try, "there are %d regions, the most is 64", len(out))
	}
	return out, nil
}

// progressWords says how far a run is.
func progressWords(p *audit.Progress, now time.Time) string {
	if p == nil {
		return "reading what is listed"
	}
	words := fmt.Sprintf("round %d, %d of %d looks", p.Round, p.Done, p.Total)
	if !p.Next.IsZero() && p.Next.After(now) {
		words += ", the next round begins in " + p.Next.Sub(now).Round(time.Second).String()
	}
	if p.Rate > 0 {
		words += fmt.Sprintf(", %.1f a second", p.Rate)
	}
	if left := p.ETA.Sub(now); !p.ETA.IsZero() && left > 0 {
		words += ", done in about " + left.Round(time.Second).String()
	}
	return words
}
