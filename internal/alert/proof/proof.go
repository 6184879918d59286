// Package proof knows whose sinks want what is sent to them: nothing is told to
// a sink before its owner proved it, and again when the proof grows old.
package proof

import (
	"context"
	"errors"
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
	// week is how long a proof lasts, grace for how much longer it counts while it
	// waits to be repeated.
	week  = 7 * 24 * time.Hour
	grace = 7 * 24 * time.Hour
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

// The errors of Prove and Challenge that callers tell apart; all of them are
// uptime.ErrInvalid or ErrConflict too.
var (
	// ErrWrong means that the code is another one.
	ErrWrong = errors.New("this is not the code")
	// ErrSpent means that there is no code that could be entered: it is too old, or
	// was missed too often.
	ErrSpent = errors.New("there is no code to enter any more: ask for a new one")
	// ErrSoon means that a code was sent a moment ago, or too many today.
	ErrSoon = errors.New("a code was sent already: wait before you ask for another one")
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
	// that codes have to be entered anew each week.
	LastSent func(ctx context.Context, tenant uptime.TenantID, sink string) (time.Time, error)
	// Resolve returns the TXT records of a name; nil leaves out the proof by DNS.
	Resolve func(ctx context.Context, name string) ([]string, error)
	// Key is 32 random bytes that never change: codes and tokens hang on it.
	Key []byte
	// Changed, when set, is told of every proof that was made, renewed, lost or
	// became due. It must not block, nor call the Prover's methods that change.
	Changed func(uptime.Proof)
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
	sent   map[uptime.SinkKey][]time.Time // codes of the last day
}
