package alert

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// maxTitle is how long a title may be, in characters; maxName a server's name
	// in it.
	maxTitle, maxName = 120, 60
	// maxListed is how many servers a notice lists.
	maxListed = 50
	maxCities = 12
)

// compose writes what a sink is told.
func (s *step) compose(t *thread, sink *uptime.Sink, v *view, phase uptime.NoticePhase, w says) uptime.Notice {
	n := uptime.Notice{
		Type: typeOf(t.Kind, phase), Key: t.Key, Phase: phase, Kind: t.Kind, At: s.now, Priority: v.priority,
		Reason: t.Reason, Cause: t.Cause, Failing: len(v.failing), Total: v.total(), Started: started(t, v),
		AckedBy: t.AckedBy,
	}
	if phase == uptime.NoticeCloses {
		n.Resolved = ended(v, s.now)
	}
	lead := v.lead()
	if lead != nil && t.Kind != uptime.AlertDigest {
		n.Reason, n.Cause = lead.Reason, lead.Cause
	}
	n.Regions = s.cities(v)
	switch {
	case t.Kind == uptime.AlertCluster:
		var tenants int
		tenants, n.Failing = s.extent(t)
		n.Total = max(n.Failing, s.everOf(t))
		n.Title, n.Summary = clusterText(tenants, n.Failing, s.phrase(n.Cause), n.Started)
	case v.total() == 0 && reads(sink):
		withdraw(&n)
	default:
		s.list(&n, v)
		n.Title, n.Summary = s.title(t, v, phase, w), s.summary(t, v, phase, w, n.Regions)
		if by := takenOn(t, sink); by != "" && phase != uptime.NoticeCloses {
			n.Summary += " " + by
		}
	}
	if phase != uptime.NoticeCloses {
		n.FirstStep = s.advice(t.Kind, n.Cause, sink)
	}
	n.Title = cut(n.Title, maxTitle)
	s.address(&n, t, sink, v)
	return n
}

// withdraw ends what readers were told of servers that are hidden from them now.
// It names none: some may never have been public.
func withdraw(n *uptime.Notice) {
	n.Priority, n.Reason, n.Cause = uptime.P3, "", ""
	n.Title = "What was told here is not public any more"
	n.Summary = "The servers that it was about are not shown to the public any more. Nothing more is told of this."
}

// typeOf returns the event that webhooks call it.
func typeOf(kind uptime.AlertKind, phase uptime.NoticePhase) uptime.NoticeType {
	if phase == uptime.NoticeCloses {
		return uptime.NoticeResolved
	}
	switch kind {
	case uptime.AlertDrift:
		return uptime.NoticeDrift
	case uptime.AlertTLS:
		return uptime.NoticeTLS
	case uptime.AlertCredential:
		return uptime.NoticeCredential
	case uptime.AlertBurn:
		return uptime.NoticeBurn
	default:
	}
	if phase == uptime.NoticeChanges {
		return uptime.NoticeUpdated
	}
	return uptime.NoticeTriggered
}

// lead returns the alert that a notice speaks of first; nil for none.
func (v *view) lead() *uptime.Alert {
	switch {
	case len(v.failing) > 0:
		return v.failing[0]
	case len(v.over) > 0:
		return v.over[len(v.over)-1]
	}
	return nil
}

// started returns when it began, for one sink: the beginning of the oldest that
// it hears of. A thread that flaps began when it did so first.
func started(t *thread, v *view) time.Time {
	if t.unstable() || v.total() == 0 {
		return t.Opened
	}
	at := v.since
	for _, a := range v.over {
		at = sooner(at, a.Opened)
	}
	return at
}

func ended(v *view, now time.Time) time.Time {
	var at time.Time
	for _, a := range v.over {
		at = later(at, a.Resolved)
	}
	if at.IsZero() {
		return now
	}
	return at
}

// list names the servers, the failing ones first.
func (s *step) list(n *uptime.Notice, v *view) {
	for _, group := range [][]*uptime.Alert{v.failing, v.over} {
		for _, a := range group {
			srv := s.world.server(a)
			switch {
			case a.Server == "":
			case len(n.Servers) == maxListed || srv == nil:
				n.More++
			default:
				n.Servers = append(n.Servers, uptime.NoticeServer{
					Slug: srv.Slug, Name: clean(name(srv), maxName), URL: srv.PublicURL(), State: stateOf(a),
					Since: a.Opened, Until: a.Resolved, StatusPage: call(s.opt.Links.Server, srv),
				})
			}
		}
	}
}

func stateOf(a *uptime.Alert) string {
	if !a.Open() {
		return "recovered"
	}
	switch a.Kind {
	case uptime.AlertIncident:
		return "down"
	case uptime.AlertDegraded:
		return "degraded"
	case uptime.AlertDrift:
		return "changed"
	case uptime.AlertBurn:
		return "burning"
	default:
		return "expiring"
	}
}

