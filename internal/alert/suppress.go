package alert

import (
	"slices"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// floor is how many tenants must have the same root cause, at least, to be a
	// cluster; share is which share of all, in per cent, must be exceeded.
	floor = 5
	share = 10
)

// root is what the servers of several tenants may have in common: where they
// run, and how they fail.
type root struct {
	platform string
	reason   uptime.Reason
}

// standsIn reports whether a thread tells of other threads.
func (t *thread) standsIn() bool {
	return t.Kind == uptime.AlertCluster || t.Kind == uptime.AlertDigest
}

// parent returns the thread that stands in for this one; nil for none.
func (s *state) parent(t *thread) *thread {
	if t.Digest != "" {
		return s.threads[id{t.Tenant, t.Digest}]
	}
	return s.clusterOf(t)
}

func (s *state) clusterOf(t *thread) *thread {
	if t.Cluster == "" {
		return nil
	}
	for _, c := range s.clusters {
		if c.Key == t.Cluster {
			return c
		}
	}
	return nil
}

// cluster finds root causes that many tenants have. Only threads that changed in
// this step can make one. Without somebody to tell it to nothing is kept back.
func (s *step) cluster() {
	for _, c := range s.clusters {
		if s.touched[c] {
			s.shrink(c)
		}
	}
	if s.opt.Operator == "" || !s.hears(s.opt.Operator) {
		return
	}
	fresh := map[root][]*thread{}
	for t := range s.touched {
		if r, ok := rootOf(t); ok && t.Cluster == "" {
			fresh[r] = append(fresh[r], t)
		}
	}
	var rest map[root][]*thread
	for r, threads := range fresh {
		if c := s.clusters[r]; c != nil {
			s.gather(c, threads)
			continue
		}
		if rest == nil {
			rest = s.roots()
		}
		s.detect(r, slices.MaxFunc(threads, older), rest[r])
	}
}

// hears reports whether a tenant has a sink that may be told.
func (s *step) hears(tenant uptime.TenantID) bool {
	return slices.ContainsFunc(s.world.policy(tenant).Sinks, func(k uptime.Sink) bool { return k.Verified && !k.Subscriber })
}

// roots returns the threads that are in no cluster, by their root cause.
func (s *step) roots() map[root][]*thread {
	out := map[root][]*thread{}
	for _, t := range s.threads {
		if r, ok := rootOf(t); ok && t.Cluster == "" {
			out[r] = append(out[r], t)
		}
	}
	return out
}

// rootOf returns the root cause of an open thread about servers that are down.
func rootOf(t *thread) (root, bool) {
	ok := t.Kind == uptime.AlertIncident && t.Platform != "" && t.Closed.IsZero() && !t.Over
	return root{t.Platform, t.Reason}, ok
}

// detect makes a cluster of the threads with one root cause when there are
// enough tenants among those that began within two minutes of the newest.
func (s *step) detect(r root, newest *thread, candidates []*thread) {
	var alike []*thread
	tenants := map[uptime.TenantID]bool{}
	for _, t := range candidates {
		if t.Opened.Sub(newest.Opened).Abs() <= together {
			alike = append(alike, t)
			tenants[t.Tenant] = true
		}
	}
	if n := len(tenants); n < floor || n*100 <= share*s.opt.Tenants() {
		return
	}
	first := slices.MinFunc(alike, older)
	a := &uptime.Alert{
		Key:    uptime.NewAlertKey(uptime.AlertCluster, s.opt.Operator, r.platform+" "+string(r.reason), first.Opened),
		Tenant: s.opt.Operator, Kind: uptime.AlertCluster, Reason: r.reason, Cause: first.Cause, Platform: r.platform,
		Opened: first.Opened, Priority: downPriority(r.reason),
	}
	s.keep(a)
	s.change(a)
	s.gather(s.start(a), alike)
}

// gather puts threads into a cluster. Those that nobody was told of yet wait.
func (s *step) gather(c *thread, threads []*thread) {
	for _, t := range threads {
		t.Cluster = c.Key
		s.children[c.Key] = append(s.children[c.Key], t)
		s.save(t)
		s.touch(t)
		s.decide(nil, t, decision{"suppress", "", joined, "Many have the same root cause at the same time: it was told to the operator as one."})
	}
}

// suppressed reports whether a cluster stands in for a thread.
func (s *step) suppressed(t *thread) bool {
	return len(t.Told) == 0 && s.clusterOf(t) != nil
}

// shrink ends a cluster when too few tenants are left; those that it stood in
// for are told by themselves, unless they are getting well as the others did: of
// servers that return together, some are looked at later.
func (s *step) shrink(c *thread) {
	tenants, _ := s.extent(c)
	a := s.alerts[id{c.Tenant, c.Key}]
	if a == nil || tenants >= floor {
		return
	}
	a.Resolved = s.now
	s.change(a)
	delete(s.clusters, root{c.Platform, c.Reason})
	for _, t := range s.children[c.Key] {
		t.ready = s.now.Add(settle)
		s.touched[t] = true
	}
}

// extent counts the tenants and servers that a cluster is still about.
func (s *step) extent(c *thread) (tenants, servers int) {
	seen := map[uptime.TenantID]bool{}
	for _, t := range s.children[c.Key] {
		n := 0
		for _, key := range t.Members {
			if a := s.alerts[id{t.Tenant, key}]; a != nil && a.Open() {
				n++
			}
		}
		if servers += n; n > 0 {
			seen[t.Tenant] = true
		}
	}
	return len(seen), servers
}

// platformOf returns what several host names may share: the registrable domain
// by a simple rule, or the host itself when it is an address or a single word.
func platformOf(host string) string {
	labels := strings.Split(host, ".")
	n := len(labels)
	if n <= 2 || strings.Contains(host, ":") || labels[n-1] >= "0" && labels[n-1] <= "9999" {
		return host
	}
	keep := 2
	if len(labels[n-1]) == 2 && secondLevel(labels[n-2]) {
		keep = 3
	}
	return strings.Join(labels[n-keep:], ".")
}

// secondLevel reports whether a label under a country is no one's own.
func secondLevel(label string) bool {
	switch label {
	case "co", "com", "net", "org", "gov", "edu", "ac", "or", "ne", "go":
		return true
	}
	return false
}
