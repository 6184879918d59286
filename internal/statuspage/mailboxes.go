package statuspage

import (
	"context"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// The paths of the pages where the reader of a sink that is a mailbox says yes
// and no, before the token.
const (
	AcceptPath = "/sink/accept/"
	LeavePath  = "/sink/leave/"
)

// Mailbox is a sink of the configuration that sends mail to one reader.
type Mailbox struct {
	Tenant uptime.TenantID
	Sink   string
	// Address is the reader's; a secret on pages.
	Address uptime.Secret
	// Least is the least urgent that it is told.
	Least uptime.Priority
	// Wanted means that it is told of what happens.
	Wanted bool
}

// Mailboxes are the readers of sinks that are mailboxes. Tokens are signed and
// each is for one sink, one address and one act; a token that is not ours, is for
// another act, or whose sink is gone is uptime.ErrNotFound, a question that is too
// old uptime.ErrForbidden. All methods may be called at any time from many
// goroutines.
type Mailboxes interface {
	// Asked returns what a question is about, and changes nothing.
	Asked(ctx context.Context, token string) (Mailbox, error)
	// Accept begins to tell the reader. Accepting twice is accepting once.
	Accept(ctx context.Context, token string) (Mailbox, error)
	// Told returns what a link that stops is about, and changes nothing.
	Told(ctx context.Context, token string) (Mailbox, error)
	// Leave stops what is sent to the mailbox until its reader accepts anew. What is
	// stopped already, or gone, is no error.
	Leave(ctx context.Context, token string) error
}
