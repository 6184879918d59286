package livetest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Journal is a journal in memory that can be made to fail. It is safe for
// concurrent use and refuses verdicts that are out of order.
type Journal struct {
	mu     sync.Mutex
	fail   func() (apply bool, err error)
	rows   []uptime.Verdict
	latest map[uptime.CycleKey]uptime.Verdict // without a cycle
	last   uptime.Cursor
}

// FailWith makes every append ask fail from now on: the verdicts are stored when
// apply says so, and the error is returned, in any combination. Nil ends that.
// fail is called under a lock.
func (j *Journal) FailWith(fail func() (apply bool, err error)) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.fail = fail
}

// AppendSealed stores verdicts.
func (j *Journal) AppendSealed(_ context.Context, verdicts []uptime.Verdict) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	apply, err := true, error(nil)
	if j.fail != nil {
		apply, err = j.fail()
	}
	if !apply {
		return err
	}
	for i := range verdicts {
		if verdicts[i].Seq != j.last+1 {
			return uptime.ErrConflict
		}
		j.last++
		j.rows = append(j.rows, verdicts[i])
		if j.latest == nil {
			j.latest = map[uptime.CycleKey]uptime.Verdict{}
		}
		j.latest[uptime.CycleKey{Tenant: verdicts[i].Tenant, Server: verdicts[i].Server}] = verdicts[i]
	}
	return err
}

// ReadSealed returns verdicts after a cursor.
func (j *Journal) ReadSealed(_ context.Context, after uptime.Cursor, limit int) ([]uptime.Verdict, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	i := slices.IndexFunc(j.rows, func(v uptime.Verdict) bool { return v.Seq > after })
	if i < 0 {
		return nil, nil
	}
	return slices.Clone(j.rows[i:min(len(j.rows), i+limit)]), nil
}

// LastSealed returns the newest verdict of each server.
func (j *Journal) LastSealed(context.Context) ([]uptime.Verdict, uptime.Cursor, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []uptime.Verdict
	for _, v := range j.latest {
		out = append(out, v)
	}
	return out, j.last, nil
}

// PruneSealed forgets what is old and was read.
func (j *Journal) PruneSealed(_ context.Context, before time.Time, passed uptime.Cursor) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.rows = slices.DeleteFunc(j.rows, func(v uptime.Verdict) bool { return v.SealedAt.Before(before) && v.Seq <= passed })
	return nil
}
