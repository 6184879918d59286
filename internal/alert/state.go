package alert

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// id names an alert or a thread over all tenants.
type id struct {
	tenant uptime.TenantID
	key    uptime.AlertKey
}

// serverKey names a server over all tenants.
type serverKey struct {
	tenant uptime.TenantID
	server uptime.ServerID
}

// subject is one kind of trouble of one server.
type subject struct {
	serverKey
	kind uptime.AlertKind
}

// thread is a thread and when the router looks at it next.
type thread struct {
	uptime.Thread
	// ready is when its first notice may go; zero at once.
	ready time.Time
	// due is when to look at it although nothing changed; zero for never.
	due time.Time
}

func (t *thread) id() id { return id{t.Tenant, t.Key} }

// older orders threads by when they opened.
func older(a, b *thread) int {
	return cmp.Or(a.Opened.Compare(b.Opened), strings.Compare(string(a.Tenant), string(b.Tenant)), strings.Compare(string(a.Key), string(b.Key)))
}

// state is what the router knows between two steps. It follows from what is
// stored; what does not may be lost without harm.
type state struct {
	alerts  map[id]*uptime.Alert
	threads map[id]*thread
	// of is the thread of each alert that has one; held are those that last and
	// have none.
	of   map[id]*thread
	held map[id]*uptime.Alert
	// current is the newest alert about each subject.
	current map[subject]*uptime.Alert
	// byServer are the threads that tell of a server, joins the newest thread that
	// others may join by a word, clusters the open ones by their root cause.
	byServer map[serverKey][]*thread
	joins    map[joint]*thread
	clusters map[root]*thread
	// children are the threads that a digest or a cluster stands in for.
	children map[uptime.AlertKey][]*thread
	// admitted are when threads were told first in the last hour.
	admitted map[uptime.TenantID][]time.Time
	silences map[uptime.TenantID][]uptime.Silence
	// renewed is since when a server of whose certificate something is told shows
	// one that ends later, and no other.
	renewed map[serverKey]time.Time
	// deaf means that silences changed since they were read.
	deaf bool

	verdicts, storedVerdicts uptime.Cursor
	news, storedNews         uint64
	flushed                  time.Time

	world  world
	ticked time.Time
	clock  time.Time // at the last step
	// said is what was decided of each alert and thread, so that nothing is said
	// twice.
	said map[id][]saying
}

func newState(known uptime.Alerting) *state {
	s := &state{
		alerts: map[id]*uptime.Alert{}, threads: map[id]*thread{}, of: map[id]*thread{}, held: map[id]*uptime.Alert{},
		current: map[subject]*uptime.Alert{}, byServer: map[serverKey][]*thread{}, joins: map[joint]*thread{},
		clusters: map[root]*thread{}, children: map[uptime.AlertKey][]*thread{},
		admitted: map[uptime.TenantID][]time.Time{}, renewed: map[serverKey]time.Time{},
		verdicts: known.Verdicts, storedVerdicts: known.Verdicts, news: known.News, storedNews: known.News,
		said: map[id][]saying{},
	}
	for i := range known.Alerts {
		if a := known.Alerts[i]; !a.Demo {
			s.keep(&a)
		}
	}
	threads := make([]*thread, len(known.Threads))
	for i := range known.Threads {
		threads[i] = &thread{Thread: known.Threads[i]}
	}
	slices.SortFunc(threads, older)
	for _, t := range threads {
		s.adopt(t)
	}
	s.hush(known.Silences)
	return s
}

// hush adopts the silences.
func (s *state) hush(silences []uptime.Silence) {
	s.silences, s.deaf = map[uptime.TenantID][]uptime.Silence{}, false
	for _, q := range silences {
		s.silences[q.Tenant] = append(s.silences[q.Tenant], q)
	}
}

// keep remembers an alert. Until a thread takes it, it is held.
func (s *state) keep(a *uptime.Alert) {
	key := id{a.Tenant, a.Key}
	s.alerts[key] = a
	if a.Open() {
		s.held[key] = a
	}
	if sub := subjectOf(a); s.current[sub] == nil || !a.Opened.Before(s.current[sub].Opened) {
		s.current[sub] = a
	}
}

// adopt remembers a thread.
func (s *state) adopt(t *thread) {
	s.threads[t.id()] = t
	for _, key := range t.Members {
		s.link(t, id{t.Tenant, key})
	}
	s.joinable(t)
	if t.Kind == uptime.AlertCluster && t.Closed.IsZero() {
		s.clusters[root{t.Platform, t.Reason}] = t
	}
	for _, parent := range []uptime.AlertKey{t.Digest, t.Cluster} {
		if parent != "" {
			s.children[parent] = append(s.children[parent], t)
		}
	}
	if !t.Admitted.IsZero() {
		s.admitted[t.Tenant] = append(s.admitted[t.Tenant], t.Admitted)
	}
}

// link makes an alert a member of a thread.
func (s *state) link(t *thread, key id) {
	a := s.alerts[key]
	if a == nil {
		return
	}
	s.of[key] = t
	delete(s.held, key)
	if of := (serverKey{a.Tenant, a.Server}); a.Server != "" && !slices.Contains(s.byServer[of], t) {
		s.byServer[of] = append(s.byServer[of], t)
	}
}

// drop forgets a thread that is over, and its alerts.
func (s *state) drop(t *thread) {
	for _, key := range t.Members {
		s.dropAlert(id{t.Tenant, key})
	}
	for _, j := range joints(t.Tenant, t.Kind, t.Host, t.Platform, t.Cause) {
		if s.joins[j] == t {
			delete(s.joins, j)
		}
	}
	s.orphan(t, t.Digest)
	s.orphan(t, t.Cluster)
	delete(s.children, t.Key)
	delete(s.threads, t.id())
	delete(s.said, t.id())
}

// orphan takes a thread out of what stands in for it.
func (s *state) orphan(t *thread, parent uptime.AlertKey) {
	left := slices.DeleteFunc(s.children[parent], func(o *thread) bool { return o == t })
	if s.children[parent] = left; len(left) == 0 {
		delete(s.children, parent)
	}
}

func (s *state) dropAlert(key id) {
	a := s.alerts[key]
	if a == nil {
		return
	}
	of := serverKey{a.Tenant, a.Server}
	if t := s.of[key]; t != nil {
		s.byServer[of] = slices.DeleteFunc(s.byServer[of], func(o *thread) bool { return o == t })
	}
	if len(s.byServer[of]) == 0 {
		delete(s.byServer, of)
	}
	if s.current[subjectOf(a)] == a {
		delete(s.current, subjectOf(a))
	}
	delete(s.alerts, key)
	delete(s.of, key)
	delete(s.held, key)
	delete(s.said, key)
}

func (s *state) count(st *Stats) {
	st.Verdicts, st.News = s.storedVerdicts, s.storedNews
	st.Threads, st.Held = len(s.threads), len(s.held)
	for _, a := range s.alerts {
		if a.Open() {
			st.Alerts++
		}
	}
}

// open returns the alert about a subject that lasts; nil when none does.
func (s *state) open(of serverKey, kind uptime.AlertKind) *uptime.Alert {
	if a := s.current[subject{of, kind}]; a != nil && a.Open() {
		return a
	}
	return nil
}

func subjectOf(a *uptime.Alert) subject {
	return subject{serverKey{a.Tenant, a.Server}, a.Kind}
}
