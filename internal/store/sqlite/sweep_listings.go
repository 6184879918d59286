package sqlite

import (
	"context"
	"database/sql"
	"slices"
	"time"
)

// maxGone is how many addresses of one record are kept that it had before: some
// have another in every crawl.
const maxGone = 50

// SweepListings removes listings that are gone since before a time, all but the
// newest of those that a single record had, what became of listings before that
// time, and endpoints that no listing names any more. An endpoint whose owner does
// not want to be probed stays, as does one that is monitored. It removes in
// batches; what it removed before an error stays removed.
func (s *Store) SweepListings(ctx context.Context, before time.Time) error {
	for _, step := range []struct {
		what string
		some func(context.Context, *sql.Tx) (int64, error)
	}{
		{"removing what listings were", deletion(`
			DELETE FROM listing_changes WHERE (listing, at) IN (SELECT listing, at FROM listing_changes WHERE at < ? LIMIT ?)`, before.UnixNano())},
		{"removing old listings", goneListings(`SELECT num FROM listings WHERE gone < ? LIMIT ?`, before.UnixNano())},
		{"removing former addresses", goneListings(`
			SELECT num FROM (SELECT num, row_number() OVER (PARTITION BY source, key ORDER BY gone DESC, num DESC) AS place
				FROM listings WHERE gone IS NOT NULL) WHERE place > ? LIMIT ?`, maxGone)},
		{"removing old endpoints", deletion(`
			DELETE FROM endpoints WHERE key IN (
				SELECT key FROM endpoints e WHERE e.gone IS NOT NULL AND e.optout = 0 AND e.server IS NULL
				AND NOT EXISTS (SELECT 1 FROM listings l WHERE l.endpoint = e.key) LIMIT ?)`)},
		{"removing what owners said", deletion(`
			DELETE FROM owner_files WHERE origin IN (SELECT origin FROM owner_files WHERE asked < ? AND optout = 0 LIMIT ?)`, before.UnixNano())},
	} {
		if err := s.inBatches(ctx, step.what, step.some); err != nil {
			return err
		}
	}
	return nil
}

// inBatches repeats a write until it changes less than a batch.
func (s *Store) inBatches(ctx context.Context, what string, some func(context.Context, *sql.Tx) (int64, error)) error {
	for {
		var n int64
		err := s.write(ctx, what, func(tx *sql.Tx) (err error) {
			n, err = some(ctx, tx)
			return err
		})
		if err != nil || n < listingBatch {
			return err
		}
	}
}

// listingBatch is how many rows one transaction removes.
const listingBatch = 5_000

// deletion is one statement; its last parameter is how many rows it may remove.
func deletion(query string, args ...any) func(context.Context, *sql.Tx) (int64, error) {
	return func(ctx context.Context, tx *sql.Tx) (int64, error) {
		done, err := tx.ExecContext(ctx, query, append(slices.Clip(args), listingBatch)...)
		if err != nil {
			return 0, err
		}
		return done.RowsAffected()
	}
}

// goneListings removes the listings that a query finds, from the search too.
func goneListings(query string, bound int64) func(context.Context, *sql.Tx) (int64, error) {
	return func(ctx context.Context, tx *sql.Tx) (int64, error) {
		nums, err := list(ctx, tx, value[int64], query, bound, listingBatch)
		if err != nil {
			return 0, err
		}
		for _, num := range nums {
			for _, remove := range []string{`DELETE FROM listing_search WHERE rowid = ?`, `DELETE FROM listings WHERE num = ?`} {
				if _, err := tx.ExecContext(ctx, remove, num); err != nil {
					return 0, err
				}
			}
		}
		return int64(len(nums)), nil
	}
}
