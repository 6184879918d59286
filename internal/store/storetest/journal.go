package storetest

import (
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func testJournal(h *house) {
	t := h.t
	noError(t, h.AppendSealed(t.Context(), nil))
	first, second := verdicts(h.alpha, 1, 40), verdicts(h.beta, 41, 45)
	noError(t, h.AppendSealed(t.Context(), first))
	noError(t, h.AppendSealed(t.Context(), second))
	all := append(first, second...)
	read := func(after uptime.Cursor, limit int) []uptime.Verdict {
		return must[[]uptime.Verdict](t)(h.ReadSealed(t.Context(), after, limit))
	}
	same(t, "all", read(0, 1000), all)
	same(t, "the middle of a batch, into the next", read(38, 4), all[38:42])
	same(t, "the end", read(45, 10), all[:0])
	same(t, "none wanted", read(0, 0), all[:0])
	same(t, "page by page", append(append(read(0, 20), read(20, 20)...), read(40, 20)...), all)
}

func testJournalAscends(h *house) {
	t := h.t
	noError(t, h.AppendSealed(t.Context(), verdicts(h.alpha, 5, 9)))
	wantError(t, "the same again", h.AppendSealed(t.Context(), verdicts(h.alpha, 5, 9)), uptime.ErrConflict)
	wantError(t, "an overlap", h.AppendSealed(t.Context(), verdicts(h.alpha, 9, 12)), uptime.ErrConflict)
	twisted := verdicts(h.alpha, 10, 11)
	twisted[0].Seq = 12
	wantError(t, "a batch that descends", h.AppendSealed(t.Context(), twisted), uptime.ErrInvalid)
	wantError(t, "no number", h.AppendSealed(t.Context(), []uptime.Verdict{verdict(h.alpha, 0, 1)}), uptime.ErrInvalid)
	noError(t, h.AppendSealed(t.Context(), verdicts(h.alpha, 20, 21)))
	got := must[[]uptime.Verdict](t)(h.ReadSealed(t.Context(), 0, 100))
	same(t, "what is there", got, append(verdicts(h.alpha, 5, 9), verdicts(h.alpha, 20, 21)...))
}

func testPrune(h *house) {
	t := h.t
	last := func(what string, seq uptime.Cursor, want ...uptime.Verdict) {
		t.Helper()
		got, highest, err := h.LastSealed(t.Context())
		noError(t, err)
		same(t, what, byServer(got), byServer(want))
		same(t, what+": highest", highest, seq)
	}
	last("nothing", 0)
	a, b := verdicts(h.alpha, 1, 10), verdicts(h.beta, 11, 20)
	noError(t, h.AppendSealed(t.Context(), a))
	noError(t, h.AppendSealed(t.Context(), b))
	last("before pruning", 20, a[9], b[9])
	noError(t, h.PruneSealed(t.Context(), at(-10), 0))
	same(t, "not passed", len(must[[]uptime.Verdict](t)(h.ReadSealed(t.Context(), 0, 100))), 20)
	noError(t, h.PruneSealed(t.Context(), a[0].SealedAt, 20))
	same(t, "not old", len(must[[]uptime.Verdict](t)(h.ReadSealed(t.Context(), 0, 100))), 20)
	noError(t, h.PruneSealed(t.Context(), at(-10), 15))
	same(t, "old and passed", must[[]uptime.Verdict](t)(h.ReadSealed(t.Context(), 0, 100)), b)
	last("after pruning", 20, a[9], b[9])
	noError(t, h.PruneSealed(t.Context(), at(-10), 99))
	last("all pruned", 20, a[9], b[9])
	wantError(t, "a number given before", h.AppendSealed(t.Context(), verdicts(h.alpha, 20, 20)), uptime.ErrConflict)
	newest := verdict(h.alpha, 21, 0)
	noError(t, h.AppendSealed(t.Context(), []uptime.Verdict{newest}))
	h.restart(t)
	last("after a restart", 21, newest, b[9])
}
