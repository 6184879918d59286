package app_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/audit/audittest"
	"github.com/alivemcp/alivemcp/internal/endpoint"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// demoSecret is in every published token of the trial.
const demoSecret = "s3cret-demo-"

// gate is a server in front of good ones of the lab.
func (s *stage) gate(keep audittest.Keep) string {
	s.t.Helper()
	return audittest.Gate(s.t, s.lab.URL("weather"), keep)
}

// listedTokens is a file of published tokens.
type listedTokens struct {
	rows  bytes.Buffer
	works map[string]uptime.State // by name: what the looks with the token say
	line  int
}

func newTokens() *listedTokens {
	l := &listedTokens{works: map[string]uptime.State{}, line: 1}
	l.rows.WriteString("url,endpoint,token,header,value,published at\n")
	return l
}

// add lists a token, in one of the forms in which addresses and tokens are written.
func (l *listedTokens) add(name, at string, state uptime.State) {
	l.line++
	l.works[name] = state
	token := demoSecret + name
	switch l.line % 4 {
	case 0:
		_, _ = fmt.Fprintf(&l.rows, "%s#top,,%s,,,the README\n", strings.Replace(at, "http:", "HTTP:", 1), token)
	case 1:
		_, _ = fmt.Fprintf(&l.rows, ",%s,,X-Api-Key,%s,the README\n", keyOf(at), token)
	case 2:
		_, _ = fmt.Fprintf(&l.rows, " %s ,,env:DEMO_%s,,,its page\n", at, name)
	default:
		_, _ = fmt.Fprintf(&l.rows, "%s,,%s,,,\n", at, token)
	}
}

// ofLab lists what the lab's own check of a scenario signs in with.
func (l *listedTokens) ofLab(name, at string, c *uptime.Credential, state uptime.State) {
	l.line++
	l.works[name] = state
	if c.Kind == uptime.CredentialHeader {
		_, _ = fmt.Fprintf(&l.rows, "%s,,,%s,%s,\n", at, c.Header, c.Token.Reveal())
		return
	}
	_, _ = fmt.Fprintf(&l.rows, "%s,,%s,,,\n", at, c.Token.Reveal())
}

// resolveDemo knows the variables of the trial.
func resolveDemo(ref string) (uptime.Secret, error) {
	if name, ok := strings.CutPrefix(ref, "env:DEMO_"); ok {
		return uptime.Secret(demoSecret + name), nil
	}
	return uptime.Secret(ref), nil
}

func keyOf(at string) uptime.EndpointKey {
	return endpoint.Of(&uptime.Listing{URL: at, Transport: "streamable-http"}).Key
}

