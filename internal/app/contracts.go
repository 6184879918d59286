package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/alivemcp/alivemcp/internal/drift"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// contractStore keeps contracts, once each.
type contractStore interface {
	PutContract(ctx context.Context, tenant uptime.TenantID, c uptime.Contract) error
	Contract(ctx context.Context, tenant uptime.TenantID, hash string) (uptime.Contract, error)
}

// maxKnown bounds the hashes that are known to be stored.
const maxKnown = 1 << 16

// contracts stores the tool contracts that looks bring, and compares them.
type contracts struct {
	store contractStore

	mu    sync.Mutex
	known map[string]bool // tenant and hash of what is stored
	// owed holds what could not be stored when a look brought it: the next looks
	// find the list unchanged and do not bring it again.
	owed map[string]uptime.Contract
}

func newContracts(store contractStore) *contracts {
	return &contracts{store: store, known: map[string]bool{}, owed: map[string]uptime.Contract{}}
}

// keep stores the contract of a look, if it has one that is not stored yet.
// After nil the contract of r.Tools.Hash can be had.
func (c *contracts) keep(ctx context.Context, srv *uptime.Server, r uptime.Result) error {
	if r.Tools == nil || r.Tools.Hash == "" {
		return nil
	}
	id := string(srv.Tenant) + "\x00" + r.Tools.Hash
	contract, needed, err := c.needed(id, srv, r)
	if err != nil || !needed {
		return err
	}
	if err := c.store.PutContract(ctx, srv.Tenant, contract); err != nil {
		return fmt.Errorf("storing contract %s: %w", contract.Hash, err)
	}
	c.settle(id)
	return nil
}

// needed returns the contract that has to be stored, if any.
func (c *contracts) needed(id string, srv *uptime.Server, r uptime.Result) (uptime.Contract, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known[id] {
		return uptime.Contract{}, false, nil
	}
	if owed, ok := c.owed[id]; ok {
		return owed, true, nil
	}
	if len(r.Tools.Raw) == 0 && r.Tools.Count > 0 {
		return uptime.Contract{}, false, nil // stored before this process knew
	}
	contract, err := newContract(srv, r)
	if err == nil && len(c.owed) < maxKnown/64 {
		c.owed[id] = contract
	}
	return contract, true, err
}

func (c *contracts) settle(id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.known) >= maxKnown {
		clear(c.known) // costs each of them one write more
	}
	c.known[id] = true
	delete(c.owed, id)
}

// newContract makes the contract of what a look has listed. It does not say whose
// it is: it is kept once for all servers that show it, hidden ones too.
func newContract(srv *uptime.Server, r uptime.Result) (uptime.Contract, error) {
	snap := drift.Snapshot{TakenAt: r.Started, ProtocolVersion: r.Version}
	for _, raw := range r.Tools.Raw {
		snap.Tools = append(snap.Tools, json.RawMessage(raw))
	}
	var text bytes.Buffer
	if _, err := snap.WriteTo(&text); err != nil {
		return uptime.Contract{}, fmt.Errorf("writing the contract of %s: %w", srv.Slug, err)
	}
	return uptime.Contract{
		Hash: r.Tools.Hash, ContractHash: r.Tools.ContractHash,
		Tools: r.Tools.Count, Bytes: r.Tools.Bytes, Tokens: r.Tools.Tokens, Snapshot: text.Bytes(),
	}, nil
}

// compare says what the change from one stored contract to another is.
func (c *contracts) compare(ctx context.Context, tenant uptime.TenantID, from, to string) (class uptime.DriftClass, summary string, changes int, err error) {
	before, err := c.read(ctx, tenant, from)
	if err != nil {
		return 0, "", 0, err
	}
	after, err := c.read(ctx, tenant, to)
	if err != nil {
		return 0, "", 0, err
	}
	d := drift.Compare(before, after)
	return d.Class(), d.Summary(), len(d.Changes), nil
}

// read returns a stored contract, parsed.
func (c *contracts) read(ctx context.Context, tenant uptime.TenantID, hash string) (drift.Contract, error) {
	stored, err := c.store.Contract(ctx, tenant, hash)
	if err != nil {
		return drift.Contract{}, fmt.Errorf("reading contract %s: %w", hash, err)
	}
	snap, err := drift.ReadSnapshot(bytes.NewReader(stored.Snapshot))
	if err != nil {
		return drift.Contract{}, fmt.Errorf("parsing contract %s: %w", hash, err)
	}
	contract, _ := snap.Contract() // problems were findings of the look
	return contract, nil
}
