package shelf

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"

	"github.com/alivemcp/alivemcp/internal/audit"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// looks are those of one report, the last that somebody asked for: the looks of all
// reports would take more memory than the rest of the monitor.
type looks struct {
	of   *Report
	text []byte
}

// Looks returns every look at what a report counts as CSV, compressed with gzip:
// what others need to count again. It is made when somebody asks, one at a time,
// which takes seconds for a large audit. The slice is shared and must not be
// changed. Errors are those of Report, and ctx's.
func (s *Shelf) Looks(ctx context.Context, id uptime.AuditRunID) ([]byte, error) {
	select {
	case s.asked <- struct{}{}:
		defer func() { <-s.asked }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	report, err := s.Report(id)
	if err != nil {
		return nil, err
	}
	if s.looks.of == report {
		return s.looks.text, nil
	}
	text, err := looksOf(ctx, s.entry(id).Run, s.records)
	if err != nil {
		return nil, err
	}
	s.looks = looks{report, text}
	return text, nil
}

func looksOf(ctx context.Context, run uptime.AuditRun, evidence audit.Evidence) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := audit.WriteLooks(ctx, z, run, evidence); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("compressing the looks of %s: %w", run.ID, err)
	}
	return b.Bytes(), nil
}
