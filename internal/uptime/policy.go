package uptime

import "time"

// Policy says who is told what. It is never changed once it was handed out.
type Policy struct {
	Tenant TenantID
	// Rules say which sinks are told; every rule that matches counts. Without any
	// rule every sink is told everything down to P3.
	Rules []Rule
	Sinks []Sink
	// Budget is how many threads an hour may open at sinks; what is beyond waits
	// for the hourly digest, except P1. Zero is that of the tenant's tier.
	Budget int
	// TLS and Credential are how long before an expiry it is told, greatest first.
	TLS, Credential []time.Duration
	// Remind is how often a sink is reminded of what nobody has acknowledged; zero
	// for never.
	Remind time.Duration
}

// Rule says which alerts go to which sinks. An empty list admits everything.
type Rule struct {
	Name       string
	Servers    []string // slugs
	Groups     []string
	Kinds      []AlertKind
	Priorities []Priority
	Reasons    []Reason
	// Hours limit the rule to some hours of the week; what still lasts when they
	// begin is told then. Nil is always.
	Hours *Hours
	// Sinks are told at once.
	Sinks []string
	// Escalate are the steps that follow while nobody acknowledges, by After.
	Escalate []Escalation
}

// Escalation tells more sinks when nobody has acknowledged.
type Escalation struct {
	After time.Duration // since the thread opened
	Sinks []string
}

// Hours are some hours of each week, such as Monday to Friday, 8 to 18 o'clock.
type Hours struct {
	Days [7]bool // by time.Weekday
	// From and To are since midnight; To before From means that they go over
	// midnight, and belong to the day on which they begin.
	From, To time.Duration
	Zone     *time.Location // nil is UTC
}

// Covers reports whether t is within the hours.
func (h *Hours) Covers(t time.Time) bool {
	if h == nil {
		return true
	}
	if h.Zone != nil {
		t = t.In(h.Zone)
	} else {
		t = t.UTC()
	}
	day := int(t.Weekday())
	at := time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second
	if h.From < h.To {
		return h.Days[day] && at >= h.From && at < h.To
	}
	return h.Days[day] && at >= h.From || h.Days[(day+6)%7] && at < h.To
}

// Sink is a place where notices go, as the router knows it: not how to reach it.
type Sink struct {
	Tenant TenantID
	Name   string // unique in the tenant
	Type   string // such as webhook
	// Least is the least urgent that it is told; zero is P3.
	Least Priority
	// Edits means that an update changes the message in place and disturbs nobody.
	Edits bool
	// Final means that it is told when a thread opens and when it closes, and
	// nothing between.
	Final bool
	// Patience is how long something must last before the sink is told.
	Patience time.Duration
	// Verified means that its owner wants what is sent there. Others are told
	// nothing.
	Verified bool
	// Servers are the slugs that it is told about; empty for all. Public means that
	// it is told of no hidden server. Both serve subscribers, whom no rule names.
	Servers    []string
	Public     bool
	Subscriber bool
}

// Proof is how it is known that a sink's owner wants what is sent there.
type Proof struct {
	Tenant TenantID
	Sink   string
	// Address is a hash of where the sink is: another address needs another proof.
	Address string
	// Method says how: operator, code, challenge, dns, link.
	Method string
	// Verified is when it was proved last; zero for never. Due is when it has to be
	// proved again.
	Verified, Due time.Time
	// Code is a hash of the code that was sent and may be entered until Expires;
	// Tries counts wrong ones.
	Code    string
	Expires time.Time
	Tries   int
	// Stopped is when the receiver said that it wants nothing any more.
	Stopped time.Time
	// Failed says why the last proof failed; empty when it did not.
	Failed string
}

// SinkStatus is a sink as its owner sees it.
type SinkStatus struct {
	Sink
	Proof Proof
	// Open means that its circuit is open: it failed too often and rests until
	// Retry.
	Open  bool
	Retry time.Time
	// FailingSince is when it last took nothing; zero when it works.
	FailingSince time.Time
	// LastSent and LastError tell of the newest deliveries.
	LastSent  time.Time
	LastError string
	// Waiting and Dead count deliveries.
	Waiting, Dead int
}

// Subscription is what a reader of a status page wants to be told.
type Subscription struct {
	ID     string // sub_...
	Tenant TenantID
	Kind   string // email or webhook
	// Address is where: a secret at rest and on pages.
	Address Secret
	// Key signs what a webhook gets; empty for mail.
	Key Secret
	// Servers are slugs; empty for all that are public.
	Servers   []string
	Created   time.Time
	Confirmed time.Time // zero until the reader said yes
}

// SealedSubscription is a Subscription as it is stored.
type SealedSubscription struct {
	ID     string
	Tenant TenantID
	Kind   string
	// Sealed holds address and key. Fingerprint is a keyed hash of kind and
	// address: the same reader has the same one.
	Sealed      []byte
	Fingerprint string
	Servers     []string
	Created     time.Time
	Confirmed   time.Time
}
