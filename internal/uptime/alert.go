package uptime

import (
	"strconv"
	"time"
)

// AlertKey names an alert over its whole life. The key of an incident's alert is
// the incident's id, that of a drift's the drift's.
type AlertKey string

// NewAlertKey derives the key of an alert that is neither an incident nor a
// drift, so that whoever finds the same again names it the same.
func NewAlertKey(kind AlertKind, tenant TenantID, subject string, since time.Time) AlertKey {
	return AlertKey(string(kind) + "_" + digest(string(kind), string(tenant), subject, strconv.FormatInt(since.Unix(), 10)))
}

// AlertKind says what kind of thing is wrong.
type AlertKind string

// The kinds of alerts.
const (
	AlertIncident   AlertKind = "incident"   // a server is down
	AlertDegraded   AlertKind = "degraded"   // a server is degraded, for three minutes or longer
	AlertDrift      AlertKind = "drift"      // a tool contract changed
	AlertTLS        AlertKind = "tls"        // a server's certificate ends soon
	AlertCredential AlertKind = "credential" // what we sign in with ends soon
	AlertBurn       AlertKind = "slo"        // an error budget burns
	AlertSink       AlertKind = "sink"       // a sink fails; told through the others
	AlertRegistry   AlertKind = "registry"   // a registry cannot be read, or lists much less; told to the operator
	AlertCluster    AlertKind = "cluster"    // many tenants have one root cause; told to the operator
	AlertDigest     AlertKind = "digest"     // an hour of what was above the budget
	AlertTest       AlertKind = "test"       // somebody tries a sink
)

// Alert is one thing that is wrong and that somebody may have to be told about.
type Alert struct {
	Key    AlertKey
	Tenant TenantID
	// Server is empty for alerts that are about no single server.
	Server ServerID
	Kind   AlertKind
	// Priority is the most urgent that it ever was.
	Priority Priority
	Reason   Reason // empty for none of the five
	Cause    Cause
	// Host and Platform are what the server shares with others: its host name, and
	// the registrable domain or address that several hosts belong to. They serve
	// correlation and are told to nobody.
	Host, Platform string
	// Regions are the ids of those that failed at any time, sorted.
	Regions []string
	// Opened is when it began, Updated when it last changed, Resolved when it was
	// over; zero while it lasts.
	Opened, Updated, Resolved time.Time
	// Ends is when that what expires does.
	Ends time.Time
	// Class is that of a drift.
	Class DriftClass
	// Stage counts how far a thing has come that gets worse by steps: the
	// thresholds before an expiry, the speed of a burn.
	Stage int
	// Detail is one sentence for the owner: the drift's summary, the incident's
	// note. It holds no secret.
	Detail string
	// Recovering means that the first good verdict was seen: it is about to be over.
	Recovering bool
	// Sink is the one that an AlertSink is about; of an AlertRegistry the registry.
	Sink string
	// Ended says how it ended when it was not by getting well; empty otherwise.
	Ended Ending
	// Demo marks an invented one. It is told to nobody.
	Demo bool
}

// Ending says how an alert ended other than by getting well.
type Ending string

// The endings.
const (
	EndedForgotten Ending = "forgotten" // the server was removed, or the registry switched off
	EndedPaused    Ending = "paused"    // the server is not looked at for now; it lasts when it is again
	EndedAccepted  Ending = "accepted"  // the owner accepted the drift
	EndedReverted  Ending = "reverted"  // the contract is the old one again
	EndedWorse     Ending = "worse"     // what was degraded is down
)

// Open reports whether it lasts.
func (a *Alert) Open() bool { return a.Resolved.IsZero() }

// News is one change of an incident or a drift, in the order in which changes
// were recorded. Exactly one of Incident and Drift is set, to what it is now.
type News struct {
	// Seq is its place: greater than that of all before.
	Seq      uint64
	Incident *Incident
	// Event is what happened in the incident.
	Event IncidentEventKind
	Drift *Drift
}

