package app

import (
	"context"
	"fmt"
)

// Rotation says what became of the key that seals what is stored.
type Rotation struct {
	// File is where the new key is.
	File string `json:"file"`
	// Keys is how many tenants' data keys are wrapped by it.
	Keys int `json:"keys"`
}

// rotateKey replaces the key of the key file. Whoever asked may be gone: what was
// begun is ended.
func (m *Monitor) rotateKey(ctx context.Context, by string) (Rotation, error) {
	ctx = context.WithoutCancel(ctx)
	n, err := m.alarms.keys.Rotate(ctx, m.store)
	if err != nil {
		return Rotation{}, err
	}
	file := m.opt.File.KeyFile()
	m.alarms.audit(ctx, entry(DefaultTenant, by, "key.rotate", file, fmt.Sprintf("The key was replaced, and %d data keys wrapped by it.", n)))
	return Rotation{File: file, Keys: n}, nil
}

// RotateKey has a running monitor replace the key that seals what is stored.
func (a *Admin) RotateKey(ctx context.Context, by string) (r Rotation, err error) {
	return r, a.tell(ctx, "rotate-key", command{By: by}, &r)
}

// finishRotation ends one that was interrupted. The monitor works without that:
// the former key is there still.
func (a *alarms) finishRotation(ctx context.Context) {
	if err := a.keys.Finish(ctx, a.store); err != nil && ctx.Err() == nil {
		a.log.ErrorContext(ctx, "a rotation of the key that was interrupted could not be finished: it is tried at the next start", "error", err)
	}
}
