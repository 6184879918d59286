package alert

import "context"

// Step is one step, for benchmarks.
func (r *Router) Step(ctx context.Context) error {
	_, err := r.step(ctx)
	return err
}

// PlatformOf and Span are tried by themselves.
var (
	PlatformOf = platformOf
	Span       = span
	Clean      = clean
)

// Remembers returns how many things the router keeps in mind, all together.
func (r *Router) Remembers() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.state
	if s == nil {
		return 0
	}
	n := 0
	for _, times := range s.admitted {
		n += len(times)
	}
	return n + len(s.alerts) + len(s.threads) + len(s.of) + len(s.held) + len(s.current) + len(s.byServer) +
		len(s.joins) + len(s.clusters) + len(s.children) + len(s.admitted) + len(s.said) + len(s.renewed) + len(s.world.gone)
}
