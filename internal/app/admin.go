package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// maxAdmin bounds a request and an answer on the admin socket, in bytes.
const maxAdmin = 1 << 20

// Status says how a monitor's data are.
type Status struct {
	Running bool      `json:"running"`
	Version string    `json:"version,omitempty"` // of the running process
	Since   time.Time `json:"since,omitzero"`
	Address string    `json:"address,omitempty"`
	Schema  int       `json:"schema"`
	Data    string    `json:"data"`
	Servers int       `json:"servers"`
	Bytes   int64     `json:"bytes"`
	Days    int64     `json:"days"` // server-days in the archive
	// Archived is the last minute in the archive.
	Archived time.Time `json:"archived,omitzero"`
}

// command is what a client asks of a running monitor.
type command struct {
	Path string `json:"path,omitempty"` // of a backup
	ID   string `json:"id,omitempty"`
	By   string `json:"by,omitempty"`
	Text string `json:"text,omitempty"`
	// Names are registries.
	Names []string `json:"names,omitempty"`
	// Yes answers the question that a command asks.
	Yes bool `json:"yes,omitempty"`
	// Silence is the one to begin.
	Silence *uptime.Silence `json:"silence,omitempty"`
}

// adminHandler answers on the socket in the data directory.
func (m *Monitor) adminHandler() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, act func(context.Context, command) (any, error)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) { serveCommand(w, r, act) })
	}
	done := struct{}{}
	handle("POST /status", func(ctx context.Context, _ command) (any, error) { return m.status(ctx) })
	handle("POST /backup", func(ctx context.Context, c command) (any, error) { return done, m.store.Backup(ctx, c.Path) })
	handle("POST /vacuum", func(ctx context.Context, _ command) (any, error) { return done, m.store.Vacuum(ctx) })
	handle("POST /check", func(ctx context.Context, _ command) (any, error) { return done, m.store.Check(ctx) })
	handle("POST /accept", func(ctx context.Context, c command) (any, error) {
		return done, m.AcceptDrift(ctx, DefaultTenant, uptime.DriftID(c.ID), c.By, c.Text)
	})
	handle("POST /note", func(ctx context.Context, c command) (any, error) {
		return done, m.NoteIncident(ctx, DefaultTenant, uptime.IncidentID(c.ID), c.By, c.Text)
	})
	handle("POST /rotate-key", func(ctx context.Context, c command) (any, error) { return m.rotateKey(ctx, c.By) })
	m.alertHandlers(handle)
	m.registryHandlers(handle)
	return mux
}

func serveCommand(w http.ResponseWriter, r *http.Request, act func(context.Context, command) (any, error)) {
	var c command
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAdmin)).Decode(&c); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer, err := act(r.Context(), c)
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	_ = json.NewEncoder(w).Encode(answer) // a client that is gone needs no answer
}

func (m *Monitor) status(ctx context.Context) (Status, error) {
	s, err := storeStatus(ctx, m.store, m.opt.File.Data)
	s.Running, s.Version, s.Since, s.Address = true, m.opt.Version, m.began, m.Addr()
	s.Servers = len(m.plans.Plan().Servers)
	return s, err
}

func storeStatus(ctx context.Context, store *sqlite.Store, dir string) (Status, error) {
	stats, err := store.Stats(ctx)
	if err != nil {
		return Status{}, err
	}
	mark, err := store.Watermark(ctx)
	if err != nil {
		return Status{}, err
	}
	s := Status{Schema: store.Schema(), Data: dir, Bytes: stats.Bytes}
	if mark.Through > 0 {
		s.Archived = mark.Through.Time()
	}
	return s, nil
}

// Admin cares for the data of a monitor: through its socket while it runs, or
// else on the files themselves.
type Admin struct {
	dir    string
	client *http.Client  // of a running monitor; nil for none
	store  *sqlite.Store // opened by us; nil while a monitor runs
}

