package statuspage

import (
	"context"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// LinkAct is what a signed link of a message is for.
type LinkAct string

// The acts of links.
const (
	LinkAcknowledge LinkAct = "ack"
	LinkSilence     LinkAct = "silence"
)

// Grant is what the token of a signed link allows whoever holds it: to
// acknowledge or to silence one alert, for at most a day, and nothing else. A
// message has both links, so each allows both; Act says which one the page
// offers first.
type Grant struct {
	Act    LinkAct
	Tenant uptime.TenantID
	// Alert is the key of an alert or of a thread.
	Alert uptime.AlertKey
	// Sink is where the message went, for "by whom": a link of ops.
	Sink    string
	Expires time.Time
}

// Links are the signed links of messages, which act without signing in. All
// methods may be called at any time from many goroutines.
type Links interface {
	// Open reads a token. One that is not ours, was changed, or is longer than 1 KiB
	// is uptime.ErrNotFound; one that has expired is uptime.ErrForbidden. It takes
	// the same time whatever is wrong, writes nothing, and logs no token.
	Open(token string) (Grant, error)
	// Told returns what is so now, in the words that the grant's sink may read. It
	// is uptime.ErrNotFound when the alert was forgotten.
	Told(ctx context.Context, g Grant) (uptime.Notice, error)
	// Acknowledge and Silence act, in the name of the grant's sink. Both are durable
	// and in the audit log when they return; doing it twice is doing it once, but
	// that a later silence may end later.
	Acknowledge(ctx context.Context, g Grant) error
	Silence(ctx context.Context, g Grant, lasts time.Duration) error
}
