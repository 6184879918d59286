package alerttest_test

import (
	"errors"
	"flag"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// bench is a test that remembers what went wrong instead of failing, so that a
// shorter way to the same can be looked for.
type bench struct {
	*testing.T
	mu   sync.Mutex
	errs []error
}

func (b *bench) Errorf(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.errs) < 10 {
		b.errs = append(b.errs, fmt.Errorf(format, args...))
	}
}

func (b *bench) Error(args ...any) { b.Errorf("%s", fmt.Sprint(args...)) }

func (b *bench) Fatalf(format string, args ...any) {
	b.Errorf(format, args...)
	b.SkipNow()
}

func (b *bench) Fatal(args ...any) { b.Fatalf("%s", fmt.Sprint(args...)) }

func (b *bench) err() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	return errors.Join(b.errs...)
}

// someServers are of two tenants: two on one host, one beside it on the same
// platform, one elsewhere, and one of somebody else on the first host.
func someServers() map[uptime.TenantID][]uptime.Server {
	server := func(slug, host string) uptime.Server {
		return uptime.Server{Slug: slug, URL: "https://" + host + "/" + slug, Regions: []string{"eu", "us"}}
	}
	return map[uptime.TenantID][]uptime.Server{
		"acme": {server("api", "one.example.com"), server("web", "one.example.com"), server("doc", "two.example.com"), server("far", "far.example.net")},
		"beta": {server("own", "one.example.com")},
	}
}

// somePolicies say who is told. A sink's type is the kind of its service.
func somePolicies(which string) []*uptime.Policy {
	sink := func(tenant uptime.TenantID, name string, k kind) uptime.Sink {
		return uptime.Sink{Tenant: tenant, Name: name, Type: string(k), Edits: k == edits, Verified: true}
	}
	stranger, reader := sink("acme", "stranger", keyed), sink("acme", "reader", appends)
	stranger.Verified = false
	reader.Least, reader.Final, reader.Public, reader.Subscriber, reader.Patience = uptime.P2, true, true, true, 3*time.Minute
	acme := &uptime.Policy{Tenant: "acme", Sinks: []uptime.Sink{
		sink("acme", "chat", edits), sink("acme", "hook", keyed), sink("acme", "mail", appends), reader, stranger,
	}}
	switch which {
	case "rules":
		acme.Rules = []uptime.Rule{{Sinks: []string{"chat", "hook", "stranger"}, Escalate: []uptime.Escalation{{After: 5 * time.Minute, Sinks: []string{"mail"}}}}}
	case "budget":
		acme.Budget = 1
	case "remind":
		acme.Remind = 30 * time.Minute
	}
	return []*uptime.Policy{acme, {Tenant: "beta", Sinks: []uptime.Sink{sink("beta", "chat", edits), sink("beta", "mail", appends)}}}
}

// TestTelling: for any sequence of verdicts, acts of people, faults of the disk
// and of services, restarts and kills, each sink's final message for an incident
// says what the incident is.
func TestTelling(t *testing.T) {
	atMost(t, fewChecks)
	dir, known := blank(t, someServers())
	rapid.Check(t, func(rt *rapid.T) {
		which := rapid.SampledFrom([]string{"plain", "rules", "budget", "remind"}).Draw(rt, "policy")
		moves := someMoves().Draw(rt, "moves")
		var found error
		synctest.Test(t, func(t *testing.T) {
			b := &bench{T: t}
			defer func() { found = b.err() }()
			w := newWorld(b, dir, known, somePolicies(which)...)
			w.pass(2 * time.Minute) // the first contracts are shown
			for _, m := range moves {
				w.act(m)
				w.pass(m.After)
			}
			w.heal()
			w.judge()
		})
		if found != nil {
			rt.Fatal(found)
		}
	})
}

// atMost sets how many checks are made unless the command line says so.
func atMost(t *testing.T, checks int) {
	t.Helper()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "rapid.checks" })
	if given {
		return
	}
	if err := flag.Set("rapid.checks", strconv.Itoa(checks)); err != nil {
		t.Fatal(err)
	}
}
