package alert

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// step is one step of the router: what it sees and what it changes. Changes are
// made in the state itself; when they cannot be stored, the state is thrown
// away.
type step struct {
	*state
	opt  Options
	now  time.Time
	plan *uptime.Plan
	out  uptime.Routing

	// changed and saved are the alerts and threads to store, in order.
	changed []*uptime.Alert
	saved   []*thread
	seen    map[any]bool
	// touched are the threads to look at; all means every one.
	touched map[*thread]bool
	all     bool
	// dropped are alerts that nobody will be told of.
	dropped map[id]bool
	// behind means that the verdicts of this step are old, and newer ones follow.
	behind bool
	newest time.Time // verdict
	made   uint64    // deliveries
}

// begin starts a step.
func (r *Router) begin(p *uptime.Plan) *step {
	s := &step{
		state: r.state, opt: r.opt, now: r.opt.Now().UTC(), plan: p,
		seen: map[any]bool{}, touched: map[*thread]bool{}, dropped: map[id]bool{},
	}
	planned := known(p) && s.world.follow(p)
	obeyed := s.world.obey(r.opt.Policies())
	s.all = planned || obeyed || s.now.Before(s.clock) // set back: what was to come is further away
	s.clock = s.now
	if planned {
		s.forsake()
	}
	return s
}

// put takes in what an alert is now.
func (s *step) put(a uptime.Alert) {
	key := id{a.Tenant, a.Key}
	old := s.alerts[key]
	if old == nil {
		s.meet(a)
		return
	}
	a.Priority = urgent(a.Priority, old.Priority)
	a.Regions = union(old.Regions, a.Regions)
	a.Updated = old.Updated
	if same(&a, old) {
		return
	}
	*old = a
	s.change(old)
}

// meet takes in an alert that was not known. What is over already, and what was
// invented, is noted and told to nobody.
func (s *step) meet(a uptime.Alert) {
	a.Updated = s.now
	switch {
	case a.Demo:
		s.ignore(&a, decision{"match", "", dropped, "It is a demonstration: nobody is told."})
	case !a.Open() && !s.goesOn(&a):
		s.ignore(&a, decision{"match", "", dropped, "It was over before the router heard of it."})
	default:
		delete(s.dropped, id{a.Tenant, a.Key})
		s.keep(&a)
		s.change(&a)
	}
}

// ignore stores an alert, and why nobody is told of it, once.
func (s *step) ignore(a *uptime.Alert, why decision) {
	key := id{a.Tenant, a.Key}
	if s.dropped[key] {
		return
	}
	s.decide(a, nil, why)
	s.dropped[key] = true
	s.changed = append(s.changed, a)
}

// change notes that an alert changed.
func (s *step) change(a *uptime.Alert) {
	a.Updated = s.now
	if !s.seen[a] {
		s.seen[a] = true
		s.changed = append(s.changed, a)
	}
	key := id{a.Tenant, a.Key}
	switch t := s.of[key]; {
	case t != nil:
		s.touch(t)
	case a.Open():
	case s.goesOn(a): // a thread keeps it until somebody looks again
		s.decide(a, s.start(a), decision{"maintenance", "", held, "Its server is paused: it is told when it still fails after that."})
	case s.held[key] != nil:
		s.decide(a, nil, decision{"route", "", dropped, "It was over before it was to be told."})
		s.dropped[key] = true
	}
}

// touch has a thread looked at, and whatever stands in for it.
func (s *step) touch(t *thread) {
	s.touched[t] = true
	if p := s.parent(t); p != nil {
		s.touched[p] = true
	}
}

// save notes that a thread is to be stored.
func (s *step) save(t *thread) {
	if !s.seen[t] {
		s.seen[t] = true
		s.saved = append(s.saved, t)
	}
}

// route runs the stages: first for alerts that have no thread, then for the
// threads that changed or whose time has come.
func (s *step) route() {
	for _, a := range s.waiting() {
		s.place(a)
	}
	s.cluster()
	for _, kind := range []bool{false, true} { // those that stand in for others come last
		for _, t := range s.due(kind) {
			s.look(t)
		}
	}
}

// waiting returns the alerts that have no thread, oldest first.
func (s *step) waiting() []*uptime.Alert {
	out := make([]*uptime.Alert, 0, len(s.held))
	for key, a := range s.held {
		if !s.dropped[key] {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b *uptime.Alert) int {
		if c := a.Opened.Compare(b.Opened); c != 0 {
			return c
		}
		return strings.Compare(string(a.Tenant)+string(a.Key), string(b.Tenant)+string(b.Key))
	})
	return out
}

// due returns the threads to look at: those that stand in for others, or those
// that do not.
func (s *step) due(standIn bool) []*thread {
	var out []*thread
	for _, t := range s.threads {
		if t.standsIn() == standIn && !t.Over && (s.all || s.touched[t] || !t.due.IsZero() && !s.now.Before(t.due)) {
			out = append(out, t)
		}
	}
	slices.SortFunc(out, older)
	return out
}

// place takes an alert through the stages up to its thread.
func (s *step) place(a *uptime.Alert) {
	if s.behind && (a.Kind == uptime.AlertDegraded || a.Kind == uptime.AlertTLS) {
		return // it may be over by now
	}
	if !s.classify(a) || !s.calm(a) {
		return
	}
	t, again := s.former(a), true
	if t == nil {
		t, again = s.companion(a), false
	}
	if t == nil {
		s.start(a)
		return
	}
	if again {
		s.shorten(t, a.Server)
	}
	t.Members = append(t.Members, a.Key)
	s.link(t, id{a.Tenant, a.Key})
	s.save(t)
	s.touch(t)
	if again {
		s.decide(a, t, decision{"deduplicate", "", joined, "The same failed within the last 15 minutes: it goes on with what was told then."})
	} else {
		s.decide(a, t, decision{"correlate", "", joined, "It began within two minutes of another one with the same host, platform or cause: they are told as one."})
	}
}

// start begins a thread with an alert.
func (s *step) start(a *uptime.Alert) *thread {
	t := &thread{ready: s.now.Add(settle)}
	t.Thread = uptime.Thread{
		Key: a.Key, Tenant: a.Tenant, Kind: a.Kind, Server: a.Server, Reason: a.Reason, Cause: a.Cause,
		Host: a.Host, Platform: a.Platform, Members: []uptime.AlertKey{a.Key}, Opened: a.Opened,
	}
	s.adopt(t)
	s.save(t)
	s.touch(t)
	return t
}

// routing returns what is to be stored; false when that is nothing but places.
func (s *step) routing() (uptime.Routing, bool) {
	s.out.Verdicts, s.out.News = s.verdicts, s.news
	for _, a := range s.changed {
		s.out.Alerts = append(s.out.Alerts, *a)
	}
	for _, t := range s.saved {
		t.Due = t.due
		s.out.Threads = append(s.out.Threads, clone(t.Thread))
	}
	o := &s.out
	return s.out, len(o.Alerts)+len(o.Threads)+len(o.Deliveries)+len(o.Decisions)+len(o.Events)+len(o.Audit) > 0
}

// clone returns a copy of a thread that shares nothing that changes.
func clone(t uptime.Thread) uptime.Thread {
	t.Members, t.Told = slices.Clone(t.Members), maps.Clone(t.Told)
	return t
}

// forgetOver forgets what nothing can change any more. It is called when that
// is stored.
func (s *step) forgetOver() {
	for _, t := range s.saved {
		if t.Over {
			s.drop(t)
		}
	}
	for key := range s.dropped {
		s.dropAlert(key)
		delete(s.said, key)
	}
}
