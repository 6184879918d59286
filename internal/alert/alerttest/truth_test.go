package alerttest_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// calm is how long something must last, with nothing in the way, so that every
// sink must have been told: the patience of a reader, and the longest backoff.
const calm = 8 * time.Minute

// lane is the deliveries of a thread to a sink, by number.
type lane struct {
	uptime.SinkKey
	thread uptime.AlertKey
}

// findings are what the store and the services know in the end.
type findings struct {
	w       *world
	threads map[uptime.AlertKey]uptime.Thread
	lanes   map[lane][]uptime.Delivery
	byID    map[uptime.DeliveryID]uptime.Delivery
}

// judge checks what must hold when everything is well again.
func (w *world) judge() {
	w.t.Helper()
	f := &findings{w: w, threads: map[uptime.AlertKey]uptime.Thread{}, lanes: map[lane][]uptime.Delivery{}, byID: map[uptime.DeliveryID]uptime.Delivery{}}
	f.read()
	for _, key := range w.sinks() {
		s := w.services[key]
		f.ledger(s)
		f.order(s)
		f.doubles(s)
		f.visible(s)
		f.beliefs(s)
	}
	for key, list := range f.lanes {
		f.lane(key, list)
	}
	f.sickness()
	for _, p := range w.policies {
		for _, in := range w.incidents(p.Tenant, false) {
			f.explained(p, &in)
		}
	}
}

func (f *findings) read() {
	f.w.t.Helper()
	for _, p := range f.w.policies {
		threads, err := f.w.process.store.Threads(f.w.t.Context(), p.Tenant, false, 1000)
		if err != nil {
			f.w.t.Fatal(err)
		}
		for _, t := range threads {
			f.threads[t.Key] = t
		}
		all, err := f.w.process.store.Deliveries(f.w.t.Context(), p.Tenant, uptime.DeliveryQuery{Limit: 1000})
		if err != nil {
			f.w.t.Fatal(err)
		}
		for _, d := range all {
			key := lane{uptime.SinkKey{Tenant: d.Tenant, Name: d.Sink}, d.Thread}
			f.lanes[key] = append(f.lanes[key], d)
			f.byID[d.ID] = d
		}
	}
	for _, list := range f.lanes {
		slices.SortFunc(list, func(a, b uptime.Delivery) int { return a.Transition - b.Transition })
	}
}

// ledger: what was sent was taken, what was taken is not waiting, and who is not
// verified takes nothing.
func (f *findings) ledger(s *service) {
	f.w.t.Helper()
	for _, wrong := range s.wrong {
		f.w.t.Errorf("%v: %s", s.key, wrong)
	}
	if !f.w.sink(s.key).Verified && len(s.taken) > 0 {
		f.w.t.Errorf("%v is not verified, and was told %q", s.key, s.taken[0].notice.Title)
	}
	for _, x := range s.taken {
		if d, ok := f.byID[x.id]; !ok || d.State == uptime.DeliverySuperseded || d.State == uptime.DeliveryWaiting {
			f.w.t.Errorf("%v took %s (%s), which is %q in the store", s.key, x.id, x.notice.Title, d.State)
		}
	}
}

// order: within a thread numbers ascend, and nothing is resolved of which nobody
// was told, unless that was given up.
func (f *findings) order(s *service) {
	f.w.t.Helper()
	last, opened := map[uptime.AlertKey]int{}, map[uptime.AlertKey]bool{}
	for _, x := range s.taken {
		if x.transition < last[x.thread] {
			f.w.t.Errorf("%v took number %d of %s after %d", s.key, x.transition, x.thread, last[x.thread])
		}
		last[x.thread] = x.transition
		switch x.notice.Phase {
		case uptime.NoticeOpens:
			opened[x.thread] = true
		default:
			if !opened[x.thread] && x.notice.Kind != uptime.AlertDigest && !f.gaveUp(lane{s.key, x.thread}, x.transition) {
				f.w.t.Errorf("%v was told %q (%s) of %s, and not before that it began", s.key, x.notice.Title, x.notice.Phase, x.thread)
			}
		}
	}
}

// gaveUp reports whether something before a number of a lane was given up.
func (f *findings) gaveUp(l lane, before int) bool {
	return slices.ContainsFunc(f.lanes[l], func(d uptime.Delivery) bool {
		return d.State == uptime.DeliveryDead && d.Transition < before
	})
}

