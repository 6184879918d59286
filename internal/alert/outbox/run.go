package outbox

import "context"

// Run delivers until ctx ends.
func (d *Dispatcher) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}
