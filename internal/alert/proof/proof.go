// Package proof knows whose sinks want what is sent to them: nothing is told to
// a sink before its owner proved it, and again when the proof grows old.
package proof

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// lifetime is how long a code may be entered.
	lifetime = 24 * time.Hour
	// tries is how many wrong codes are admitted before a new one is needed.
	tries = 5
	// spacing lies between two codes to one sink, and daily is how many codes it
	// gets a day: nobody is pestered by a stranger who guessed an address. stopped
	// is the spacing for a receiver who wants nothing.
	spacing = time.Minute
	daily   = 10
	stopped = 24 * time.Hour
	// pause and checks are the same for what is proved without a code.
	pause  = 10 * time.Second
	checks = 100
	// week is how long a proof lasts, grace for how much longer it counts while it
	// waits to be repeated.
	week  = 7 * 24 * time.Hour
	grace = 7 * 24 * time.Hour
	// month is how long a sink that cannot be looked at without a message may be
	// left in peace before it is asked whether it is still there.
	month = 30 * 24 * time.Hour
	// timeout ends what is asked of a sink, or of the DNS.
	timeout = 15 * time.Second
)

// The methods of proofs.
const (
	MethodOperator  = "operator"  // the operator's own file says so
	MethodCode      = "code"      // a code was sent there, and entered here
	MethodLink      = "link"      // the receiver followed the link that was sent there
	MethodChallenge = "challenge" // it signed for a number that we sent
	MethodDNS       = "dns"       // its host's zone holds the token
)

// The errors that callers tell apart.
var (
	// ErrWrong means that the code is another one. It is an uptime.ErrInvalid.
	ErrWrong = fmt.Errorf("%w: this is not the code", uptime.ErrInvalid)
	// ErrSpent means that there is no code that could be entered: none was sent, it
	// is too old, or was missed too often. It is an uptime.ErrConflict.
	ErrSpent = fmt.Errorf("%w: there is no code to enter any more: ask for a new one", uptime.ErrConflict)
	// ErrSoon means that the sink was asked a moment ago, or too often today. It is
	// an uptime.ErrConflict.
	ErrSoon = fmt.Errorf("%w: this sink was asked already: wait before you ask again", uptime.ErrConflict)
	// ErrStopped means that the receiver said that it wants nothing. It is an
	// uptime.ErrConflict.
	ErrStopped = fmt.Errorf("%w: the receiver wants nothing any more: only a code that is entered can change that", uptime.ErrConflict)
)

// Rows is where proofs are kept, durable when a method returns.
type Rows interface {
	// Proofs returns those of a tenant, one per sink.
	Proofs(ctx context.Context, tenant uptime.TenantID) ([]uptime.Proof, error)
	// PutProof replaces that of the same tenant and sink.
	PutProof(ctx context.Context, p uptime.Proof) error
}

// Sink is a sink, as its ownership is proved.
type Sink struct {
	// Address is a hash of where it is: another address needs another proof.
	Address string
	// Vouched means that the operator's own file says that it is wanted.
	Vouched bool
	// Host is the host name whose DNS zone may hold the token; empty when that
	// proves nothing, as at services that many share.
	Host string
	// Verify sends a signed challenge, and returns nil when the nonce came back. Nil
	// when the sink's type knows no such thing.
	Verify func(ctx context.Context, nonce string) error
	// Look asks the service whether it would still take notices, without anybody
	// seeing it. Nil when the sink's type knows no such thing.
	Look func(ctx context.Context) error
	// Deliver hands over a notice, as sinks do.
	Deliver func(ctx context.Context, d *uptime.Delivery, ref string) (string, error)
	// Link returns the address of the page that confirms a token; nil when the code
	// has to be entered. A GET of the page confirms nothing: mail scanners follow
	// links.
	Link func(token string) string
}

