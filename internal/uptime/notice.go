package uptime

import (
	"errors"
	"strconv"
	"time"
)

// NoticeType is the event that a notice tells of, as webhooks spell it (DESIGN
// section 5).
type NoticeType string

// The events.
const (
	NoticeTriggered  NoticeType = "alert.triggered"
	NoticeUpdated    NoticeType = "alert.updated"
	NoticeResolved   NoticeType = "alert.resolved"
	NoticeDrift      NoticeType = "drift.detected"
	NoticeTLS        NoticeType = "tls.expiring"
	NoticeCredential NoticeType = "credential.expiring"
	NoticeBurn       NoticeType = "slo.burning"
	NoticeTest       NoticeType = "test.ping"
)

// NoticePhase says what a sink has to do with a notice.
type NoticePhase string

// The phases.
const (
	// NoticeOpens is the first notice of a thread, or the first after it closed:
	// it may ring.
	NoticeOpens NoticePhase = "opens"
	// NoticeChanges replaces what the thread's former notice said, in place where
	// the service can.
	NoticeChanges NoticePhase = "changes"
	// NoticeCloses is the last one.
	NoticeCloses NoticePhase = "closes"
)

// Notice is what is told to a sink: everything in it may be read by whoever
// reads there. It holds no addresses of machines, no ids of regions, nothing of
// another tenant and no secret.
type Notice struct {
	Type  NoticeType  `json:"type"`
	Key   AlertKey    `json:"key"` // incident_key, the same at every sink
	Phase NoticePhase `json:"phase"`
	Kind  AlertKind   `json:"kind"`
	// Rings marks a change that must not be missed: it got graver, or it is a
	// reminder. A service that changes messages in place says it aloud as well.
	Rings bool `json:"rings,omitempty"`
	// At is when this was so.
	At       time.Time `json:"at"`
	Priority Priority  `json:"severity"`
	Reason   Reason    `json:"reason,omitempty"`
	Cause    Cause     `json:"cause,omitempty"`
	// Servers are those that it is about, the failing ones first; at most 50. More
	// counts those that are left out. Failing counts all that fail still, Total all.
	Servers []NoticeServer `json:"servers,omitempty"`
	More    int            `json:"more,omitempty"`
	Failing int            `json:"failing"`
	Total   int            `json:"total"`
	// Regions are the cities it fails from, sorted.
	Regions []string `json:"regions,omitempty"`
	// Started is when it began, Resolved when it was over.
	Started  time.Time `json:"started"`
	Resolved time.Time `json:"resolved,omitzero"`
	// Title is one line of at most 120 characters: "Weather is down: the
	// connection is refused". Summary says in two or three sentences what broke,
	// since when, and where from. FirstStep is the first thing to do, one sentence;
	// empty when there is nothing to do.
	Title     string `json:"title"`
	Summary   string `json:"summary"`
	FirstStep string `json:"first_step,omitempty"`
	// The links, each empty when there is none. StatusPage is the incident's,
	// drift's or server's page. AckURL and SilenceURL are signed and let the
	// reader act without signing in.
	RunbookURL string `json:"runbook_url,omitempty"`
	StatusPage string `json:"status_page,omitempty"`
	AckURL     string `json:"ack_url,omitempty"`
	SilenceURL string `json:"silence_url,omitempty"`
	// UnsubscribeURL ends what is sent to the reader: a subscription, or a sink
	// that is a mailbox. Empty for others.
	UnsubscribeURL string `json:"unsubscribe_url,omitempty"`
	// AckedBy says who took it on; empty for nobody.
	AckedBy string `json:"acked_by,omitempty"`
	// Challenge is what the receiver of a test has to give back; empty otherwise.
	Challenge string `json:"challenge,omitempty"`
	// Demo marks a demonstration.
	Demo bool `json:"demo,omitempty"`
}

// NoticeServer is a server in a notice.
type NoticeServer struct {
	Slug string `json:"slug"`
	Name string `json:"name"`
	// URL is the server's public one; empty when there is none.
	URL string `json:"url,omitempty"`
	// State is a word: down, degraded, changed, expiring, burning, or recovered.
	State      string    `json:"state"`
	Since      time.Time `json:"since"`
	Until      time.Time `json:"until,omitzero"`
	StatusPage string    `json:"status_page,omitempty"`
}

// DeliveryID names a delivery, over all its attempts. Receivers may use it to
// know one that comes twice.
type DeliveryID string

// NewDeliveryID derives the id of a thread's n-th delivery to a sink.
func NewDeliveryID(tenant TenantID, thread AlertKey, sink string, transition int) DeliveryID {
	return DeliveryID("dlv_" + digest(string(tenant), string(thread), sink, strconv.Itoa(transition)))
}

// DeliveryState says how far a delivery is.
type DeliveryState string

// The states of a delivery.
const (
	DeliveryWaiting    DeliveryState = "waiting"    // to be sent at Due, after those before it
	DeliverySent       DeliveryState = "sent"       // the sink has taken it
	DeliveryDead       DeliveryState = "dead"       // given up; an operator may replay it
	DeliverySuperseded DeliveryState = "superseded" // a later one says it better
)

// Delivery is one notice on its way to one sink. Those of one thread and sink
// are delivered in the order of Transition.
type Delivery struct {
	ID         DeliveryID
	Tenant     TenantID
	Thread     AlertKey
	Sink       string // name of a sink, or the id of a subscription
	Transition int    // from 1
	Notice     Notice
	State      DeliveryState
	Created    time.Time
	// Due is when it is to be tried next.
	Due time.Time
	// Attempts counts those that have begun. Trying means that one has begun whose
	// end was not recorded: it may have arrived.
	Attempts int
	Trying   bool
	// Ended is when it was sent, given up or superseded.
	Ended time.Time
	// Error is what went wrong last, one sentence without secrets.
	Error string
}

// Refusal is the error of a sink that did not take a notice. Any other error
// means that it could not be reached, which is temporary.
type Refusal struct {
	// Temporary means that the same may be taken later.
	Temporary bool
	// After is how long the service asks us to wait; zero when it did not say.
	After time.Duration
	// Gone means that the sink takes nothing any more, whatever it is: a deleted
	// webhook, a revoked token.
	Gone bool
	// Reason is one sentence for the sink's owner, without secrets.
	Reason string
}

// Error returns the reason.
func (r *Refusal) Error() string { return r.Reason }

// RefusalOf returns the refusal in an error; a temporary one for any other
// error.
func RefusalOf(err error) *Refusal {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r
	}
	return &Refusal{Temporary: true, Reason: err.Error()}
}

// DeliveryQuery asks for some of a tenant's deliveries, newest first by Created
// and then id.
type DeliveryQuery struct {
	Sink   string        // empty for all
	State  DeliveryState // empty for all
	Thread AlertKey      // empty for all
	// Before and BeforeID are Created and ID of the last of the page before.
	Before   time.Time
	BeforeID DeliveryID
	Limit    int // 0 means 50, at most 1000
}

// SinkKey names a sink of a tenant.
type SinkKey struct {
	Tenant TenantID
	Name   string
}

// SinkCounts say how deliveries to a sink go.
type SinkCounts struct {
	// Waiting are to be sent, Dead were given up.
	Waiting, Dead int
	// LastSent is when the newest arrived; zero when none did. LastError is what
	// went wrong last; empty when something arrived since.
	LastSent  time.Time
	LastError string
}
