package board

import (
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// troubleBehind, troubleArchive and troubleLag are from when on people are
	// told that the monitor itself is in trouble.
	troubleBehind  = 30 * time.Second
	troubleArchive = 3 * time.Minute
	troubleLag     = time.Second
)

// Health says how the monitor itself does. It is also right when Run is stuck.
func (b *Board) Health() Health {
	now, h := b.Now(), Health{Began: b.began}
	if due := b.due.Load(); due != nil {
		h.Behind = max(0, now.Sub(*due))
	}
	if b.Lag != nil {
		h.Lag = b.Lag()
	}
	if b.Archived != nil {
		h.Archived = b.Archived()
	}
	h.Trouble = h.trouble(now)
	return h
}

func (h *Health) trouble(now time.Time) string {
	switch {
	case h.Behind > troubleBehind:
		return "The monitor is " + Span(h.Behind) + " behind: what is shown may be older than it looks."
	case h.Archived > 0 && h.ArchiveLag(now) > troubleArchive:
		return "The monitor writes its history late: charts end at " + Clock((h.Archived+1).Time(), now) + "."
	case h.Lag > troubleLag:
		return "The monitor is short of computing time: some minutes may stay unknown."
	}
	return ""
}

// ArchiveLag is how long the oldest minute that should be in the archive has
// been complete; zero when the archive is not watched.
func (h *Health) ArchiveLag(now time.Time) time.Duration {
	if h.Archived <= 0 {
		return 0
	}
	// A minute is complete when cycles that begin in its last second are judged.
	complete := (max(h.Archived, h.Began-1) + 2).Time().Add(time.Minute + uptime.SealGrace)
	return max(0, now.Sub(complete))
}

// next is when the verdict after the newest is due at the latest. However short
// the cycles are, a region may take CellTime for a look.
func (e *entry) next() time.Time {
	every := e.server.Every()
	first := e.added.Add(every + uptime.CellTime + uptime.SealGrace)
	v := e.draft.Verdict
	if v == nil {
		return first
	}
	due := v.Cycle.Add(v.Every + uptime.CellTime + uptime.SealGrace)
	if due.Before(first) && due.Before(e.added) {
		return first // it was missed before we were there
	}
	return due
}

// watch remembers when the next verdict is due.
func (b *Board) watch() {
	var oldest time.Time
	for _, e := range b.entries {
		if e.server.Paused {
			continue
		}
		if due := e.next(); oldest.IsZero() || due.Before(oldest) {
			oldest = due
		}
	}
	if oldest.IsZero() {
		b.due.Store(nil)
		return
	}
	b.due.Store(&oldest)
}
