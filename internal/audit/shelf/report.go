package shelf

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"time"

	"github.com/alivemcp/alivemcp/internal/audit"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Report is a report in all its forms. It is never changed once it is
// there, but replaced when an owner opts out, and
// nobody may change what its slices hold.
type Report struct {
	ID    uptime.AuditRunID
	Title string
	// Began and Ended are the window of its run.
	Began, Ended time.Time
	Rounds       int
	Regions      []string // cities
	Sample       int      // 0 for all
	// Endpoints is n; Headlines are the strict and the lenient one, and the share that
	// was not judged.
	Endpoints int
	Headlines []audit.Headline
	Buckets   []audit.BucketRow
	// Fragment is an element of a page that has CSS and the site's tokens.
	Fragment, Markdown, JSON []byte

	endpoints []byte // CSV, compressed: it is some 30 times the rest
}

// CSS returns the style sheet of the fragments.
func CSS() string { return audit.CSS() }

// printed makes a report in all its forms.
func printed(ctx context.Context, run, earlier *uptime.AuditRun, evidence audit.Evidence) (*Report, error) {
	built, err := audit.Build(ctx, *run, earlier, evidence)
	if err != nil {
		return nil, err
	}
	r := &Report{
		ID: run.ID, Title: built.Title(), Began: run.Began.UTC(), Ended: run.Ended.UTC(), Rounds: run.Rounds, Regions: built.Run.Regions,
		Sample: built.Run.Sample, Endpoints: built.Endpoints, Headlines: built.Headlines, Buckets: built.Buckets,
	}
	for _, form := range []struct {
		to    *[]byte
		write func(io.Writer) error
	}{
		{&r.Fragment, built.WriteFragment},
		{&r.Markdown, built.WriteMarkdown},
		{&r.JSON, built.WriteJSON},
		{&r.endpoints, func(w io.Writer) error { return compressed(ctx, w, run, evidence) }},
	} {
		var b bytes.Buffer
		if err := form.write(&b); err != nil {
			return nil, err
		}
		*form.to = b.Bytes()
	}
	return r, nil
}

func compressed(ctx context.Context, w io.Writer, run *uptime.AuditRun, evidence audit.Evidence) error {
	z := gzip.NewWriter(w)
	if err := audit.WriteEndpoints(ctx, z, *run, evidence); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("compressing the evidence of %s: %w", run.ID, err)
	}
	return nil
}

// EndpointsCSV returns what is known of each endpoint that was counted, as CSV.
func (r *Report) EndpointsCSV() ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(r.endpoints))
	if err != nil {
		return nil, fmt.Errorf("reading the evidence of %s: %w", r.ID, err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("reading the evidence of %s: %w", r.ID, err)
	}
	return text, nil
}

// Headline returns the headline with an id: strict, lenient or unknown.
func (r *Report) Headline(id string) audit.Headline {
	for _, h := range r.Headlines {
		if h.ID == id {
			return h
		}
	}
	return audit.Headline{ID: id}
}
