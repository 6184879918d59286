package app

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"

	"github.com/alivemcp/alivemcp/internal/alert/alertmanager"
	cmdsink "github.com/alivemcp/alivemcp/internal/alert/command"
	"github.com/alivemcp/alivemcp/internal/alert/discord"
	"github.com/alivemcp/alivemcp/internal/alert/email"
	"github.com/alivemcp/alivemcp/internal/alert/incidentio"
	"github.com/alivemcp/alivemcp/internal/alert/jsm"
	"github.com/alivemcp/alivemcp/internal/alert/ntfy"
	"github.com/alivemcp/alivemcp/internal/alert/outbox"
	"github.com/alivemcp/alivemcp/internal/alert/pagerduty"
	"github.com/alivemcp/alivemcp/internal/alert/post"
	"github.com/alivemcp/alivemcp/internal/alert/proof"
	"github.com/alivemcp/alivemcp/internal/alert/slack"
	"github.com/alivemcp/alivemcp/internal/alert/teams"
	"github.com/alivemcp/alivemcp/internal/alert/telegram"
	"github.com/alivemcp/alivemcp/internal/alert/template"
	"github.com/alivemcp/alivemcp/internal/alert/webhook"
	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/guard"
	"github.com/alivemcp/alivemcp/internal/statuspage"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// builtSink is a sink of the configuration that can be delivered to.
type builtSink struct {
	word    uptime.Sink
	sink    outbox.Sink
	address string        // hash of where it is
	host    string        // whose DNS may prove it; empty when that proves nothing
	vouched bool          // by the operator's own file
	mail    uptime.Secret // the address of a mailbox
}

// sinkKey names a sink over all tenants.
type sinkKey struct {
	tenant uptime.TenantID
	name   string
}

// sinkSet is who is told what, and how to reach them; never changed.
type sinkSet struct {
	// policies are as the configuration says them, one a tenant.
	policies []*uptime.Policy
	list     []*builtSink // by tenant, and in the order of the tenant's file
	byName   map[sinkKey]*builtSink
}

