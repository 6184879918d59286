package board

import "github.com/alivemcp/alivemcp/internal/uptime"

// Refresh shows the same rows again, as a batch of verdicts would: nothing that
// was sorted or counted is known any more.
func (b *Board) Refresh(t uptime.TenantID) {
	sheets := map[uptime.TenantID]*sheet{t: b.sheet(t).with(nil)}
	b.sheets.Store(&sheets)
}
