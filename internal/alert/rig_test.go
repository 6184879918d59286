package alert_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

type akey struct {
	tenant uptime.TenantID
	key    uptime.AlertKey
}

// records is a store as the real one behaves: what Route stores, it stores
// whole or not at all.
type records struct {
	mu         sync.Mutex
	alerts     map[akey]uptime.Alert
	threads    map[akey]uptime.Thread
	deliveries []uptime.Delivery
	known      map[uptime.DeliveryID]bool
	decisions  []uptime.Decision
	events     []uptime.IncidentEvent
	audit      []uptime.AuditEntry
	silences   []uptime.Silence
	news       []uptime.News
	verdicts   uptime.Cursor
	place      uint64
	routed     int
	bytes      int // of member keys written
	// fail says what happens to the next Route; nil stores it.
	fail func() (stored bool, err error)
}

func newRecords() *records {
	return &records{alerts: map[akey]uptime.Alert{}, threads: map[akey]uptime.Thread{}, known: map[uptime.DeliveryID]bool{}}
}

func (r *records) Alerting(context.Context) (uptime.Alerting, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := uptime.Alerting{Verdicts: r.verdicts, News: r.place, Silences: slices.Clone(r.silences)}
	members := map[akey]bool{}
	for _, t := range r.threads {
		if !t.Over {
			t.Members = slices.Clone(t.Members)
			out.Threads = append(out.Threads, t)
			for _, m := range t.Members {
				members[akey{t.Tenant, m}] = true
			}
		}
	}
	for k, a := range r.alerts {
		if a.Open() || members[k] {
			out.Alerts = append(out.Alerts, a)
		}
	}
	return out, nil
}

func (r *records) Route(_ context.Context, in uptime.Routing) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	stored, err := true, error(nil)
	if r.fail != nil {
		stored, err = r.fail()
	}
	if !stored {
		return err
	}
	if in.Verdicts != 0 && in.Verdicts < r.verdicts || in.News != 0 && in.News < r.place {
		return uptime.ErrConflict
	}
	r.verdicts, r.place = max(r.verdicts, in.Verdicts), max(r.place, in.News)
	for _, a := range in.Alerts {
		r.alerts[akey{a.Tenant, a.Key}] = a
	}
	for _, t := range in.Threads {
		r.threads[akey{t.Tenant, t.Key}] = t
		r.bytes += 24 * len(t.Members)
	}
	for _, d := range in.Deliveries {
		if !r.known[d.ID] {
			r.known[d.ID] = true
			r.deliveries = append(r.deliveries, d)
		}
	}
	r.decisions = append(r.decisions, in.Decisions...)
	r.events = append(r.events, in.Events...)
	r.audit = append(r.audit, in.Audit...)
	r.routed++
	return err
}

func (r *records) News(_ context.Context, after uint64, limit int) ([]uptime.News, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := min(len(r.news), int(after))
	return slices.Clone(r.news[i:min(len(r.news), i+limit)]), nil
}

// feed is a feed of verdicts.
type feed struct {
	mu       sync.Mutex
	verdicts []uptime.Verdict
}

func (f *feed) After(_ context.Context, after uptime.Cursor, limit int) ([]uptime.Verdict, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	i := min(len(f.verdicts), int(after))
	return slices.Clone(f.verdicts[i:min(len(f.verdicts), i+limit)]), nil
}