// doubles: a delivery is taken more than once only where nobody could know that
// it was taken, and then once more for each time; never by whoever knows it by
// its id.
func (f *findings) doubles(s *service) {
	f.w.t.Helper()
	times := map[uptime.DeliveryID]int{}
	for _, x := range s.taken {
		times[x.id]++
	}
	for id, n := range times {
		most := 1 + s.doubts[id]
		if s.kind == keyed {
			most = 1
		}
		if n > most {
			f.w.t.Errorf("%v took %s %d times, and could be in doubt %d times", s.key, id, n, s.doubts[id])
		}
	}
	for id, d := range f.byID {
		if d.State == uptime.DeliverySent && d.Sink == s.key.Name && d.Tenant == s.key.Tenant && times[id] == 0 {
			f.w.t.Errorf("%v never took %s (%s), which is marked as sent", s.key, id, d.Notice.Title)
		}
	}
}

// visible: the last that a service took of a thread is the last that the router
// said and that was not given up. Where messages are edited it stands in the
// newest, and another is only left where nobody could know of it.
func (f *findings) visible(s *service) {
	f.w.t.Helper()
	last, newest, spare := map[uptime.AlertKey]take{}, map[uptime.AlertKey]string{}, map[uptime.AlertKey]int{}
	for _, x := range s.taken {
		last[x.thread] = x
		if x.ref > newest[x.thread] {
			spare[x.thread]--
		}
		newest[x.thread] = max(newest[x.thread], x.ref)
	}
	for id, n := range s.doubts {
		spare[f.byID[id].Thread] += n
	}
	for thread, n := range spare {
		if s.kind == edits && n < -1 {
			f.w.t.Errorf("%v has %d messages about %s that nobody edits any more", s.key, -1-n, thread)
		}
	}
	for l, list := range f.lanes {
		if l.SinkKey != s.key {
			continue
		}
		want := 0
		for _, d := range list {
			if d.State == uptime.DeliverySent {
				want = d.Transition
			}
		}
		got := last[l.thread]
		if got.transition < want {
			f.w.t.Errorf("%v shows number %d of %s, and took %d", s.key, got.transition, l.thread, want)
		}
		if got.ref != newest[l.thread] {
			f.w.t.Errorf("%v shows the end of %s in %s, and not in the newest message %s", s.key, l.thread, got.ref, newest[l.thread])
		}
	}
}

// lane: it is numbered without a gap, nothing waits, and what was given up was
// refused for good or tried to the end. Its last word is the end of the thread
// when the thread is over, and not otherwise.
func (f *findings) lane(l lane, list []uptime.Delivery) {
	f.w.t.Helper()
	for i, d := range list {
		switch {
		case d.Transition != i+1:
			f.w.t.Errorf("%v: number %d comes as number %d", l, d.Transition, i+1)
		case d.State == uptime.DeliveryWaiting:
			f.w.t.Errorf("%v: %q waits until %s", l, d.Notice.Title, d.Due)
		case d.State == uptime.DeliveryDead && !f.w.services[l.SinkKey].refused[d.ID] && d.Attempts != 8:
			f.w.t.Errorf("%v: %q was given up after %d attempts: %s", l, d.Notice.Title, d.Attempts, d.Error)
		}
	}
	t, last := f.threads[l.thread], list[len(list)-1]
	part := f.w.sink(l.SinkKey).Least != 0 // its part of the thread may be over before the rest is
	if closed := !t.Closed.IsZero(); t.Kind != uptime.AlertTest && closed != (last.Notice.Phase == uptime.NoticeCloses) && (closed || !part) {
		f.w.t.Errorf("%v: its thread is over: %v, and its last word is %q (%s)", l, closed, last.Notice.Title, last.Notice.Phase)
	}
}

// sickness: every sink works, so that none is said to fail.
func (f *findings) sickness() {
	f.w.t.Helper()
	for _, t := range f.threads {
		if t.Kind == uptime.AlertSink && t.Closed.IsZero() {
			f.w.t.Errorf("%s is open, and every sink works", t.Key)
		}
	}
}

// belief is that a server has some trouble.
type belief struct {
	slug, state string
}

