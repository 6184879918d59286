package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// BeginCrawl notes that a source is being read, and throws away what an
// interrupted crawl of it has left.
func (s *Store) BeginCrawl(ctx context.Context, c uptime.Crawl) error {
	if c.ID == "" || c.Source == "" || c.Began.IsZero() || c.State != uptime.CrawlRunning && c.State != uptime.CrawlNone {
		return fmt.Errorf("%w: a crawl that begins has an id, a source and a beginning, and is %s or %s", uptime.ErrInvalid, uptime.CrawlRunning, uptime.CrawlNone)
	}
	return s.write(ctx, fmt.Sprintf("beginning to crawl %s", c.Source), func(tx *sql.Tx) error {
		if err := cutCrawls(ctx, tx, c.Source, c.Began, "it was interrupted"); err != nil {
			return err
		}
		return putCrawl(ctx, tx, &c)
	})
}

// EndCrawls notes that all crawls that run have failed, because the process that
// made them has ended. It is for one that begins.
func (s *Store) EndCrawls(ctx context.Context, at time.Time) error {
	return s.write(ctx, "ending the crawls of a process that has ended", func(tx *sql.Tx) error {
		return cutCrawls(ctx, tx, "", at, "the process ended")
	})
}

// cutCrawls ends the crawls of a source that run; of all without one.
func cutCrawls(ctx context.Context, tx *sql.Tx, source uptime.SourceID, at time.Time, why string) error {
	old, err := list(ctx, tx, scanBody[uptime.Crawl], `SELECT body FROM crawls WHERE state = ?1 AND ?2 IN ('', source)`, uptime.CrawlRunning, source)
	for i := range old {
		o := &old[i]
		o.State, o.Why, o.Ended, o.Cut = uptime.CrawlFailed, why, at.UTC(), true
		if err := endCrawl(ctx, tx, o); err != nil {
			return err
		}
	}
	return err
}

// SwitchOff makes everything gone that a source lists: the operator does not want it
// to be read any more. A crawl of it that runs is ended. It reports whether there was
// anything; the history stays, and the next crawl is a full one.
func (s *Store) SwitchOff(ctx context.Context, c uptime.Crawl) (done bool, err error) {
	c.State, c.Off, c.Since = uptime.CrawlNone, true, time.Time{}
	err = s.write(ctx, fmt.Sprintf("switching off %s", c.Source), func(tx *sql.Tx) error {
		last, err := list(ctx, tx, scanBody[uptime.Crawl], `SELECT body FROM crawls WHERE source = ? ORDER BY began DESC, id DESC LIMIT 1`, c.Source)
		if err != nil || len(last) == 0 || last[0].Off {
			return err
		}
		if err := cutCrawls(ctx, tx, c.Source, c.Began, "it was switched off"); err != nil {
			return err
		}
		done = true
		t := takeover{tx: tx, crawl: &c}
		if err := t.run(ctx); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE sources SET full_crawl = NULL WHERE source = ?`, c.Source); err != nil {
			return err
		}
		return putCrawl(ctx, tx, &c)
	})
	return done, err
}

func putCrawl(ctx context.Context, tx *sql.Tx, c *uptime.Crawl) error {
	body, err := encoded(c)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO crawls (id, source, state, began, body) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET state = excluded.state, body = excluded.body`,
		c.ID, c.Source, c.State, nanos(c.Began), body)
	return err
}

// endCrawl keeps how a crawl ended, and throws away what it staged.
func endCrawl(ctx context.Context, tx *sql.Tx, c *uptime.Crawl) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM staged_listings WHERE crawl = ?`, c.ID); err != nil {
		return err
	}
	return putCrawl(ctx, tx, c)
}

// StageListings keeps one page of a running crawl. Nobody sees it before the
// crawl is finished. endpoints are those of the listings, one for one; the zero
// Endpoint for a lead. Of two with one key, URL and
// transport the later counts.
// uptime.ErrConflict means that the crawl does not run.
func (s *Store) StageListings(ctx context.Context, crawl string, listings []uptime.Listing, endpoints []uptime.Endpoint) error {
	if len(listings) != len(endpoints) {
		return fmt.Errorf("%w: %d listings with %d endpoints", uptime.ErrInvalid, len(listings), len(endpoints))
	}
	rows, err := staged(listings, endpoints)
	if err != nil {
		return err
	}
	return s.write(ctx, "staging listings", func(tx *sql.Tx) error {
		if _, err := runningCrawl(ctx, tx, crawl); err != nil {
			return err
		}
		return putAll(ctx, tx, rows, `
			INSERT OR REPLACE INTO staged_listings (crawl, key, url, name, status, endpoint, form, transport, sign_in, kind, platform, body, target)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			func(r *stagedRow) []any {
				l, e := r.listing, r.endpoint
				return []any{crawl, l.Key, l.URL, l.Name, l.Status, e.Key, e.Probe, e.Transport, e.SignIn, e.Kind, e.Platform, r.body, r.target}
			})
	})
}

// stagedRow is a listing on its way.
type stagedRow struct {
	listing      *uptime.Listing
	endpoint     *uptime.Endpoint
	body, target string
}

