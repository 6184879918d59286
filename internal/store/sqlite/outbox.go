package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const selectDeliveries = `
	SELECT d.id, d.tenant, d.thread, d.sink, d.transition, d.state, d.created, d.due, d.attempts, d.trying, d.ended, d.error, d.notice
	FROM deliveries d`

func scanDelivery(row scanner) (d uptime.Delivery, err error) {
	var created, due, ended sql.NullInt64
	var notice []byte
	err = row.Scan(&d.ID, &d.Tenant, &d.Thread, &d.Sink, &d.Transition, &d.State, &created, &due, &d.Attempts, &d.Trying, &ended, &d.Error, &notice)
	if err != nil {
		return d, err
	}
	d.Created, d.Due, d.Ended = timeOf(created), timeOf(due), timeOf(ended)
	if err := json.Unmarshal(notice, &d.Notice); err != nil {
		return d, fmt.Errorf("%w (reading the notice of delivery %s: %w)", ErrDamaged, d.ID, err)
	}
	return d, nil
}

func checkDelivery(d *uptime.Delivery) error {
	switch {
	case d.ID == "" || d.Tenant == "" || d.Thread == "" || d.Sink == "":
		return fmt.Errorf("%w: delivery %q lacks its id, tenant, thread or sink", uptime.ErrInvalid, d.ID)
	case d.Transition < 1 || d.Created.IsZero():
		return fmt.Errorf("%w: delivery %q lacks its number or its time", uptime.ErrInvalid, d.ID)
	}
	return nil
}

// putDeliveries adds new deliveries of known threads. Each supersedes the
// updates before it in its lane that nobody has tried to deliver.
func putDeliveries(ctx context.Context, tx *sql.Tx, deliveries []uptime.Delivery) (err error) {
	put, err := tx.PrepareContext(ctx, `
		INSERT INTO deliveries (id, tenant, thread, sink, transition, phase, state, created, due, attempts, trying, ended, error, notice)
		SELECT ?, tenant, key, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? FROM threads WHERE tenant = ? AND key = ?
		ON CONFLICT DO NOTHING`)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, put.Close()) }()
	var fresh []uptime.Delivery
	for i := range deliveries {
		added, err := putDelivery(ctx, put, &deliveries[i])
		if err != nil {
			return err
		}
		if added {
			fresh = append(fresh, deliveries[i])
		}
	}
	return putAll(ctx, tx, fresh, supersede, func(d *uptime.Delivery) []any {
		return []any{d.Tenant, d.Thread, d.Sink, d.Transition, nanos(d.Created)}
	})
}

// supersede ends the updates in a lane before another.
const supersede = `
	UPDATE deliveries SET state = 'superseded', ended = ?5
	WHERE tenant = ?1 AND thread = ?2 AND sink = ?3 AND transition < ?4
		AND state = 'waiting' AND phase = 'changes' AND attempts = 0 AND trying = 0`

func putDelivery(ctx context.Context, put *sql.Stmt, d *uptime.Delivery) (added bool, err error) {
	notice, err := encoded(&d.Notice)
	if err != nil {
		return false, err
	}
	state, due := d.State, d.Due
	if state == "" {
		state = uptime.DeliveryWaiting
	}
	if due.IsZero() {
		due = d.Created
	}
	done, err := put.ExecContext(ctx, d.ID, d.Sink, d.Transition, d.Notice.Phase, state, nanos(d.Created), nanos(due),
		d.Attempts, d.Trying, nanos(d.Ended), d.Error, notice, d.Tenant, d.Thread)
	if err != nil {
		return false, err
	}
	n, err := done.RowsAffected()
	return n > 0, err
}

// heads are the first waiting delivery of every lane. min(transition) makes
// SQLite take the other columns from its row.
const heads = `(SELECT tenant, sink, num, due, min(transition) FROM deliveries INDEXED BY deliveries_waiting
	WHERE state = 'waiting' GROUP BY tenant, sink, thread)`

// DueDeliveries returns deliveries that are to be tried at this moment, the
// longest due first: only the head of a lane, and at most one of a sink. skip is
// asked once for each sink, in this order, whether to leave it out; nil leaves
// out none. It must not use the store. limit is as in the queries. One whose
// notice is damaged comes without it: it must not hold up the others. One that is
// due in more than 36 hours, which no delay is, is due: a clock was wrong.
func (s *Store) DueDeliveries(ctx context.Context, now time.Time, skip func(uptime.SinkKey) bool, limit int) ([]uptime.Delivery, error) {
	var out []uptime.Delivery
	err := s.read(ctx, "reading what is to be delivered", func(tx *sql.Tx) error {
		nums, err := dueNums(ctx, tx, now, skip, bounded(limit))
		if err != nil {
			return err
		}
		for _, num := range nums {
			d, err := one(ctx, tx, scanDelivery, selectDeliveries+` WHERE d.num = ?`, num)
			if err != nil && !errors.Is(err, ErrDamaged) {
				return err
			}
			out = append(out, d)
		}
		return nil
	})
	return out, err
}