// beliefs: a sink believes of each server what is so.
func (f *findings) beliefs(s *service) {
	f.w.t.Helper()
	sink := f.w.sink(s.key)
	believed, lost := f.believed(s)
	so := f.w.troubles(s.key.Tenant)
	for b, notices := range believed {
		if _, ok := so[b]; !ok && !lost && (!sink.Final || !f.mixed(notices)) {
			f.w.t.Errorf("%v believes that %s is %s: %q; it is not", s.key, b.slug, b.state, notices[0].Title)
		}
	}
	for b, t := range so {
		notices := believed[b]
		switch {
		case len(notices) == 0 && f.wanted(sink, b, t) && !lost:
			f.w.t.Errorf("%v does not know that %s is %s", s.key, b.slug, b.state)
		case len(notices) > t.times && !sink.Final:
			f.w.t.Errorf("%v was told %d times that %s is %s: %q, %q", s.key, len(notices), b.slug, b.state, notices[0].Title, notices[1].Title)
		case len(notices) == 1 && t.times == 1 && !sink.Final && !lost:
			f.agrees(s, &notices[0], t)
		}
	}
}

// believed is what a sink was told last, by server. It is lost what was given
// up: such a sink may believe anything.
func (f *findings) believed(s *service) (out map[belief][]uptime.Notice, lost bool) {
	out = map[belief][]uptime.Notice{}
	for l, list := range f.lanes {
		if l.SinkKey != s.key {
			continue
		}
		last := list[len(list)-1]
		lost = lost || last.State == uptime.DeliveryDead
		if last.State == uptime.DeliveryDead || last.Notice.Phase == uptime.NoticeCloses {
			continue
		}
		for _, srv := range last.Notice.Servers {
			if b := (belief{srv.Slug, srv.State}); srv.State != "recovered" {
				out[b] = append(out[b], last.Notice)
			}
		}
	}
	return out, lost
}

// mixed reports whether a notice that is not updated is about several servers,
// of which some may be well by now.
func (f *findings) mixed(notices []uptime.Notice) bool { return notices[0].Total > 1 }

// truth is what is so of a server.
type truth struct {
	cause    uptime.Cause
	regions  []string
	priority uptime.Priority
	times    int // a server may show several contracts
}

// troubles are what is so of a tenant's servers: the incidents and the drifts are
// those that are recorded, and the incidents are those of the servers.
func (w *world) troubles(tenant uptime.TenantID) map[belief]truth {
	w.t.Helper()
	out := map[belief]truth{}
	open, drifts := w.incidents(tenant, true), w.drifts(tenant)
	for _, p := range w.servers {
		if p.srv.Tenant != tenant {
			continue
		}
		i := slices.IndexFunc(open, func(in uptime.Incident) bool { return in.Server == p.srv.ID })
		if (i >= 0) != (p.state == uptime.Down) {
			w.t.Errorf("%s is %s, and has an open incident: %v", p.srv.Slug, p.state, i >= 0)
		}
		if i >= 0 {
			out[belief{p.srv.Slug, "down"}] = truth{open[i].Failure.Cause, w.cities(open[i].Regions), priorityOf(open[i].Failure.Cause), 1}
		}
		if p.state == uptime.Degraded {
			out[belief{p.srv.Slug, "degraded"}] = truth{p.cause, nil, degradedPriority(p.cause), 1}
		}
	}
	for _, d := range drifts {
		for _, p := range w.servers {
			if p.srv.ID == d.Server && p.srv.Tenant == tenant {
				b := belief{p.srv.Slug, "changed"}
				out[b] = truth{uptime.DriftDetected, nil, uptime.P2, out[b].times + 1}
			}
		}
	}
	return out
}

func priorityOf(c uptime.Cause) uptime.Priority {
	if c.Reason() == uptime.Timeout {
		return uptime.P2
	}
	return uptime.P1
}

func degradedPriority(c uptime.Cause) uptime.Priority {
	if c.Reason() == uptime.ErrorRateElevated {
		return uptime.P2
	}
	return uptime.P3
}

func (w *world) cities(regions []string) (out []string) {
	for _, r := range regions {
		out = append(out, w.plan.Load().City(r))
	}
	slices.Sort(out)
	return out
}

// agrees checks what a notice says of something that lasts.
func (f *findings) agrees(s *service, n *uptime.Notice, is truth) {
	f.w.t.Helper()
	if n.Failing != 1 || n.Kind == uptime.AlertDigest {
		return
	}
	if n.Cause != is.cause {
		f.w.t.Errorf("%v: %q says %s, it is %s", s.key, n.Title, n.Cause, is.cause)
	}
	if is.regions != nil && !slices.Equal(n.Regions, is.regions) {
		f.w.t.Errorf("%v: %q says that it fails from %v, it is %v", s.key, n.Title, n.Regions, is.regions)
	}
	if strings.Contains(n.Title, "goes up and down") {
		f.w.t.Errorf("%v: %q, and it has been down for an hour", s.key, n.Title)
	}
}

