package audit

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// WriteJSON writes the report with all its numbers; see [Schema].
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	if err := e.Encode(r); err != nil {
		return fmt.Errorf("writing the report %s: %w", r.Run.ID, err)
	}
	return nil
}

// WriteEndpoints writes a row of CSV for each endpoint that is counted, in the
// order of keys: what it is, its bucket, and the classes of its looks, region by
// region, round by round. No cell is a formula to a spreadsheet.
func WriteEndpoints(ctx context.Context, w io.Writer, run uptime.AuditRun, evidence Evidence) error {
	out := newSheet(w, "endpoint", "url", "kind", "why_not_probed", "host", "platform", "registries", "listings", "names", "bucket", "regions_passing", "regions_failing",
		"looks_expected", "looks_judged", "era", "protocol_version", "transport", "server_version", "sdk", "listed_version", "listed_transport", "listings_disagree", "tools_hash", "changes", "contract_changes", "token_rounds", "token_rounds_failed", "looks")
	c := newCollector(&run)
	return out.rows(ctx, run.ID, evidence, func(t *uptime.AuditTarget, looks []uptime.AuditLook) {
		s := c.see(t, looks)
		f := c.live(s)
		out.row(string(t.Key), t.URL, string(t.Kind), t.Why, t.Host, t.Platform, sources(t), strconv.Itoa(t.Listings), strings.Join(t.Names, "; "), string(c.bucket(s)),
			strconv.Itoa(s.pass), strconv.Itoa(s.fail), strconv.Itoa(s.expected), strconv.Itoa(s.judged), f.era, f.version, f.transport, f.serverVer, f.sdk,
			t.ListedVersion, t.ListedTransport, strings.Join(t.Disagree, "; "), f.tools, strconv.Itoa(s.drift.changes), strconv.Itoa(s.drift.contract), some(s.tokenRounds), some(s.tokenFailed), classes(cities(c.run), s))
	})
}

func sources(t *uptime.AuditTarget) string {
	var out []string
	for _, s := range t.Sources {
		out = append(out, string(s))
	}
	return strings.Join(out, "; ")
}

// classes writes the classes of all looks: "London: ok ok dead; Tokyo: ...".
func classes(cities []string, s *sight) string {
	if !s.remote {
		return ""
	}
	var out []string
	for i, row := range s.class {
		words := []string{cities[i] + ":"}
		for _, c := range row {
			words = append(words, string(c))
		}
		out = append(out, strings.Join(words, " "))
	}
	return strings.Join(out, "; ")
}

// WriteLooks writes a row of CSV for each look at the endpoints that are counted,
// from which others can judge by themselves.
func WriteLooks(ctx context.Context, w io.Writer, run uptime.AuditRun, evidence Evidence) error {
	out := newSheet(w, "endpoint", "round", "region", "at", "class", "state", "cause", "reason", "failed_step", "http_status", "access", "auth_broken", "auth_metadata", "transport", "era", "protocol_version",
		"server_name", "server_version", "sdk", "tools", "tools_hash", "contract_hash", "malformed", "handshake_ms", "total_ms", "attempts", "token_state")
	table, places := LookTable(), map[string]string{}
	for i, city := range cities(&run) {
		places[run.Regions[i].ID] = city
	}
	return out.rows(ctx, run.ID, evidence, func(_ *uptime.AuditTarget, looks []uptime.AuditLook) {
		for i := range looks {
			l := &looks[i]
			out.row(string(l.Endpoint), strconv.Itoa(l.Round), places[l.Region], l.At.UTC().Format(time.RFC3339), string(classOf(table, l)), l.State.String(), string(l.Cause), string(l.Cause.Reason()), string(l.Failed), some(l.Status),
				string(l.Access), l.AuthBroken, strconv.FormatBool(l.AuthChain), string(l.Transport), string(l.Era), l.Version, l.ServerName, l.ServerVer, l.SDK, some(l.Tools), l.ToolsHash, l.ContractHash,
				strings.Join(l.Malformed, "; "), some(l.Handshake), some(l.Total), some(l.Attempts), tokenState(l))
		}
	})
}

// some writes a number that is there.
func some(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func tokenState(l *uptime.AuditLook) string {
	if l.Demo == uptime.Unknown {
		return ""
	}
	return l.Demo.String()
}

// sheet writes CSV and remembers the first error.
type sheet struct {
	csv *csv.Writer
	err error
}

func newSheet(w io.Writer, head ...string) *sheet {
	s := &sheet{csv: csv.NewWriter(w)}
	s.err = s.csv.Write(head)
	return s
}

func (s *sheet) row(cells ...string) {
	for i, c := range cells {
		cells[i] = inert(c)
	}
	if s.err == nil {
		s.err = s.csv.Write(cells)
	}
}

// rows shows what is counted: not those who opted out, nor those that were looked
// at without being listed.
func (s *sheet) rows(ctx context.Context, id uptime.AuditRunID, evidence Evidence, do func(*uptime.AuditTarget, []uptime.AuditLook)) error {
	err := evidence.AuditEvidence(ctx, id, func(t *uptime.AuditTarget, looks []uptime.AuditLook) error {
		if !t.Optout && t.Gone.IsZero() {
			do(t, looks)
		}
		return s.err
	})
	if err == nil {
		s.csv.Flush()
		err = s.csv.Error()
	}
	if err != nil {
		return fmt.Errorf("writing the evidence of %s: %w", id, err)
	}
	return nil
}

// split is a formula behind a semicolon, which spreadsheets of many countries take
// for the end of a cell.
var split = regexp.MustCompile(`(;[ \x{a0}'"]*)([=+\-@＝＋－＠])`)

// inert returns a cell that no spreadsheet takes for a formula, on one line.
func inert(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	s = split.ReplaceAllString(s, "$1'$2")
	if first, _ := utf8.DecodeRuneInString(strings.TrimLeft(s, " \u00a0'\"")); strings.ContainsRune("=+-@＝＋－＠", first) {
		return "'" + s
	}
	return s
}