// farthest is how far ahead a delivery can be due.
const farthest = 36 * time.Hour

// selectDue are the deliveries that dueNums chooses from.
const selectDue = `SELECT tenant, sink, num, min(due) AS first FROM ` + heads + ` WHERE due <= ?1 OR due > ?2 GROUP BY tenant, sink ORDER BY first, num`

func dueNums(ctx context.Context, db rows, now time.Time, skip func(uptime.SinkKey) bool, limit int) (out []int64, err error) {
	err = forEach(ctx, db, func(row scanner) (bool, error) {
		var k uptime.SinkKey
		var num, due int64
		if err := row.Scan(&k.Tenant, &k.Name, &num, &due); err != nil {
			return false, err
		}
		if skip == nil || !skip(k) {
			out = append(out, num)
		}
		return len(out) < limit, nil
	}, selectDue, nanos(now), nanos(now.Add(farthest)))
	return out, err
}

// BeginDelivery says that an attempt begins, before the sink hears of it. Saying it
// twice of the same time counts one attempt.
// uptime.ErrConflict means that it is not waiting any more: the attempt must not
// be made.
func (s *Store) BeginDelivery(ctx context.Context, tenant uptime.TenantID, id uptime.DeliveryID, at time.Time) error {
	return s.write(ctx, fmt.Sprintf("beginning delivery %q", id), func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, `
			UPDATE deliveries SET attempts = attempts + (trying = 0 OR tried IS NOT ?1), trying = 1, tried = ?1
			WHERE tenant = ?2 AND id = ?3 AND state = 'waiting'`, nanos(at), tenant, id)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n > 0 {
			return err
		}
		if _, err := one(ctx, tx, value[int64], `SELECT num FROM deliveries WHERE tenant = ? AND id = ?`, tenant, id); err != nil {
			return err
		}
		return fmt.Errorf("%w: it is not waiting any more", uptime.ErrConflict)
	})
}

// EndDelivery stores how an attempt ended: state, due, error and end of the
// delivery, and what the service calls the thread's message; an empty ref leaves
// the former one. The end of an unknown delivery is dropped.
func (s *Store) EndDelivery(ctx context.Context, d uptime.Delivery, ref string) error {
	if d.State == "" || d.State == uptime.DeliveryWaiting && d.Due.IsZero() {
		return fmt.Errorf("%w: delivery %q ends in no state, or waits for no time", uptime.ErrInvalid, d.ID)
	}
	return s.write(ctx, fmt.Sprintf("ending delivery %q", d.ID), func(tx *sql.Tx) error {
		lane, err := one(ctx, tx, scanLane, `
			UPDATE deliveries SET state = ?1, due = coalesce(?2, due), error = ?3, ended = ?4, trying = 0
			WHERE tenant = ?5 AND id = ?6 RETURNING tenant, thread, sink`,
			d.State, nanos(d.Due), d.Error, nanos(d.Ended), d.Tenant, d.ID)
		if err != nil {
			return drop(err)
		}
		if err := putRef(ctx, tx, lane, ref); err != nil {
			return err
		}
		return putEnd(ctx, tx, lane, &d)
	})
}

// drop makes nothing of what is not there.
func drop(err error) error {
	if errors.Is(err, uptime.ErrNotFound) {
		return nil
	}
	return err
}

// lane is the order of the deliveries of a thread to a sink.
type lane struct {
	tenant uptime.TenantID
	thread uptime.AlertKey
	sink   string
}

func scanLane(row scanner) (l lane, err error) {
	err = row.Scan(&l.tenant, &l.thread, &l.sink)
	return l, err
}

func putRef(ctx context.Context, tx *sql.Tx, l lane, ref string) error {
	if ref == "" {
		return nil
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO delivery_refs (tenant, thread, sink, ref) VALUES (?, ?, ?, ?)
		ON CONFLICT (tenant, thread, sink) DO UPDATE SET ref = excluded.ref`, l.tenant, l.thread, l.sink, ref)
	return err
}

// putEnd remembers the newest end of a sink: what arrives makes the last error
// one of the past.
func putEnd(ctx context.Context, tx *sql.Tx, l lane, d *uptime.Delivery) error {
	var sent time.Time
	if d.State == uptime.DeliverySent {
		sent = d.Ended
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO sink_ends (tenant, sink, sent, error) VALUES (?, ?, ?, ?)
		ON CONFLICT (tenant, sink) DO UPDATE SET
			sent = nullif(max(coalesce(sink_ends.sent, 0), coalesce(excluded.sent, 0)), 0), error = excluded.error`,
		l.tenant, l.sink, nanos(sent), d.Error)
	return err
}

