package proof

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Check proves a sink without people: by a signed challenge that it answers, or
// by the token in the DNS. The error says what was missing.
func (p *Prover) Check(ctx context.Context, tenant uptime.TenantID, name, by string) error {
	s, err := p.sink(tenant, name)
	if err != nil {
		return err
	}
	if err := p.load(ctx, tenant); err != nil {
		return err
	}
	if pr := p.Proof(tenant, name); !pr.Stopped.IsZero() && pr.Address == s.Address {
		return ErrStopped
	}
	if err := p.admit("check "+string(tenant)+" "+s.Address, pause, checks); err != nil {
		return err
	}
	method, failed := p.auto(ctx, tenant, name, s)
	was := false
	err = p.change(ctx, tenant, name, func(pr *uptime.Proof) error {
		was = lost(pr)
		return p.keepCheck(pr, s, method, failed)
	})
	if err == nil {
		p.audit(ctx, tenant, name, by, "sink.verify", "It was proved by "+method+".")
	}
	if err == nil && was {
		p.found(ctx, tenant, name)
	}
	return err
}

// keepCheck puts the end of a check into a proof.
func (p *Prover) keepCheck(pr *uptime.Proof, s Sink, method string, failed error) error {
	switch now := p.o.Now(); {
	case failed != nil:
		pr.Failed = brief(failed)
		return fmt.Errorf("proving sink %s: %w", pr.Sink, failed)
	case !pr.Stopped.IsZero() && pr.Address == s.Address:
		return ErrStopped // it was faster
	default:
		*pr = uptime.Proof{
			Tenant: pr.Tenant, Sink: pr.Sink, Address: s.Address, Method: method, Verified: now, Due: now.Add(week),
			Code: pr.Code, Expires: pr.Expires, Tries: pr.Tries,
		}
		return nil
	}
}

// auto tries what needs no people, and returns what worked.
func (p *Prover) auto(ctx context.Context, tenant uptime.TenantID, name string, s Sink) (method string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*timeout)
	defer cancel()
	var reasons []string
	if s.Verify != nil {
		err := p.verify(ctx, s)
		switch {
		case err == nil:
			return MethodChallenge, nil
		case gone(err):
			return "", fmt.Errorf("the receiver is gone: %w", err)
		}
		reasons = append(reasons, "it did not answer the challenge: "+brief(err))
	}
	if record, value, ok := p.Record(tenant, name); ok && p.o.Resolve != nil {
		err := p.lookup(ctx, record, value)
		if err == nil {
			return MethodDNS, nil
		}
		reasons = append(reasons, fmt.Sprintf("no TXT record %s says %s: %s", record, value, brief(err)))
	}
	if len(reasons) == 0 {
		return "", fmt.Errorf("%w: this sink can only be proved by a code", uptime.ErrInvalid)
	}
	return "", errors.New(strings.Join(reasons, "; "))
}

// verify sends a number that was never used before.
func (p *Prover) verify(ctx context.Context, s Sink) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return s.Verify(ctx, rand.Text())
}

// Record returns the TXT record that proves a sink: its name, and the token that
// it has to hold. It is of no use for another tenant, sink or address. False
// when a record proves nothing here.
func (p *Prover) Record(tenant uptime.TenantID, sink string) (name, value string, ok bool) {
	s, ok := p.o.Sinks(tenant, sink)
	host := strings.ToLower(strings.TrimSuffix(s.Host, "."))
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); !ok || host == "" || err == nil {
		return "", "", false
	}
	token := base64.RawURLEncoding.EncodeToString(p.mac("dns", string(tenant), sink, s.Address))
	return "_alivemcp-verify." + host, "alivemcp-verify=" + token, true
}

func (p *Prover) lookup(ctx context.Context, record, value string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	texts, err := p.o.Resolve(ctx, record)
	if err != nil {
		return unresolved(err)
	}
	for _, text := range texts {
		if hmac.Equal([]byte(strings.TrimSpace(text)), []byte(value)) {
			return nil
		}
	}
	return fmt.Errorf("there are %d other records", len(texts))
}

// unresolved says what went wrong in the DNS, without naming our resolver.
func unresolved(err error) error {
	var failed *net.DNSError
	switch {
	case errors.As(err, &failed) && failed.IsNotFound:
		return errors.New("there is none")
	case errors.As(err, &failed) && failed.IsTimeout, errors.Is(err, context.DeadlineExceeded):
		return errors.New("the DNS did not answer in time")
	default:
		return errors.New("the DNS could not be asked")
	}
}
