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
	return s.URL + "/mcp"
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

// planted lists what the audit is to find out.
func planted(t *testing.T) (list *truth, proxy string) {
	t.Helper()
	s, list := newStage(t), newTruth()
	for _, one := range lab.Scenarios() {
		if ordinary(s.lab, &one) {
			list.add(one.Name, s.lab.URL(one.Name), bucketOf(&one.Expect, one.Expect.Cause))
		}
	}
	list.add("changing", changing(t), uptime.BucketDrift)
	var far []string
	for i := range 3 {
		d := s.door("weather")
		far = append(far, strings.TrimPrefix(d.URL, "http://"))
		list.add(fmt.Sprintf("far-%d", i), d.URL+"/mcp", uptime.BucketRegional)
	}
	list.add("template", "https://{tenant}.acme-corp.dev/mcp", uptime.BucketTemplated)
	list.add("example", "https://mcp.example.com/mcp", uptime.BucketTemplated)
	list.add("junk", "see the README", uptime.BucketTemplated)
	return list, wall(t, far...)
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
		Command: []string{"alivemcp", "audit", "run", "trial", "--region", "c=Celle:http://me:SECRET@proxy.example:1"}, Log: slog.New(slog.DiscardHandler),
	}
}

// TestAuditTruth: the audit finds out the truth about every server of the lab, from
// three regions in three rounds, although it is cut off in the middle.
func TestAuditTruth(t *testing.T) {
	if testing.Short() {
		t.Skip("looks at hundreds of servers nine times")
	}
	list, proxy := planted(t)
	if len(list.of) < 200 {
		t.Errorf("only %d endpoints are planted", len(list.of))
	}
	opt := auditOf(t, list, proxy)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	opt.Progress = func(p audit.Progress) {
		if p.Done > p.Total/2 {
			cancel()
		}
	}
	if err := app.RunAudit(ctx, opt); !errors.Is(err, context.Canceled) {
		t.Fatalf("cut off, the audit says %v", err)
	}
	opt.Progress = nil
	if err := app.RunAudit(t.Context(), opt); err != nil {
		t.Fatal(err)
	}
	if err := app.RunAudit(t.Context(), opt); !errors.Is(err, uptime.ErrConflict) {
		t.Errorf("an audit that is over goes on: %v", err)
	}
	e, err := app.OpenEvidence(t.Context(), opt.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	checkTruth(t, list, e)
	checkReport(t, list, e)
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
	for _, name := range slices.Sorted(maps.Keys(list.of)) {
		if got[name] != list.of[name] {
			t.Errorf("%s is %q, want %q: %s", name, got[name], list.of[name], why[name])
		}
	}
	if want := "alivemcp audit run trial --region"; !strings.HasPrefix(run.Command, want) || strings.Contains(run.Command, "SECRET") {
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
	list.add("nobody", "http://127.0.0.1:1/mcp", uptime.BucketDead)
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
