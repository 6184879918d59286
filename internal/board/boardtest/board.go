// Package boardtest is a board that tells a story: fifteen servers, each with
// what pages and interfaces have to show well, 90 days of history, incidents
// and drifts. It has the methods of *board.Board and needs no store, no probes
// and no clock; two boards of the same time are equal.
package boardtest

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Tenant owns everything on the board.
const Tenant uptime.TenantID = "default"

// ring is how many updates are kept.
const ring = 64

// Board is the fixture. Its methods may be called from many goroutines.
type Board struct {
	now       time.Time
	scripts   map[uptime.ServerID]*script
	incidents []board.IncidentView // newest first
	drifts    []board.DriftView    // newest first
	contracts map[string]uptime.Contract

	mu      sync.Mutex
	rows    []*board.Row
	health  board.Health
	updates []*board.Row // the last of all that were pushed
	pushed  uint64       // how many were pushed
	changed chan struct{}
}

// New returns the story as it stands at now.
func New(now time.Time) *Board {
	b := empty(now)
	for _, s := range story(b.now) {
		b.add(s)
	}
	b.sortRecords()
	return b
}

// Empty returns a board without servers.
func Empty(now time.Time) *Board { return empty(now) }

func empty(now time.Time) *Board {
	now = now.UTC().Round(0)
	return &Board{
		now: now, scripts: map[uptime.ServerID]*script{}, contracts: map[string]uptime.Contract{},
		health:  board.Health{Archived: uptime.MinuteOf(now) - 2},
		changed: make(chan struct{}),
	}
}

// Now is the moment of the story.
func (b *Board) Now() time.Time { return b.now }

func (b *Board) add(s *script) {
	s.complete()
	b.scripts[s.id()] = s
	b.incidents = append(b.incidents, s.incidents(b.now)...)
	for _, d := range s.drifts {
		b.drifts = append(b.drifts, d.view(s))
		b.keep(d.view(s).Before, d.view(s).After)
	}
	b.keep(s.contract)
	b.rows = append(b.rows, b.row(s))
}

func (b *Board) keep(contracts ...uptime.Contract) {
	for _, c := range contracts {
		if c.Hash != "" {
			b.contracts[c.Hash] = c
		}
	}
}

func (b *Board) sortRecords() {
	slices.SortStableFunc(b.incidents, func(x, y board.IncidentView) int { return y.Opened.Compare(x.Opened) })
	slices.SortStableFunc(b.drifts, func(x, y board.DriftView) int { return y.Detected.Compare(x.Detected) })
}

// Row returns one server.
func (b *Board) Row(tenant uptime.TenantID, slug string) (*board.Row, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.rows, func(r *board.Row) bool { return r.Tenant == tenant && r.Slug == slug })
	if i < 0 {
		return nil, false
	}
	return b.rows[i], true
}

// Health is what SetHealth said last; a healthy monitor before.
func (b *Board) Health() board.Health {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.health
}

// SetHealth says how the monitor does.
func (b *Board) SetHealth(h board.Health) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.health = h
}

// Push replaces the row with the same slug, or adds it, and tells those who
// wait.
func (b *Board) Push(row *board.Row) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.rows, func(r *board.Row) bool { return r.Slug == row.Slug })
	if i < 0 {
		b.rows = append(b.rows, row)
	} else {
		b.rows = slices.Clone(b.rows)
		b.rows[i] = row
	}
	b.updates = append(b.updates, row)
	b.updates = b.updates[max(0, len(b.updates)-ring):]
	b.pushed++
	close(b.changed)
	b.changed = make(chan struct{})
}

// Updates returns the rows that were pushed after the place.
func (b *Board) Updates(after uint64) (changed []*board.Row, next uint64, resync bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	missed := b.pushed - min(after, b.pushed)
	if missed > uint64(len(b.updates)) || after > b.pushed {
		return nil, b.pushed, true
	}
	return slices.Clone(b.updates[len(b.updates)-int(missed):]), b.pushed, false
}

// Wait returns when something was pushed after the place.
func (b *Board) Wait(ctx context.Context, after uint64) error {
	for {
		b.mu.Lock()
		pushed, changed := b.pushed, b.changed
		b.mu.Unlock()
		if pushed != after {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("waiting for updates: %w", ctx.Err())
		}
	}
}

// RowOf returns one server by its id.
func (b *Board) RowOf(tenant uptime.TenantID, id uptime.ServerID) (*board.Row, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.IndexFunc(b.rows, func(r *board.Row) bool { return r.Tenant == tenant && r.Server == id })
	if i < 0 {
		return nil, false
	}
	return b.rows[i], true
}
