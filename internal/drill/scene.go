package drill

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Kind is what a drill tries.
type Kind string

// The kinds of drills.
const (
	// Single is one server of a tenant with several.
	Single Kind = "single"
	// Cluster is many tenants with one root cause.
	Cluster Kind = "cluster"
	// Budget is a tenant with more outages than it is told of one by one.
	Budget Kind = "budget"
)

// Kinds returns all.
func Kinds() []Kind { return []Kind{Single, Cluster, Budget} }

const (
	// cycle is the interval of all servers: the shortest that there is.
	cycle = uptime.MinInterval
	// Slack is what a notice may take besides the cycle in which a server fails.
	Slack = 10 * time.Second
	// watch is how long it is watched, after everything arrived, that nothing else
	// does.
	watch = cycle + 2*time.Second
	// patience is how long something must last before the tenants of a cluster are
	// told. In that time it is known to be a cluster: their servers are looked at
	// one after another during a cycle.
	patience = 12 * time.Second
)

// Scene is a drill as it is written down: the tenants, and what happens.
type Scene struct {
	Kind    Kind
	About   string
	Takes   time.Duration // about, on a machine that has time
	Tenants []Tenant      // the operator first
	steps   []step
}

// Tenant is somebody who has servers and wants to be told.
type Tenant struct {
	ID       uptime.TenantID
	Role     string // in the drill, for people
	Servers  []Server
	Sinks    []string // webhooks, but for one that is called mail
	budget   int
	patience time.Duration
}

// Server is a server that can break.
type Server struct {
	Slug  string
	host  string // a loopback address
	fault fault
}

// step is something that happens, and what has to be heard of it.
type step struct {
	text string
	// breaks and heals name servers as tenant/slug. Gently means that nobody looks
	// at a server at the moment in which it heals.
	breaks, heals []string
	gently        bool
	// hour moves the clock of those who tell people to the next full hour.
	hour  bool
	wants []want
	// held are servers, as tenant/slug, of which is decided that the budget does
	// not allow to tell at once.
	held []string
	// within is how long each notice may take, least how long the step lasts at
	// least, and watch how long it goes on after everything has arrived.
	within, least, watch time.Duration
}

// want is a notice that has to arrive, once.
type want struct {
	tenant   uptime.TenantID
	sink     string
	event    uptime.NoticeType
	severity string
	servers  []string // slugs, sorted; none for a notice that names none
	// thread is the same word in all that belongs to one incident_key.
	thread string
	// may means that it need not arrive.
	may bool
}

func (w *want) String() string { return say(w.event, w.severity, w.tenant, w.sink, w.servers) }

// say describes a notice to people.
func say(event uptime.NoticeType, severity string, tenant uptime.TenantID, sink string, servers []string) string {
	text := fmt.Sprintf("%s %s at %s", event, severity, place(tenant, sink))
	if len(servers) > 0 {
		text += " about " + strings.Join(servers, ", ")
	}
	return text
}

// SceneOf returns a drill. The operator is the tenant that is told of clusters.
// ErrInvalid means that there is no such kind.
func SceneOf(kind Kind, operator uptime.TenantID) (*Scene, error) {
	scenes := map[Kind]func(uptime.TenantID) *Scene{Single: single, Cluster: cluster, Budget: budget}
	if written, ok := scenes[kind]; ok {
		return written(operator), nil
	}
	return nil, fmt.Errorf("%w: there is no drill %q", uptime.ErrInvalid, kind)
}

// crossesHour reports whether a digest would be told in the middle of the drill,
// when it begins now.
func (s *Scene) crossesHour(now time.Time) bool {
	ends := now.Add(3 * s.Takes).Truncate(time.Hour).After(now)
	return ends && slices.ContainsFunc(s.steps, func(s step) bool { return s.hour })
}

// byMail is the name of sinks that are mailboxes.
const byMail = "mail"

// bystander is a tenant who must hear nothing.
func bystander(id uptime.TenantID, role string, slugs ...string) Tenant {
	t := Tenant{ID: id, Role: role, Sinks: []string{"team"}}
	for _, slug := range slugs {
		t.Servers = append(t.Servers, Server{Slug: slug})
	}
	return t
}

