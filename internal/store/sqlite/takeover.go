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
	// sameAs joins a staged listing s to the listing l that it is.
	sameAs = `l.source = ?1 AND l.key = s.key AND l.url = s.url AND l.transport = s.transport`
	// isMissed says of a listing l that the crawl should have seen it, and did not.
	isMissed = `l.source = ?1 AND l.gone IS NULL AND NOT EXISTS (
			SELECT 1 FROM staged_listings s WHERE s.crawl = ?2 AND s.key = l.key AND s.url = l.url AND s.transport = l.transport AND s.status <> 'deleted')
		AND (?4 OR EXISTS (SELECT 1 FROM staged_listings s WHERE s.crawl = ?2 AND s.key = l.key))`
	// fromDiffering joins what was staged to the listings l that differ from it.
	fromDiffering = `FROM differing d CROSS JOIN listings l ON l.num = d.num
		CROSS JOIN staged_listings s ON s.crawl = ?2 AND s.key = l.key AND s.url = l.url AND s.transport = l.transport`
)

// maxChanges is how many changes of a listing are kept: some differ in every crawl.
const maxChanges = 100

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
	return nil
}

// note keeps that this is the crawl that is shown.
func (t *takeover) note(ctx context.Context) error {
	_, err := t.tx.ExecContext(ctx, `
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

// steps are in the order in which they must run: missed and differing are found
// once, and touched collects the endpoints whose listings change, before they do
// and after.
func (t *takeover) steps() []takeoverStep {
	return append([]takeoverStep{
		{"collecting", nil, `CREATE TEMP TABLE IF NOT EXISTS touched (endpoint TEXT PRIMARY KEY) WITHOUT ROWID`},
		{"collecting", nil, `CREATE TEMP TABLE IF NOT EXISTS missed (num INTEGER PRIMARY KEY)`},
		{"collecting", nil, `CREATE TEMP TABLE IF NOT EXISTS differing (num INTEGER PRIMARY KEY)`},
		{"collecting", nil, `DELETE FROM touched`},
		{"collecting", nil, `DELETE FROM missed`},
		{"collecting", nil, `DELETE FROM differing`},
		{"what is gone", nil, `INSERT INTO missed SELECT l.num FROM listings l WHERE ` + isMissed},
		{"what differs", nil, `
			INSERT INTO differing SELECT l.num FROM staged_listings s JOIN listings l ON ` + sameAs + `
			WHERE s.crawl = ?2 AND s.status <> 'deleted' AND (l.body <> s.body OR l.gone IS NOT NULL)`},
		{"collecting", nil, `INSERT OR IGNORE INTO touched SELECT endpoint FROM listings WHERE num IN (SELECT num FROM missed UNION ALL SELECT num FROM differing)`},
		{"history", nil, `
			INSERT OR REPLACE INTO listing_changes (listing, at, what, version)
			SELECT l.num, ?3, iif(l.gone IS NULL, 'changed', 'back'), coalesce(s.body ->> 'version', '') ` + fromDiffering},
		{"what is gone", &t.gone, `UPDATE listings SET gone = ?3, last_seen = ?5 WHERE num IN (SELECT num FROM missed)`},
		{"what differs", &t.changed, `
			UPDATE listings AS o SET name = n.name, endpoint = n.endpoint, form = n.form, sign_in = n.sign_in,
				body = n.body, changed = ?3, gone = NULL, last_seen = NULL
			FROM (SELECT l.num, s.name, s.endpoint, s.form, s.sign_in, s.body ` + fromDiffering + `) AS n WHERE n.num = o.num`},
		{"collecting", nil, `CREATE TEMP TABLE IF NOT EXISTS newest (num INTEGER)`},
		{"collecting", nil, `DELETE FROM newest`},
		{"collecting", nil, `INSERT INTO newest SELECT coalesce(max(num), 0) FROM listings`},
		{"what is new", &t.added, `
			INSERT INTO listings (source, key, url, name, endpoint, form, transport, sign_in, first_seen, changed, body)
			SELECT ?1, s.key, s.url, s.name, s.endpoint, s.form, s.transport, s.sign_in, ?3, ?3, s.body
			FROM staged_listings s WHERE s.crawl = ?2 AND s.status <> 'deleted'
			AND NOT EXISTS (SELECT 1 FROM listings l WHERE ` + sameAs + `)`},
	}, derived()...)
}

// derived are the statements that bring up to date what follows from listings.
func derived() []takeoverStep {
	return []takeoverStep{
		{"what is new", nil, `INSERT INTO differing SELECT l.num FROM listings l, newest n WHERE l.num > n.num`}, // a new row is numbered after all others
		{"collecting", nil, `INSERT OR IGNORE INTO touched SELECT l.endpoint FROM differing d CROSS JOIN listings l ON l.num = d.num`},
		{"history", nil, `
			INSERT OR IGNORE INTO listing_changes (listing, at, what, version)
			SELECT l.num, ?3, iif(l.gone IS NULL, 'added', 'gone'), coalesce(l.body ->> 'version', '')
			FROM (SELECT num FROM differing UNION ALL SELECT num FROM missed) d CROSS JOIN listings l ON l.num = d.num`},
		{"history", nil, fmt.Sprintf(`
			DELETE FROM listing_changes WHERE (listing, at) IN (
				SELECT c.listing, c.at FROM (SELECT num FROM differing UNION ALL SELECT num FROM missed) d CROSS JOIN listing_changes c ON c.listing = d.num
				WHERE c.at < (SELECT n.at FROM listing_changes n WHERE n.listing = d.num ORDER BY n.at DESC LIMIT 1 OFFSET %d))`, maxChanges-1)},
		{"search", nil, `DELETE FROM listing_search WHERE rowid IN (SELECT num FROM differing)`},
		{"search", nil, `
			INSERT INTO listing_search (rowid, words)
			SELECT l.num, l.name || ' ' || coalesce(l.body ->> 'title', '') || ' ' || l.url FROM differing d CROSS JOIN listings l ON l.num = d.num`},
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
