package board

import (
	"context"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Refresh shows the same rows again, as a batch of verdicts would: nothing that
// was sorted or counted is known any more.
func (b *Board) Refresh(t uptime.TenantID) {
	sheets := map[uptime.TenantID]*sheet{t: b.sheet(t).with(nil)}
	b.sheets.Store(&sheets)
}

// Sweep looks at every row once, as Run does each second.
func (b *Board) Sweep(ctx context.Context) { b.sweep(ctx) }

// Pull takes over what was sealed and shows it, as Run does.
func (b *Board) Pull(ctx context.Context) {
	b.pull(ctx)
	b.show()
}
