package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// The bounds of a search: its bytes and its words.
const (
	maxSearch = 100
	maxWords  = 8
)

const selectListings = `
	SELECT l.num, l.body, l.first_seen, coalesce(l.last_seen, s.seen), l.changed, l.gone
	FROM listings l LEFT JOIN sources s ON s.source = l.source`

// listed is a listing and its place.
type listed struct {
	num int64
	uptime.Listing
}

func scanListing(row scanner) (l listed, err error) {
	var body []byte
	var first, last, changed, gone sql.NullInt64
	if err := row.Scan(&l.num, &body, &first, &last, &changed, &gone); err != nil {
		return l, err
	}
	if err := json.Unmarshal(body, &l.Listing); err != nil {
		return l, fmt.Errorf("%w (reading a listing: %w)", ErrDamaged, err)
	}
	l.FirstSeen, l.LastSeen, l.Changed, l.Gone = timeOf(first), timeOf(last), timeOf(changed), timeOf(gone)
	return l, nil
}

// Listings returns a page of listings by name, and where the next one begins;
// next is empty on the last page.
func (s *Store) Listings(ctx context.Context, q uptime.ListingQuery) (page []uptime.Listing, next string, err error) {
	where, args, err := listingFilter(q)
	if err != nil {
		return nil, "", err
	}
	limit := bounded(q.Limit)
	found, err := list(ctx, s.reader, scanListing, selectListings+where+` ORDER BY l.name, l.num LIMIT ?`, append(args, limit+1)...)
	if err != nil {
		return nil, "", explain("reading the listings", err)
	}
	if len(found) > limit {
		found = found[:limit]
		next = strconv.FormatInt(found[limit-1].num, 10)
	}
	for _, l := range found {
		page = append(page, l.Listing)
	}
	return page, next, nil
}

// maxBest is how many endpoints BestListings takes at once.
const maxBest = 1_000

// BestListings returns the listing of each of at most 1,000 endpoints that names it
// for people: one with a title before one without, the longest established before
// newer ones. It reads no others than theirs.
func (s *Store) BestListings(ctx context.Context, of []uptime.EndpointKey) (out []uptime.Listing, err error) {
	if len(of) > maxBest {
		return nil, fmt.Errorf("%w: %d endpoints are more than %d", uptime.ErrInvalid, len(of), maxBest)
	}
	err = forEach(ctx, s.reader, func(row scanner) (bool, error) {
		l, err := scanListing(row)
		out = append(out, l.Listing)
		return true, err
	}, selectListings+` WHERE l.num IN (
		SELECT num FROM (
			SELECT b.num, row_number() OVER (PARTITION BY b.endpoint ORDER BY coalesce(b.body ->> 'title', '') = '', b.first_seen, b.name, b.source) AS place
			FROM json_each(?) k CROSS JOIN listings b ON b.endpoint = k.value AND b.gone IS NULL)
		WHERE place = 1)`, keys(of))
	return out, explain("reading the best listings", err)
}

// CountListings returns how many listings a query chooses, whatever its page.
func (s *Store) CountListings(ctx context.Context, q uptime.ListingQuery) (int, error) {
	q.After = ""
	where, args, err := listingFilter(q)
	if err != nil {
		return 0, err
	}
	n, err := one(ctx, s.reader, value[int], `SELECT count(*) FROM listings l`+where, args...)
	return n, explain("counting the listings", err)
}

func listingFilter(q uptime.ListingQuery) (where string, args []any, err error) {
	if len(q.Search) > maxSearch {
		return "", nil, fmt.Errorf("%w: a search has at most %d bytes", uptime.ErrInvalid, maxSearch)
	}
	parts := []string{"1"}
	add := func(part string, arg any) { parts, args = append(parts, part), append(args, arg) }
	if q.Source != "" {
		add(`l.source = ?`, q.Source)
	}
	if q.Endpoint != "" {
		add(`l.endpoint = ?`, q.Endpoint)
	}
	if q.Kind != "" {
		add(`l.endpoint IN (SELECT key FROM endpoints WHERE kind = ?)`, q.Kind)
	}
	if q.Platform != "" {
		add(`l.endpoint IN (SELECT key FROM endpoints WHERE platform = ?)`, q.Platform)
	}
	if !q.Gone {
		parts = append(parts, `l.gone IS NULL`)
	}
	if q.After != "" {
		num, err := strconv.ParseInt(q.After, 10, 64)
		if err != nil {
			return "", nil, fmt.Errorf("%w: %q is no place in the listings", uptime.ErrInvalid, q.After)
		}
		add(`(l.name, l.num) > (SELECT name, num FROM listings WHERE num = ?)`, num)
	}
	searchFilter(q.Search, add)
	return ` WHERE ` + strings.Join(parts, " AND "), args, nil
}

// searchFilter adds what a search asks for. The index knows pieces of three
// characters and more.
func searchFilter(search string, add func(part string, arg any)) {
	words := strings.Fields(strings.ToValidUTF8(strings.ReplaceAll(search, "\x00", ""), ""))
	var indexed []string
	for _, w := range words[:min(len(words), maxWords)] {
		if utf8.RuneCountInString(w) >= 3 {
			indexed = append(indexed, `"`+strings.ReplaceAll(w, `"`, `""`)+`"`)
		} else {
			add(`instr(lower(l.name || ' ' || l.url), lower(?)) > 0`, w)
		}
	}
	if len(indexed) > 0 {
		add(`l.num IN (SELECT rowid FROM listing_search WHERE words MATCH ?)`, strings.Join(indexed, " AND "))
	}
}

// ListingChanges returns what became of the listings of an endpoint, newest
// first; limit is as in the queries.
func (s *Store) ListingChanges(ctx context.Context, endpoint uptime.EndpointKey, limit int) ([]uptime.ListingChange, error) {
	out, err := list(ctx, s.reader, func(row scanner) (c uptime.ListingChange, err error) {
		var at int64
		err = row.Scan(&at, &c.What, &c.Version, &c.Source, &c.Name)
		c.At = time.Unix(0, at).UTC()
		return c, err
	}, `
		SELECT c.at, c.what, c.version, l.source, l.name FROM listings l JOIN listing_changes c ON c.listing = l.num
		WHERE l.endpoint = ? ORDER BY c.at DESC, l.num LIMIT ?`, endpoint, bounded(limit))
	return out, explain("reading what became of listings", err)
}
