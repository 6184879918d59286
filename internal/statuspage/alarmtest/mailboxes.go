package alarmtest

import (
	"context"
	"fmt"
	"sync"

	"github.com/alivemcp/alivemcp/internal/statuspage"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Mailboxes has one reader: a statuspage.Mailboxes. Its tokens are ask and leave;
// old asked too long ago, and foreign is another tenant's.
type Mailboxes struct {
	Tenant uptime.TenantID

	mu     sync.Mutex
	wanted bool
	done   []string
}

// Done is what was done, in order.
func (m *Mailboxes) Done() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.done...)
}

func (m *Mailboxes) box(token, act string) (statuspage.Mailbox, error) {
	box := statuspage.Mailbox{Tenant: m.Tenant, Sink: "inbox", Address: "ann@example.com", Least: uptime.P2, Wanted: m.wanted}
	switch token {
	case act:
	case "foreign":
		box.Tenant = "someone-else"
	case "old":
		return statuspage.Mailbox{}, fmt.Errorf("%w: the question is too old", uptime.ErrForbidden)
	default:
		return statuspage.Mailbox{}, fmt.Errorf("%w: no such link", uptime.ErrNotFound)
	}
	return box, nil
}

// Asked knows the tokens.
func (m *Mailboxes) Asked(_ context.Context, token string) (statuspage.Mailbox, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.box(token, "ask")
}

// Accept takes the token that asks.
func (m *Mailboxes) Accept(_ context.Context, token string) (statuspage.Mailbox, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if box, err := m.box(token, "ask"); err != nil {
		return box, err
	}
	m.wanted = true
	m.done = append(m.done, "accept")
	return m.box(token, "ask")
}

// Told knows the tokens.
func (m *Mailboxes) Told(_ context.Context, token string) (statuspage.Mailbox, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.box(token, "leave")
}

// Leave takes the token that leaves.
func (m *Mailboxes) Leave(_ context.Context, token string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.box(token, "leave"); err != nil {
		return err
	}
	m.wanted = false
	m.done = append(m.done, "leave")
	return nil
}