// OpenAdmin finds the monitor of a data directory. The caller must Close it.
func OpenAdmin(ctx context.Context, dir string) (*Admin, error) {
	if a := running(ctx, dir); a != nil {
		return a, nil
	}
	if _, err := os.Stat(filepath.Join(dir, sqlite.File)); err != nil {
		return nil, fmt.Errorf("finding the data: %w; name the data directory with --data", err)
	}
	return openOwn(ctx, dir)
}

// openOwn takes the data directory, and makes it when it is missing.
func openOwn(ctx context.Context, dir string) (*Admin, error) {
	store, err := sqlite.Open(ctx, sqlite.Options{Dir: dir})
	if err != nil {
		return nil, err
	}
	return &Admin{dir: dir, store: store}, nil
}

// running returns the monitor that runs on a data directory; nil for none.
func running(ctx context.Context, dir string) *Admin {
	socket := filepath.Join(dir, SocketFile)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}
	if conn, err := dial(ctx, "", ""); err == nil {
		_ = conn.Close()
		return &Admin{dir: dir, client: &http.Client{Transport: &http.Transport{DialContext: dial}}}
	}
	return nil
}

// Close releases the files.
func (a *Admin) Close() error {
	if a.store == nil {
		a.client.CloseIdleConnections()
		return nil
	}
	return a.store.Close()
}

// Status says how the data are.
func (a *Admin) Status(ctx context.Context) (s Status, err error) {
	if a.store != nil {
		return storeStatus(ctx, a.store, a.dir)
	}
	return s, a.ask(ctx, "status", command{}, &s)
}

// Backup writes a copy of the database to a file that does not exist yet, also
// while the monitor runs.
func (a *Admin) Backup(ctx context.Context, file string) error {
	path, err := filepath.Abs(file)
	if err != nil {
		return fmt.Errorf("finding %s: %w", file, err)
	}
	if a.store != nil {
		return a.store.Backup(ctx, path)
	}
	return a.ask(ctx, "backup", command{Path: path}, nil)
}

// Vacuum gives space that is not used any more back to the system.
func (a *Admin) Vacuum(ctx context.Context) error {
	if a.store != nil {
		return a.store.Vacuum(ctx)
	}
	return a.ask(ctx, "vacuum", command{}, nil)
}

// Check reads the whole database and says what is broken.
func (a *Admin) Check(ctx context.Context) error {
	if a.store != nil {
		return a.store.Check(ctx)
	}
	return a.ask(ctx, "check", command{}, nil)
}

// Accept makes a drift's new contract the baseline.
func (a *Admin) Accept(ctx context.Context, id, by, note string) error {
	if a.store != nil {
		return a.store.AcceptDrift(ctx, DefaultTenant, uptime.DriftID(id), entry(DefaultTenant, by, "drift.accept", id, note))
	}
	return a.ask(ctx, "accept", command{ID: id, By: by, Text: note}, nil)
}

// Note says on an incident's page what is being done.
func (a *Admin) Note(ctx context.Context, id, by, text string) error {
	if a.store != nil {
		return a.store.NoteIncident(ctx, DefaultTenant, uptime.IncidentID(id), entry(DefaultTenant, by, "incident.note", id, text))
	}
	return a.ask(ctx, "note", command{ID: id, By: by, Text: text}, nil)
}

// ask sends a command to the running monitor.
func (a *Admin) ask(ctx context.Context, path string, c command, answer any) error {
	body, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("asking the running monitor: %w", err)
	}
	u := url.URL{Scheme: "http", Host: "monitor", Path: "/" + path}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("asking the running monitor: %w", err)
	}
	res, err := a.client.Do(req)
	if err != nil {
		return fmt.Errorf("asking the running monitor: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAdmin))
	switch {
	case err != nil:
		return fmt.Errorf("reading the monitor's answer: %w", err)
	case res.StatusCode != http.StatusOK:
		return errors.New(string(bytes.TrimSpace(text)))
	case answer == nil:
		return nil
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("reading the monitor's answer: %w", err)
	}
	return nil
}

// Restore puts a backup in the place of the database. It refuses while a monitor
// runs, and returns where the former database was put aside; empty when there
// was none.
func Restore(ctx context.Context, backup, dir string) (aside string, err error) {
	return sqlite.Restore(ctx, backup, dir)
}
