package main_test

import (
	"database/sql"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// refuses runs a monitor that cannot start: it must say what is wrong and what to
// do, exit with 2, and show no stack.
func (s *site) refuses(needles ...string) {
	s.t.Helper()
	m := s.launch()
	code, said := m.exit(), m.err.String()
	if code != 2 {
		s.t.Errorf("exit code %d, want 2", code)
	}
	for _, needle := range needles {
		if !strings.Contains(said, needle) {
			s.t.Errorf("it does not say %q", needle)
		}
	}
	for _, stack := range []string{"goroutine ", ".go:", "panic"} {
		if strings.Contains(said, stack) {
			s.t.Errorf("it shows a stack")
		}
	}
	if n := strings.Count(strings.TrimSpace(said), "\n"); n > 3 {
		s.t.Errorf("it says too much: %d lines", n+1)
	}
	if s.t.Failed() {
		s.t.Logf("it says:\n%s", said)
	}
}

// lived is a site where a monitor has run for a moment.
func lived(t *testing.T) *site {
	t.Helper()
	s := newSite(t, "", "slug: dead, url: \"http://127.0.0.1:1/mcp\"")
	m := s.start()
	m.awaitState("dead", uptime.Down)
	if code := m.stop(); code != 0 {
		t.Fatalf("exit code %d after SIGTERM", code)
	}
	return s
}

func TestSecondProcess(t *testing.T) {
	t.Parallel()
	s := newSite(t, "", "slug: dead, url: \"http://127.0.0.1:1/mcp\"")
	m := s.start()
	s.refuses("is in use by process", "use another directory")
	m.awaitState("dead", uptime.Down)
	if out, code := s.admin("status"); code != 0 || !strings.Contains(out, "running since") {
		t.Errorf("the first one cannot be asked any more: exit code %d, %s", code, out)
	}
}

func TestPortInUse(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	s := newSite(t, "", "slug: dead, url: \"http://127.0.0.1:1/mcp\"")
	s.listen = taken.Addr().String()
	s.refuses(s.listen, "address already in use", "--listen")
}

func TestNewerSchema(t *testing.T) {
	t.Parallel()
	s := lived(t)
	db, err := sql.Open("sqlite", filepath.Join(s.dir, sqlite.File))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), `INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s.refuses("newer alivemcp", "restore a backup")
}

// TestDamagedDatabase overwrites parts of the database. A monitor that notices at
// its start says so; one that does not must not call anything down because of it.
func TestDamagedDatabase(t *testing.T) {
	t.Parallel()
	s := lived(t)
	path := filepath.Join(s.dir, sqlite.File)
	good, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, len(good))
	random := rand.NewChaCha8([32]byte{})
	_, _ = random.Read(noise)
	for name, bad := range map[string][]byte{
		"all of it":              noise,
		"all but the first page": append(append([]byte{}, good[:4096]...), noise[4096:]...),
		"its first page":         append(append([]byte{}, noise[:4096]...), good[4096:]...),
		"cut in the middle":      good[:len(good)/2/4096*4096],
		"zeros":                  make([]byte, len(good)),
	} {
		t.Run(name, func(t *testing.T) {
			if err := os.WriteFile(path, bad, 0o600); err != nil {
				t.Fatal(err)
			}
			here := *s
			here.t = t
			here.refuses("the database is damaged", "alivemcp admin restore")
		})
	}
}

// TestDamagedPage overwrites one page after the other. Not each of them is read at
// the start: a monitor that runs in spite of it must neither fall nor call a
// server down because of it.
func TestDamagedPage(t *testing.T) {
	t.Parallel()
	labURL, _ := startLab(t)
	s := newSite(t, "", labServers(labURL, "healthy-dual")...)
	m := s.start()
	m.awaitState("healthy-dual", uptime.Live)
	if code := m.stop(); code != 0 {
		t.Fatalf("exit code %d after SIGTERM", code)
	}
	good, err := os.ReadFile(filepath.Join(s.dir, sqlite.File))
	if err != nil {
		t.Fatal(err)
	}
	step := 3
	if testing.Short() {
		step = 15
	}
	for page := 1; page < len(good)/4096; page += step {
		t.Run(strconv.Itoa(page), func(t *testing.T) {
			t.Parallel()
			bad := slices.Clone(good)
			for i := range 4096 {
				bad[page*4096+i] ^= byte(i*7 + page)
			}
			here := newSite(t, "", labServers(labURL, "healthy-dual")...)
			if err := os.CopyFS(here.dir, os.DirFS(s.dir)); err != nil {
				t.Fatal(err)
			}
			if err := os.Chmod(filepath.Join(here.dir, "secret.key"), 0o600); err != nil { // CopyFS gives files to everybody
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(here.dir, sqlite.File), bad, 0o600); err != nil {
				t.Fatal(err)
			}
			here.livesWith(page)
		})
	}
}

// intact reads the whole database, as nobody but the test does.
func (s *site) intact() bool {
	s.t.Helper()
	rows, err := sqlite.Open(s.t.Context(), sqlite.Options{Dir: s.dir, ReadOnly: true})
	if err != nil {
		return false
	}
	defer func() { _ = rows.Close() }()
	return rows.Check(s.t.Context()) == nil
}

// livesWith runs a monitor on a database with a damaged page.
func (s *site) livesWith(page int) {
	s.t.Helper()
	intact := s.intact() // the page is not in use
	m := s.launch()
	code := m.lives(func() bool { return intact || strings.Contains(m.err.String(), "the database is damaged") }, func() {
		if seen, ok := m.see("healthy-dual"); ok && seen.State == uptime.Down {
			s.t.Errorf("page %d is damaged, and the server is called down", page)
		}
	})
	said := m.err.String()
	if strings.Contains(said, "goroutine ") || strings.Contains(said, "panic") {
		s.t.Errorf("page %d is damaged, and the monitor falls:\n%s", page, m.err.tail(3000))
	}
	if code == 0 && !strings.Contains(said, "the database is damaged") {
		if out, bad := s.admin("verify"); bad != 0 { // else the page was not in use
			s.t.Errorf("page %d is damaged, and nobody says so but admin verify: %s", page, out)
		}
	}
	if code != 0 && (code != 2 || !strings.Contains(said, "the database is damaged")) {
		s.t.Errorf("page %d is damaged: exit code %d, and it says:\n%s", page, code, m.err.tail(3000))
	}
}

// lives looks at a monitor until it ends, or until it has noticed what it can and
// has served its pages for some seconds, and returns its exit code.
func (m *monitor) lives(noticed func() bool, look func()) int {
	m.site.t.Helper()
	tick := time.NewTicker(glance)
	defer tick.Stop()
	var served time.Time
	for end := time.Now().Add(aWhile); time.Now().Before(end); {
		select {
		case <-m.done:
			return m.exit()
		case <-tick.C:
		}
		if served.IsZero() && m.serving() {
			served = time.Now()
		}
		look()
		if !served.IsZero() && time.Since(served) > 4*time.Second && noticed() {
			break
		}
	}
	return m.stop()
}

// TestReadOnlyDirectory runs the monitor as somebody who may not write.
func TestReadOnlyDirectory(t *testing.T) {
	t.Parallel()
	s := lived(t)
	if os.Getuid() == 0 {
		s.asNobody()
	}
	for _, name := range []string{sqlite.File, sqlite.LockFile} {
		if err := os.Chmod(filepath.Join(s.dir, name), 0o444); err != nil { //nolint:gosec // another user is to read it
			t.Fatal(err)
		}
	}
	if err := os.Chmod(s.dir, 0o555); err != nil { //nolint:gosec // as above
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(s.dir, 0o700) }) //nolint:gosec // a directory
	s.refuses(s.dir, "write permission on the data directory")
	s.dir = filepath.Join(s.dir, "new")
	s.configure("", "slug: dead, url: \"http://127.0.0.1:1/mcp\"")
	s.refuses(s.dir, "write permission on the data directory")
}

// asNobody has the monitor run as a user with no rights of its own, who can read
// the configuration and the binary.
func (s *site) asNobody() {
	s.t.Helper()
	s.cred = &syscall.Credential{Uid: 65534, Gid: 65534}
	home := filepath.Dir(s.config)
	for dir := home; dir != filepath.Dir(dir) && dir != os.TempDir(); dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil { //nolint:gosec // that is the point
			s.t.Fatal(err)
		}
	}
	found, err := exec.LookPath("alivemcp")
	if err != nil {
		s.t.Fatal(err)
	}
	s.binary = filepath.Join(home, "alivemcp")
	if err := os.Link(found, s.binary); err != nil {
		s.t.Skipf("the binary cannot be shown to another user: %v", err)
	}
}

func TestNoDirectory(t *testing.T) {
	t.Parallel()
	s := newSite(t, "", "slug: dead, url: \"http://127.0.0.1:1/mcp\"")
	if err := os.WriteFile(s.dir, []byte("a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.refuses(s.dir)
}
