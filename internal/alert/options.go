package alert

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Records is where the router keeps what it knows.
type Records interface {
	// Alerting returns what the router has to know to go on.
	Alerting(context.Context) (uptime.Alerting, error)
	// Route stores what a step changed in one transaction. It is called again, or
	// Alerting is, after an error, also when the step was stored in spite of it.
	Route(context.Context, uptime.Routing) error
	// News returns at most so many changes of incidents and drifts that follow a place,
	// ascending.
	News(ctx context.Context, after uint64, limit int) ([]uptime.News, error)
}

// Feed is where the router reads sealed verdicts.
type Feed interface {
	// After returns verdicts that follow the cursor, ascending; none when there
	// are none yet. A *uptime.FeedGap says where to go on when they are lost.
	After(ctx context.Context, after uptime.Cursor, limit int) ([]uptime.Verdict, error)
	// Wait returns when there is a verdict after the cursor.
	Wait(ctx context.Context, after uptime.Cursor) error
}

// BurnFunc returns the share of bad minutes, 0 to 1, of a server's last minutes
// and how many minutes are known; false when it cannot say.
type BurnFunc func(tenant uptime.TenantID, server uptime.ServerID, window time.Duration) (bad float64, minutes int, ok bool)

// Links makes the addresses in notices. A nil function, and one that returns
// nothing, leaves the address out.
type Links struct {
	// Server returns the status page of a server.
	Server func(*uptime.Server) string
	// Incident and Drift return the pages of one.
	Incident func(*uptime.Server, uptime.IncidentID) string
	Drift    func(*uptime.Server, uptime.DriftID) string
	// Ack and Silence return signed addresses that let the reader act. Subscribers
	// never get one.
	Ack, Silence func(uptime.TenantID, uptime.AlertKey) string
	// Unsubscribe returns the address that ends what a reader is sent; empty for
	// sinks that are no readers.
	Unsubscribe func(tenant uptime.TenantID, sink string) string
}

// Options are what a Router is made of. Records, Feed, Plan and Policies are
// required.
type Options struct {
	Records Records
	Feed    Feed
	// Plan returns what is monitored now; nil or Version 0 while that is not known.
	Plan func() *uptime.Plan
	// Policies returns who is told what, one policy a tenant. A changed policy is
	// another pointer.
	Policies func() []*uptime.Policy
	// Tenants returns how many tenants there are; nil is 1.
	Tenants func() int
	// Tier returns a tenant's tier; nil is enterprise for all.
	Tier func(uptime.TenantID) string
	// Operator is told when many tenants have one root cause; empty for nobody.
	Operator uptime.TenantID
	// Phrase says a cause as a clause: "the connection is refused". Advice says
	// what to do first. Nil leaves them out.
	Phrase, Advice func(uptime.Cause) string
	// City returns the name that people know a region by; nil takes the plan's.
	City  func(region string) string
	Links Links
	// Burn measures how fast error budgets burn; nil leaves them unwatched.
	Burn   BurnFunc
	Now    func() time.Time // nil for time.Now
	Logger *slog.Logger     // nil for none
}

// withDefaults returns the options with nothing missing that may be.
func (o Options) withDefaults() (Options, error) {
	if o.Records == nil || o.Feed == nil || o.Plan == nil || o.Policies == nil {
		return o, fmt.Errorf("%w: a router needs records, a feed, a plan and policies", uptime.ErrInvalid)
	}
	if o.Tenants == nil {
		o.Tenants = func() int { return 1 }
	}
	if o.Tier == nil {
		o.Tier = func(uptime.TenantID) string { return "enterprise" }
	}
	nothing := func(uptime.Cause) string { return "" }
	if o.Phrase == nil {
		o.Phrase = nothing
	}
	if o.Advice == nil {
		o.Advice = nothing
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return o, nil
}
