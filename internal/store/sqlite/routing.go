package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// maxDecisions is how many decisions of an alert are kept: the newest.
const maxDecisions = 500

// Alerting returns what a router has to know to go on, of all tenants: open
// alerts, threads that are not over with their members, silences that have not
// ended, and its places in the feed and in the news.
func (s *Store) Alerting(ctx context.Context) (uptime.Alerting, error) {
	var out uptime.Alerting
	err := s.read(ctx, "reading the alerts", func(tx *sql.Tx) (err error) {
		out.Alerts, err = list(ctx, tx, scanBody[uptime.Alert], `
			SELECT body FROM alerts WHERE resolved IS NULL OR (tenant, key) IN (
				SELECT m.tenant, m.alert FROM threads t JOIN thread_members m ON m.tenant = t.tenant AND m.thread = t.key
				WHERE t.over = 0)
			ORDER BY tenant, opened, key`)
		if err != nil {
			return err
		}
		out.Threads, err = list(ctx, tx, scanBody[uptime.Thread], `SELECT body FROM threads WHERE over = 0 ORDER BY tenant, opened, key`)
		if err != nil {
			return err
		}
		out.Silences, err = list(ctx, tx, scanSilence, selectSilences+` WHERE ends > ? ORDER BY tenant, starts, id`, s.now().UnixNano())
		if err != nil {
			return err
		}
		if out.Verdicts, _, err = cursorOf(ctx, tx, alertCursor); err != nil {
			return err
		}
		news, _, err := cursorOf(ctx, tx, newsCursor)
		out.News = uint64(news)
		return err
	})
	return out, err
}

// scanBody scans a value that is stored as JSON.
func scanBody[T any](row scanner) (v T, err error) {
	var body sql.RawBytes
	if r, ok := row.(*sql.Row); ok { // which cannot lend its bytes
		var owned []byte
		err = r.Scan(&owned)
		body = owned
	} else {
		err = row.Scan(&body)
	}
	if err != nil {
		return v, err
	}
	if err := json.Unmarshal(body, &v); err != nil {
		return v, fmt.Errorf("%w (reading a %T: %w)", ErrDamaged, v, err)
	}
	return v, nil
}

