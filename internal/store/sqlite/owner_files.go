package sqlite

import (
	"context"
	"database/sql"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// asksOwners is the first schema that keeps what hosts said.
const asksOwners = 4

// OwnersFiles returns what hosts said of themselves, of all that were ever asked. A
// database that is read beside an older program has asked nobody.
func (s *Store) OwnersFiles(ctx context.Context) ([]uptime.OwnersFile, error) {
	if s.schema < asksOwners {
		return nil, nil
	}
	out, err := list(ctx, s.reader, func(row scanner) (f uptime.OwnersFile, err error) {
		var asked, missing sql.NullInt64
		err = row.Scan(&f.Origin, &asked, &f.Optout, &missing)
		f.Asked, f.Missing = timeOf(asked), timeOf(missing)
		return f, err
	}, `SELECT origin, asked, optout, missing FROM owner_files ORDER BY origin`)
	return out, explain("reading what owners said", err)
}

// NoteOwners keeps what a host said of itself. These endpoints of one that does not
// want to be probed opt out; all that have opted out because of the file are probed
// again when it says so no more, and no others. It returns which changed; each gets
// an entry like this.
func (s *Store) NoteOwners(ctx context.Context, f uptime.OwnersFile, of []uptime.EndpointKey, entry uptime.AuditEntry) (changed []uptime.EndpointKey, err error) {
	if err := checkEntry(entry.Tenant, &entry); err != nil {
		return nil, err
	}
	err = s.write(ctx, "noting what an owner said", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO owner_files (origin, asked, optout, missing) VALUES (?, ?, ?, ?)
			ON CONFLICT (origin) DO UPDATE SET asked = excluded.asked, optout = excluded.optout, missing = excluded.missing`,
			f.Origin, f.Asked.UnixNano(), f.Optout, nanos(f.Missing))
		if err != nil {
			return err
		}
		if changed, err = optByFile(ctx, tx, f, of); err != nil {
			return err
		}
		for _, key := range changed {
			entry.Object = string(key)
			if err := putEntry(ctx, tx, sql.NullInt64{}, &entry); err != nil {
				return err
			}
		}
		return nil
	})
	return changed, err
}

// takeBack makes those be probed again that opted out by a file. Its last words are
// those of the index, which would not be used without them: each host that is asked
// would read all endpoints.
const takeBack = `UPDATE endpoints SET optout = 0, optout_file = '' WHERE optout_file = ? AND optout_file <> '' RETURNING key`

func optByFile(ctx context.Context, tx *sql.Tx, f uptime.OwnersFile, of []uptime.EndpointKey) (changed []uptime.EndpointKey, err error) {
	if !f.Optout {
		return list(ctx, tx, value[uptime.EndpointKey], takeBack, f.Origin)
	}
	return list(ctx, tx, value[uptime.EndpointKey], `
		UPDATE endpoints SET optout = 1, optout_file = ? WHERE optout = 0 AND key IN (SELECT value FROM json_each(?)) RETURNING key`, f.Origin, keys(of))
}
