package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// takeover makes what a crawl has staged that which is listed. Only rows that
// differ are written, because most listings are the same for weeks.
type takeover struct {
	tx                   *sql.Tx
	crawl                *uptime.Crawl
	added, changed, gone int
}

// The parts of the statements. ?1 is the source, ?2 the crawl, ?3 the present
// time, ?4 whether the crawl was a full one, ?5 when the source was seen last.
const (
	// isStaged says of a listing l that the crawl saw it.
	isStaged = `EXISTS (
		SELECT 1 FROM staged_listings s WHERE s.crawl = ?2 AND s.key = l.key AND s.url = l.url AND s.transport = l.transport AND s.status <> 'deleted')`
	// isMissed says of a listing l that the crawl should have seen it, and did not.
	isMissed = `l.source = ?1 AND l.gone IS NULL AND NOT ` + isStaged + `
		AND (?4 OR EXISTS (SELECT 1 FROM staged_listings s WHERE s.crawl = ?2 AND s.key = l.key))`
	// fromDiffering joins what was staged to the listings l that differ from it.
	fromDiffering = `FROM staged_listings s JOIN listings l ON l.source = ?1 AND l.key = s.key AND l.url = s.url AND l.transport = s.transport
		WHERE s.crawl = ?2 AND s.status <> 'deleted' AND (l.body <> s.body OR l.gone IS NOT NULL)`
)

// run takes over, step by step.
func (t *takeover) run(ctx context.Context) error {
	seen, err := list(ctx, t.tx, value[int64], `SELECT seen FROM sources WHERE source = ?`, t.crawl.Source)
	if err != nil {
		return err
	}
	last := t.crawl.Began.UnixNano()
	if len(seen) > 0 {
		last = seen[0]
	}
	args := []any{t.crawl.Source, t.crawl.ID, t.crawl.Ended.UnixNano(), t.crawl.Since.IsZero(), last}
	for _, step := range t.steps() {
		done, err := t.tx.ExecContext(ctx, step.query, args...)
		if err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
		if step.count == nil {
			continue
		}
		n, err := done.RowsAffected()
		if err != nil {
			return err
		}
		*step.count = int(n)
	}
	_, err = t.tx.ExecContext(ctx, `
		INSERT INTO sources (source, crawl, seen, full_crawl) VALUES (?1, ?2, ?3, iif(?4, ?3, NULL))
		ON CONFLICT (source) DO UPDATE SET crawl = excluded.crawl, seen = excluded.seen, full_crawl = coalesce(excluded.full_crawl, full_crawl)`,
		t.crawl.Source, t.crawl.ID, t.crawl.Began.UnixNano(), t.crawl.Since.IsZero())
	return err
}

// takeoverStep is one statement; count gets how many rows it changed.
type takeoverStep struct {
	what  string
	count *int
	query string
}

// steps are in the order in which they must run: touched collects the endpoints
// whose listings change, before they do and after.
func (t *takeover) steps() []takeoverStep {
	return append([]takeoverStep{
		{"collecting", nil, `CREATE TEMP TABLE IF NOT EXISTS touched (endpoint TEXT PRIMARY KEY) WITHOUT ROWID`},
		{"collecting", nil, `DELETE FROM touched`},
		{"what is gone", nil, `INSERT OR IGNORE INTO touched SELECT l.endpoint FROM listings l WHERE ` + isMissed},
		{"what differs", nil, `INSERT OR IGNORE INTO touched SELECT l.endpoint ` + fromDiffering},
		{"history", nil, `
			INSERT OR REPLACE INTO listing_changes (listing, at, what, version)
			SELECT l.num, ?3, iif(l.gone IS NULL, 'changed', 'back'), coalesce(s.body ->> 'version', '') ` + fromDiffering},
		{"what is gone", &t.gone, `UPDATE listings AS l SET gone = ?3, last_seen = ?5 WHERE ` + isMissed},
		{"what differs", &t.changed, `
			UPDATE listings AS o SET name = d.name, endpoint = d.endpoint, form = d.form, sign_in = d.sign_in,
				body = d.body, changed = ?3, gone = NULL, last_seen = NULL
			FROM (SELECT l.num, s.name, s.endpoint, s.form, s.sign_in, s.body ` + fromDiffering + `) AS d WHERE d.num = o.num`},
		{"what is new", &t.added, `
			INSERT INTO listings (source, key, url, name, endpoint, form, transport, sign_in, first_seen, changed, body)
			SELECT ?1, s.key, s.url, s.name, s.endpoint, s.form, s.transport, s.sign_in, ?3, ?3, s.body
			FROM staged_listings s WHERE s.crawl = ?2 AND s.status <> 'deleted'
			AND NOT EXISTS (SELECT 1 FROM listings l WHERE l.source = ?1 AND l.key = s.key AND l.url = s.url AND l.transport = s.transport)`},
	}, derived()...)
}

// derived are the statements that bring up to date what follows from listings.
func derived() []takeoverStep {
	return []takeoverStep{
		{"collecting", nil, `INSERT OR IGNORE INTO touched SELECT endpoint FROM listings WHERE source = ?1 AND changed = ?3`},
		{"history", nil, `
			INSERT OR IGNORE INTO listing_changes (listing, at, what, version)
			SELECT num, ?3, iif(gone IS NULL, 'added', 'gone'), coalesce(body ->> 'version', '') FROM listings
			WHERE source = ?1 AND (gone = ?3 OR first_seen = ?3)`},
		{"search", nil, `DELETE FROM listing_search WHERE rowid IN (SELECT num FROM listings WHERE source = ?1 AND changed = ?3)`},
		{"search", nil, `
			INSERT INTO listing_search (rowid, words)
			SELECT num, name || ' ' || coalesce(body ->> 'title', '') || ' ' || url FROM listings WHERE source = ?1 AND changed = ?3`},
		{"endpoints", nil, `
			INSERT INTO endpoints (key, kind, platform, first_seen, body)
			SELECT s.endpoint, s.kind, s.platform, ?3, s.target FROM staged_listings s
			WHERE s.crawl = ?2 AND s.status <> 'deleted' AND s.endpoint <> '' AND s.endpoint IN (SELECT endpoint FROM touched)
			ON CONFLICT (key) DO UPDATE SET kind = excluded.kind, platform = excluded.platform, body = excluded.body`},
		{"endpoints", nil, `
			UPDATE endpoints AS e SET
				listings = (SELECT count(*) FROM listings l WHERE l.endpoint = e.key AND l.gone IS NULL),
				sign_in = coalesce((SELECT max(sign_in) FROM listings l WHERE l.endpoint = e.key AND l.gone IS NULL), sign_in),
				transport = coalesce((SELECT max(transport) FROM listings l WHERE l.endpoint = e.key AND l.gone IS NULL), transport),
				form = coalesce((SELECT form FROM listings l WHERE l.endpoint = e.key AND l.gone IS NULL
					GROUP BY form ORDER BY count(*) DESC, form LIMIT 1), form)
			WHERE e.key IN (SELECT endpoint FROM touched WHERE endpoint <> '')`},
		{"endpoints", nil, `
			UPDATE endpoints SET gone = iif(listings > 0, NULL, coalesce(gone, ?3)), last_seen = iif(listings > 0, NULL, coalesce(last_seen, ?5))
			WHERE key IN (SELECT endpoint FROM touched WHERE endpoint <> '')`},
	}
}
