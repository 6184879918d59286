package app

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"

	"github.com/alivemcp/alivemcp/internal/alert/outbox"
	"github.com/alivemcp/alivemcp/internal/alert/post"
	"github.com/alivemcp/alivemcp/internal/alert/proof"
	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/guard"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// builtSink is a sink of the configuration that can be delivered to.
type builtSink struct {
	word    uptime.Sink
	sink    outbox.Sink
	address string // hash of where it is
	host    string // whose DNS may prove it; empty when that proves nothing
	vouched bool   // by the operator's own file
}

// sinkSet is the sinks of one configuration; never changed.
type sinkSet struct {
	list   []*builtSink // in the configuration's order
	byName map[string]*builtSink
}

// adopt makes the configuration's sinks and rules those that count. When it
// fails the former stay.
func (a *alarms) adopt(_ context.Context, f *config.File, opt sinkOptions) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	policy := f.PolicyOf(DefaultTenant)
	set := &sinkSet{byName: map[string]*builtSink{}}
	for _, s := range f.SinksOf(DefaultTenant) {
		made, err := buildSink(f, s, opt)
		if err != nil {
			return fmt.Errorf("preparing the sink %s: %w", s.Word.Name, err)
		}
		set.list = append(set.list, made)
		set.byName[made.word.Name] = made
	}
	a.sinks.Store(set)
	a.judge(policy)
	return nil
}

// judge says of each sink of a policy whether it may be told, and makes the
// policy the one that counts.
func (a *alarms) judge(policy *uptime.Policy) {
	p := *policy
	p.Sinks = nil
	for _, s := range a.sinks.Load().list {
		word := s.word
		word.Verified = a.proofs.Verified(p.Tenant, word.Name, s.address)
		p.Sinks = append(p.Sinks, word)
	}
	a.policy.Store(&[]*uptime.Policy{&p})
	a.router.Wake()
}

// sink finds a sink for the outbox.
func (a *alarms) sink(_ uptime.TenantID, name string) (outbox.Sink, bool) {
	s, ok := a.sinks.Load().byName[name]
	if !ok {
		return nil, false
	}
	return s.sink, true
}

// provable finds a sink for those who prove ownership.
func (a *alarms) provable(_ uptime.TenantID, name string) (proof.Sink, bool) {
	set := a.sinks.Load()
	if set == nil || set.byName[name] == nil {
		return proof.Sink{}, false
	}
	s := set.byName[name]
	p := proof.Sink{Address: s.address, Vouched: s.vouched, Host: s.host, Deliver: s.sink.Deliver}
	if v, ok := s.sink.(interface {
		Verify(ctx context.Context, nonce string) error
	}); ok {
		p.Verify = v.Verify
	}
	return p, true
}

// sinkOptions are what all sinks share.
type sinkOptions struct {
	agent string
}

func (m *Monitor) sinkOptions() sinkOptions {
	return sinkOptions{agent: userAgent(m.opt.File.Probe, m.opt.Version)}
}

// client returns the HTTP client of a sink.
func (o sinkOptions) client(private bool) *post.Client {
	return post.New(post.Options{Policy: guard.Policy{AllowPrivate: private}, UserAgent: o.agent})
}

// addressOf hashes where a sink is: when that changes, who owned it proves
// nothing.
func addressOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func hostOfURL(raw uptime.Secret) string {
	u, err := url.Parse(raw.Reveal())
	if err != nil {
		return ""
	}
	return u.Hostname()
}
