package e2e_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/audit"
	"github.com/alivemcp/alivemcp/internal/audit/audittest"
	"github.com/alivemcp/alivemcp/internal/endpoint"
	"github.com/alivemcp/alivemcp/internal/lab"
	"github.com/alivemcp/alivemcp/internal/registry/fake"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// trial is a world whose truth is known. What happens before a round happens while
// the audit sleeps until then.
type trial struct {
	audittest.Truth
	*testing.T
	rig      *rig
	good     string // the address of a good server of the lab
	evidence *app.Evidence
	// registry is where everything is listed, at origin. listed is the data of a
	// monitor that read it, kept those of the audit.
	registry     *fake.Registry
	origin       string
	listed, kept string

	starting  []func() // each waits for a server
	reference *reference
	tokens    bytes.Buffer
	near      []string // addresses that are reached from Aachen alone
	far       []string // and from everywhere but Celle
	round     atomic.Int32
	before    map[int32][]func()
	after     map[string]uptime.AuditBucket // what becomes of some, by name; empty: not listed any more
	agrees    func()                        // the owner who opted out meanwhile
	ends      []func()                      // what happens before the second audit
}

func newTrial(t *testing.T) *trial {
	t.Helper()
	w := &trial{T: t, rig: newRig(t), registry: fake.New(), listed: t.TempDir(), kept: t.TempDir(), before: map[int32][]func(){}, after: map[string]uptime.AuditBucket{}}
	server := httptest.NewServer(w.registry)
	t.Cleanup(server.Close)
	w.origin = server.URL
	w.tokens.WriteString("url,token,header,value\n")
	w.round.Store(1)
	w.reference = newReference(t)
	w.at(2, w.reference.close)
	w.at(3, w.reference.open)
	w.good = w.startLab().URL("weather")
	return w
}

// others lists the servers that others wrote.
func (w *trial) others() {
	for _, s := range slices.Concat(goServers(), npmServers()) {
		// Some insist on a port, which may be taken, and some start a process for each
		// request or session: these would be most of the trial's time.
		if s.port != 0 || s.forks {
			continue
		}
		up := w.start(s)
		name, bucket := plain(s.name), s.want.bucket(w.T)
		if s.flags != nil { // it has a key, which its author publishes
			header, value, _ := strings.Cut(s.flags[1], ": ")
			w.tokens.WriteString(up.url() + ",," + header + "," + value + "\n")
			bucket = uptime.BucketAuthCustom
		}
		w.Add(name, up.url(), bucket)
		if s.name == "go-sdk sse" {
			w.dies(name, up)
		}
	}
}

func plain(name string) string {
	return strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(strings.ToLower(name), "-"), "-")
}

// dies stops a server before the second audit.
func (w *trial) dies(name string, up *running) {
	w.after[name] = uptime.BucketDead
	w.ends = append(w.ends, up.process.stop)
}

// bucket is where a server belongs that is always found so.
func (want expect) bucket(t *testing.T) uptime.AuditBucket {
	t.Helper()
	look := uptime.AuditLook{Access: uptime.Access(want.access), Cause: uptime.Cause(want.cause)}
	if err := look.State.UnmarshalText([]byte(want.state)); err != nil {
		t.Fatal(err)
	}
	return bucketOf(&look)
}

func bucketOf(look *uptime.AuditLook) uptime.AuditBucket {
	return map[audit.Class]uptime.AuditBucket{
		audit.ClassOK: uptime.BucketStable, audit.ClassDead: uptime.BucketDead, audit.ClassNotMCP: uptime.BucketNotMCP,
		audit.ClassAuthProper: uptime.BucketAuthProper, audit.ClassAuthCustom: uptime.BucketAuthCustom, audit.ClassAuthBroken: uptime.BucketAuthBroken,
		audit.ClassMalformed: uptime.BucketMalformed, audit.ClassLimited: uptime.BucketLimited, audit.ClassUnknown: uptime.BucketUnknown,
	}[audit.ClassOf(look)]
}

// start starts a server, for which ready waits.
func (w *trial) start(s server) *running {
	w.Helper()
	up, ready := w.launch(s, w.rig.freePort(w.T))
	w.starting = append(w.starting, ready)
	return up
}

// ready waits for the servers that were started: all at once take less time than
// one after the other.
func (w *trial) ready() {
	w.Helper()
	for _, ready := range w.starting {
		ready()
	}
	w.starting = nil
}

// launch starts a server on a port, which is held until the server is ready:
// thousands of connections look for free ones.
func (w *trial) launch(s server, port int) (up *running, ready func()) {
	w.Helper()
	release := keepPort(w.T, port)
	up = w.rig.launch(w.T, s, port)
	return up, func() {
		w.Helper()
		up.process.ready(w.T)
		release()
	}
}

// run starts one of the servers written in Go once more.
func (w *trial) run(name string) *running {
	w.Helper()
	return w.start(goServer(name))
}

