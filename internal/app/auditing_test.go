package app_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/audit"
	"github.com/alivemcp/alivemcp/internal/audit/audittest"
	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// plant is what the audit is to find out.
type plant struct {
	audittest.Truth
	tokens *listedTokens
	proxy  string
	owners []string // addresses whose owners opt out when the first looks are made
}

// planted lists a few endpoints of most buckets. The trial of all of them, with
// servers that others wrote, is in the package e2e.
func planted(t *testing.T) *plant {
	t.Helper()
	s, p := newStage(t), &plant{tokens: newTokens()}
	const few = 4
	limited, pages, owned, change := s.gate(audittest.Says(http.StatusTooManyRequests, "slow down")), s.gate(audittest.Says(http.StatusOK, "<html>It works!</html>")), s.gate(nil), audittest.Changing(t)
	var far []string
	for i := range few {
		p.Add(fmt.Sprintf("template-%d", i), fmt.Sprintf("https://{tenant}.acme-%d.dev/mcp", i), uptime.BucketTemplated)
		p.Add(fmt.Sprintf("nobody-%d", i), fmt.Sprintf("http://127.0.77.7:47999/%d/mcp", i), uptime.BucketDead)
		p.Add(fmt.Sprintf("limited-%d", i), fmt.Sprintf("%s/%d/mcp", limited, i), uptime.BucketLimited)
		p.Add(fmt.Sprintf("page-%d", i), fmt.Sprintf("%s/%d/mcp", pages, i), uptime.BucketNotMCP)
		p.Add(fmt.Sprintf("changing-%d", i), fmt.Sprintf("%s/%d/mcp", change, i), uptime.BucketDrift)
		at := s.gate(nil)
		far = append(far, strings.TrimPrefix(at, "http://"))
		p.Add(fmt.Sprintf("far-%d", i), at+"/mcp", uptime.BucketRegional)
		at = fmt.Sprintf("%s/%d/mcp", owned, i)
		p.Add(fmt.Sprintf("owned-%d", i), at, uptime.BucketUnknown)
		p.owners = append(p.owners, at)
	}
	p.proxy = audittest.Wall(t, far...)
	p.withTokens(s, few)
	return p
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
		{"revoked", s.gate(audittest.Refuses(http.StatusUnauthorized)), uptime.Degraded, uptime.BucketCredentialed},
		{"forbidden", s.gate(audittest.Refuses(http.StatusForbidden)), uptime.Degraded, uptime.BucketCredentialed},
		{"crashing", s.gate(audittest.Refuses(http.StatusInternalServerError)), uptime.Down, uptime.BucketCredentialed},
		{"spent", s.gate(audittest.Refuses(http.StatusTooManyRequests)), uptime.Unknown, uptime.BucketStable},
		{"limited-all", s.gate(audittest.Says(http.StatusTooManyRequests, "slow down")), uptime.Unknown, uptime.BucketLimited},
	} {
		for i := range few {
			name, at := fmt.Sprintf("%s-%d", kind.name, i), fmt.Sprintf("%s/%d/mcp", kind.gate, i)
			p.Add(name, at, kind.bucket)
			p.tokens.add(name, at, kind.state)
		}
	}
	for name, state := range map[string]uptime.State{"credential-bearer": uptime.Live, "credential-header": uptime.Live, "credential-refused": uptime.Degraded, "credential-scope": uptime.Degraded} {
		bucket := uptime.BucketAuthProper
		if name == "credential-header" {
			bucket = uptime.BucketAuthCustom
		}
		p.Add(name, s.lab.URL(name), bucket) // walled for strangers: the token decides nothing
		p.tokens.ofLab(name, s.lab.URL(name), s.lab.Server(name).Profile.Credential, state)
	}
}

func auditOf(t *testing.T, list *audittest.Truth, proxy string) app.AuditOptions {
	t.Helper()
	file := filepath.Join(t.TempDir(), "listings.csv")
	if err := os.WriteFile(file, list.CSV(), 0o600); err != nil {
		t.Fatal(err)
	}
	return app.AuditOptions{
		Run: "trial", Dir: t.TempDir(), From: file, Rounds: 3, Gap: 24 * time.Hour, Clock: audittest.NewClock(time.Now(), audittest.Rest), HostGap: -1, PerHost: 100,
		Regions: []config.Region{{ID: "a", City: "Aachen"}, {ID: "b", City: "Bonn"}, {ID: "c", City: "Celle", Egress: proxy}},
		Private: true, Timeout: 3 * time.Second, Attempts: 1, UserAgent: "AliveMCP/test", Version: "1.2.3",
		Command: []string{"alivemcp", "audit", "run", "trial", "--tokens", "/home/me/tokens.csv", "--region", "c=Celle:http://me:SECRET@proxy.example:1"}, Log: slog.New(slog.DiscardHandler),
	}
}

// TestAuditTruth: the audit finds out the truth from three regions in three rounds
// a day apart, although it is cut off in the middle and owners opt out then.
func TestAuditTruth(t *testing.T) {
	list := planted(t)
	opt := auditOf(t, &list.Truth, list.proxy)
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
	checkTruth(t, &list.Truth, e)
	checkTokens(t, list.tokens, e)
	for i := range list.Truth {
		if p := &list.Truth[i]; slices.Contains(list.owners, p.URL) {
			p.Bucket = "" // the report counts them nowhere
		}
	}
	checkReport(t, slices.DeleteFunc(list.Truth, func(p audittest.Planted) bool { return p.Bucket == "" }), e)
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
func checkTruth(t *testing.T, list *audittest.Truth, e *app.Evidence) {
	t.Helper()
	run, err := e.Run(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	list.Hold(t, &run, e)
	if want := "alivemcp audit run trial --tokens tokens.csv --region"; !strings.HasPrefix(run.Command, want) || strings.Contains(run.Command, "SECRET") {
		t.Errorf("the command is told as %s", run.Command)
	}
}

// checkReport writes the report in every form twice: the bytes are the same, and the
// counts are the truth.
func checkReport(t *testing.T, list audittest.Truth, e *app.Evidence) {
	t.Helper()
	var before [5][]byte
	for range 2 {
		r, err := e.Report(t.Context(), "trial", "")
		if err != nil {
			t.Fatal(err)
		}
		list.HoldCounts(t, r)
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
	opt := auditOf(t, &audittest.Truth{}, "")
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
	list := &audittest.Truth{}
	list.Add("template", "https://{tenant}.acme-corp.dev/mcp", uptime.BucketTemplated)
	list.Add("nobody", "http://127.0.77.7:47999/mcp", uptime.BucketDead)
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
	if err := admin.Publish(t.Context(), opt.Dir, "trial"); err == nil || !strings.Contains(err.Error(), "the audit trial is published there already") {
		t.Errorf("a second time: %v", err)
	}
}
