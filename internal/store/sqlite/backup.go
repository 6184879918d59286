package sqlite

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Backup writes a copy of the database as it is at one moment to a new file,
// while others read and write, and checks the copy. uptime.ErrConflict means
// that there is a file already. Nothing is left behind when it fails.
func (s *Store) Backup(ctx context.Context, path string) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%w: %s exists already: name a new file", uptime.ErrConflict, path)
	}
	partial := path + ".partial"
	if err := copyOf(ctx, s.path, partial); err != nil {
		return errors.Join(fmt.Errorf("backing up to %s: %w", path, err), remove(partial))
	}
	if err := os.Rename(partial, path); err != nil {
		return errors.Join(explainFile("backing up to", path, err), remove(partial))
	}
	return syncDir(filepath.Dir(path))
}

// copyOf writes a checked copy of a database, with whatever its write-ahead log
// still holds. It is on the disk when copyOf returns.
func copyOf(ctx context.Context, from, to string) error {
	if err := remove(to); err != nil {
		return err
	}
	if err := createFile(to); err != nil {
		return err
	}
	if err := vacuumInto(ctx, from, to); err != nil {
		return explain("copying the database", err)
	}
	if _, err := inspect(ctx, to); err != nil {
		return err
	}
	return syncFile(to)
}

// vacuumInto copies over a connection of its own: it lets others write
// meanwhile, and the store's readers are not allowed to.
func vacuumInto(ctx context.Context, from, to string) error {
	db, err := openDB(from, url.Values{"mode": {"ro"}, "_pragma": {"busy_timeout(10000)"}}, 1)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `VACUUM INTO ?`, to)
	return errors.Join(err, db.Close())
}

// inspect checks a database that nobody has open, and returns its schema.
func inspect(ctx context.Context, path string) (version int, err error) {
	if err := mustExist(path); err != nil {
		return 0, err
	}
	db, err := openDB(path, url.Values{"mode": {"ro"}}, 1)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := check(ctx, db); err != nil {
		return 0, explain("checking "+path, err)
	}
	if version, err = schemaOf(ctx, db); err != nil {
		return 0, fmt.Errorf("%w: %s is no database of alivemcp (%w)", uptime.ErrInvalid, path, err)
	}
	return version, nil
}

// Restore puts a backup in the place of the database of a data directory, which
// nobody may be using (uptime.ErrConflict). It returns where the database that
// was there is kept; empty when there was none.
func Restore(ctx context.Context, from, dataDir string) (kept string, err error) {
	if err := restorable(ctx, from); err != nil {
		return "", fmt.Errorf("restoring %s: %w", from, err)
	}
	l, err := takeDir(dataDir)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, l.release()) }()
	path := filepath.Join(dataDir, File)
	fresh := path + ".restoring"
	if err := copyOf(ctx, from, fresh); err != nil {
		return "", errors.Join(fmt.Errorf("restoring %s: %w", from, err), remove(fresh))
	}
	if kept, err = setAside(path); err != nil {
		return "", err
	}
	if err := os.Rename(fresh, path); err != nil {
		return kept, explainFile("restoring to", path, err)
	}
	return kept, syncDir(dataDir)
}

// restorable refuses what is no intact database that this version can run.
func restorable(ctx context.Context, from string) error {
	version, err := inspect(ctx, from)
	if err != nil {
		return err
	}
	newest, err := newestSchema()
	if err != nil {
		return err
	}
	if version > newest {
		return fmt.Errorf("%w (its schema is %d, this alivemcp knows up to %d)", ErrNewer, version, newest)
	}
	return nil
}

// setAside renames a database and its write-ahead log, so that it can still be
// opened under its new name, which it returns.
func setAside(path string) (string, error) {
	if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	aside := path + ".replaced-" + time.Now().UTC().Format("20060102T150405.000000000Z")
	for _, suffix := range []string{"", "-wal"} {
		err := os.Rename(path+suffix, aside+suffix)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", explainFile("putting aside", path+suffix, err)
		}
	}
	return aside, remove(path + "-shm")
}

// remove removes a file that may not be there.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return explainFile("removing", path, err)
	}
	return nil
}

// syncFile waits until a file is on the disk.
func syncFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return explainFile("syncing", path, err)
	}
	return errors.Join(f.Sync(), f.Close())
}

// syncDir waits until the names in a directory are on the disk. Systems that
// cannot do that do it by themselves.
func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return explainFile("syncing", path, err)
	}
	_ = f.Sync() // not every system can sync a directory
	return f.Close()
}