// read writes the file and reads it as the command does.
func (l *listedTokens) read(t *testing.T) app.Tokens {
	t.Helper()
	file := filepath.Join(t.TempDir(), "tokens.csv")
	if err := os.WriteFile(file, l.rows.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	tokens, err := app.ReadTokens(file, resolveDemo)
	if err != nil {
		t.Fatal(err)
	}
	return tokens
}

// optOut has owners say, while nobody audits, that they do not want to be probed.
func optOut(t *testing.T, dir string, urls []string) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC()
	crawl := uptime.Crawl{ID: "crawl_1", Source: "official", State: uptime.CrawlRunning, Began: now}
	if err := store.BeginCrawl(t.Context(), crawl); err != nil {
		t.Fatal(err)
	}
	var listings []uptime.Listing
	var endpoints []uptime.Endpoint
	for i, at := range urls {
		l := uptime.Listing{Source: "official", Key: fmt.Sprint(i), Name: fmt.Sprint(i), URL: at, Transport: "streamable-http", Status: uptime.ListingActive}
		endpoints = append(endpoints, endpoint.Take(&l))
		listings = append(listings, l)
	}
	err = store.StageListings(t.Context(), crawl.ID, listings, endpoints)
	crawl.State, crawl.Ended = uptime.CrawlDone, now
	if err == nil {
		_, _, _, err = store.FinishCrawl(t.Context(), crawl)
	}
	for i := range endpoints {
		if err == nil {
			err = store.SetOptout(t.Context(), endpoints[i].Key, true, uptime.AuditEntry{
				Tenant: app.PublicTenant, At: now, By: "owner", Action: "endpoint.optout", Object: string(endpoints[i].Key),
			})
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
}

// checkNowhere reads everything that an audit wrote.
func checkNowhere(t *testing.T, dir, secret string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(secret)) {
			t.Errorf("%s holds a token", filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestReadTokens: what cannot be used is said by its line, and never repeated.
func TestReadTokens(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"no columns":       {"", "must name the columns"},
		"nothing for":      {"url,token\n,hunter2\n", "line 2: invalid: want the url"},
		"two for":          {"url,endpoint,token\nhttps://a.acme.dev/mcp,ep_00000000000000000000,hunter2\n", "line 2"},
		"no key":           {"endpoint,token\nhunter2,x\n", "ep_ and 20"},
		"a template":       {"url,token\nhttps://{t}.acme.dev/mcp,hunter2\n", "none that can be probed"},
		"no token":         {"url,token\nhttps://a.acme.dev/mcp,\n", "either a token"},
		"both":             {"url,token,header,value\nhttps://a.acme.dev/mcp,hunter2,X-Key,hunter2\n", "either a token"},
		"half a header":    {"url,header,value\nhttps://a.acme.dev/mcp,hunter2,\n", "either a token"},
		"no header":        {"url,header,value\nhttps://a.acme.dev/mcp,hunter2: hunter2,x\n", "no name of a header"},
		"a header of ours": {"url,header,value\nhttps://a.acme.dev/mcp,Mcp-Session-Id,hunter2\n", "has already"},
		"bearer":           {"url,token\nhttps://a.acme.dev/mcp,Bearer hunter2\n", "without the word Bearer"},
		"two lines":        {"url,token\nhttps://a.acme.dev/mcp,\"hunter2\nhunter2\"\n", "line 2"},
		"twice":            {"url,token\nhttps://a.acme.dev/mcp,hunter2\n\nHTTPS://A.acme.dev:443/mcp,hunter2\n", "lines 2 and 4 are for the same endpoint"},
		"no CSV":           {"url,token\nhttps://a.acme.dev/mcp,hunter2,hunter2\n", "wrong number of fields"},
		"too long":         {"url,token\nhttps://a.acme.dev/mcp," + strings.Repeat("hunter2", 5000) + "\n", "longer than"},
	} {
		file := filepath.Join(t.TempDir(), "tokens.csv")
		if err := os.WriteFile(file, []byte(c.file), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := app.ReadTokens(file, resolveDemo)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	if _, err := app.ReadTokens("nowhere.csv", resolveDemo); err == nil {
		t.Error("a file was read that is not there")
	}
}

// TestTokenStaysAtItsOrigin: where a server sends its guests elsewhere, no token
// goes with them, nor to its neighbours.
func TestTokenStaysAtItsOrigin(t *testing.T) {
	s, list, tokens := newStage(t), &audittest.Truth{}, newTokens()
	away := s.gate(nil)
	shown := make(chan struct{}, 100)
	moved := s.gate(func(w http.ResponseWriter, r *http.Request) bool {
		if audittest.ShowsToken(r) {
			shown <- struct{}{}
		}
		http.Redirect(w, r, away+"/mcp", http.StatusPermanentRedirect)
		return true
	})
	list.Add("moved", moved+"/mcp", uptime.BucketStable)
	list.Add("neighbour", away+"/other/mcp", uptime.BucketStable)
	tokens.add("moved", moved+"/mcp", uptime.Live)
	opt := auditOf(t, list, "")
	opt.Regions, opt.Rounds, opt.Tokens = opt.Regions[:1], 1, tokens.read(t)
	if err := app.RunAudit(t.Context(), opt); err != nil {
		t.Fatal(err)
	}
	if len(shown) == 0 {
		t.Error("the token was not tried")
	}
	e, err := app.OpenEvidence(t.Context(), opt.Dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = e.Close() }()
	checkTruth(t, list, e)
	checkTokens(t, tokens, e)
	checkNowhere(t, opt.Dir, demoSecret)
}

// checkTokens compares what most looks with tokens said. The others may be unknown,
// through our own fault: the machine is busy.
func checkTokens(t *testing.T, tokens *listedTokens, e *app.Evidence) {
	t.Helper()
	run, err := e.Run(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	err = e.AuditEvidence(t.Context(), run.ID, func(target *uptime.AuditTarget, looks []uptime.AuditLook) error {
		i := slices.IndexFunc(target.Names, func(name string) bool { _, ok := tokens.works[name]; return ok })
		if target.Demo != (i >= 0) {
			t.Errorf("%v has a token: %v", target.Names, target.Demo)
		}
		want, right := uptime.Unknown, 0
		if i >= 0 {
			want = tokens.works[target.Names[i]]
		}
		for _, l := range looks {
			switch l.Demo {
			case want:
				right++
			case uptime.Unknown:
			default:
				t.Errorf("%v: the look with the token is %s, want %s", target.Names, l.Demo, want)
			}
		}
		if 2*right < len(looks) {
			t.Errorf("%v: only %d of %d looks with the token are %s", target.Names, right, len(looks), want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
