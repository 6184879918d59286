package statuspage

import (
	"context"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// The kinds of subscriptions that a page offers; an Atom feed needs none.
const (
	SubscribeEmail   = "email"
	SubscribeWebhook = "webhook"
)

// Subscribers are the readers of the status page who want to be told. Tokens
// are signed and each is for one subscription and one act; a token that is not
// ours, is for another act, has expired or whose subscription is gone is
// uptime.ErrNotFound. All methods may be called at any time from many
// goroutines.
type Subscribers interface {
	// Kinds are those that can be subscribed to here: email where mail can be sent.
	Kinds() []string
	// Patience is how long something must last before readers are told.
	Patience() time.Duration
	// Subscribe notes the wish and sends a link to confirm it with to the address,
	// soon: it returns before that, takes the same time and answers the same
	// whether the address is known or not. The page has checked the form of the
	// address and that the servers are public ones; no servers are all public ones.
	// uptime.ErrInvalid means that an address is not contacted, with a text for the
	// reader.
	Subscribe(ctx context.Context, tenant uptime.TenantID, kind, address string, servers []string) error
	// Peek returns the subscription of a token of either act, and changes nothing.
	Peek(ctx context.Context, token string) (uptime.Subscription, error)
	// Confirm begins to tell the reader, and returns the subscription with the key
	// that signs what a webhook gets. Confirming twice is confirming once, and
	// returns no key the second time: who finds the link later learns nothing.
	Confirm(ctx context.Context, token string) (uptime.Subscription, error)
	// Unsubscribe forgets the subscription. One that is gone already is no error.
	Unsubscribe(ctx context.Context, token string) error
}