func goServer(name string) server {
	all := goServers()
	return all[slices.IndexFunc(all, func(s server) bool { return s.name == name })]
}

// moving lists servers that are not the same at all times and from everywhere.
func (w *trial) moving() {
	early, late := w.run("go-sdk http"), w.run("modern only")
	w.Add("stops-early", early.url(), uptime.BucketDead)
	w.Add("stops-late", late.url(), uptime.BucketStable)
	w.after["stops-late"] = uptime.BucketDead
	changing := w.run("go-sdk conformance, stateless")
	w.Add("another-release", changing.url(), uptime.BucketDrift)
	w.after["another-release"] = uptime.BucketStable
	w.at(2, func() {
		early.process.stop()
		changing.process.stop()
		port, _ := strconv.Atoi(changing.origin[strings.LastIndexByte(changing.origin, ':')+1:])
		_, ready := w.launch(goServer("mcp-go conformance"), port)
		ready()
	})
	w.at(3, late.process.stop)
	for name, walled := range map[string]*[]string{"near": &w.near, "far": &w.far} {
		up := w.run("modern only")
		*walled = append(*walled, strings.TrimPrefix(up.origin, "http://"))
		w.Add(name, up.url(), uptime.BucketRegional)
	}
	each := audittest.Changing(w)
	for i := range 10 {
		name := fmt.Sprintf("changes-%d", i)
		w.Add(name, fmt.Sprintf("%s/%d/mcp", each, i), uptime.BucketDrift)
		w.after[name] = uptime.BucketStable // one look sees no change
	}
	healing := audittest.Gate(w, w.good, w.wellIn(audittest.Says(http.StatusInternalServerError, "disk full"), 4))
	for i := range 3 {
		name := fmt.Sprintf("heals-%d", i)
		w.Add(name, fmt.Sprintf("%s/%d/mcp", healing, i), uptime.BucketNotMCP)
		w.after[name] = uptime.BucketStable
	}
}

// at has something happen before a round.
func (w *trial) at(round int32, do func()) { w.before[round] = append(w.before[round], do) }

// leapt is told when the audit sleeps: for a day until the next round.
func (w *trial) leapt(by time.Duration) {
	if by < time.Hour {
		if w.round.Load() != 2 { // when our network fails, no other try is better
			audittest.Rest(by)
		}
		return
	}
	for _, do := range w.before[w.round.Add(1)] {
		do()
	}
}

// wellIn answers what otherwise says, except in some rounds: 1 to 3 are those of the
// first audit, 4 is the second one.
func (w *trial) wellIn(otherwise audittest.Keep, rounds ...int32) audittest.Keep {
	return func(rw http.ResponseWriter, r *http.Request) bool {
		return !slices.Contains(rounds, w.round.Load()) && otherwise(rw, r)
	}
}

// unjudged lists what cannot be probed or judged.
func (w *trial) unjudged() {
	limit := audittest.Says(http.StatusTooManyRequests, "slow down")
	limited, often := audittest.Gate(w, w.good, limit), audittest.Gate(w, w.good, w.wellIn(limit, 3, 4))
	crashing := func(rw http.ResponseWriter, r *http.Request) bool {
		if w.round.Load() == 2 {
			return audittest.Says(http.StatusInternalServerError, "disk full")(rw, r)
		}
		return limit(rw, r)
	}
	// In the first round it works. In the second it fails, while we fail too, and in
	// the third it limits us: then neither is most of what we know.
	unlucky := audittest.Gate(w, w.good, w.wellIn(crashing, 1, 4))
	owned := audittest.Gate(w, w.good, nil) + "/mcp"
	w.Add("owned", owned, uptime.BucketUnknown)
	w.after["owned"] = uptime.BucketStable
	w.at(2, func() { w.optOut(owned, true) })
	w.agrees = func() { w.optOut(owned, false) }
	for i := range 5 {
		w.Add(fmt.Sprintf("limited-%d", i), fmt.Sprintf("%s/%d/mcp", limited, i), uptime.BucketLimited)
		w.Add(fmt.Sprintf("often-limited-%d", i), fmt.Sprintf("%s/%d/mcp", often, i), uptime.BucketLimited)
		w.after[fmt.Sprintf("often-limited-%d", i)] = uptime.BucketStable
		w.Add(fmt.Sprintf("unlucky-%d", i), fmt.Sprintf("%s/%d/mcp", unlucky, i), uptime.BucketUnknown)
		w.after[fmt.Sprintf("unlucky-%d", i)] = uptime.BucketStable
		w.Add(fmt.Sprintf("template-%d", i), fmt.Sprintf("https://{tenant}.acme-%d.dev/mcp", i), uptime.BucketTemplated)
		w.Add(fmt.Sprintf("example-%d", i), fmt.Sprintf("https://mcp%d.example.com/mcp", i), uptime.BucketTemplated)
		w.Add(fmt.Sprintf("nobody-%d", i), fmt.Sprintf("http://127.0.77.7:47999/%d/mcp", i), uptime.BucketDead)
	}
}