// Thread is what is told as one: an alert, or several that belong together, and
// what each sink was told of it. Its key is that of the alert that began it, and
// is the incident_key at every sink.
type Thread struct {
	Key    AlertKey  `json:"key"`
	Tenant TenantID  `json:"tenant"`
	Kind   AlertKind `json:"kind"`
	// Server, Reason, Cause, Host and Platform are those of the first alert: others
	// join by them.
	Server   ServerID `json:"server,omitempty"`
	Reason   Reason   `json:"reason,omitempty"`
	Cause    Cause    `json:"cause,omitempty"`
	Host     string   `json:"host,omitempty"`
	Platform string   `json:"platform,omitempty"`
	// Members are the alerts, in the order in which they joined; at least one.
	Members []AlertKey `json:"members"`
	// Opened is when the first alert began, Closed when the last was over; zero
	// while one lasts.
	Opened time.Time `json:"opened"`
	Closed time.Time `json:"closed,omitzero"`
	// Times counts how often it opened again: what opens again within the window
	// of deduplication is the same thread.
	Times int `json:"times,omitempty"`
	// Acked is when somebody took it on, AckedBy who.
	Acked   time.Time `json:"acked,omitzero"`
	AckedBy string    `json:"acked_by,omitempty"`
	// Admitted is when it was first told: it counts against the budget of an hour.
	Admitted time.Time `json:"admitted,omitzero"`
	// Digest is the key of the digest's thread that stands in for this one, because
	// the budget was used up.
	Digest AlertKey `json:"digest,omitempty"`
	// Cluster is the key of the cluster's thread that stands in for this one.
	Cluster AlertKey `json:"cluster,omitempty"`
	// Told is what each sink was told last, by name of the sink.
	Told map[string]Told `json:"told,omitempty"`
	// Due is when the router has to look at it next, whatever happens; zero for
	// never.
	Due time.Time `json:"due,omitzero"`
	// Over means that nothing can change it any more.
	Over bool `json:"over,omitempty"`
}

// Told is what a sink was told last of a thread.
type Told struct {
	// Transition is the number of the last delivery, from 1.
	Transition int         `json:"transition"`
	Phase      NoticePhase `json:"phase"`
	At         time.Time   `json:"at"`
	// Digest stands for what was said: what says the same is not said again.
	Digest string `json:"digest"`
	// Updates counts the updates since it opened.
	Updates int `json:"updates,omitempty"`
	// Priority and Stage are the gravest that was said since it opened.
	Priority Priority `json:"severity,omitempty"`
	Stage    int      `json:"stage,omitempty"`
}

// Decision is one line of the answer to "why was I (not) told?".
type Decision struct {
	Tenant TenantID `json:"tenant"`
	// Alert and Thread are what it was about. Thread is empty before there is one.
	Alert  AlertKey  `json:"alert"`
	Thread AlertKey  `json:"thread,omitempty"`
	At     time.Time `json:"at"`
	// Stage is the stage of the router that decided: match, classify, maintenance,
	// correlate, suppress, deduplicate, budget, route, escalate, deliver.
	Stage string `json:"stage"`
	// Sink is the one that it was about; empty for all.
	Sink string `json:"sink,omitempty"`
	// Outcome is a word: passed, joined, held, dropped, waits, stopped, told, queued.
	Outcome string `json:"outcome"`
	// Text is one sentence for people.
	Text string `json:"text"`
}

// Silence keeps sinks quiet until it ends by itself.
type Silence struct {
	ID     string   `json:"id"`
	Tenant TenantID `json:"tenant"`
	// Servers are slugs, Groups groups, Alert one alert. With none it is for all.
	Servers []string  `json:"servers,omitempty"`
	Groups  []string  `json:"groups,omitempty"`
	Alert   AlertKey  `json:"alert,omitempty"`
	From    time.Time `json:"from"`
	Until   time.Time `json:"until"`
	By      string    `json:"by"`
	Note    string    `json:"note,omitempty"`
}

// Covers reports whether the silence keeps this alert of this server quiet now.
// The server is nil for alerts that are about none.
func (s *Silence) Covers(a *Alert, srv *Server, t time.Time) bool {
	if s.Tenant != a.Tenant || t.Before(s.From) || !t.Before(s.Until) {
		return false
	}
	if s.Alert != "" {
		return s.Alert == a.Key
	}
	if len(s.Servers) == 0 && len(s.Groups) == 0 {
		return true
	}
	w := Window{Tenant: s.Tenant, Servers: s.Servers, Groups: s.Groups}
	return srv != nil && w.For(srv)
}

// Routing is what a step of the router changed. It is stored in one transaction;
// storing it twice is storing it once.
type Routing struct {
	// Alerts and Threads replace those of the same key.
	Alerts  []Alert
	Threads []Thread
	// Deliveries are new. One that is there already stays as it is. A new one
	// supersedes those updates of the same thread and sink that nobody has tried
	// to deliver yet.
	Deliveries []Delivery
	Decisions  []Decision
	// Events are added to the timelines of incidents, Audit to the log of who did
	// what.
	Events []IncidentEvent
	Audit  []AuditEntry
	// Verdicts and News are how far the router has come; zero leaves its place
	// alone. uptime.ErrConflict means that one would go back.
	Verdicts Cursor
	News     uint64
}

// Alerting is what the router has to know to go on after a restart.
type Alerting struct {
	// Alerts are those that are open, and the members of Threads.
	Alerts []Alert
	// Threads are those that are not over.
	Threads  []Thread
	Silences []Silence // that have not ended
	Verdicts Cursor
	News     uint64
}

// Story is what happened to an alert, for "why was I (not) told?".
type Story struct {
	Alert Alert
	// Thread is the zero value while there is none.
	Thread Thread
	// Decisions and Deliveries are oldest first, at most 500 each.
	Decisions  []Decision
	Deliveries []Delivery
}
