package alarmtest

import (
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// teller makes the parts of the story.
type teller struct {
	tenant uptime.TenantID
	out    Outage
	now    time.Time
}

func (t teller) key() uptime.AlertKey { return uptime.AlertKey(t.out.Incident.ID) }

// sinks are one in each state that a page has to show.
func (t teller) sinks() []uptime.SinkStatus {
	ago := func(d time.Duration) time.Time { return t.now.Add(-d) }
	at := func(name, kind string, least uptime.Priority) uptime.Sink {
		return uptime.Sink{Tenant: t.tenant, Name: name, Type: kind, Least: least, Verified: true}
	}
	code := func(verified, due time.Time) uptime.Proof {
		return uptime.Proof{Tenant: t.tenant, Method: "code", Verified: verified, Due: due}
	}
	all := []uptime.SinkStatus{
		{Sink: at("team", "slack", 0), Proof: code(ago(50*time.Hour), t.now.Add(118*time.Hour)), LastSent: ago(2 * time.Minute)},
		{Sink: at("on-call", "pagerduty", uptime.P1), Proof: uptime.Proof{Method: "operator"}, LastSent: ago(36 * time.Minute), Dead: 1},
		{Sink: at("status-bot", "webhook", 0), Proof: uptime.Proof{Method: "operator"}, FailingSince: ago(95 * time.Minute), LastSent: ago(97 * time.Minute), LastError: "the service answered 503 Service Unavailable", Waiting: 4, Dead: 2},
		{Sink: at("discord", "discord", uptime.P2), Proof: code(ago(20*time.Hour), t.now.Add(148*time.Hour)), Open: true, Retry: t.now.Add(12 * time.Minute), FailingSince: ago(31 * time.Minute), LastError: "the service asks us to slow down (429)", Waiting: 1},
		{Sink: at("mail", "email", uptime.P2), Proof: uptime.Proof{Method: "code", Verified: ago(9 * 24 * time.Hour), Due: ago(2 * 24 * time.Hour), Failed: "it did not answer in time"}, LastSent: ago(26 * time.Hour)},
		{Sink: at("phone", "ntfy", uptime.P1), Proof: uptime.Proof{Code: "hash of 4711", Expires: t.now.Add(11 * time.Minute)}},
		{Sink: at("teams", "teams", 0), Proof: uptime.Proof{Method: "code", Verified: ago(200 * time.Hour), Stopped: ago(3 * time.Hour)}, LastError: "the webhook was deleted (410)"},
	}
	all[5].Verified, all[6].Verified = false, false
	return all
}

func (t teller) silences() []uptime.Silence {
	return []uptime.Silence{
		{ID: "sil_one", Tenant: t.tenant, Servers: []string{"weather", "maps", "secret-lab"}, From: t.now.Add(-20 * time.Minute), Until: t.now.Add(40 * time.Minute), By: "Dana", Note: "moving to new hardware"},
		{ID: "sil_two", Tenant: t.tenant, Groups: []string{"Engineering"}, From: t.now.Add(2 * time.Hour), Until: t.now.Add(26 * time.Hour), By: "Robin"},
		{ID: "sil_three", Tenant: t.tenant, Alert: t.key(), From: t.now.Add(-5 * time.Minute), Until: t.now.Add(55 * time.Minute), By: "a link of on-call"},
	}
}

func (t teller) delivery(sink string, n int, at time.Time, state uptime.DeliveryState, notice uptime.Notice) uptime.Delivery {
	d := uptime.Delivery{
		ID: uptime.NewDeliveryID(t.tenant, notice.Key, sink, n), Tenant: t.tenant, Thread: notice.Key, Sink: sink, Transition: n, Notice: notice,
		State: state, Created: at, Due: at, Attempts: 1, Ended: at.Add(400 * time.Millisecond),
	}
	switch state {
	case uptime.DeliveryDead:
		d.Attempts, d.Ended, d.Error = 7, at.Add(20*time.Minute), "the routing key is not known to the service (400)"
	case uptime.DeliveryWaiting:
		d.Attempts, d.Ended, d.Due, d.Error = 3, time.Time{}, t.now.Add(4*time.Minute), "the service answered 503 Service Unavailable"
	case uptime.DeliverySuperseded:
		d.Attempts = 0
	case uptime.DeliverySent:
	}
	return d
}

// Notice is what is told of the outage now.
func (d *Desk) Notice(key uptime.AlertKey) (uptime.Notice, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := d.stories[key]
	if s == nil || len(s.Deliveries) == 0 {
		return uptime.Notice{}, false
	}
	n := s.Deliveries[len(s.Deliveries)-1].Notice
	n.AckedBy, n.Resolved = s.Thread.AckedBy, s.Alert.Resolved
	return n, true
}

// Resolve ends the outage.
func (d *Desk) Resolve() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, s := range d.stories {
		s.Alert.Resolved, s.Thread.Closed = d.Now(), d.Now()
	}
}