// optOut has an owner tell the monitor, beside the audit, whether it may be probed.
func (w *trial) optOut(at string, out bool) {
	w.Helper()
	store, err := sqlite.Open(w.Context(), sqlite.Options{Dir: w.listed})
	if err != nil {
		w.Fatal(err)
	}
	key := endpoint.Of(&uptime.Listing{URL: at, Transport: "streamable-http"}).Key
	err = store.SetOptout(w.Context(), key, out, uptime.AuditEntry{Tenant: app.PublicTenant, At: time.Now(), By: "owner", Action: "endpoint.optout", Object: string(key)})
	if err != nil {
		w.Fatal(err)
	}
	if err := store.Close(); err != nil {
		w.Fatal(err)
	}
}

// withTokens lists servers whose published tokens work, or do not.
func (w *trial) withTokens() {
	behind := w.run("mcp-go conformance").url()
	for name, kind := range map[string]struct {
		keep   audittest.Keep
		bucket uptime.AuditBucket
	}{
		"accepted":  {func(http.ResponseWriter, *http.Request) bool { return false }, uptime.BucketStable},
		"revoked":   {audittest.Refuses(http.StatusUnauthorized), uptime.BucketCredentialed},
		"forbidden": {audittest.Refuses(http.StatusForbidden), uptime.BucketCredentialed},
		"crashing":  {audittest.Refuses(http.StatusInternalServerError), uptime.BucketCredentialed},
		"spent":     {audittest.Refuses(http.StatusTooManyRequests), uptime.BucketStable},
	} {
		at := audittest.Gate(w, behind, kind.keep) + "/mcp"
		w.Add("token-"+name, at, kind.bucket)
		w.tokens.WriteString(at + ",demo,,\n")
	}
}

// startLab returns a lab of its own, whose servers remember nobody.
func (w *trial) startLab() *lab.Lab {
	w.Helper()
	l := lab.New(lab.Options{Scenarios: append(lab.Cast(), lab.Scenarios()...)})
	if err := l.Listen(); err != nil {
		w.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(w.Context()))
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	w.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			w.Error(err)
		}
	})
	return l
}

// lab lists servers of a new lab, which are not listed any more in the second audit.
func (w *trial) lab(prefix string, which func(*lab.Scenario) bool) {
	l := w.startLab()
	for _, s := range lab.Scenarios() {
		if ordinary(l, &s) && which(&s) {
			w.Add(prefix+s.Name, l.URL(s.Name), foundAs(&s.Expect, s.Expect.Cause))
			w.after[prefix+s.Name] = ""
		}
	}
}

// hangs reports a scenario that somebody with less patience than a client looks at.
func hangs(s *lab.Scenario) bool { return s.Setup.Timeout != 0 }

// ordinary reports a scenario that an audit meets as its own check does: without
// anything that strangers cannot know, and within its time. One that may rightly
// be said to fail in ways that belong in two buckets has no one truth.
func ordinary(l *lab.Lab, s *lab.Scenario) bool {
	setup := s.Setup
	setup.Timeout, setup.Attempts = 0, max(0, setup.Attempts-1) // there is one attempt
	if setup != (lab.Setup{}) || !gocmp.Equal(l.Server(s.Name).Profile, uptime.Profile{}) || s.Name == "slow-handshake" {
		return false
	}
	return !slices.ContainsFunc(s.Expect.AnyCause, func(c uptime.Cause) bool { return foundAs(&s.Expect, c) != foundAs(&s.Expect, s.Expect.Cause) })
}

// foundAs is where a scenario belongs when its cause is found to be one.
func foundAs(e *lab.Expect, cause uptime.Cause) uptime.AuditBucket {
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
	return bucketOf(&look)
}

// crowd lists good servers until there are enough.
func (w *trial) crowd() {
	at := audittest.Gate(w, w.good, nil)
	for i := 0; len(w.Truth) < audited; i++ {
		name := fmt.Sprintf("crowd-%d", i)
		w.Add(name, fmt.Sprintf("%s/%d/mcp", at, i), uptime.BucketStable)
		if i >= crowded {
			w.after[name] = ""
		}
	}
}

// reference is an endpoint that practically always answers.
type reference struct {
	t       *testing.T
	addr    string
	listen  net.Listener
	release func()
}

func newReference(t *testing.T) *reference {
	t.Helper()
	r := &reference{t: t, addr: "127.0.0.1:0", release: func() {}}
	r.open()
	t.Cleanup(func() { _ = r.listen.Close() })
	return r
}

func (r *reference) open() {
	r.t.Helper()
	r.release()
	l, err := net.Listen("tcp", r.addr)
	if err != nil {
		r.t.Fatal(err)
	}
	r.listen, r.addr = l, l.Addr().String()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
}

// close has nobody answer for a while.
func (r *reference) close() {
	r.t.Helper()
	_ = r.listen.Close()
	r.release = keepPort(r.t, r.listen.Addr().(*net.TCPAddr).Port)
}