func single(operator uptime.TenantID) *Scene {
	told := func(event uptime.NoticeType) []want {
		one := want{tenant: "shop", sink: "team", event: event, severity: "P1", servers: []string{"cart"}, thread: "cart"}
		two, three := one, one
		two.sink = "pager"
		three.sink, three.servers = byMail, nil // they are in its text
		return []want{one, two, three}
	}
	shop := bystander("shop", "one of its servers goes down", "cart", "payments", "search")
	shop.Sinks = []string{"team", "pager", byMail}
	return &Scene{
		Kind: Single, Takes: 40 * time.Second,
		About:   "One server of a tenant with three goes down and returns.",
		Tenants: []Tenant{bystander(operator, "operator", "portal"), shop, bystander("bakery", "not concerned", "menu", "orders")},
		steps: []step{
			{text: "cart of shop answers everything with 503", breaks: []string{"shop/cart"}, wants: told(uptime.NoticeTriggered), within: cycle, watch: watch},
			{text: "cart of shop works again", heals: []string{"shop/cart"}, wants: told(uptime.NoticeResolved), within: 2 * cycle, watch: watch},
		},
	}
}

func cluster(operator uptime.TenantID) *Scene {
	s := &Scene{
		Kind: Cluster, Takes: 40 * time.Second,
		About:   "A platform fails under six of eight tenants: the operator is told once, and nobody else.",
		Tenants: []Tenant{bystander(operator, "operator", "portal")},
	}
	var down []string
	for i := range 7 {
		t := bystander(uptime.TenantID(fmt.Sprintf("tenant-%d", i+1)), "its platform fails", "api")
		t.patience = patience
		if i < 6 {
			down = append(down, string(t.ID)+"/api")
		} else {
			t.Role = "not concerned"
		}
		s.Tenants = append(s.Tenants, t)
	}
	about := func(event uptime.NoticeType, may bool) want {
		return want{tenant: operator, sink: "team", event: event, severity: "P1", thread: "cluster", may: may}
	}
	s.steps = []step{
		{
			text: "the servers of six tenants answer everything with 503", breaks: down, within: cycle, least: cycle + patience + 3*time.Second, watch: watch,
			wants: []want{about(uptime.NoticeTriggered, false), about(uptime.NoticeUpdated, true)}, // of how many they are
		},
		{
			text: "all of them work again", heals: down, within: 2 * cycle, watch: watch,
			wants: []want{about(uptime.NoticeResolved, false)},
		},
	}
	return s
}

func budget(operator uptime.TenantID) *Scene {
	shop := Tenant{ID: "shop", Role: "may be told of two outages an hour", Sinks: []string{"team"}, budget: 2, Servers: []Server{
		{"search", "127.0.0.2", callFails}, {"tickets", "127.0.0.3", callErrs}, {"stock", "127.0.0.4", healthFails}, {"cart", "127.0.0.5", away},
	}}
	told := func(event uptime.NoticeType, severity, slug, thread string) want {
		return want{tenant: "shop", sink: "team", event: event, severity: severity, servers: []string{slug}, thread: thread}
	}
	const opens, closes = uptime.NoticeTriggered, uptime.NoticeResolved
	return &Scene{
		Kind: Budget, Takes: 50 * time.Second,
		About:   "A tenant that may be told of two outages an hour has four, for different reasons.",
		Tenants: []Tenant{bystander(operator, "operator", "portal"), shop, bystander("bakery", "not concerned", "menu")},
		steps: []step{
			{
				text: "calls of search fail, and calls of tickets end in errors", breaks: []string{"shop/search", "shop/tickets"}, within: cycle,
				wants: []want{told(opens, "P2", "search", "search"), told(opens, "P2", "tickets", "tickets")},
			},
			{
				text: "the budget is used up; stock reports that it is ill, and cart answers everything with 503", breaks: []string{"shop/stock", "shop/cart"},
				within: cycle, watch: watch, held: []string{"shop/stock"}, wants: []want{told(opens, "P1", "cart", "cart")},
			},
			{text: "the hour is over", hour: true, watch: watch, wants: []want{told(opens, "P2", "stock", "digest")}},
			{
				text: "everything works again", heals: []string{"shop/search", "shop/tickets", "shop/stock", "shop/cart"}, gently: true, within: 2 * cycle, watch: watch,
				wants: []want{told(closes, "P2", "search", "search"), told(closes, "P2", "tickets", "tickets"), told(closes, "P1", "cart", "cart"), told(closes, "P2", "stock", "digest")},
			},
		},
	}
}
