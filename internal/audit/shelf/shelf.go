// Package shelf keeps the reports of audits as they are read. A report of a few
// hundred thousand looks takes seconds to make: it is made once, when its run is
// over, and never for a request.
package shelf

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/audit"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// maxReports is how many reports are kept, the newest: ten years of quarters.
const maxReports = 40

// Records is where runs are with their evidence.
type Records interface {
	audit.Evidence
	// AuditRuns returns all runs, newest first.
	AuditRuns(ctx context.Context) ([]uptime.AuditRun, error)
	// AuditOptouts returns, sorted, the endpoints that some run counts and whose
	// owners do not want to be probed.
	AuditOptouts(ctx context.Context) ([]uptime.EndpointKey, error)
}

// Entry is a run and its report; nil while the run is not over, and until its
// report is made.
type Entry struct {
	Run    uptime.AuditRun
	Report *Report
}

// Shelf holds the reports. All methods but Refresh and Run may be called at any
// time from many goroutines.
type Shelf struct {
	records Records
	log     *slog.Logger
	// optouts are those that the reports leave out; Refresh alone uses it.
	optouts []uptime.EndpointKey

	mu      sync.RWMutex
	entries []Entry

	asked chan struct{} // holds a token while looks is used
	looks looks
}

// New returns a shelf without reports. A nil logger discards.
func New(records Records, log *slog.Logger) *Shelf {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Shelf{records: records, log: log, asked: make(chan struct{}, 1)}
}

// Run makes reports of the runs that are over, now and whenever one ends, until
// ctx does.
func (s *Shelf) Run(ctx context.Context) error {
	ticker := time.NewTicker(time.Minute)
	defer ticker.Stop()
	for {
		if err := s.Refresh(ctx); err != nil && ctx.Err() == nil {
			s.log.ErrorContext(ctx, "a report could not be made; it is tried again in a minute", "error", err)
		}
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Refresh reads which runs there are, and makes the reports that are missing, or all
// when an owner opted out, or in again: a report names nobody who does not want it.
// One that fails does not keep the others back.
func (s *Shelf) Refresh(ctx context.Context) error {
	runs, err := s.records.AuditRuns(ctx)
	if err != nil {
		return fmt.Errorf("reading which audits there are: %w", err)
	}
	optouts, err := s.records.AuditOptouts(ctx)
	if err != nil {
		return fmt.Errorf("reading who opted out of audits: %w", err)
	}
	s.put(s.known(runs))
	if err := s.make(ctx, runs, !slices.Equal(optouts, s.optouts)); err != nil {
		return err
	}
	s.optouts = optouts
	return nil
}

// make makes the reports that are missing, or all of them anew.
func (s *Shelf) make(ctx context.Context, runs []uptime.AuditRun, anew bool) error {
	var errs []error
	for i := range runs[:min(len(runs), maxReports)] {
		if runs[i].Ended.IsZero() || !anew && s.entry(runs[i].ID).Report != nil {
			continue
		}
		report, err := printed(ctx, &runs[i], earlier(runs[i+1:], &runs[i]), s.records)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		s.add(report)
	}
	return errors.Join(errs...)
}

// known are the runs with the reports that are there already. A run that was
// taken up again has none any more.
func (s *Shelf) known(runs []uptime.AuditRun) []Entry {
	out := make([]Entry, 0, min(len(runs), maxReports))
	for i := range runs[:min(len(runs), maxReports)] {
		e := Entry{Run: runs[i]}
		if old := s.entry(e.Run.ID); old.Run.Began.Equal(e.Run.Began) && old.Run.Ended.Equal(e.Run.Ended) {
			e.Report = old.Report
		}
		out = append(out, e)
	}
	return out
}

// earlier is the run to compare with: the newest that was over when this one
// began; nil for none.
func earlier(before []uptime.AuditRun, run *uptime.AuditRun) *uptime.AuditRun {
	for i := range before {
		if end := before[i].Ended; !end.IsZero() && end.Before(run.Began) {
			return &before[i]
		}
	}
	return nil
}

func (s *Shelf) put(entries []Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries = entries
}

// add puts a report to its run. The slice is replaced: readers may hold it.
func (s *Shelf) add(r *Report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	entries := make([]Entry, len(s.entries))
	copy(entries, s.entries)
	for i := range entries {
		if entries[i].Run.ID == r.ID {
			entries[i].Report = r
		}
	}
	s.entries = entries
}

func (s *Shelf) entry(id uptime.AuditRunID) Entry {
	for _, e := range s.Entries() {
		if e.Run.ID == id {
			return e
		}
	}
	return Entry{}
}

// Entries returns all runs, newest first. The slice is shared and must not be
// changed.
func (s *Shelf) Entries() []Entry {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.entries
}

// Report returns the report of a run. uptime.ErrNotFound means that there is no
// such run, uptime.ErrConflict that its report is not there yet.
func (s *Shelf) Report(id uptime.AuditRunID) (*Report, error) {
	e := s.entry(id)
	switch {
	case e.Report != nil:
		return e.Report, nil
	case e.Run.ID == "":
		return nil, fmt.Errorf("%w: there is no report of that name", uptime.ErrNotFound)
	case e.Run.Ended.IsZero():
		return nil, fmt.Errorf("%w: the audit %s is not over; its report comes with its last round", uptime.ErrConflict, e.Run.ID)
	}
	return nil, fmt.Errorf("%w: the report of %s is being made; ask again in a minute", uptime.ErrConflict, e.Run.ID)
}
