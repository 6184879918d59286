package app

import (
	"context"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/email"
	"github.com/alivemcp/alivemcp/internal/alert/outbox"
	"github.com/alivemcp/alivemcp/internal/alert/post"
	"github.com/alivemcp/alivemcp/internal/alert/reader"
	"github.com/alivemcp/alivemcp/internal/alert/webhook"
	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/secret"
	"github.com/alivemcp/alivemcp/internal/statuspage"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// seals seals the addresses of readers, and signs their links.
type seals struct{ *secret.Keyring }

func subscription(tenant uptime.TenantID, id string) secret.Place {
	return secret.Place{Tenant: tenant, Purpose: "subscription", ID: id}
}

// Seal seals what belongs to a subscription.
func (s seals) Seal(ctx context.Context, tenant uptime.TenantID, id string, plain []byte) ([]byte, error) {
	return s.Keyring.Seal(ctx, subscription(tenant, id), plain)
}

// Open opens it again.
func (s seals) Open(ctx context.Context, tenant uptime.TenantID, id string, sealed []byte) ([]byte, error) {
	return s.Keyring.Open(ctx, subscription(tenant, id), sealed)
}

// openReaders makes the one who knows the readers of status pages; none when
// nobody can subscribe.
func (a *alarms) openReaders(ctx context.Context, f *config.File) error {
	if !f.Subscriptions.Enabled {
		return nil
	}
	var kinds []string
	if f.Subscriptions.Email {
		kinds = append(kinds, statuspage.SubscribeEmail)
	}
	if f.Subscriptions.Webhook {
		kinds = append(kinds, statuspage.SubscribeWebhook)
	}
	a.post = readerPost{file: f, client: a.clients.outside}
	a.readers = reader.New(reader.Options{
		Tenant: DefaultTenant, Rows: a.store, Seals: seals{a.keys}, Kinds: kinds, Patience: f.Subscriptions.Patience, Ask: a.post.ask,
		ConfirmURL:     func(token string) string { return a.base + "/subscribe/confirm/" + token },
		UnsubscribeURL: func(token string) string { return a.base + "/unsubscribe/" + token },
		Changed:        a.rejudge, Now: a.now, Logger: a.log,
	})
	return a.readers.Open(ctx)
}

// readerPost brings notices to readers.
type readerPost struct {
	file   *config.File
	client *post.Client
}

// ask sends a reader the page that confirms: as a mail, or to a webhook as a test
// whose status page it is.
func (p readerPost) ask(ctx context.Context, s uptime.Subscription, url string) error {
	if s.Kind == statuspage.SubscribeEmail {
		sink, err := email.New(mailOptions(p.file.SMTP, s.Address.Reveal()))
		if err != nil {
			return err
		}
		return sink.Confirm(ctx, email.Confirmation{ID: s.ID, Site: p.file.Branding.Title, About: about(s), URL: url})
	}
	sink, err := p.sink(s)
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	key := uptime.NewAlertKey(uptime.AlertTest, s.Tenant, s.ID, now)
	_, err = sink.Deliver(ctx, &uptime.Delivery{
		ID: uptime.NewDeliveryID(s.Tenant, key, s.ID, 1), Tenant: s.Tenant, Thread: key, Sink: s.ID, Transition: 1, Created: now,
		Notice: uptime.Notice{
			Type: uptime.NoticeTest, Kind: uptime.AlertTest, Key: key, Phase: uptime.NoticeOpens, At: now, Started: now, Priority: uptime.P4,
			Title:   "Confirm that notices are wanted here",
			Summary: "Somebody asked " + p.file.Branding.Title + " to send notices here. Open status_page to confirm; otherwise nothing more comes.", StatusPage: url,
		},
	}, "")
	return err
}

func about(s uptime.Subscription) string {
	if len(s.Servers) == 1 {
		return s.Servers[0]
	}
	if n := len(s.Servers); n > 1 {
		return fmt.Sprintf("%d servers", n)
	}
	return "all servers"
}

// sink makes what delivers to a reader. What a stranger names is a public address.
func (p readerPost) sink(s uptime.Subscription) (outbox.Sink, error) {
	if s.Kind == statuspage.SubscribeEmail {
		opt := mailOptions(p.file.SMTP, s.Address.Reveal())
		opt.Subscriber = true
		return email.New(opt)
	}
	return webhook.New(webhook.Options{Client: p.client, URL: s.Address, Secrets: []uptime.Secret{s.Key}})
}

// isReader tells readers, who may be thousands, from the sinks of the
// configuration.
func (a *alarms) isReader(tenant uptime.TenantID, name string) bool {
	return a.sinks.Load().byName[sinkKey{tenant, name}] == nil
}

// reader finds the sink of a subscription.
func (a *alarms) reader(id string) (outbox.Sink, bool) {
	if a.readers == nil {
		return nil, false
	}
	s, ok := a.readers.Find(id)
	if !ok {
		return nil, false
	}
	sink, err := a.post.sink(s)
	if err != nil {
		a.log.Error("a reader cannot be told", "subscription", id, "error", err)
		return nil, false
	}
	return sink, true
}

// unsubscribe returns the address that ends a subscription, or what a mailbox of
// the configuration is sent; empty for other sinks.
func (a *alarms) unsubscribe(tenant uptime.TenantID, sink string) string {
	if s, ok := a.sinks.Load().byName[sinkKey{tenant, sink}]; ok {
		if s.word.Type != "email" || a.base == "" {
			return ""
		}
		return a.base + statuspage.LeavePath + a.proofs.Leaving(tenant, sink)
	}
	if a.readers == nil {
		return ""
	}
	if _, ok := a.readers.Find(sink); !ok {
		return ""
	}
	url, err := a.readers.Leave(context.Background(), sink)
	if err != nil {
		a.log.Error("cannot sign a link", "error", err)
		return ""
	}
	return url
}
