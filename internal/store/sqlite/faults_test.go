package sqlite_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestDirectoryInUse(t *testing.T) {
	dir := t.TempDir()
	opened(t, dir)
	_, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
	if !errors.Is(err, uptime.ErrConflict) {
		t.Fatalf("opened twice: %v", err)
	}
	for _, want := range []string{dir, fmt.Sprintf("process %d", os.Getpid())} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not name %s", err, want)
		}
	}
}

func TestOnlyTheOwnerReads(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s := opened(t, dir)
	synced(t, s, "alpha")
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) < 3 {
		t.Fatalf("files: %v, %v", files, err)
	}
	for _, path := range append(files, dir) {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", path, info.Mode(), err)
		}
	}
}

func TestNewerSchema(t *testing.T) {
	dir := t.TempDir()
	s := open(t, sqlite.Options{Dir: dir})
	if steps, err := sqlite.Steps(); err != nil || s.Schema() != steps {
		t.Errorf("schema %d after %d migrations: %v", s.Schema(), steps, err)
	}
	if _, err := s.Rows().ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)`); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
	if !errors.Is(err, sqlite.ErrNewer) || !strings.Contains(err.Error(), "999") {
		t.Errorf("opening a newer schema: %v", err)
	}
}

func TestDamagedFile(t *testing.T) {
	for name, damage := range map[string]func([]byte) []byte{
		"text":             func([]byte) []byte { return []byte(strings.Repeat("this is no database ", 1000)) },
		"a broken header":  func(b []byte) []byte { return append([]byte("garbage, garbage"), b[16:]...) },
		"zeros in a table": func(b []byte) []byte { clear(b[4096:]); return b },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, sqlite.Options{Dir: dir})
			synced(t, s, "alpha")
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, sqlite.File)
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, damage(content), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err = sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
			if !errors.Is(err, sqlite.ErrDamaged) || !strings.Contains(err.Error(), "restore") || !strings.Contains(err.Error(), path) {
				t.Errorf("opening it: %v", err)
			}
		})
	}
}

func TestCheckFindsDamage(t *testing.T) {
	dir := t.TempDir()
	s := open(t, sqlite.Options{Dir: dir})
	servers := synced(t, s, "alpha")
	for first := uptime.Cursor(1); first < 500; first += 50 {
		if err := s.AppendSealed(t.Context(), sealed(servers, first, first+49)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(s.Check(t.Context()), s.Close()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, sqlite.File)
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for page := len(content)/4096 - 4; page < len(content)/4096; page++ {
		copy(content[page*4096:], "\xde\xad\xbe\xef\xde\xad\xbe\xef")
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := opened(t, dir).Check(t.Context()); !errors.Is(err, sqlite.ErrDamaged) {
		t.Errorf("a damaged file: %v", err)
	}
}

// A quota of SQLite stands for a full disk: it fails in the same place.
func TestFull(t *testing.T) {
	s := opened(t, t.TempDir())
	servers := synced(t, s, "alpha")
	if _, err := s.Rows().ExecContext(t.Context(), `PRAGMA max_page_count = 80`); err != nil {
		t.Fatal(err)
	}
	stored := fillUp(t, s, servers)
	if _, err := s.Rows().ExecContext(t.Context(), `PRAGMA max_page_count = 100000`); err != nil {
		t.Fatal(err)
	}
	goesOn(t, s, servers, stored)
}

// fillUp appends until there is no room, and returns the last verdict that was
// stored.
func fillUp(t *testing.T, s *sqlite.Store, servers []uptime.Server) uptime.Cursor {
	t.Helper()
	var stored uptime.Cursor
	for stored < 1_000_000 {
		err := s.AppendSealed(t.Context(), sealed(servers, stored+1, stored+100))
		if err != nil {
			if !errors.Is(err, sqlite.ErrFull) {
				t.Fatalf("without room: %v", err)
			}
			return stored
		}
		stored += 100
	}
	t.Fatal("there was always room")
	return 0
}

// goesOn fails the test unless everything is there and more can be stored.
func goesOn(t *testing.T, s *sqlite.Store, servers []uptime.Server, stored uptime.Cursor) {
	t.Helper()
	if _, last, err := s.LastSealed(t.Context()); err != nil || last != stored {
		t.Errorf("the journal ends at %d, want %d: %v", last, stored, err)
	}
	if err := s.AppendSealed(t.Context(), sealed(servers, stored+1, stored+100)); err != nil {
		t.Errorf("with room again: %v", err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Error(err)
	}
}

// mounted is a small file system of its own, with the size and flags of mount's
// options. The test is skipped where that is not allowed.
func mounted(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", options, "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("no file system can be mounted here: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.Command("umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	return dir
}

func TestFullDisk(t *testing.T) {
	dir := mounted(t, "size=1200k")
	data := filepath.Join(dir, "data")
	s := open(t, sqlite.Options{Dir: data})
	defer func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}()
	servers := synced(t, s, "alpha")
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 300<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	stored := fillUp(t, s, servers)
	if err := s.Backup(t.Context(), filepath.Join(dir, "b.db")); !errors.Is(err, sqlite.ErrFull) {
		t.Errorf("a backup to a full disk: %v", err)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "b.db*")); len(left) > 0 {
		t.Errorf("a failed backup left %v", left)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	goesOn(t, s, servers, stored)
}

func TestReadOnlyDirectory(t *testing.T) {
	dir := t.TempDir()
	if os.Geteuid() == 0 { // whom permissions do not stop
		dir = mounted(t, "ro")
	} else if err := os.Chmod(dir, 0o500); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{dir, filepath.Join(dir, "data")} {
		_, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
		if !errors.Is(err, sqlite.ErrReadOnly) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

func TestNothingToRead(t *testing.T) {
	_, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir(), ReadOnly: true})
	if !errors.Is(err, uptime.ErrNotFound) {
		t.Errorf("reading where nothing is: %v", err)
	}
}
