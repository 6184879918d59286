package sqlite

import (
	"context"
	"database/sql"
	"math"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// selectLosses counts the addresses of records that are listed now, and that were at
// two times, and how many of each a crawl would lose. ?1 is the source, ?2 the crawl,
// ?3 the earlier time, ?4 the later, ?5 whether the crawl is a full one: one of
// changes says nothing of records that it has not seen. Both tables are read in the
// order of their indexes.
const selectLosses = `
	SELECT coalesce(sum(now), 0), coalesce(sum(now AND absent), 0),
		coalesce(sum(early), 0), coalesce(sum(early AND absent), 0), coalesce(sum(late), 0), coalesce(sum(late AND absent), 0)
	FROM (
		SELECT p.now, p.early, p.late,
			NOT EXISTS (SELECT 1 FROM staged_listings s WHERE s.crawl = ?2 AND s.key = p.key AND s.url = p.url AND s.status <> 'deleted')
			AND (?5 OR NOT p.now OR EXISTS (SELECT 1 FROM staged_listings s WHERE s.crawl = ?2 AND s.key = p.key)) AS absent
		FROM (
			SELECT l.key, l.url, max(l.gone IS NULL) AS now, max(l.first_seen <= ?3) AS early, max(l.first_seen <= ?4 AND coalesce(l.gone > ?4, 1)) AS late
			FROM listings l INDEXED BY sqlite_autoindex_listings_1
			WHERE l.source = ?1 AND l.url <> '' AND (l.gone IS NULL OR l.gone > ?3) GROUP BY l.key, l.url) p)`

// Losses returns which addresses would be gone if a running crawl were finished now:
// of those that are listed, and of those that the oldest and the largest full crawl
// listed of those that began after since and were taken over. When somebody has
// accepted a loss, that crawl and later ones count alone.
func (s *Store) Losses(ctx context.Context, c uptime.Crawl, since time.Time) (loss uptime.CrawlLoss, err error) {
	err = s.read(ctx, "counting what a crawl has lost", func(tx *sql.Tx) error {
		if loss.Oldest.At, loss.Largest.At, err = pastCrawls(ctx, tx, &c, since); err != nil {
			return err
		}
		early, late := int64(math.MaxInt64), int64(math.MaxInt64) // or what is listed now counts
		if !loss.Oldest.At.IsZero() {
			early, late = loss.Oldest.At.UnixNano(), loss.Largest.At.UnixNano()
		}
		row := tx.QueryRowContext(ctx, selectLosses, c.Source, c.ID, early, late, c.Since.IsZero())
		return row.Scan(&loss.Now.Listed, &loss.Now.Lost, &loss.Oldest.Listed, &loss.Oldest.Lost, &loss.Largest.Listed, &loss.Largest.Lost)
	})
	if loss.Oldest.At.IsZero() {
		loss.Oldest, loss.Largest = uptime.Loss{}, uptime.Loss{}
	}
	return loss, err
}

// pastCrawls returns when the oldest full crawl ended, and the one that listed most;
// zero for none.
func pastCrawls(ctx context.Context, tx *sql.Tx, c *uptime.Crawl, since time.Time) (oldest, largest time.Time, err error) {
	most := -1
	err = forEach(ctx, tx, func(row scanner) (bool, error) {
		old, err := scanBody[uptime.Crawl](row)
		if err != nil || !old.Since.IsZero() {
			return true, err
		}
		if oldest = old.Ended; old.Listings >= most {
			largest, most = old.Ended, old.Listings
		}
		return !old.Accepted, nil
	}, `
		SELECT body FROM crawls WHERE source = ? AND state = ? AND began > ? AND began < ? ORDER BY began DESC`,
		c.Source, uptime.CrawlDone, since.UnixNano(), c.Began.UnixNano())
	return oldest, largest, err
}