// Ref returns what a service calls the message of a thread; empty when there is
// none.
func (s *Store) Ref(ctx context.Context, tenant uptime.TenantID, thread uptime.AlertKey, sink string) (string, error) {
	ref, err := one(ctx, s.reader, value[string],
		`SELECT ref FROM delivery_refs WHERE tenant = ? AND thread = ? AND sink = ?`, tenant, thread, sink)
	return ref, explain("reading what a message is called", drop(err))
}

// Deliveries returns a page of the tenant's deliveries, newest first.
func (s *Store) Deliveries(ctx context.Context, tenant uptime.TenantID, q uptime.DeliveryQuery) ([]uptime.Delivery, error) {
	where, args := ` WHERE d.tenant = ?`, []any{tenant}
	only := func(condition string, wanted ...any) {
		where += ` AND ` + condition
		args = append(args, wanted...)
	}
	if q.Sink != "" {
		only(`d.sink = ?`, q.Sink)
	}
	if q.State != "" {
		only(`d.state = ?`, q.State)
	}
	if q.Thread != "" {
		only(`d.thread = ?`, q.Thread)
	}
	if !q.Before.IsZero() {
		only(`(d.created, d.id) < (?, ?)`, nanos(q.Before), q.BeforeID)
	}
	args = append(args, bounded(q.Limit))
	out, err := list(ctx, s.reader, scanDelivery, selectDeliveries+where+` ORDER BY d.created DESC, d.id DESC LIMIT ?`, args...)
	return out, explain("reading deliveries", err)
}

// Delivery returns a delivery.
func (s *Store) Delivery(ctx context.Context, tenant uptime.TenantID, id uptime.DeliveryID) (uptime.Delivery, error) {
	d, err := delivery(ctx, s.reader, tenant, id)
	return d, explain(fmt.Sprintf("reading delivery %q", id), err)
}

func delivery(ctx context.Context, db rows, tenant uptime.TenantID, id uptime.DeliveryID) (uptime.Delivery, error) {
	return one(ctx, db, scanDelivery, selectDeliveries+` WHERE d.tenant = ? AND d.id = ?`, tenant, id)
}

// ReplayDelivery makes a delivery that was sent or given up wait again, due at
// once, and logs who did it. uptime.ErrConflict means that it waits already, that a
// later one has superseded it, or that a later one arrived: what is told last must
// be what is so.
func (s *Store) ReplayDelivery(ctx context.Context, tenant uptime.TenantID, id uptime.DeliveryID, at time.Time, entry uptime.AuditEntry) error {
	if err := checkEntry(tenant, &entry); err != nil {
		return err
	}
	return s.write(ctx, fmt.Sprintf("replaying delivery %q", id), func(tx *sql.Tx) error {
		d, err := delivery(ctx, tx, tenant, id)
		if err != nil {
			return err
		}
		if d.State != uptime.DeliveryDead && d.State != uptime.DeliverySent {
			return fmt.Errorf("%w: it is %s", uptime.ErrConflict, d.State)
		}
		stale, err := one(ctx, tx, value[bool], `
			SELECT EXISTS (SELECT 1 FROM deliveries
				WHERE tenant = ? AND thread = ? AND sink = ? AND transition > ? AND state = 'sent')`, tenant, d.Thread, d.Sink, d.Transition)
		if err != nil {
			return err
		}
		if stale {
			return fmt.Errorf("%w: the sink was told something newer: replay that", uptime.ErrConflict)
		}
		_, err = tx.ExecContext(ctx, `
			UPDATE deliveries SET state = 'waiting', due = ?, attempts = 0, ended = NULL, error = '' WHERE tenant = ? AND id = ?`,
			nanos(at), tenant, id)
		if err != nil {
			return err
		}
		server, err := serverOf(ctx, tx, tenant, d.Thread)
		if err != nil {
			return err
		}
		return putEntry(ctx, tx, server, &entry)
	})
}

// Counts returns how the deliveries to each of the tenant's sinks go; a sink
// that never got one is left out.
func (s *Store) Counts(ctx context.Context, tenant uptime.TenantID) (map[string]uptime.SinkCounts, error) {
	out := map[string]uptime.SinkCounts{}
	err := forEach(ctx, s.reader, func(row scanner) (bool, error) {
		var sink string
		var c uptime.SinkCounts
		var sent sql.NullInt64
		err := row.Scan(&sink, &c.Waiting, &c.Dead, &sent, &c.LastError)
		c.LastSent = timeOf(sent)
		out[sink] = c
		return true, err
	}, `
		SELECT sink, sum(waiting), sum(dead), max(sent), max(error) FROM (
			SELECT sink, count(*) AS waiting, 0 AS dead, NULL AS sent, '' AS error
				FROM deliveries WHERE tenant = ?1 AND state = 'waiting' GROUP BY sink
			UNION ALL SELECT sink, 0, count(*), NULL, '' FROM deliveries WHERE tenant = ?1 AND state = 'dead' GROUP BY sink
			UNION ALL SELECT sink, 0, 0, sent, error FROM sink_ends WHERE tenant = ?1)
		GROUP BY sink`, tenant)
	return out, explain("counting deliveries", err)
}
