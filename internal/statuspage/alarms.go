package statuspage

import (
	"context"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Alarms is what operators see of alerting, and do about it. By is always the
// name of whoever did it, for the audit log; what an act changed is durable and
// in that log when it returns. What is not there for this tenant is
// uptime.ErrNotFound. All methods may be called at any time from many
// goroutines.
type Alarms interface {
	SinkDesk
	DeliveryDesk
	AlertDesk
	SilenceDesk
}

// SinkDesk shows the sinks and tries them.
type SinkDesk interface {
	// Sinks returns all sinks of the configuration, verified or not, in its order;
	// no subscribers.
	Sinks(ctx context.Context, tenant uptime.TenantID) ([]uptime.SinkStatus, error)
	// TestSink sends a test.ping at once, past the router, and returns when the sink
	// took it. A sink that did not is *uptime.Refusal or another error whose text
	// is for operators: one sentence without secrets. A sink that is not verified is
	// uptime.ErrConflict.
	TestSink(ctx context.Context, tenant uptime.TenantID, name, by string) error
	// Challenge sends a code to the sink, which somebody who reads there gives back.
	// Errors are as with TestSink; one that came too soon after the last is
	// uptime.ErrConflict.
	Challenge(ctx context.Context, tenant uptime.TenantID, name, by string) error
	// Prove verifies the sink with that code. A wrong one, one that expired, and one
	// after too many tries are uptime.ErrInvalid with a text that says which.
	Prove(ctx context.Context, tenant uptime.TenantID, name, code, by string) error
}

// DeliveryDesk shows what was sent where.
type DeliveryDesk interface {
	Deliveries(ctx context.Context, tenant uptime.TenantID, q uptime.DeliveryQuery) ([]uptime.Delivery, error)
	Delivery(ctx context.Context, tenant uptime.TenantID, id uptime.DeliveryID) (uptime.Delivery, error)
	// ReplayDelivery has a delivery that is dead or sent tried once more, soon. Any
	// other is uptime.ErrConflict.
	ReplayDelivery(ctx context.Context, tenant uptime.TenantID, id uptime.DeliveryID, by string) error
}

// AlertDesk answers "why was I (not) told?" and takes on what was told.
type AlertDesk interface {
	// Story takes the key of an alert or of a thread.
	Story(ctx context.Context, tenant uptime.TenantID, key uptime.AlertKey) (uptime.Story, error)
	// Acknowledge stops the escalation of the thread that the key belongs to. The
	// note may be empty. What is acknowledged or over already stays as it is, which
	// is no error.
	Acknowledge(ctx context.Context, tenant uptime.TenantID, key uptime.AlertKey, by, note string) error
}

// SilenceDesk keeps sinks quiet for a while.
type SilenceDesk interface {
	// Silences returns those that have not ended, also those that have not begun.
	Silences(ctx context.Context, tenant uptime.TenantID) ([]uptime.Silence, error)
	// PutSilence stores a silence, whose ID the page has made and whose By is who
	// asked for it.
	PutSilence(ctx context.Context, s uptime.Silence) error
	EndSilence(ctx context.Context, tenant uptime.TenantID, id, by string) error
}