// Options say what a Prover works with. Rows, Sinks, Tenants and Key are needed.
type Options struct {
	Rows Rows
	// Sinks returns the sink of a name, or of the id of a subscription. It asks
	// nothing of the Prover.
	Sinks func(tenant uptime.TenantID, name string) (Sink, bool)
	// Tenants returns those whose proofs are to be read and kept fresh.
	Tenants func() []uptime.TenantID
	// LastSent returns when a sink took something last; zero for never. Nil means
	// that nothing is known of that.
	LastSent func(ctx context.Context, tenant uptime.TenantID, sink string) (time.Time, error)
	// Resolve returns the TXT records of a name; nil leaves out the proof by DNS.
	Resolve func(ctx context.Context, name string) ([]string, error)
	// Key is at least 32 random bytes. They should never change: codes, links and
	// DNS tokens hang on them, and are void with another key.
	Key []byte
	// Audit, when set, keeps who did what.
	Audit func(ctx context.Context, e uptime.AuditEntry)
	// Changed, when set, is told of every proof that was made, renewed, lost or
	// became due. It must not block, nor call the Prover's methods that change.
	Changed func(uptime.Proof)
	// Lost, when set, is told of a sink whose proof is going to count no more since
	// its weekly check fails: the proof counts until Lost returns nil. Found is told
	// when it is proved again, or is none of ours any more. Both are called again
	// after an error or a restart, with the same or with nothing to do.
	Lost  func(ctx context.Context, tenant uptime.TenantID, sink string, since time.Time, reason string) error
	Found func(ctx context.Context, tenant uptime.TenantID, sink string) error
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Logger; nil discards.
	Logger *slog.Logger
}

// Prover makes, keeps and judges proofs. Only one may work on the same rows.
type Prover struct {
	o    Options
	keep sync.Mutex // held from reading a proof until its change is stored

	mu     sync.RWMutex // all below
	proofs map[uptime.SinkKey]uptime.Proof
	loaded map[uptime.TenantID]bool
	asked  map[string][]time.Time // of the last day, by what was asked of whom
}

