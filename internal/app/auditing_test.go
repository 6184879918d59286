package app_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/audit"
	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/lab"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// audited is how many endpoints the trial looks at.
const audited = 500

// truth is what is listed, and the bucket in which each address belongs.
type truth struct {
	rows bytes.Buffer
	of   map[string]uptime.AuditBucket // by name
}

func newTruth() *truth {
	t := &truth{of: map[string]uptime.AuditBucket{}}
	t.rows.WriteString("name,registry,url,transport\n")
	return t
}

func (t *truth) add(name, url string, bucket uptime.AuditBucket) {
	_, _ = fmt.Fprintf(&t.rows, "%s,%s,%s,streamable-http\n", name, []string{"official", "docker"}[len(t.of)%2], url)
	t.of[name] = bucket
}

// ordinary reports a scenario that an audit meets as its own check does: without
// anything that strangers cannot know, and within its time. One that may rightly
// be said to fail in ways that belong in two buckets has no one truth.
func ordinary(l *lab.Lab, s *lab.Scenario) bool {
	plain := s.Setup
	plain.Timeout, plain.Attempts = 0, 0
	srv := l.Server(s.Name)
	if plain != (lab.Setup{}) || !cmp.Equal(srv.Profile, uptime.Profile{}) || s.Name == "slow-handshake" {
		return false
	}
	return !slices.ContainsFunc(s.Expect.AnyCause, func(c uptime.Cause) bool { return bucketOf(&s.Expect, c) != bucketOf(&s.Expect, s.Expect.Cause) })
}

// bucketOf is where a server belongs that always behaves as the scenario says.
func bucketOf(e *lab.Expect, cause uptime.Cause) uptime.AuditBucket {
	look := uptime.AuditLook{State: e.State, Cause: cause, Access: e.Access}
	if cause != e.Cause {
		look.State = cause.Effect()
	}
	if cause == "" && cause != e.Cause {
		look.State = uptime.Live
	}
	for _, id := range e.Findings {
		if id == "tool_entry_invalid" || id == "tool_schema_invalid" { // for which strict clients drop the list
			look.Malformed = append(look.Malformed, id)
		}
	}
	return map[audit.Class]uptime.AuditBucket{
		audit.ClassOK: uptime.BucketStable, audit.ClassDead: uptime.BucketDead, audit.ClassNotMCP: uptime.BucketNotMCP,
		audit.ClassAuthProper: uptime.BucketAuthProper, audit.ClassAuthCustom: uptime.BucketAuthCustom, audit.ClassAuthBroken: uptime.BucketAuthBroken,
		audit.ClassMalformed: uptime.BucketMalformed, audit.ClassLimited: uptime.BucketLimited, audit.ClassUnknown: uptime.BucketUnknown,
	}[audit.ClassOf(&look)]
}

