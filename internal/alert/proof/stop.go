package proof

import (
	"context"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Leaving returns the token by which the receiver at a sink's address can stop
// it, in every message; empty when there is no such sink. It never grows old, and
// is of no use for another tenant, sink or address.
func (p *Prover) Leaving(tenant uptime.TenantID, sink string) string {
	s, ok := p.o.Sinks(tenant, sink)
	if !ok {
		return ""
	}
	return p.token("leave", claim{Tenant: tenant, Sink: sink, Address: s.Address})
}

// ReadLeave returns what such a token stops, for the page that asks.
// uptime.ErrInvalid means that it was not made here, uptime.ErrNotFound that
// nothing is sent to that address any more.
func (p *Prover) ReadLeave(token string) (tenant uptime.TenantID, sink string, err error) {
	c, err := p.open("leave", token)
	if err == nil {
		_, err = p.at(c)
	}
	return c.Tenant, c.Sink, err
}

// Leave keeps the word of a receiver who wants nothing any more, also against the
// operator's. Only the receiver can take it back, by a code or a link; another
// address is another receiver. Leaving twice is leaving once, and so is leaving
// what goes to another address by now. uptime.ErrInvalid means that the token was
// not made here.
func (p *Prover) Leave(ctx context.Context, token string) error {
	c, err := p.open("leave", token)
	if err != nil {
		return err
	}
	if s, ok := p.o.Sinks(c.Tenant, c.Sink); ok && s.Address != c.Address {
		return nil
	}
	first := false
	err = p.change(ctx, c.Tenant, c.Sink, func(pr *uptime.Proof) error {
		if first = pr.Stopped.IsZero() || pr.Address != c.Address; first {
			pr.Stopped = p.o.Now()
		}
		pr.Address, pr.Code, pr.Expires, pr.Tries = c.Address, "", time.Time{}, 0
		return nil
	})
	if err == nil && first {
		p.audit(ctx, c.Tenant, c.Sink, "receiver", "sink.stop", "The receiver wants nothing any more.")
	}
	return err
}