// cities returns where the failing ones fail from.
func (s *step) cities(v *view) []string {
	seen := map[string]bool{}
	var out []string
	group := v.failing
	if len(group) == 0 {
		group = v.over
	}
	for _, a := range group {
		for _, region := range a.Regions {
			if !seen[region] {
				seen[region] = true
				out = append(out, clean(s.city(region), maxName))
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func (s *step) city(region string) string {
	if s.opt.City == nil {
		return s.plan.City(region)
	}
	return s.opt.City(region)
}

// advice returns the first thing to do. Readers of a status page can do nothing.
func (s *step) advice(kind uptime.AlertKind, c uptime.Cause, sink *uptime.Sink) string {
	if sink.Subscriber {
		return ""
	}
	switch kind {
	case uptime.AlertTLS:
		return "Renew the certificate, reload the proxy, and look whether the automatic renewal runs."
	case uptime.AlertCredential:
		return "Issue a new credential for monitoring, and put it into the configuration."
	case uptime.AlertSink:
		return "Look at the sink's page: it says what the service answered."
	case uptime.AlertRegistry:
		return "What was known of it stays. If it is right that it lists less: alivemcp registry crawl --accept-fewer with its name."
	case uptime.AlertDrift:
		c = uptime.DriftDetected
	case uptime.AlertBurn, uptime.AlertDigest:
		return ""
	default:
	}
	return sentence(s.opt.Advice(c))
}

func (s *step) phrase(c uptime.Cause) string {
	if c == "" {
		return ""
	}
	return s.opt.Phrase(c)
}

// takenOn says who took it on. That is no business of readers.
func takenOn(t *thread, sink *uptime.Sink) string {
	if t.AckedBy == "" || reads(sink) {
		return ""
	}
	return t.AckedBy + " took it on."
}

// reads reports whether strangers read what a sink is told.
func reads(sink *uptime.Sink) bool { return sink.Subscriber || sink.Public }

// address adds the links. Only owners can act by a link.
func (s *step) address(n *uptime.Notice, t *thread, sink *uptime.Sink, v *view) {
	l := &s.opt.Links
	if lead := v.lead(); lead != nil && v.total() == 1 {
		if srv := s.world.server(lead); srv != nil {
			n.RunbookURL, n.StatusPage = srv.RunbookURL, s.page(lead, srv)
		}
	} else if lead != nil {
		n.RunbookURL = s.runbook(v)
	}
	if sink.Subscriber {
		n.RunbookURL = ""
	}
	if l.Unsubscribe != nil {
		n.UnsubscribeURL = l.Unsubscribe(t.Tenant, sink.Name)
	}
	if reads(sink) {
		n.AckedBy = ""
		return
	}
	if n.Phase != uptime.NoticeCloses && l.Ack != nil && t.Acked.IsZero() {
		n.AckURL = l.Ack(t.Tenant, t.Key)
	}
	if n.Phase != uptime.NoticeCloses && l.Silence != nil {
		n.SilenceURL = l.Silence(t.Tenant, t.Key)
	}
}

// runbook returns the runbook that all servers have; empty when they differ.
func (s *step) runbook(v *view) string {
	url := ""
	for _, a := range slices.Concat(v.failing, v.over) {
		srv := s.world.server(a)
		if srv == nil || url != "" && srv.RunbookURL != url {
			return ""
		}
		url = srv.RunbookURL
	}
	return url
}

// page returns the page of an alert: its incident's, its drift's, or its
// server's.
func (s *step) page(a *uptime.Alert, srv *uptime.Server) string {
	page := ""
	switch l := &s.opt.Links; {
	case a.Kind == uptime.AlertIncident && l.Incident != nil:
		page = l.Incident(srv, uptime.IncidentID(a.Key))
	case a.Kind == uptime.AlertDrift && l.Drift != nil:
		page = l.Drift(srv, uptime.DriftID(a.Key))
	}
	return orElse(page, call(s.opt.Links.Server, srv))
}

func call(link func(*uptime.Server) string, srv *uptime.Server) string {
	if link == nil {
		return ""
	}
	return link(srv)
}

// everOf counts all servers that a cluster was ever about.
func (s *step) everOf(c *thread) int {
	n := 0
	for _, t := range s.children[c.Key] {
		n += len(t.Members)
	}
	return n
}

func clusterText(tenants, servers int, phrase string, since time.Time) (title, summary string) {
	if servers == 0 || tenants < floor {
		return "What many had in common is over", "Fewer than " + fmt.Sprint(floor) + " tenants still have it. It began at " + clock(since) + "."
	}
	title = fmt.Sprintf("%d tenants fail for one reason%s", tenants, colon(phrase))
	return title, fmt.Sprintf("%d servers of %d tenants went down together since %s, in the same place and in the same way. Their owners were not told one by one.", servers, tenants, clock(since))
}

func colon(phrase string) string {
	if phrase == "" {
		return ""
	}
	return ": " + phrase
}

// sentence makes a line of advice a sentence.
func sentence(s string) string {
	if s == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(s)
	s = string(unicode.ToUpper(first)) + s[size:]
	if !strings.HasSuffix(s, ".") {
		s += "."
	}
	return s
}
