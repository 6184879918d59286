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
