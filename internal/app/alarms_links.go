package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/proof"
	"github.com/alivemcp/alivemcp/internal/secret"
	"github.com/alivemcp/alivemcp/internal/statuspage"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// linkLife is how long the links of a message act.
const linkLife = 24 * time.Hour

// link returns a signed address that lets whoever got the message act; empty
// when it cannot be signed. A token of one act is none of another.
func (a *alarms) link(act statuspage.LinkAct, tenant uptime.TenantID, key uptime.AlertKey) string {
	token, err := a.keys.Token(context.Background(), tenant, string(act), []byte(key), a.now().Add(linkLife))
	if err != nil {
		a.log.Error("cannot sign a link", "error", err)
		return ""
	}
	return a.base + "/a/" + token
}

// links is what the signed links of messages do.
type links struct{ *alarms }

// Open reads a token.
func (l links) Open(token string) (statuspage.Grant, error) {
	for _, act := range []statuspage.LinkAct{statuspage.LinkAcknowledge, statuspage.LinkSilence} {
		tenant, key, err := l.keys.Check(context.Background(), string(act), token, l.now())
		switch {
		case err == nil:
			return statuspage.Grant{Act: act, Tenant: tenant, Alert: uptime.AlertKey(key)}, nil
		case errors.Is(err, secret.ErrExpired):
			return statuspage.Grant{}, err
		}
	}
	return statuspage.Grant{}, fmt.Errorf("%w: this link is not one of ours, or too old", uptime.ErrNotFound)
}

// Told returns what was said of the alert last.
func (l links) Told(ctx context.Context, g statuspage.Grant) (uptime.Notice, error) {
	s, err := l.store.Story(ctx, g.Tenant, g.Alert)
	if err != nil {
		return uptime.Notice{}, err
	}
	if n := len(s.Deliveries); n > 0 {
		return s.Deliveries[n-1].Notice, nil
	}
	return uptime.Notice{}, fmt.Errorf("%w: nobody was told of %s", uptime.ErrNotFound, g.Alert)
}

// byLink names who followed a link: we know no more.
const byLink = "Someone with the link"

// Acknowledge takes the incident on.
func (l links) Acknowledge(ctx context.Context, g statuspage.Grant) error {
	return l.router.Acknowledge(ctx, g.Tenant, g.Alert, byLink, "")
}

// Silence keeps sinks quiet about this alert.
func (l links) Silence(ctx context.Context, g statuspage.Grant, lasts time.Duration) error {
	now := l.now().UTC()
	return l.PutSilence(ctx, uptime.Silence{
		ID: "sil_" + string(g.Alert), Tenant: g.Tenant, Alert: g.Alert, From: now, Until: now.Add(lasts), By: byLink,
	})
}

// mailboxes are the readers of sinks that are mailboxes.
type mailboxes struct{ *alarms }

// Asked returns what a question asked.
func (m mailboxes) Asked(_ context.Context, token string) (statuspage.Mailbox, error) {
	tenant, sink, err := m.proofs.Read(token)
	return m.mailbox(tenant, sink, err)
}

// Accept says yes to it.
func (m mailboxes) Accept(ctx context.Context, token string) (statuspage.Mailbox, error) {
	tenant, sink, err := m.proofs.Read(token)
	if err == nil {
		err = m.proofs.Confirm(ctx, token)
	}
	return m.mailbox(tenant, sink, err)
}

// Told returns whom a link of a message stops.
func (m mailboxes) Told(_ context.Context, token string) (statuspage.Mailbox, error) {
	tenant, sink, err := m.proofs.ReadLeave(token)
	if errors.Is(err, uptime.ErrNotFound) {
		return statuspage.Mailbox{Tenant: tenant}, nil // nothing is sent there any more
	}
	return m.mailbox(tenant, sink, err)
}

// Leave stops it.
func (m mailboxes) Leave(ctx context.Context, token string) error {
	err := m.proofs.Leave(ctx, token)
	if errors.Is(err, uptime.ErrInvalid) {
		return fmt.Errorf("%w: %w", uptime.ErrNotFound, err)
	}
	return err
}

// mailbox describes a sink, unless the token was good for nothing. What was said
// yes to already is no error.
func (m mailboxes) mailbox(tenant uptime.TenantID, name string, err error) (statuspage.Mailbox, error) {
	s, ok := m.sinks.Load().byName[sinkKey{tenant, name}]
	switch {
	case errors.Is(err, proof.ErrSpent), errors.Is(err, proof.ErrWrong):
		if !ok || !m.proofs.Verified(tenant, name, s.address) {
			return statuspage.Mailbox{}, fmt.Errorf("%w: %w", uptime.ErrForbidden, err)
		}
	case errors.Is(err, uptime.ErrInvalid), errors.Is(err, uptime.ErrNotFound), err == nil && !ok:
		return statuspage.Mailbox{}, fmt.Errorf("%w: there is no such link", uptime.ErrNotFound)
	case err != nil:
		return statuspage.Mailbox{}, err
	}
	return statuspage.Mailbox{
		Tenant: tenant, Sink: name, Address: s.mail, Least: s.word.Least, Wanted: m.proofs.Verified(tenant, name, s.address),
	}, nil
}

// audit keeps who proved or stopped what. It is told of in the log when it cannot
// be kept: what it is about was kept before.
func (a *alarms) audit(ctx context.Context, e uptime.AuditEntry) {
	if err := a.store.PutAudit(ctx, e); err != nil {
		a.log.ErrorContext(ctx, "an act is not in the audit log", "action", e.Action, "object", e.Object, "error", err)
	}
}