// wanted reports whether a sink must know of something that lasts.
func (f *findings) wanted(sink *uptime.Sink, b belief, is truth) bool {
	if !sink.Verified || sink.Least != 0 && is.priority > sink.Least {
		return false
	}
	if sink.Final && len(f.w.servers) > 1 {
		return !f.finalKnows(sink, b)
	}
	return sink.Subscriber || f.always(sink)
}

// finalKnows reports whether a sink that hears of no changes knows that there is
// something of this kind, or has a digest that lasts.
func (f *findings) finalKnows(sink *uptime.Sink, b belief) bool {
	for l, list := range f.lanes {
		last := list[len(list)-1].Notice
		if l.SinkKey == (uptime.SinkKey{Tenant: sink.Tenant, Name: sink.Name}) && last.Phase != uptime.NoticeCloses &&
			(last.Kind == uptime.AlertDigest || slices.ContainsFunc(last.Servers, func(s uptime.NoticeServer) bool { return s.State == b.state })) {
			return true
		}
	}
	return false
}

// always reports whether a sink is told whatever people do.
func (f *findings) always(sink *uptime.Sink) bool {
	for _, p := range f.w.policies {
		if p.Tenant != sink.Tenant {
			continue
		}
		if len(p.Rules) == 0 {
			return true
		}
		return slices.ContainsFunc(p.Rules, func(r uptime.Rule) bool { return slices.Contains(r.Sinks, sink.Name) })
	}
	return false
}

// explained: what lasted undisturbed was told, and of the rest it is known why
// not.
func (f *findings) explained(p *uptime.Policy, in *uptime.Incident) {
	f.w.t.Helper()
	story, err := f.w.process.store.Story(f.w.t.Context(), p.Tenant, uptime.AlertKey(in.ID))
	if err != nil || len(story.Decisions) == 0 || story.Alert.Key != uptime.AlertKey(in.ID) {
		f.w.t.Errorf("nobody can say what happened to %s (%d decisions about %s, %v)", in.ID, len(story.Decisions), story.Alert.Key, err)
		return
	}
	must := f.w.undisturbed(in)
	for i := range p.Sinks {
		sink := &p.Sinks[i]
		if len(f.lanes[lane{uptime.SinkKey{Tenant: p.Tenant, Name: sink.Name}, story.Thread.Key}]) > 0 {
			continue
		}
		if must && story.Thread.Digest == "" && sink.Verified && (sink.Subscriber || f.always(sink)) {
			f.w.t.Errorf("%s (%s) lasted from %s to %s, and %s was not told", in.ID, f.w.slug(in.Server), in.Opened, in.Closed, sink.Name)
		}
		why := func(d uptime.Decision) bool {
			return (d.Sink == "" || d.Sink == sink.Name) && d.Text != "" &&
				slices.Contains([]string{"held", "dropped", "waits", "stopped", "joined"}, d.Outcome)
		}
		if !sink.Subscriber && !slices.ContainsFunc(story.Decisions, why) {
			f.w.t.Errorf("nobody says why %s was not told of %s: %s", sink.Name, in.ID, said(story.Decisions))
		}
	}
}

func said(all []uptime.Decision) string {
	var out []string
	for _, d := range all {
		out = append(out, fmt.Sprint(d.Stage, " ", d.Sink, " ", d.Outcome))
	}
	return strings.Join(out, "; ")
}

func (w *world) slug(id uptime.ServerID) string {
	for _, p := range w.servers {
		if p.srv.ID == id {
			return p.srv.Slug
		}
	}
	return string(id)
}

// undisturbed reports whether there was a time in an incident in which every
// sink had to be told.
func (w *world) undisturbed(in *uptime.Incident) bool {
	end := in.Closed
	if !in.Recovered.IsZero() {
		end = in.Recovered
	}
	if end.IsZero() {
		end = time.Now()
	}
	at := in.Detected
	noise := slices.SortedFunc(slices.Values(w.noise), func(a, b span) int { return a.from.Compare(b.from) })
	for _, n := range noise {
		if n.slug != "" && n.slug != w.slug(in.Server) || !n.to.After(at) {
			continue
		}
		if n.from.Sub(at) >= calm {
			break
		}
		at = n.to
	}
	return end.Sub(at) >= calm
}
