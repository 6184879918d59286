package proof

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// letters are those of codes: 32 that nobody takes for another one.
const letters = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"

// newCode returns forty random bits for people, as ABCD-2345.
func newCode() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	for i := range b {
		b[i] = letters[b[i]%byte(len(letters))]
	}
	return string(b[:4]) + "-" + string(b[4:])
}

// plain returns a code as it is compared, whatever people put between and around
// its letters.
func plain(code string) string {
	if len(code) > 64 {
		return ""
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(letters, r) {
			return r
		}
		return -1
	}, strings.ToUpper(code))
}

// Challenge sends a new code to a sink, which may be entered for 24 hours, and
// voids the code before it. It returns when the sink took it. ErrSoon means that
// the last one was sent less than a minute ago, or ten within a day; to a
// receiver who wants nothing any more there is one a day.
func (p *Prover) Challenge(ctx context.Context, tenant uptime.TenantID, name, by string) error {
	s, err := p.sink(tenant, name)
	if err != nil {
		return err
	}
	if err := p.load(ctx, tenant); err != nil {
		return err
	}
	if err := p.admitCode(tenant, name, s); err != nil {
		return err
	}
	code := newCode()
	err = p.change(ctx, tenant, name, func(pr *uptime.Proof) error {
		pr.Code, pr.Expires, pr.Tries = p.digest(tenant, name, s.Address, code), p.o.Now().Add(lifetime), 0
		return nil
	})
	if err != nil {
		return err
	}
	if err := p.send(ctx, tenant, name, s, code); err != nil {
		return p.unsent(ctx, tenant, name, err)
	}
	p.audit(ctx, tenant, name, by, "sink.challenge", "A code was sent.")
	return nil
}

func (p *Prover) admitCode(tenant uptime.TenantID, name string, s Sink) error {
	p.mu.RLock()
	pr := p.proofs[uptime.SinkKey{Tenant: tenant, Name: name}]
	p.mu.RUnlock()
	gap, most := spacing, daily
	if !pr.Stopped.IsZero() && pr.Address == s.Address {
		gap, most = stopped, 1
	}
	if begun := pr.Expires.Add(-lifetime); !pr.Expires.IsZero() && p.o.Now().Sub(begun) < gap {
		return ErrSoon // also after a restart
	}
	return p.admit("code "+string(tenant)+" "+s.Address, gap, most)
}

// digest is what is stored of a code: without the key it tells nothing, and it is
// of no use for another sink or address.
func (p *Prover) digest(tenant uptime.TenantID, name, address, code string) string {
	return hex.EncodeToString(p.mac("code", string(tenant), name, address, plain(code)))
}

// send hands the code to the sink itself, past every rule: it is the only thing
// that is sent to one that is not proved.
func (p *Prover) send(ctx context.Context, tenant uptime.TenantID, name string, s Sink, code string) error {
	n := uptime.Notice{
		Priority:  uptime.P3,
		Title:     "Do you want alerts from AliveMCP here?",
		Summary:   fmt.Sprintf("The code is %s. It is valid for 24 hours. If you did not expect this, ignore it: nothing more will come.", code),
		FirstStep: "Enter the code on the page of the sink, or give it to whoever set up the sink.",
		Challenge: code,
	}
	if s.Link != nil {
		n.StatusPage = s.Link(p.token("link", claim{tenant, name, s.Address, code}))
		n.FirstStep = "Open the page behind the link and press its button; or give the code to whoever set this up."
	}
	return p.deliver(ctx, tenant, name, s, n)
}

// deliver hands a test to a sink, which nobody's rules are asked about.
func (p *Prover) deliver(ctx context.Context, tenant uptime.TenantID, name string, s Sink, n uptime.Notice) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	now := p.o.Now()
	n.Type, n.Kind, n.Phase, n.At, n.Started = uptime.NoticeTest, uptime.AlertTest, uptime.NoticeOpens, now, now
	n.Key = uptime.NewAlertKey(uptime.AlertTest, tenant, name, now)
	_, err := s.Deliver(ctx, &uptime.Delivery{
		ID: uptime.NewDeliveryID(tenant, n.Key, name, 1), Tenant: tenant, Thread: n.Key, Sink: name, Transition: 1,
		Notice: n, State: uptime.DeliveryWaiting, Created: now, Due: now, Attempts: 1,
	}, "")
	return err
}

// unsent forgets a code that the sink did not take, and says why.
func (p *Prover) unsent(ctx context.Context, tenant uptime.TenantID, name string, why error) error {
	err := p.change(context.WithoutCancel(ctx), tenant, name, func(pr *uptime.Proof) error {
		pr.Code, pr.Expires = "", time.Time{}
		pr.Failed = brief(why)
		return nil
	})
	if err != nil {
		p.o.Logger.WarnContext(ctx, "a code that was not sent is kept", "tenant", tenant, "sink", name, "error", err)
	}
	return fmt.Errorf("sending a code to sink %s: %w", name, why)
}