func (t teller) notice(phase uptime.NoticePhase) uptime.Notice {
	i := t.out.Incident
	page := "https://status.example.com/status/" + t.out.Slug
	kind := map[uptime.NoticePhase]uptime.NoticeType{uptime.NoticeOpens: uptime.NoticeTriggered, uptime.NoticeChanges: uptime.NoticeUpdated, uptime.NoticeCloses: uptime.NoticeResolved}[phase]
	return uptime.Notice{
		Type: kind, Key: t.key(), Phase: phase, Kind: uptime.AlertIncident, At: t.now, Priority: uptime.P1, Reason: uptime.ProtocolError, Cause: i.Failure.Cause,
		Servers: []uptime.NoticeServer{{Slug: t.out.Slug, Name: t.out.Name, State: "down", Since: i.Opened, StatusPage: page}}, Failing: 1, Total: 1,
		Regions: []string{"Frankfurt", "London"}, Started: i.Opened, Title: t.out.Name + " is down: it answers with a server error",
		Summary:   t.out.Name + " answers with a server error since " + i.Opened.Format("15:04 UTC") + ", seen from Frankfurt and London. Three checks in a row failed.",
		FirstStep: "Look at the server's own log for the error behind HTTP 503.", StatusPage: page + "/incidents/" + string(i.ID),
		RunbookURL: "https://wiki.example.com/ledger", AckURL: "https://status.example.com/a/secret-ack", SilenceURL: "https://status.example.com/a/secret-silence",
	}
}

// outage is what each sink was told of it.
func (t teller) outage() []uptime.Delivery {
	at := t.out.Incident.Detected
	later := func(d time.Duration) time.Time { return at.Add(d) }
	opens, changes := t.notice(uptime.NoticeOpens), t.notice(uptime.NoticeChanges)
	slow := t.delivery("discord", 1, later(time.Second), uptime.DeliverySent, opens)
	slow.Attempts, slow.Ended = 3, later(75*time.Second)
	return []uptime.Delivery{
		t.delivery("team", 1, later(time.Second), uptime.DeliverySent, opens),
		t.delivery("on-call", 1, later(time.Second), uptime.DeliverySent, opens),
		t.delivery("status-bot", 1, later(time.Second), uptime.DeliveryDead, opens),
		slow,
		t.delivery("team", 2, later(2*time.Minute), uptime.DeliverySuperseded, changes),
		t.delivery("team", 3, later(3*time.Minute), uptime.DeliverySent, changes),
		t.delivery("status-bot", 2, later(3*time.Minute), uptime.DeliveryWaiting, changes),
		t.delivery("sub_4f1d2c9a", 1, later(4*time.Minute), uptime.DeliverySent, opens),
	}
}

// expiry is another thread, of a hostile name.
func (t teller) expiry() []uptime.Delivery {
	n := uptime.Notice{
		Type: uptime.NoticeTLS, Key: uptime.NewAlertKey(uptime.AlertTLS, t.tenant, "calendar", t.now), Phase: uptime.NoticeOpens, Kind: uptime.AlertTLS, Priority: uptime.P3,
		Title: "<b>Calendar</b>\u202e: the certificate ends in 6 days", Summary: "Renew it before 29 Nov.", Started: t.now.Add(-26 * time.Hour), StatusPage: "javascript:alert(1)",
	}
	return []uptime.Delivery{t.delivery("mail", 1, t.now.Add(-26*time.Hour), uptime.DeliverySent, n)}
}

// many are deliveries of former days, two at each moment.
func (t teller) many(n int) []uptime.Delivery {
	var out []uptime.Delivery
	for i := range n {
		notice := t.notice(uptime.NoticeOpens)
		notice.Key = uptime.AlertKey(fmt.Sprintf("inc_former%02d", i))
		notice.Title = fmt.Sprintf("Former outage %d is down: the connection is not answered", i)
		out = append(out, t.delivery("team", 1, t.now.Add(-time.Duration(48+i/2)*time.Hour), uptime.DeliverySent, notice))
	}
	return out
}

// story is why who was told of the outage.
func (t teller) story() uptime.Story {
	i := t.out.Incident
	s := uptime.Story{
		Alert: uptime.Alert{
			Key: t.key(), Tenant: t.tenant, Server: i.Server, Kind: uptime.AlertIncident, Priority: uptime.P1, Reason: uptime.ProtocolError, Cause: i.Failure.Cause,
			Opened: i.Opened, Updated: t.now, Detail: i.Note,
		},
		Thread: uptime.Thread{Key: t.key(), Tenant: t.tenant, Kind: uptime.AlertIncident, Members: []uptime.AlertKey{t.key()}, Opened: i.Opened},
	}
	say := func(after time.Duration, stage, sink, outcome, text string) {
		s.Decisions = append(s.Decisions, uptime.Decision{Tenant: t.tenant, Alert: t.key(), Thread: t.key(), At: i.Detected.Add(after), Stage: stage, Sink: sink, Outcome: outcome, Text: text})
	}
	say(0, "match", "", "told", "The rule “production” names this server's group.")
	say(0, "classify", "", "told", "P1: a server that nobody can use.")
	say(0, "correlate", "", "waits", "For two seconds, whether others fail for the same cause.")
	say(2*time.Second, "route", "team", "told", "The rule “production” tells team at once.")
	say(2*time.Second, "route", "on-call", "told", "The rule “production” tells on-call of P1 at once.")
	say(2*time.Second, "route", "phone", "dropped", "phone is not verified, so it is told nothing.")
	say(2*time.Second, "route", "mail", "held", "mail is told outside of working hours only.")
	say(2*time.Second, "deliver", "team", "told", "Notice 1: it opens.")
	say(2*time.Second, "deliver", "on-call", "told", "Notice 1: it opens.")
	say(5*time.Minute, "escalate", "discord", "told", "Nobody has acknowledged for 5 minutes.")
	say(20*time.Minute, "deliver", "status-bot", "stopped", "Seven attempts failed; an operator may send it again.")
	return s
}