// changing is a server that lists another tool each time.
func changing(t *testing.T) string {
	t.Helper()
	var n atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, rest, _ := strings.Cut(string(body), `"id":`)
		id, _, _ := strings.Cut(rest, ",")
		w.Header().Set("Content-Type", "application/json")
		switch text := string(body); {
		case strings.Contains(text, `"initialize"`):
			_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"changing","version":"1"}}}`, strings.TrimRight(id, "}"))
		case strings.Contains(text, `"tools/list"`):
			_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"t%d","description":"Changes.","inputSchema":{"type":"object"}}]}}`, strings.TrimRight(id, "}"), n.Add(1))
		case strings.Contains(text, `"notifications/`):
			w.WriteHeader(http.StatusAccepted)
		default:
			_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"Method not found"}}`, strings.TrimRight(id, "}"))
		}
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// wall is a proxy through which some ports cannot be reached.
func wall(t *testing.T, never ...string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to, err := netip.ParseAddrPort(r.Host)
		if r.Method != http.MethodConnect || err != nil || slices.Contains(never, to.String()) {
			http.Error(w, "no way", http.StatusBadGateway)
			return
		}
		out, err := (&net.Dialer{}).DialContext(r.Context(), "tcp", to.String())
		if err != nil {
			http.Error(w, "refused", http.StatusBadGateway)
			return
		}
		in, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			_ = out.Close()
			return
		}
		_, _ = io.WriteString(in, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(out, in); _ = out.Close() }()
		go func() { _, _ = io.Copy(in, out); _ = in.Close() }()
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// plant is what the audit is to find out.
type plant struct {
	*truth
	tokens *listedTokens
	proxy  string
	owners []string // addresses whose owners opt out when the first looks are made
}

// planted lists audited endpoints, some of every bucket.
func planted(t *testing.T) *plant {
	t.Helper()
	s, p := newStage(t), &plant{truth: newTruth(), tokens: newTokens()}
	p.scenarios(s, "", func(*lab.Scenario) bool { return true })
	few := audited / 50
	p.failing(s, few)
	p.withTokens(s, few)
	p.moving(t, s, few)
	if again := newStage(t); audited >= 500 {
		p.scenarios(again, "again-", func(s *lab.Scenario) bool {
			return slices.Contains([]string{"auth", "tools", "handshake", "json-rpc"}, s.Group)
		})
	}
	crowd := s.gate(nil)
	for i := 0; len(p.of) < audited; i++ {
		p.add(fmt.Sprintf("crowd-%d", i), fmt.Sprintf("%s/%d/mcp", crowd, i), uptime.BucketStable)
	}
	return p
}

// scenarios lists the lab's.
func (p *plant) scenarios(s *stage, prefix string, which func(*lab.Scenario) bool) {
	for _, one := range lab.Scenarios() {
		if ordinary(s.lab, &one) && which(&one) {
			p.add(prefix+one.Name, s.lab.URL(one.Name), bucketOf(&one.Expect, one.Expect.Cause))
		}
	}
}

// failing lists what is never looked at, dead, limited or no MCP.
func (p *plant) failing(s *stage, few int) {
	limited, pages := s.gate(says(http.StatusTooManyRequests, "slow down")), s.gate(says(http.StatusOK, "<html>It works!</html>"))
	for i := range few {
		p.add(fmt.Sprintf("template-%d", i), fmt.Sprintf("https://{tenant}.acme-%d.dev/mcp", i), uptime.BucketTemplated)
		p.add(fmt.Sprintf("example-%d", i), fmt.Sprintf("https://mcp%d.example.com/mcp", i), uptime.BucketTemplated)
		p.add(fmt.Sprintf("junk-%d", i), fmt.Sprintf("see README %d", i), uptime.BucketTemplated)
		p.add(fmt.Sprintf("nobody-%d", i), fmt.Sprintf("http://127.0.77.7:47999/%d/mcp", i), uptime.BucketDead)
		p.add(fmt.Sprintf("limited-%d", i), fmt.Sprintf("%s/%d/mcp", limited, i), uptime.BucketLimited)
		p.add(fmt.Sprintf("page-%d", i), fmt.Sprintf("%s/%d/mcp", pages, i), uptime.BucketNotMCP)
	}
}

// withTokens lists servers with published tokens, which work or not.
func (p *plant) withTokens(s *stage, few int) {
	for _, kind := range []struct {
		name   string
		gate   string
		state  uptime.State
		bucket uptime.AuditBucket
	}{
		{"accepted", s.gate(func(http.ResponseWriter, *http.Request) bool { return false }), uptime.Live, uptime.BucketStable},
		{"revoked", s.gate(refuses(http.StatusUnauthorized)), uptime.Degraded, uptime.BucketCredentialed},
		{"forbidden", s.gate(refuses(http.StatusForbidden)), uptime.Degraded, uptime.BucketCredentialed},
		{"crashing", s.gate(refuses(http.StatusInternalServerError)), uptime.Down, uptime.BucketCredentialed},
		{"spent", s.gate(refuses(http.StatusTooManyRequests)), uptime.Unknown, uptime.BucketStable},
		{"limited-all", s.gate(says(http.StatusTooManyRequests, "slow down")), uptime.Unknown, uptime.BucketLimited},
	} {
		for i := range few / 2 {
			name, at := fmt.Sprintf("%s-%d", kind.name, i), fmt.Sprintf("%s/%d/mcp", kind.gate, i)
			p.add(name, at, kind.bucket)
			p.tokens.add(name, at, kind.state)
		}
	}
	for name, state := range map[string]uptime.State{"credential-bearer": uptime.Live, "credential-header": uptime.Live, "credential-refused": uptime.Degraded, "credential-scope": uptime.Degraded} {
		bucket := uptime.BucketAuthProper
		if name == "credential-header" {
			bucket = uptime.BucketAuthCustom
		}
		p.add(name, s.lab.URL(name), bucket) // walled for strangers: the token decides nothing
		p.tokens.ofLab(name, s.lab.URL(name), s.lab.Server(name).Profile.Credential, state)
	}
}

// moving lists what is not the same at all times and from everywhere.
func (p *plant) moving(t *testing.T, s *stage, few int) {
	t.Helper()
	change, owned := changing(t), s.gate(nil)
	var far []string
	for i := range few {
		p.add(fmt.Sprintf("changing-%d", i), fmt.Sprintf("%s/%d/mcp", change, i), uptime.BucketDrift)
		at := s.gate(nil)
		far = append(far, strings.TrimPrefix(at, "http://"))
		p.add(fmt.Sprintf("far-%d", i), at+"/mcp", uptime.BucketRegional)
		at = fmt.Sprintf("%s/%d/mcp", owned, i)
		p.add(fmt.Sprintf("owned-%d", i), at, uptime.BucketUnknown)
		p.owners = append(p.owners, at)
	}
	p.proxy = wall(t, far...)
}

func auditOf(t *testing.T, list *truth, proxy string) app.AuditOptions {
	t.Helper()
	file := filepath.Join(t.TempDir(), "listings.csv")
	if err := os.WriteFile(file, list.rows.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return app.AuditOptions{
		Run: "trial", Dir: t.TempDir(), From: file, Rounds: 3, Gap: 10 * time.Millisecond, HostGap: -1, PerHost: 100,
		Regions: []config.Region{{ID: "a", City: "Aachen"}, {ID: "b", City: "Bonn"}, {ID: "c", City: "Celle", Egress: proxy}},
		Private: true, Timeout: 3 * time.Second, Attempts: 1, UserAgent: "AliveMCP/test", Version: "1.2.3",
		Command: []string{"alivemcp", "audit", "run", "trial", "--tokens", "/home/me/tokens.csv", "--region", "c=Celle:http://me:SECRET@proxy.example:1"}, Log: slog.New(slog.DiscardHandler),
	}
}

// TestAuditTruth: the audit finds out the truth about every server of the lab, from
// three regions in three rounds, although it is cut off in the middle.
func TestAuditTruth(t *testing.T) {
	if testing.Short() {
		t.Skip("looks at hundreds of servers nine times")
	}
	list := planted(t)
	planted := slices.Collect(maps.Values(list.of))
	if len(planted) != audited || slices.ContainsFunc(audit.Buckets(), func(b uptime.AuditBucket) bool { return !slices.Contains(planted, b) }) {
		t.Errorf("%d endpoints are planted, want %d, some for every bucket", len(planted), audited)
	}
	opt := auditOf(t, list.truth, list.proxy)
	list.tokens.rows.WriteString("https://nobody.acme-corp.dev/mcp,,unused,,,\n")
	opt.Tokens = list.tokens.read(t)
	cutOff(t, opt)
	optOut(t, opt.Dir, list.owners)
	without := opt
	if without.Tokens = (app.Tokens{}); !errors.Is(app.RunAudit(t.Context(), without), uptime.ErrConflict) {
		t.Error("the audit goes on without the tokens that it began with")
	}
	var told []string
	opt.Remark = func(s string) { told = append(told, s) }
	if err := app.RunAudit(t.Context(), opt); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("line %d of tokens.csv is for no endpoint", list.tokens.line+1); len(told) != 1 || !strings.HasPrefix(told[0], want) {
		t.Errorf("told %q, want %q", told, want)
	}
	if err := app.RunAudit(t.Context(), opt); !errors.Is(err, uptime.ErrConflict) {
		t.Errorf("an audit that is over goes on: %v", err)
	}
	e, err := app.OpenEvidence(t.Context(), opt.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	checkTruth(t, list.truth, e)
	checkTokens(t, list.tokens, e)
	checkReport(t, list.truth, e)
	checkNowhere(t, opt.Dir, demoSecret)
}

// cutOff audits until a part of the first round is kept.
func cutOff(t *testing.T, opt app.AuditOptions) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	opt.Progress = func(p audit.Progress) {
		if p.Done > 0 {
			cancel()
		}
	}
	if err := app.RunAudit(ctx, opt); !errors.Is(err, context.Canceled) {
		t.Fatalf("cut off, the audit says %v", err)
	}
}

// checkTruth compares the bucket of each endpoint.
func checkTruth(t *testing.T, list *truth, e *app.Evidence) {
	t.Helper()
	run, err := e.Run(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]uptime.AuditBucket{}
	why := map[string]string{}
	err = e.AuditEvidence(t.Context(), run.ID, func(target *uptime.AuditTarget, looks []uptime.AuditLook) error {
		for _, name := range target.Names {
			got[name] = audit.Classify(&run, target, looks)
			for _, l := range looks[:min(1, len(looks))] {
				why[name] = fmt.Sprintf("%s %s %s %v", l.State, l.Cause, l.Access, l.Malformed)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	counts := map[uptime.AuditBucket]int{}
	for _, b := range got {
		counts[b]++
	}
	t.Logf("%d endpoints: %v", len(got), counts)
	for _, name := range slices.Sorted(maps.Keys(list.of)) {
		if got[name] != list.of[name] {
			t.Errorf("%s is %q, want %q: %s", name, got[name], list.of[name], why[name])
		}
	}
	if want := "alivemcp audit run trial --tokens tokens.csv --region"; !strings.HasPrefix(run.Command, want) || strings.Contains(run.Command, "SECRET") {
		t.Errorf("the command is told as %s", run.Command)
	}
}

// checkReport writes the report in every form twice: the bytes are the same, and the
// counts are the truth.
func checkReport(t *testing.T, list *truth, e *app.Evidence) {
	t.Helper()
	want := map[uptime.AuditBucket]int{}
	for _, b := range list.of {
		want[b]++
	}
	want[uptime.BucketUnknown] = 0 // their owners opted out meanwhile: the report counts them nowhere
	var before [5][]byte
	for range 2 {
		r, err := e.Report(t.Context(), "trial", "")
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range r.Buckets {
			if b.Endpoints != want[b.Bucket] {
				t.Errorf("%d endpoints are %s, want %d", b.Endpoints, b.Bucket, want[b.Bucket])
			}
		}
		run, _ := e.Run(t.Context(), "trial")
		for i, write := range []func(io.Writer) error{
			r.WritePage, r.WriteMarkdown, r.WriteJSON,
			func(w io.Writer) error { return audit.WriteEndpoints(t.Context(), w, run, e) },
			func(w io.Writer) error { return audit.WriteLooks(t.Context(), w, run, e) },
		} {
			var b bytes.Buffer
			if err := write(&b); err != nil {
				t.Fatal(err)
			}
			if before[i] != nil && !bytes.Equal(before[i], b.Bytes()) {
				t.Errorf("form %d differs from one time to the next", i)
			}
			before[i] = b.Bytes()
		}
	}
}

// TestAuditRefuses: what cannot be audited is said, and makes no directory.
func TestAuditRefuses(t *testing.T) {
	opt := auditOf(t, newTruth(), "")
	opt.Dir = filepath.Join(opt.Dir, "new")
	from := opt.From
	opt.From = "nowhere.csv"
	if err := app.RunAudit(t.Context(), opt); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("without listings: %v", err)
	}
	if _, err := os.Stat(opt.Dir); err == nil {
		t.Error("a directory was made")
	}
	opt.From = from
	if err := app.RunAudit(t.Context(), opt); !errors.Is(err, uptime.ErrNotFound) {
		t.Errorf("with nothing listed: %v", err)
	}
	if _, err := app.OpenEvidence(t.Context(), t.TempDir()); err == nil {
		t.Error("evidence was found where none is")
	}
}

// TestPublish: a run that is over is copied to a monitor that runs; one that is not
// over is refused.
func TestPublish(t *testing.T) {
	list := newTruth()
	list.add("template", "https://{tenant}.acme-corp.dev/mcp", uptime.BucketTemplated)
	list.add("nobody", "http://127.0.77.7:47999/mcp", uptime.BucketDead)
	opt := auditOf(t, list, "")
	opt.Regions, opt.Rounds = opt.Regions[:1], 1
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	r := newRig(t)
	m := r.start(r.file("", "slug: own, url: http://127.0.0.1:1/mcp"))
	admin, err := app.OpenAdmin(t.Context(), r.dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = admin.Close() }()
	if err := app.RunAudit(ctx, opt); err == nil {
		t.Error("an audit was made although it was cut off at once")
	}
	if err := app.RunAudit(t.Context(), opt); err != nil {
		t.Fatal(err)
	}
	if err := admin.Publish(t.Context(), opt.Dir, "trial"); err != nil {
		t.Fatal(err)
	}
	run, err := m.Store().AuditRun(t.Context(), "trial")
	if err != nil || run.Ended.IsZero() || run.Endpoints != 2 {
		t.Errorf("published %+v, %v", run, err)
	}
	checkTruth(t, list, &app.Evidence{Store: m.Store()})
	if err := admin.Publish(t.Context(), opt.Dir, "trial"); err == nil || !strings.Contains(err.Error(), "there is an audit trial already") {
		t.Errorf("a second time: %v", err)
	}
}
