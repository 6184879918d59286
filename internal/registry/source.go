package registry

import (
	"context"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Source reads one registry.
type Source interface {
	ID() uptime.SourceID
	// Access says how it is read: "open" or "key". missing names the credential
	// without which it cannot be read; empty when it can.
	Access() (access, missing string)
	// Incremental reports whether Read can be asked for changes alone.
	Incremental() bool
	// Read shows everything that the source lists, page by page, or what changed since
	// a time that is not zero. It returns nil at the end of the source and nowhere
	// else: a reading that breaks off is an error, as is one of page.
	Read(ctx context.Context, f *Fetcher, since time.Time, page func(*Page) error) error
}

// paced is a Source that wants to be read more slowly than others, or less often.
type paced interface {
	pace() (gap, every time.Duration)
}

// pace says how long to wait between two requests, and between two crawls.
func pace(s Source) (gap, every time.Duration) {
	if p, ok := s.(paced); ok {
		return p.pace()
	}
	return 0, 0
}

// Page is one answer of a source.
type Page struct {
	// Listings are cleaned by the crawler, which also sets their Endpoint. Source may
	// be empty.
	Listings []uptime.Listing
	// Records counts what the source calls entries, those without an address and those
	// that were refused included.
	Records int
	// Refused counts entries that could not be read, by reason.
	Refused map[string]int
	// Fetched are the answers that the page was made of.
	Fetched []Fetched
}

// refuse counts an entry that cannot be read.
func (p *Page) refuse(why string) {
	if p.Refused == nil {
		p.Refused = map[string]int{}
	}
	p.Refused[why]++
}

// Fetched says what was read of one address.
type Fetched struct {
	Hash  [32]byte // SHA-256 of the body
	Bytes int
}