// staged encodes what listings and endpoints are by themselves: what crawls and
// other listings add has columns of its own.
func staged(listings []uptime.Listing, endpoints []uptime.Endpoint) ([]stagedRow, error) {
	out := make([]stagedRow, len(listings))
	for i := range listings {
		l, e := listings[i], endpoints[i]
		if l.Source == "" || l.Key == "" || l.Status == "" || l.Endpoint != e.Key {
			return nil, fmt.Errorf("%w: a listing %q without a source, a key, a state or its endpoint", uptime.ErrInvalid, l.Key)
		}
		l.FirstSeen, l.LastSeen, l.Changed, l.Gone = time.Time{}, time.Time{}, time.Time{}, time.Time{}
		still := uptime.Endpoint{Key: e.Key, Kind: e.Kind, Why: e.Why, URL: e.URL, Service: e.Service, Host: e.Host, Platform: e.Platform, Tunnel: e.Tunnel}
		r := stagedRow{listing: &listings[i], endpoint: &endpoints[i]}
		var err error
		if r.body, err = encoded(&l); err != nil {
			return nil, err
		}
		if r.target, err = encoded(&still); err != nil {
			return nil, err
		}
		out[i] = r
	}
	return out, nil
}

// runningCrawl returns a crawl that runs.
func runningCrawl(ctx context.Context, db rows, id string) (uptime.Crawl, error) {
	c, err := one(ctx, db, scanBody[uptime.Crawl], `SELECT body FROM crawls WHERE id = ?`, id)
	if err == nil && c.State != uptime.CrawlRunning {
		err = fmt.Errorf("%w: the crawl %s is %s already", uptime.ErrConflict, id, c.State)
	}
	return c, err
}

// FinishCrawl ends a running crawl. CrawlDone takes over what it staged, in one
// transaction: after a full crawl what was not seen is gone; one of changes
// alone touches no other records than those that it has seen. Any other state
// throws everything away, and what was listed before stays. It returns how many
// listings are new, differ, and are gone.
func (s *Store) FinishCrawl(ctx context.Context, c uptime.Crawl) (added, changed, gone int, err error) {
	err = s.write(ctx, fmt.Sprintf("finishing the crawl of %s", c.Source), func(tx *sql.Tx) error {
		began, err := runningCrawl(ctx, tx, c.ID)
		if err != nil {
			return err
		}
		if began.Source != c.Source || c.Ended.IsZero() {
			return fmt.Errorf("%w: the crawl %s of %s has to be of %s and to have an end", uptime.ErrInvalid, c.ID, c.Source, began.Source)
		}
		if c.State == uptime.CrawlDone {
			t := takeover{tx: tx, crawl: &c}
			if err := t.run(ctx); err != nil {
				return err
			}
			if err := t.note(ctx); err != nil {
				return err
			}
			added, changed, gone = t.added, t.changed, t.gone
		}
		return endCrawl(ctx, tx, &c)
	})
	return added, changed, gone, err
}

// Crawls returns the newest crawls of a source, newest first; limit is as in the
// queries.
func (s *Store) Crawls(ctx context.Context, source uptime.SourceID, limit int) ([]uptime.Crawl, error) {
	out, err := list(ctx, s.reader, scanBody[uptime.Crawl],
		`SELECT body FROM crawls WHERE source = ? ORDER BY began DESC, id DESC LIMIT ?`, source, bounded(limit))
	return out, explain("reading the crawls", err)
}

// Sources returns what is known of all sources that were ever read, by name.
func (s *Store) Sources(ctx context.Context) ([]uptime.SourceStatus, error) {
	var out []uptime.SourceStatus
	err := s.read(ctx, "reading the sources", func(tx *sql.Tx) error {
		names, err := list(ctx, tx, value[uptime.SourceID], `SELECT DISTINCT source FROM crawls ORDER BY source`)
		if err != nil {
			return err
		}
		for _, name := range names {
			status, err := sourceStatus(ctx, tx, name)
			if err != nil {
				return err
			}
			out = append(out, status)
		}
		return nil
	})
	return out, err
}

func sourceStatus(ctx context.Context, tx *sql.Tx, name uptime.SourceID) (out uptime.SourceStatus, err error) {
	out.ID = name
	if out.Last, err = one(ctx, tx, scanBody[uptime.Crawl], `SELECT body FROM crawls WHERE source = ? ORDER BY began DESC, id DESC LIMIT 1`, name); err != nil {
		return out, err
	}
	good, err := list(ctx, tx, scanBody[uptime.Crawl], `SELECT c.body FROM sources s JOIN crawls c ON c.id = s.crawl WHERE s.source = ?`, name)
	if err != nil {
		return out, err
	}
	if len(good) > 0 {
		out.Good = good[0]
	}
	full, err := list(ctx, tx, value[int64], `SELECT full_crawl FROM sources WHERE source = ? AND full_crawl IS NOT NULL`, name)
	if err != nil {
		return out, err
	}
	if len(full) > 0 {
		out.Full = time.Unix(0, full[0]).UTC()
	}
	row := tx.QueryRowContext(ctx, `
		SELECT count(*), count(DISTINCT endpoint) FROM listings WHERE source = ? AND gone IS NULL AND endpoint <> ''`, name)
	return out, row.Scan(&out.Listings, &out.Endpoints)
}

// SweepCrawls forgets how crawls that ended before a time went, apart from those
// that are the last good ones, and the newest: that a source is switched off is known
// by that one alone.
func (s *Store) SweepCrawls(ctx context.Context, before time.Time) error {
	return s.write(ctx, "removing old crawls", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			DELETE FROM crawls WHERE began < ? AND state <> ? AND id NOT IN (SELECT crawl FROM sources)
			AND EXISTS (SELECT 1 FROM crawls n WHERE n.source = crawls.source AND n.began > crawls.began)`,
			before.UnixNano(), uptime.CrawlRunning)
		return err
	})
}
