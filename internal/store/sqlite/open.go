package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"

	driver "modernc.org/sqlite"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// writing are the settings of the connection that writes. FULL makes every
// commit durable before it returns; there are only a few a second. What is
// deleted is overwritten: an erased server must not live on in free pages.
func writing() url.Values {
	return url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
		"journal_size_limit(67108864)", "cache_size(-16000)", "secure_delete(1)",
	}}
}

// reading are the settings of connections that cannot write.
func reading() url.Values {
	return url.Values{"_pragma": {"busy_timeout(10000)", "query_only(1)", "cache_size(-8000)"}}
}

// openDB returns a pool of at most conns connections. None is open yet.
func openDB(path string, settings url.Values, conns int) (*sql.DB, error) {
	// Escaped: a path may contain what a URI gives a meaning to.
	file := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(path)}).EscapedPath(), RawQuery: settings.Encode()}
	connector, err := driver.NewConnector(file.String())
	if err != nil {
		return nil, fmt.Errorf("opening the database %s: %w", path, err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(conns)
	db.SetMaxIdleConns(conns)
	return db, nil
}

// createFile makes an empty database that only its owner can read. It comes
// before SQLite opens it: closing a second descriptor of an open database would
// drop SQLite's own locks.
func createFile(path string) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return explainFile("creating the database", path, err)
	}
	return f.Close()
}

func mustExist(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: there is no database at %s", uptime.ErrNotFound, path)
	case err != nil:
		return explainFile("opening the database", path, err)
	case !info.Mode().IsRegular():
		return fmt.Errorf("%w: %s is no file", uptime.ErrInvalid, path)
	}
	return nil
}