func (f *feed) Wait(ctx context.Context, after uptime.Cursor) error {
	f.mu.Lock()
	n := len(f.verdicts)
	f.mu.Unlock()
	if n > int(after) {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

// desk is a router at work.
type desk struct {
	t        *testing.T
	records  *records
	feed     *feed
	plan     *uptime.Plan
	policies []*uptime.Policy
	opt      alert.Options
	router   *alert.Router
	open     map[uptime.ServerID]*uptime.Incident
	began    map[uptime.IncidentID]bool
	stop     func()
}

func server(tenant uptime.TenantID, slug, host string) *uptime.Server {
	return &uptime.Server{
		ID: uptime.ServerID("srv_" + slug), Tenant: tenant, Slug: slug, Name: strings.ToUpper(slug[:1]) + slug[1:],
		URL: "https://" + host + "/mcp", RunbookURL: "https://runbook.example/" + slug,
	}
}

func sink(name string, change ...func(*uptime.Sink)) uptime.Sink {
	s := uptime.Sink{Tenant: "t", Name: name, Type: "webhook", Verified: true}
	for _, c := range change {
		c(&s)
	}
	return s
}

// newDesk starts a router for the servers, with one policy of tenant t.
func newDesk(t *testing.T, policy uptime.Policy, servers ...*uptime.Server) *desk {
	t.Helper()
	policy.Tenant = "t"
	d := &desk{
		t: t, records: newRecords(), feed: &feed{}, open: map[uptime.ServerID]*uptime.Incident{}, began: map[uptime.IncidentID]bool{},
		plan: &uptime.Plan{Version: 1, Servers: servers, Regions: []uptime.Region{{ID: "eu", City: "London"}}},
	}
	d.policies = []*uptime.Policy{&policy}
	d.opt = alert.Options{
		Records: d.records, Feed: d.feed,
		Plan: func() *uptime.Plan {
			d.records.mu.Lock()
			defer d.records.mu.Unlock()
			return d.plan
		},
		Policies: func() []*uptime.Policy {
			d.records.mu.Lock()
			defer d.records.mu.Unlock()
			return d.policies
		},
		Phrase: func(c uptime.Cause) string {
			if c == uptime.ConnectRefused {
				return "the connection is refused"
			}
			return string(c)
		},
		Advice: func(uptime.Cause) string { return "start the process" },
		Links: alert.Links{
			Server: func(s *uptime.Server) string { return "https://status.example/status/" + s.Slug },
			Ack:    func(_ uptime.TenantID, k uptime.AlertKey) string { return "https://status.example/ack/" + string(k) },
		},
	}
	return d
}

func (d *desk) run() *desk {
	d.t.Helper()
	r, err := alert.New(d.opt)
	if err != nil {
		d.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = r.Run(ctx)
	}()
	d.router = r
	d.stop = func() { cancel(); <-done }
	return d
}

func (d *desk) restart() { d.stop(); d.run() }

// change changes the world while the router looks at it.
func (d *desk) change(f func()) {
	d.records.mu.Lock()
	defer d.records.mu.Unlock()
	f()
}

// pass lets time go by.
func (d *desk) pass(t time.Duration) {
	time.Sleep(t)
	synctest.Wait()
}

// tell adds a piece of news.
func (d *desk) tell(n uptime.News) {
	d.records.mu.Lock()
	n.Seq = uint64(len(d.records.news) + 1)
	d.records.news = append(d.records.news, n)
	d.records.mu.Unlock()
	d.router.Wake()
}

// fails opens an incident, works closes it.
func (d *desk) fails(s *uptime.Server, cause uptime.Cause) uptime.IncidentID {
	now := time.Now().UTC()
	id := d.newIncident(s, now)
	in := &uptime.Incident{
		ID: id, Tenant: s.Tenant, Server: s.ID, Opened: now, Detected: now,
		Failure: uptime.Failure{Cause: cause}, Regions: []string{"eu"},
	}
	d.open[s.ID] = in
	c := *in
	d.tell(uptime.News{Incident: &c, Event: uptime.IncidentOpened})
	return in.ID
}

// newIncident names an incident that no other has the name of. Names count in
// seconds, and two incidents of a test may begin within one.
func (d *desk) newIncident(s *uptime.Server, cycle time.Time) uptime.IncidentID {
	for {
		id := uptime.NewIncidentID(s.Tenant, s.ID, cycle)
		if !d.began[id] {
			d.began[id] = true
			return id
		}
		cycle = cycle.Add(time.Second)
	}
}

func (d *desk) works(s *uptime.Server) {
	in := d.open[s.ID]
	if in == nil {
		return
	}
	delete(d.open, s.ID)
	in.Recovered, in.Closed = time.Now().UTC(), time.Now().UTC()
	c := *in
	d.tell(uptime.News{Incident: &c, Event: uptime.IncidentResolved})
}

func (d *desk) amend(s *uptime.Server, change func(*uptime.Incident)) {
	in := d.open[s.ID]
	change(in)
	c := *in
	d.tell(uptime.News{Incident: &c, Event: uptime.IncidentNote})
}

// seal adds a verdict.
func (d *desk) seal(s *uptime.Server, state uptime.State, change ...func(*uptime.Verdict)) {
	d.feed.mu.Lock()
	defer d.feed.mu.Unlock()
	now := time.Now().UTC()
	v := uptime.Verdict{Seq: uptime.Cursor(len(d.feed.verdicts) + 1), Tenant: s.Tenant, Server: s.ID, Cycle: now, Every: time.Minute, State: state, SealedAt: now}
	for _, c := range change {
		c(&v)
	}
	d.feed.verdicts = append(d.feed.verdicts, v)
}

// told returns what a sink was told: "opens title", in order.
func (d *desk) told(sink string) []string {
	d.records.mu.Lock()
	defer d.records.mu.Unlock()
	var out []string
	for _, x := range d.records.deliveries {
		if x.Sink == sink {
			out = append(out, string(x.Notice.Phase)+" "+x.Notice.Title)
		}
	}
	return out
}

func (d *desk) last(sink string) uptime.Notice {
	d.t.Helper()
	d.records.mu.Lock()
	defer d.records.mu.Unlock()
	for _, x := range slices.Backward(d.records.deliveries) {
		if x.Sink == sink {
			return x.Notice
		}
	}
	d.t.Fatalf("%s was told nothing", sink)
	return uptime.Notice{}
}

func (d *desk) wants(sink string, want ...string) {
	d.t.Helper()
	if got := d.told(sink); !slices.Equal(got, want) {
		d.t.Errorf("%s was told\n  %s\nwant\n  %s", sink, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

// decided reports whether a decision of this stage and outcome was recorded.
func (d *desk) decided(stage, outcome string) bool {
	d.records.mu.Lock()
	defer d.records.mu.Unlock()
	return slices.ContainsFunc(d.records.decisions, func(x uptime.Decision) bool { return x.Stage == stage && x.Outcome == outcome })
}

// consistent checks what holds of every sequence of deliveries.
func consistent(r *records) error {
	type lane struct {
		tenant uptime.TenantID
		thread uptime.AlertKey
		sink   string
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	n, phase := map[lane]int{}, map[lane]uptime.NoticePhase{}
	for _, d := range r.deliveries {
		l := lane{d.Tenant, d.Thread, d.Sink}
		if n[l]++; d.Transition != n[l] {
			return fmt.Errorf("%v: transition %d comes as number %d", l, d.Transition, n[l])
		}
		isOpen := phase[l] == uptime.NoticeOpens || phase[l] == uptime.NoticeChanges
		digest := d.Notice.Kind == uptime.AlertDigest
		if (d.Notice.Phase == uptime.NoticeOpens) == isOpen && !digest {
			return fmt.Errorf("%v: %s after %q", l, d.Notice.Phase, phase[l])
		}
		if len([]rune(d.Notice.Title)) > 120 || d.Notice.Title == "" {
			return fmt.Errorf("%v: title %q", l, d.Notice.Title)
		}
		phase[l] = d.Notice.Phase
	}
	return nil
}

// scene runs a test in a bubble with its own clock.
func scene(t *testing.T, policy uptime.Policy, servers []*uptime.Server, play func(*desk)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d := newDesk(t, policy, servers...).run()
		play(d)
		d.stop()
		if err := consistent(d.records); err != nil {
			t.Error(err)
		}
	})
}
