package app

import (
	"context"
	"fmt"
	"net/url"

	"github.com/alivemcp/alivemcp/internal/alert/email"
	"github.com/alivemcp/alivemcp/internal/alert/jsm"
	"github.com/alivemcp/alivemcp/internal/alert/outbox"
	"github.com/alivemcp/alivemcp/internal/alert/pagerduty"
	"github.com/alivemcp/alivemcp/internal/alert/post"
	"github.com/alivemcp/alivemcp/internal/alert/proof"
	"github.com/alivemcp/alivemcp/internal/alert/slack"
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
func (a *alarms) adopt(f *config.File, opt sinkOptions) error {
	policy := f.PolicyOf(DefaultTenant)
	set := &sinkSet{byName: map[string]*builtSink{}}
	for i, s := range f.Receivers() {
		sink, err := buildSink(f, &s, opt)
		if err != nil {
			return fmt.Errorf("preparing the sink %s: %w", s.Name, err)
		}
		made := &builtSink{word: policy.Sinks[i], sink: sink, address: s.Where(), vouched: s.Verified != ""}
		if s.Type == "webhook" {
			made.host = hostOfURL(s.URL)
		}
		set.list = append(set.list, made)
		set.byName[s.Name] = made
	}
	a.mu.Lock()
	a.sinks.Store(set)
	a.written = policy
	a.mu.Unlock()
	a.rejudge()
	return nil
}

// rejudge says of each sink whether it may be told, and makes that the policy
// that counts.
func (a *alarms) rejudge() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.written == nil { // still starting
		return
	}
	p := *a.written
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

func hostOfURL(raw uptime.Secret) string {
	u, err := url.Parse(raw.Reveal())
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// buildSink makes what delivers to a sink of the configuration.
func buildSink(f *config.File, s *config.Sink, opt sinkOptions) (outbox.Sink, error) {
	client := opt.client(s.Private)
	switch s.Type {
	case "slack":
		return slack.NewApp(slack.AppOptions{Client: client, Token: s.Token, Channel: s.Channel, BaseURL: s.URL})
	case "slack_webhook":
		return slack.NewWebhook(slack.WebhookOptions{Client: client, URL: s.URL})
	case "pagerduty":
		return pagerduty.New(pagerduty.Options{Client: client, RoutingKey: s.Key, EU: s.Region == "eu", BaseURL: s.URL.Reveal()})
	case "jsm":
		return jsm.New(jsm.Options{Client: client, Key: s.Token, BaseURL: s.URL.Reveal()})
	case "email":
		return email.New(mailOptions(f.SMTP, s.To[0]))
	}
	return nil, fmt.Errorf("%w: there is no type %q of sinks", uptime.ErrInvalid, s.Type)
}

// mailOptions says how mails get to one reader.
func mailOptions(m *config.SMTP, to string) email.Options {
	return email.Options{Host: m.Host, Port: m.Port, TLS: m.TLS, Username: m.Username, Password: m.Password, From: m.From, To: to}
}