// Route stores what a step of the router changed, with its cursors. Storing it
// twice is storing it once. uptime.ErrConflict means that a cursor would go
// back.
//
// Alerts of unknown servers are dropped, and what depends on them: members that
// are no stored alert leave their thread, a thread without members is dropped,
// and so are deliveries of unknown threads and decisions about unknown alerts.
// A thread that is dropped may have been stored before; it stays as it was.
func (s *Store) Route(ctx context.Context, r uptime.Routing) error {
	if err := checkRouting(&r); err != nil {
		return err
	}
	return s.write(ctx, "storing what was routed", func(tx *sql.Tx) error {
		steps := []func() error{
			func() error { return moveCursor(ctx, tx, alertCursor, r.Verdicts) },
			func() error { return moveCursor(ctx, tx, newsCursor, uptime.Cursor(r.News)) },
			func() error { return putAlerts(ctx, tx, r.Alerts) },
			func() error { return putThreads(ctx, tx, r.Threads) },
			func() error { return putDeliveries(ctx, tx, r.Deliveries) },
			func() error { return putDecisions(ctx, tx, r.Decisions) },
			func() error { return each(ctx, tx, r.Events, s.addEvent) },
			func() error { return each(ctx, tx, r.Audit, putEntryOnce) },
		}
		for _, step := range steps {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
}

func checkRouting(r *uptime.Routing) error {
	for i := range r.Alerts {
		if a := &r.Alerts[i]; a.Tenant == "" || a.Key == "" {
			return fmt.Errorf("%w: an alert %q without a tenant or a key", uptime.ErrInvalid, a.Key)
		}
	}
	for i := range r.Threads {
		if t := &r.Threads[i]; t.Tenant == "" || t.Key == "" || t.Opened.IsZero() {
			return fmt.Errorf("%w: a thread %q without a tenant, a key or a beginning", uptime.ErrInvalid, t.Key)
		}
	}
	for i := range r.Deliveries {
		if err := checkDelivery(&r.Deliveries[i]); err != nil {
			return err
		}
	}
	for i := range r.Decisions {
		if d := &r.Decisions[i]; d.Tenant == "" || d.Alert == "" || d.At.IsZero() {
			return fmt.Errorf("%w: a decision without a tenant, an alert or a time", uptime.ErrInvalid)
		}
	}
	for i := range r.Audit {
		if err := checkEntry(r.Audit[i].Tenant, &r.Audit[i]); err != nil {
			return err
		}
	}
	return nil
}

func putAlerts(ctx context.Context, tx *sql.Tx, alerts []uptime.Alert) error {
	return putBodies(ctx, tx, alerts, `
		INSERT INTO alerts (tenant, key, server, opened, resolved, body)
		SELECT ?1, ?2, (SELECT num FROM servers WHERE tenant = ?1 AND id = ?3), ?4, ?5, ?6
		WHERE ?3 = '' OR EXISTS (SELECT 1 FROM servers WHERE tenant = ?1 AND id = ?3)
		ON CONFLICT (tenant, key) DO UPDATE SET
			server = excluded.server, opened = excluded.opened, resolved = excluded.resolved, body = excluded.body`,
		func(a *uptime.Alert, body string) []any {
			return []any{a.Tenant, a.Key, a.Server, nanos(a.Opened), nanos(a.Resolved), body}
		})
}

// putBodies runs a statement once for every item, with its JSON.
func putBodies[T any](ctx context.Context, tx *sql.Tx, items []T, statement string, args func(item *T, body string) []any) error {
	bodies := make([]string, len(items))
	for i := range items {
		var err error
		if bodies[i], err = encoded(&items[i]); err != nil {
			return err
		}
	}
	n := 0
	return putAll(ctx, tx, items, statement, func(item *T) []any {
		n++
		return args(item, bodies[n-1])
	})
}

// putThreads replaces threads and their members. CROSS JOIN fixes the order: it
// looks up the few members, and does not read all alerts.
func putThreads(ctx context.Context, tx *sql.Tx, threads []uptime.Thread) error {
	threads, err := withKnown(ctx, tx, threads)
	if err != nil {
		return err
	}
	err = putBodies(ctx, tx, threads, `
		INSERT INTO threads (tenant, key, opened, closed, over, body) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (tenant, key) DO UPDATE SET
			opened = excluded.opened, closed = excluded.closed, over = excluded.over, body = excluded.body`,
		func(t *uptime.Thread, body string) []any {
			return []any{t.Tenant, t.Key, nanos(t.Opened), nanos(t.Closed), t.Over, body}
		})
	if err != nil {
		return err
	}
	members := func(t *uptime.Thread) []any { return []any{t.Tenant, t.Key, keys(t.Members)} }
	err = putAll(ctx, tx, threads, `
		DELETE FROM thread_members WHERE tenant = ?1 AND thread = ?2 AND alert NOT IN (SELECT value FROM json_each(?3))`, members)
	if err != nil {
		return err
	}
	return putAll(ctx, tx, threads, `
		INSERT INTO thread_members (tenant, thread, alert, server)
		SELECT a.tenant, ?2, a.key, a.server FROM json_each(?3) m CROSS JOIN alerts a ON a.tenant = ?1 AND a.key = m.value
		WHERE true ON CONFLICT DO NOTHING`, members)
}

// keys is a list of keys as JSON.
func keys[T ~string](list []T) string {
	texts := make([]string, len(list))
	for i, k := range list {
		texts[i] = string(k)
	}
	return words(texts)
}

// withKnown returns the threads with those members alone that are stored
// alerts, and without threads that have none.
func withKnown(ctx context.Context, db rows, threads []uptime.Thread) ([]uptime.Thread, error) {
	strangers, err := strangersIn(ctx, db, threads)
	if err != nil || len(strangers) == 0 {
		return threads, err
	}
	out := make([]uptime.Thread, 0, len(threads))
	for _, t := range threads {
		t.Members = slices.DeleteFunc(slices.Clone(t.Members), func(k uptime.AlertKey) bool { return strangers[alertOf{t.Tenant, k}] })
		if len(t.Members) > 0 {
			out = append(out, t)
		}
	}
	return out, nil
}

// alertOf names an alert among all tenants.
type alertOf struct {
	tenant uptime.TenantID
	key    uptime.AlertKey
}

// strangersIn returns the members that are no stored alerts.
func strangersIn(ctx context.Context, db rows, threads []uptime.Thread) (map[alertOf]bool, error) {
	members := map[uptime.TenantID][]uptime.AlertKey{}
	for i := range threads {
		members[threads[i].Tenant] = append(members[threads[i].Tenant], threads[i].Members...)
	}
	out := map[alertOf]bool{}
	for tenant, all := range members {
		unknown, err := list(ctx, db, value[uptime.AlertKey], `
			SELECT m.value FROM json_each(?2) m WHERE NOT EXISTS (SELECT 1 FROM alerts a WHERE a.tenant = ?1 AND a.key = m.value)`,
			tenant, keys(all))
		if err != nil {
			return nil, err
		}
		for _, key := range unknown {
			out[alertOf{tenant, key}] = true
		}
	}
	return out, nil
}

// putDecisions adds decisions, and forgets the oldest of alerts with too many.
func putDecisions(ctx context.Context, tx *sql.Tx, decisions []uptime.Decision) error {
	err := putAll(ctx, tx, decisions, `
		INSERT INTO decisions (tenant, alert, at, digest, server, thread, stage, sink, outcome, text)
		SELECT tenant, key, ?3, ?4, server, ?5, ?6, ?7, ?8, ?9 FROM alerts WHERE tenant = ?1 AND key = ?2
		ON CONFLICT DO NOTHING`,
		func(d *uptime.Decision) []any {
			return []any{d.Tenant, d.Alert, nanos(d.At), mark(d), d.Thread, d.Stage, d.Sink, d.Outcome, d.Text}
		})
	if err != nil {
		return err
	}
	var about []alertOf
	for i := range decisions {
		about = append(about, alertOf{decisions[i].Tenant, decisions[i].Alert})
	}
	slices.SortFunc(about, func(a, b alertOf) int {
		return strings.Compare(string(a.tenant)+"\x00"+string(a.key), string(b.tenant)+"\x00"+string(b.key))
	})
	return putAll(ctx, tx, slices.Compact(about), `
		DELETE FROM decisions WHERE tenant = ?1 AND alert = ?2 AND (at, digest) IN (
			SELECT at, digest FROM decisions WHERE tenant = ?1 AND alert = ?2 ORDER BY at DESC, digest DESC LIMIT -1 OFFSET ?3)`,
		func(a *alertOf) []any { return []any{a.tenant, a.key, maxDecisions} })
}

// mark stands for what a decision says.
func mark(d *uptime.Decision) int64 {
	sum := sha256.Sum256([]byte(strings.Join([]string{string(d.Thread), d.Stage, d.Sink, d.Outcome, d.Text}, "\x00")))
	return int64(binary.BigEndian.Uint64(sum[:]))
}

// putEntryOnce appends to the log of who did what, unless the same is in it. The
// entry belongs to the server of the alert that it was done to.
func putEntryOnce(ctx context.Context, tx *sql.Tx, e *uptime.AuditEntry) error {
	known, err := one(ctx, tx, value[bool], `
		SELECT EXISTS (SELECT 1 FROM audit_log
			WHERE tenant = ? AND at = ? AND author = ? AND action = ? AND object = ? AND text = ?)`,
		e.Tenant, nanos(e.At), e.By, e.Action, e.Object, e.Text)
	if err != nil || known {
		return err
	}
	server, err := serverOf(ctx, tx, e.Tenant, uptime.AlertKey(e.Object))
	if err != nil {
		return err
	}
	return putEntry(ctx, tx, server, e)
}

// serverOf returns the number of the server of an alert, or of the incident or
// drift with this id; NULL when there is none.
func serverOf(ctx context.Context, db rows, tenant uptime.TenantID, key uptime.AlertKey) (sql.NullInt64, error) {
	server, err := one(ctx, db, value[sql.NullInt64], `
		SELECT server FROM alerts WHERE tenant = ?1 AND key = ?2
		UNION ALL SELECT server FROM incidents WHERE tenant = ?1 AND id = ?2
		UNION ALL SELECT server FROM drifts WHERE tenant = ?1 AND id = ?2 LIMIT 1`, tenant, key)
	if errors.Is(err, uptime.ErrNotFound) {
		return sql.NullInt64{}, nil
	}
	return server, err
}