// prepare makes the tenants' sinks; none of them counts before adopt.
func (a *alarms) prepare(all tenants) (*sinkSet, error) {
	set := &sinkSet{byName: map[sinkKey]*builtSink{}}
	for _, t := range all {
		if err := a.add(set, t); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// add makes the sinks of one tenant.
func (a *alarms) add(set *sinkSet, t Tenant) error {
	policy := t.File.PolicyOf(t.ID)
	set.policies = append(set.policies, policy)
	for i, s := range t.File.Receivers() {
		sink, err := buildSink(t.File, &s, a.clients.of(&s))
		if err != nil {
			return fmt.Errorf("preparing the sink %s: %w", s.Name, err)
		}
		made := &builtSink{word: policy.Sinks[i], sink: sink, address: s.Where(), vouched: s.Verified != ""}
		switch s.Type {
		case "webhook":
			made.host = hostOfURL(s.URL)
		case "email":
			made.mail = uptime.Secret(s.To[0])
		}
		set.list = append(set.list, made)
		set.byName[sinkKey{t.ID, s.Name}] = made
	}
	return nil
}

// adopt makes these sinks and rules those that count.
func (a *alarms) adopt(set *sinkSet) {
	a.mu.Lock()
	former := a.sinks.Swap(set)
	a.mu.Unlock()
	for _, s := range set.list {
		if former != nil && former.moved(s) {
			a.outbox.Reset(s.word.Tenant, s.word.Name)
		}
	}
	a.rejudge()
}

// moved reports whether a sink of this set is at another place by now.
func (set *sinkSet) moved(now *builtSink) bool {
	was := set.byName[sinkKey{now.word.Tenant, now.word.Name}]
	return was != nil && was.address != now.address
}

// rejudge says of each sink whether it may be told, and makes that the policies
// that count.
func (a *alarms) rejudge() {
	a.mu.Lock()
	defer a.mu.Unlock()
	set := a.sinks.Load()
	if set == nil { // still starting
		return
	}
	out := make([]*uptime.Policy, len(set.policies))
	for i, written := range set.policies {
		out[i] = a.judge(set, written)
	}
	a.policy.Store(&out)
	a.router.Wake()
}

// judge returns a policy with the sinks as far as their owners want them.
func (a *alarms) judge(set *sinkSet, written *uptime.Policy) *uptime.Policy {
	p := *written
	p.Sinks = nil
	for _, s := range set.of(p.Tenant) {
		word := s.word
		word.Verified = a.proofs.Verified(p.Tenant, word.Name, s.address)
		p.Sinks = append(p.Sinks, word)
	}
	if a.readers != nil && p.Tenant == DefaultTenant {
		p.Sinks = append(p.Sinks, a.readers.Sinks()...)
	}
	return &p
}

// of returns the sinks of a tenant.
func (set *sinkSet) of(tenant uptime.TenantID) []*builtSink {
	var out []*builtSink
	for _, s := range set.list {
		if s.word.Tenant == tenant {
			out = append(out, s)
		}
	}
	return out
}

// sink finds a sink for the outbox. What waits for a sink that has another address
// by now waits until its owner has proved that one.
func (a *alarms) sink(tenant uptime.TenantID, name string) (outbox.Sink, bool) {
	s, ok := a.sinks.Load().byName[sinkKey{tenant, name}]
	switch {
	case !ok && tenant == DefaultTenant:
		return a.reader(name)
	case !ok:
		return nil, false
	case !a.proofs.Verified(tenant, name, s.address):
		return unproved{}, true
	}
	return s.sink, true
}

// unproved stands in for a sink that may not be told.
type unproved struct{}

// Deliver refuses, for now.
func (unproved) Deliver(context.Context, *uptime.Delivery, string) (string, error) {
	return "", &uptime.Refusal{Temporary: true, Reason: "nobody has proved yet that the owner of this sink wants to be told: alivemcp alert verify"}
}

// provable finds a sink for those who prove ownership.
func (a *alarms) provable(tenant uptime.TenantID, name string) (proof.Sink, bool) {
	set := a.sinks.Load()
	if set == nil || set.byName[sinkKey{tenant, name}] == nil {
		return proof.Sink{}, false
	}
	s := set.byName[sinkKey{tenant, name}]
	p := proof.Sink{Address: s.address, Vouched: s.vouched, Host: s.host, Deliver: s.sink.Deliver}
	if v, ok := s.sink.(interface {
		Verify(ctx context.Context, nonce string) error
	}); ok {
		p.Verify = v.Verify
	}
	if l, ok := s.sink.(interface {
		Look(ctx context.Context) error
	}); ok {
		p.Look = l.Look
	}
	if s.word.Type == "email" && a.base != "" {
		p.Link = func(token string) string { return a.base + statuspage.AcceptPath + token }
	}
	return p, true
}

// clients are the HTTP clients of all sinks: they share their connections.
type clients struct {
	// anywhere also reaches addresses that are not public, for what the operator's
	// own file names; outside does not.
	anywhere, outside *post.Client
}

func newClients(agent string) clients {
	return clients{
		anywhere: post.New(post.Options{Policy: guard.Policy{AllowPrivate: true}, UserAgent: agent}),
		outside:  post.New(post.Options{UserAgent: agent}),
	}
}

// of returns the client of a sink of the configuration.
func (c clients) of(s *config.Sink) *post.Client {
	if s.Private {
		return c.anywhere
	}
	return c.outside
}

func hostOfURL(raw uptime.Secret) string {
	u, err := url.Parse(raw.Reveal())
	if err != nil {
		return ""
	}
	return u.Hostname()
}

// buildSink makes what delivers to a sink of the configuration.
func buildSink(f *config.File, s *config.Sink, client *post.Client) (outbox.Sink, error) {
	switch s.Type {
	case "webhook":
		return webhook.New(webhook.Options{Client: client, URL: s.URL, Secrets: signingKeys(s), Headers: s.HeaderList()})
	case "email":
		return email.New(mailOptions(f.SMTP, s.To[0]))
	case "template":
		return template.New(template.Options{
			Client: client, URL: s.URL, Method: s.Method, ContentType: s.ContentType, Headers: s.HeaderList(), Body: s.Template,
		})
	case "command":
		return cmdsink.New(cmdsink.Options{Path: s.Command, Args: s.Args, Env: s.Environ()})
	}
	if sink, err := buildChat(s, client); sink != nil || err != nil {
		return sink, err
	}
	return buildPager(s, client)
}

// signingKeys returns the secrets of a webhook in the form of Standard Webhooks:
// a text that is none of its keys is the bytes of one.
func signingKeys(s *config.Sink) []uptime.Secret {
	var out []uptime.Secret
	for _, key := range append([]uptime.Secret{s.Secret}, s.OldSecrets...) {
		text := key.Reveal()
		if !strings.HasPrefix(text, "whsec_") && !strings.HasPrefix(text, "whsk_") {
			text = "whsec_" + base64.StdEncoding.EncodeToString([]byte(text))
		}
		out = append(out, uptime.Secret(text))
	}
	return out
}

// buildChat makes the sinks where people talk; nil for another type.
func buildChat(s *config.Sink, client *post.Client) (outbox.Sink, error) {
	switch s.Type {
	case "slack":
		return slack.NewApp(slack.AppOptions{Client: client, Token: s.Token, Channel: s.Channel, BaseURL: s.URL})
	case "slack_webhook":
		return slack.NewWebhook(slack.WebhookOptions{Client: client, URL: s.URL})
	case "discord":
		return discord.New(discord.Options{Client: client, URL: s.URL, Role: s.Role, Thread: s.Thread, Forum: s.Forum, Tags: s.Tags})
	case "teams":
		return teams.New(teams.Options{Client: client, URL: s.URL})
	case "telegram":
		return telegram.New(telegram.Options{Client: client, Token: s.Token, Chat: s.Chat, Thread: s.Thread, BaseURL: s.URL})
	case "ntfy":
		return ntfy.New(ntfy.Options{Client: client, Topic: s.Topic, Token: s.Token, URL: s.URL})
	}
	return nil, nil //nolint:nilnil // as documented
}

// buildPager makes the sinks that call people, or hand on to those who do.
func buildPager(s *config.Sink, client *post.Client) (outbox.Sink, error) {
	switch s.Type {
	case "pagerduty":
		return pagerduty.New(pagerduty.Options{Client: client, RoutingKey: s.Key, EU: s.Region == "eu", BaseURL: s.URL.Reveal()})
	case "jsm":
		return jsm.New(jsm.Options{Client: client, Key: s.Token, BaseURL: s.URL.Reveal()})
	case "alertmanager":
		return alertmanager.New(alertmanager.Options{Client: client, URL: s.URL, Headers: s.HeaderList()})
	case "incidentio":
		base, source, ok := strings.Cut(s.URL.Reveal(), alertEvents)
		if !ok {
			return nil, fmt.Errorf("%w: url: want https://api.incident.io%sID", uptime.ErrInvalid, alertEvents)
		}
		return incidentio.New(incidentio.Options{Client: client, Base: base, Source: source, Token: s.Token})
	}
	return nil, fmt.Errorf("%w: there is no type %q of sinks", uptime.ErrInvalid, s.Type)
}

// alertEvents is where incident.io takes alerts, before the id of the source.
const alertEvents = "/v2/alert_events/http/"

// mailOptions says how mails get to one reader.
func mailOptions(m *config.SMTP, to string) email.Options {
	return email.Options{Host: m.Host, Port: m.Port, TLS: m.TLS, Username: m.Username, Password: m.Password, From: m.From, To: to}
}