// Prove takes the code that somebody read at the sink. ErrWrong means that it is
// another one; after five of those, and after 24 hours, it is ErrSpent.
func (p *Prover) Prove(ctx context.Context, tenant uptime.TenantID, name, code, by string) error {
	return p.enter(ctx, tenant, name, code, MethodCode, by)
}

func (p *Prover) enter(ctx context.Context, tenant uptime.TenantID, name, code, method, by string) error {
	s, err := p.sink(tenant, name)
	if err != nil {
		return err
	}
	was := false
	err = p.change(ctx, tenant, name, func(pr *uptime.Proof) error {
		was = lost(pr)
		if err := p.judge(pr, s, code); err != nil {
			if errors.Is(err, ErrWrong) {
				pr.Tries++ // kept before anybody learns that it was wrong
			}
			return err
		}
		now := p.o.Now()
		*pr = uptime.Proof{Tenant: tenant, Sink: name, Address: s.Address, Method: method, Verified: now, Due: now.Add(week)}
		if s.Link != nil {
			pr.Due = time.Time{} // whoever opted in can opt out with every message
		}
		return nil
	})
	if err == nil {
		p.audit(ctx, tenant, name, by, "sink.verify", "The receiver confirmed by "+method+".")
	}
	if err == nil && was {
		p.found(ctx, tenant, name)
	}
	return err
}

// judge says what is wrong with a code that is entered; nil when it is right.
func (p *Prover) judge(pr *uptime.Proof, s Sink, code string) error {
	if pr.Code == "" || !p.o.Now().Before(pr.Expires) || pr.Tries >= tries {
		return ErrSpent
	}
	if !hmac.Equal([]byte(pr.Code), []byte(p.digest(pr.Tenant, pr.Sink, s.Address, code))) {
		return ErrWrong
	}
	return nil
}

// claim is what a link says: of which sink, where that is, and for a question its
// code.
type claim struct {
	Tenant  uptime.TenantID `json:"t"`
	Sink    string          `json:"s"`
	Address string          `json:"a"`
	Code    string          `json:"c,omitempty"`
}

// token is what a link holds. It cannot be made without the key, so that nobody
// can use up the tries of another's code, and is good for one purpose.
func (p *Prover) token(purpose string, c claim) string {
	body, _ := json.Marshal(c) // strings always marshal
	enc := base64.RawURLEncoding
	return enc.EncodeToString(body) + "." + enc.EncodeToString(p.mac(purpose, string(body)))
}

// open returns what a token says.
func (p *Prover) open(purpose, token string) (c claim, err error) {
	enc := base64.RawURLEncoding.Strict()
	head, tail, _ := strings.Cut(token, ".")
	body, err1 := enc.DecodeString(head)
	sum, err2 := enc.DecodeString(tail)
	if len(token) > 2048 || err1 != nil || err2 != nil || !hmac.Equal(sum, p.mac(purpose, string(body))) || json.Unmarshal(body, &c) != nil {
		return claim{}, fmt.Errorf("%w: this link is not one of ours, or was cut: copy all of it", uptime.ErrInvalid)
	}
	return c, nil
}

// at returns the sink of a claim. uptime.ErrNotFound means that it is gone, or is
// somewhere else by now, which is another receiver's.
func (p *Prover) at(c claim) (Sink, error) {
	s, err := p.sink(c.Tenant, c.Sink)
	if err == nil && s.Address != c.Address {
		err = fmt.Errorf("sink %q has another address by now: %w", c.Sink, uptime.ErrNotFound)
	}
	return s, err
}

// Read returns what the token of a link is about, for the page that asks for
// confirmation, and changes nothing. uptime.ErrInvalid means that it was not made
// here, ErrSpent and ErrWrong that it confirms nothing any more, and
// uptime.ErrNotFound that the sink is gone, or is another receiver's by now.
func (p *Prover) Read(token string) (tenant uptime.TenantID, sink string, err error) {
	c, err := p.open("link", token)
	if err != nil {
		return "", "", err
	}
	s, err := p.at(c)
	if err != nil {
		return c.Tenant, c.Sink, err
	}
	p.mu.RLock()
	pr := p.proofs[uptime.SinkKey{Tenant: c.Tenant, Name: c.Sink}]
	p.mu.RUnlock()
	return c.Tenant, c.Sink, p.judge(&pr, s, c.Code)
}

// Confirm proves a sink by the token of its link, when the receiver pressed the
// button on its page. The errors are those of Read.
func (p *Prover) Confirm(ctx context.Context, token string) error {
	c, err := p.open("link", token)
	if err != nil {
		return err
	}
	if _, err := p.at(c); err != nil {
		return err
	}
	return p.enter(ctx, c.Tenant, c.Sink, c.Code, MethodLink, "receiver")
}

// brief is one bounded sentence of an error.
func brief(err error) string {
	s := strings.Join(strings.Fields(uptime.RefusalOf(err).Reason), " ")
	if len(s) > 300 {
		s = strings.ToValidUTF8(s[:300], "") + "…"
	}
	return strings.ToValidUTF8(s, "")
}