// New returns a Prover that knows no proofs yet. A key that is too short is
// uptime.ErrInvalid.
func New(o Options) (*Prover, error) {
	if len(o.Key) < 32 {
		return nil, fmt.Errorf("%w: the key of proofs has %d bytes, want at least 32", uptime.ErrInvalid, len(o.Key))
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Changed == nil {
		o.Changed = func(uptime.Proof) {}
	}
	if o.Lost == nil {
		o.Lost = func(context.Context, uptime.TenantID, string, time.Time, string) error { return nil }
	}
	if o.Found == nil {
		o.Found = func(context.Context, uptime.TenantID, string) error { return nil }
	}
	if o.Audit == nil {
		o.Audit = func(context.Context, uptime.AuditEntry) {}
	}
	return &Prover{
		o: o, proofs: map[uptime.SinkKey]uptime.Proof{}, loaded: map[uptime.TenantID]bool{},
		asked: map[string][]time.Time{},
	}, nil
}

// Open reads the proofs of all tenants. Until then nothing is verified but what
// the operator vouches for.
func (p *Prover) Open(ctx context.Context) error {
	for _, tenant := range p.o.Tenants() {
		if err := p.load(ctx, tenant); err != nil {
			return err
		}
	}
	return nil
}

// load reads the proofs of a tenant, once.
func (p *Prover) load(ctx context.Context, tenant uptime.TenantID) error {
	p.keep.Lock()
	defer p.keep.Unlock()
	return p.loadKept(ctx, tenant)
}

func (p *Prover) loadKept(ctx context.Context, tenant uptime.TenantID) error {
	p.mu.RLock()
	done := p.loaded[tenant]
	p.mu.RUnlock()
	if done {
		return nil
	}
	list, err := p.o.Rows.Proofs(ctx, tenant)
	if err != nil {
		return fmt.Errorf("reading the proofs of %s: %w", tenant, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.loaded[tenant] = true
	for _, pr := range list {
		p.proofs[uptime.SinkKey{Tenant: tenant, Name: pr.Sink}] = pr
	}
	return nil
}

// Verified reports whether what is at this address wants what the sink is sent.
// It asks nobody.
func (p *Prover) Verified(tenant uptime.TenantID, sink, address string) bool {
	pr := p.Proof(tenant, sink)
	if !pr.Stopped.IsZero() || pr.Verified.IsZero() || pr.Address != address {
		return false
	}
	return pr.Due.IsZero() || p.o.Now().Before(pr.Due.Add(grace))
}

// Proof returns how it is known that a sink is wanted, for pages; the zero value
// when nothing is. What an operator vouches for needs no other proof, but not
// against the receiver's will.
func (p *Prover) Proof(tenant uptime.TenantID, sink string) uptime.Proof {
	p.mu.RLock()
	pr := p.proofs[uptime.SinkKey{Tenant: tenant, Name: sink}]
	p.mu.RUnlock()
	s, ok := p.o.Sinks(tenant, sink)
	if ok && s.Vouched && (pr.Stopped.IsZero() || pr.Address != s.Address) {
		pr = uptime.Proof{Tenant: tenant, Sink: sink, Address: s.Address, Method: MethodOperator, Verified: p.o.Now()}
	}
	return pr
}

// change changes one proof and stores it, also when f returns an error.
func (p *Prover) change(ctx context.Context, tenant uptime.TenantID, sink string, f func(*uptime.Proof) error) error {
	p.keep.Lock()
	defer p.keep.Unlock()
	if err := p.loadKept(ctx, tenant); err != nil {
		return err
	}
	key := uptime.SinkKey{Tenant: tenant, Name: sink}
	p.mu.RLock()
	old := p.proofs[key]
	p.mu.RUnlock()
	pr := old
	pr.Tenant, pr.Sink = tenant, sink
	failed := f(&pr)
	if pr == old {
		return failed
	}
	if err := p.o.Rows.PutProof(ctx, pr); err != nil {
		return fmt.Errorf("keeping the proof of sink %s: %w", sink, err)
	}
	p.mu.Lock()
	p.proofs[key] = pr
	p.mu.Unlock()
	p.o.Changed(pr)
	return failed
}

// admit counts that something is asked of somebody, or refuses it.
func (p *Prover) admit(what string, gap time.Duration, most int) error {
	now := p.o.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	times := fresh(p.asked[what], now)
	if n := len(times); n >= most || n > 0 && now.Sub(times[n-1]) < gap {
		return ErrSoon
	}
	p.asked[what] = append(times, now)
	return nil
}

// fresh drops what is older than a day.
func fresh(times []time.Time, now time.Time) []time.Time {
	for len(times) > 0 && now.Sub(times[0]) >= 24*time.Hour {
		times = times[1:]
	}
	return times
}

func (p *Prover) audit(ctx context.Context, tenant uptime.TenantID, sink, by, action, text string) {
	p.o.Logger.InfoContext(ctx, "the ownership of a sink", "tenant", tenant, "sink", sink, "by", by, "action", action)
	p.o.Audit(ctx, uptime.AuditEntry{Tenant: tenant, At: p.o.Now(), By: by, Action: action, Object: sink, Text: text})
}

// mac is a keyed hash of some strings, for one purpose each.
func (p *Prover) mac(purpose string, parts ...string) []byte {
	h := hmac.New(sha256.New, p.o.Key)
	for _, s := range append([]string{"alivemcp proof", purpose}, parts...) {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(s))))
		h.Write([]byte(s))
	}
	return h.Sum(nil)
}

func (p *Prover) sink(tenant uptime.TenantID, name string) (Sink, error) {
	s, ok := p.o.Sinks(tenant, name)
	if !ok {
		return Sink{}, fmt.Errorf("looking for sink %q: %w", name, uptime.ErrNotFound)
	}
	return s, nil
}
