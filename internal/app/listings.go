package app

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/registry"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Bounds of a file of listings.
const (
	maxListingsFile = 256 << 20
	maxListingsRows = 1_000_000
	listingsPage    = 1_000
)

var sourceForm = regexp.MustCompile(`^[a-z0-9]([a-z0-9.-]{0,38}[a-z0-9])?$`)

// listingsFile is what a file lists, by registry.
type listingsFile map[uptime.SourceID][]uptime.Listing

// readListings reads a file of listings: CSV (RFC 4180) with a header. The columns
// name, registry and url must be there; transport and version may.
func readListings(name string) (listingsFile, error) {
	f, err := os.Open(name) // #nosec G304 -- the operator names the file
	if err != nil {
		return nil, fmt.Errorf("reading the listings: %w", err)
	}
	defer func() { _ = f.Close() }()
	found, err := parseListings(io.LimitReader(f, maxListingsFile))
	if err != nil {
		return nil, fmt.Errorf("reading the listings of %s: %w", filepath.Base(name), err)
	}
	return found, nil
}

func parseListings(r io.Reader) (listingsFile, error) {
	rows := csv.NewReader(r)
	rows.ReuseRecord = true
	head, err := rows.Read()
	if err != nil {
		return nil, fmt.Errorf("its first line, which must name the columns: %w", err)
	}
	at := map[string]int{}
	for i, column := range head {
		at[strings.ToLower(strings.TrimSpace(column))] = i
	}
	for _, need := range []string{"name", "registry", "url"} {
		if _, ok := at[need]; !ok {
			return nil, fmt.Errorf("%w: there is no column %s; the first line must name the columns name,registry,url,transport", uptime.ErrInvalid, need)
		}
	}
	return collect(rows, at)
}

func collect(rows *csv.Reader, at map[string]int) (listingsFile, error) {
	found := listingsFile{}
	for n := 1; ; n++ {
		row, err := rows.Read()
		switch {
		case errors.Is(err, io.EOF):
			return found, nil
		case err != nil:
			return nil, err
		case n > maxListingsRows:
			return nil, fmt.Errorf("%w: it has more than %d rows", uptime.ErrInvalid, maxListingsRows)
		}
		cell := func(column string) string {
			if i, ok := at[column]; ok {
				return strings.Clone(row[i])
			}
			return ""
		}
		id := uptime.SourceID(strings.ToLower(cell("registry")))
		if !sourceForm.MatchString(string(id)) {
			return nil, fmt.Errorf("%w: row %d: a registry has a name of lower-case letters, digits, dots and hyphens", uptime.ErrInvalid, n+1)
		}
		found[id] = append(found[id], uptime.Listing{
			Source: id, Key: registry.Plain(cell("name"), 300), Name: registry.Plain(cell("name"), 200), URL: cell("url"),
			Transport: registry.Plain(cell("transport"), 40), Version: registry.Plain(cell("version"), 100),
			Status: uptime.ListingActive,
		})
	}
}

// sources returns a source for each registry that the file names.
func (f listingsFile) sources() []registry.Source {
	var out []registry.Source
	for _, id := range slices.Sorted(maps.Keys(f)) {
		out = append(out, fileSource{id, f[id]})
	}
	return out
}

// fileSource is a registry as a file has it.
type fileSource struct {
	id       uptime.SourceID
	listings []uptime.Listing
}

// ID implements registry.Source.
func (s fileSource) ID() uptime.SourceID { return s.id }

// Access implements registry.Source.
func (s fileSource) Access() (access, missing string) { return accessFile, "" }

// accessFile is how a file is read.
const accessFile = "file"

// Incremental implements registry.Source.
func (s fileSource) Incremental() bool { return false }

// Read implements registry.Source.
func (s fileSource) Read(_ context.Context, _ *registry.Fetcher, _ time.Time, page func(*registry.Page) error) error {
	for some := range slices.Chunk(s.listings, listingsPage) {
		if err := page(&registry.Page{Listings: some, Records: len(some)}); err != nil {
			return err
		}
	}
	return nil
}
