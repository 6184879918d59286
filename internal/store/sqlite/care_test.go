package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// grow appends verdicts until the context ends.
func grow(ctx context.Context, s *sqlite.Store, servers []uptime.Server) error {
	for seq := uptime.Cursor(1); ctx.Err() == nil; seq++ {
		if err := s.AppendSealed(ctx, sealed(servers, seq, seq)); err != nil && ctx.Err() == nil {
			return err
		}
	}
	return nil
}

func TestBackupWhileWriting(t *testing.T) {
	s := opened(t, t.TempDir())
	servers := synced(t, s, "alpha", "beta")
	ctx, cancel := context.WithCancel(t.Context())
	grown := make(chan error, 1)
	go func() { grown <- grow(ctx, s, servers) }()
	dir := t.TempDir()
	var last uptime.Cursor
	for n := range 5 {
		path := filepath.Join(dir, fmt.Sprint("backup", n, ".db"))
		if err := s.Backup(t.Context(), path); err != nil {
			t.Fatal(err)
		}
		copied := restored(t, path)
		_, seq, err := copied.LastSealed(t.Context())
		if err != nil || seq < last {
			t.Errorf("backup %d ends at %d, the one before at %d: %v", n, seq, last, err)
		}
		last = seq
	}
	cancel()
	if err := <-grown; err != nil {
		t.Errorf("writing during a backup: %v", err)
	}
	if last == 0 {
		t.Error("the last backup is empty")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.partial*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// restored opens a backup in a directory of its own.
func restored(t *testing.T, path string) *sqlite.Store {
	t.Helper()
	dir := t.TempDir()
	kept, err := sqlite.Restore(t.Context(), path, dir)
	if err != nil || kept != "" {
		t.Fatalf("restoring to an empty directory: kept %q, %v", kept, err)
	}
	return opened(t, dir)
}

func TestBackupKeepsWhatIsThere(t *testing.T) {
	s := opened(t, t.TempDir())
	path := filepath.Join(t.TempDir(), "b.db")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(t.Context(), path); !errors.Is(err, uptime.ErrConflict) {
		t.Errorf("over a file: %v", err)
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != "mine" {
		t.Errorf("the file is %q now (%v)", text, err)
	}
	if err := s.Backup(t.Context(), filepath.Join(t.TempDir(), "none", "b.db")); err == nil {
		t.Error("a backup into no directory")
	}
}

func TestBackupFromAnotherProcess(t *testing.T) {
	dir := t.TempDir()
	owner := opened(t, dir)
	servers := synced(t, owner, "alpha")
	if err := owner.AppendSealed(t.Context(), sealed(servers, 1, 5)); err != nil {
		t.Fatal(err)
	}
	beside := open(t, sqlite.Options{Dir: dir, ReadOnly: true})
	path := filepath.Join(t.TempDir(), "b.db")
	if err := beside.Backup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if err := beside.AppendSealed(t.Context(), sealed(servers, 6, 6)); !errors.Is(err, sqlite.ErrReadOnly) {
		t.Errorf("writing to a read-only store: %v", err)
	}
	if beside.Schema() != owner.Schema() || beside.Schema() == 0 {
		t.Errorf("schema %d, %d", beside.Schema(), owner.Schema())
	}
	if err := beside.Close(); err != nil {
		t.Error(err)
	}
	if _, last, err := restored(t, path).LastSealed(t.Context()); err != nil || last != 5 {
		t.Errorf("the backup ends at %d: %v", last, err)
	}
}

func TestRestore(t *testing.T) {
	dir := t.TempDir()
	s := open(t, sqlite.Options{Dir: dir})
	servers := synced(t, s, "alpha")
	path := filepath.Join(t.TempDir(), "b.db")
	for _, err := range []error{
		s.AppendSealed(t.Context(), sealed(servers, 1, 5)),
		s.Backup(t.Context(), path),
		s.AppendSealed(t.Context(), sealed(servers, 6, 9)),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := sqlite.Restore(t.Context(), path, dir); !errors.Is(err, uptime.ErrConflict) {
		t.Errorf("into a directory in use: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	kept, err := sqlite.Restore(t.Context(), path, dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, last, err := opened(t, dir).LastSealed(t.Context()); err != nil || last != 5 {
		t.Errorf("restored up to %d, want 5: %v", last, err)
	}
	if _, last, err := restored(t, kept).LastSealed(t.Context()); err != nil || last != 9 {
		t.Errorf("what was kept ends at %d, want 9: %v", last, err)
	}
}

func TestRestoreRefuses(t *testing.T) {
	dir := t.TempDir()
	s := open(t, sqlite.Options{Dir: dir})
	newer := filepath.Join(t.TempDir(), "newer.db")
	if _, err := s.Rows().ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)`); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Backup(t.Context(), newer), s.Close()); err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte(strings.Repeat("no database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		from string
		want error
	}{
		"a newer schema":    {newer, sqlite.ErrNewer},
		"no database":       {text, sqlite.ErrDamaged},
		"nothing":           {filepath.Join(dir, "none"), uptime.ErrNotFound},
		"a directory":       {dir, uptime.ErrInvalid},
		"an empty database": {touched(t), uptime.ErrInvalid},
	} {
		into := t.TempDir()
		if _, err := sqlite.Restore(t.Context(), c.from, into); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if _, err := os.Stat(filepath.Join(into, sqlite.File)); err == nil {
			t.Errorf("%s: something was restored", name)
		}
	}
}

func touched(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestVacuumGivesBack(t *testing.T) {
	s := opened(t, t.TempDir())
	for m := range uptime.Minute(200) {
		g := uptime.Segment{Minute: m, Cells: make([]byte, 10_000)}
		if err := s.AppendMinutes(t.Context(), []uptime.Segment{g}, uptime.Watermark{Through: m}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.DropSegments(t.Context(), 200); err != nil {
		t.Fatal(err)
	}
	before := stats(t, s)
	if before.Free < 1_000_000 || before.Rows["segments"] != 0 || before.Rows["cursors"] != 1 {
		t.Errorf("before: %+v", before)
	}
	if err := s.Vacuum(t.Context()); err != nil {
		t.Fatal(err)
	}
	after := stats(t, s)
	if after.Free > 100_000 || after.Bytes > 1_000_000 || after.WAL > 100_000 {
		t.Errorf("after: %+v", after)
	}
}

func stats(t *testing.T, s *sqlite.Store) sqlite.Stats {
	t.Helper()
	out, err := s.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return out
}
