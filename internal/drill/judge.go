package drill

import (
	"fmt"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// expectation is a want, from when, and what became of it.
type expectation struct {
	want
	since time.Time
	// within is how long it may take.
	within time.Duration
	came   *Arrival
}

// judge compares what arrives with what has to.
type judge struct {
	all []*expectation
	// threads are the incident keys by tenant and thread.
	threads map[string]string
	// strange is what arrived and nobody waited for.
	strange []Arrival
	seen    int
}

func newJudge() *judge { return &judge{threads: map[string]string{}} }

// expect adds what has to arrive from now on.
func (j *judge) expect(wants []want, now time.Time, within time.Duration) []*expectation {
	var added []*expectation
	for _, w := range wants {
		added = append(added, &expectation{want: w, since: now, within: within})
	}
	j.all = append(j.all, added...)
	return added
}

// take takes in what arrived: the first expectation that it fulfils counts.
func (j *judge) take(list []Arrival) {
	j.seen += len(list)
	for _, a := range list {
		i := slices.IndexFunc(j.all, func(e *expectation) bool { return e.came == nil && j.fits(e, &a) })
		if i < 0 {
			j.strange = append(j.strange, a)
			continue
		}
		j.all[i].came = &a
		j.threads[thread(&j.all[i].want)] = a.Key
	}
}

// fits reports whether a notice is the one that is waited for. The first of a
// thread says which key the thread has; that key must be no other thread's.
func (j *judge) fits(e *expectation, a *Arrival) bool {
	if a.Problem != "" || a.Key == "" || a.Tenant != e.tenant || a.Sink != e.sink || a.Event != e.event || a.Severity != e.severity || !slices.Equal(a.Servers, e.servers) {
		return false
	}
	if key, ok := j.threads[thread(&e.want)]; ok {
		return a.Key == key
	}
	for _, key := range j.threads {
		if key == a.Key {
			return false
		}
	}
	return e.event == uptime.NoticeTriggered
}

// thread names a thread over all tenants.
func thread(w *want) string { return string(w.tenant) + " " + w.thread }

// missing reports whether something has to arrive that did not.
func missing(list []*expectation) bool {
	return slices.ContainsFunc(list, func(e *expectation) bool { return e.came == nil && !e.may })
}

// check says what became of an expectation; false for one that need not come and
// did not.
func (e *expectation) check() (Check, bool) {
	c := Check{Text: e.String(), Tenant: e.tenant, Sink: e.sink, Allowed: Seconds(e.within)}
	if e.came == nil {
		c.Problem = "it did not arrive within " + e.within.String()
		return c, !e.may
	}
	took := e.came.At.Sub(e.since)
	c.Took, c.Key, c.At = Seconds(took), e.came.Key, e.came.At.UTC()
	if took > e.within {
		c.Problem = fmt.Sprintf("it arrived after %.1f s, %.1f s too late", took.Seconds(), (took - e.within).Seconds())
	}
	return c, true
}

// surprise describes a notice that nobody waited for.
func surprise(a *Arrival) string {
	text := say(a.Event, a.Severity, a.Tenant, a.Sink, a.Servers) + " (" + a.Key + ")"
	if a.Problem != "" {
		text += ": " + a.Problem
	}
	return text
}
