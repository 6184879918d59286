package reader_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/reader"
	"github.com/alivemcp/alivemcp/internal/secret"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const tenant uptime.TenantID = "t"

// seals is a real keyring, as app gives it.
type seals struct{ *secret.Keyring }

func place(tenant uptime.TenantID, id string) secret.Place {
	return secret.Place{Tenant: tenant, Purpose: "subscription", ID: id}
}

func (s seals) Seal(ctx context.Context, tenant uptime.TenantID, id string, plain []byte) ([]byte, error) {
	return s.Keyring.Seal(ctx, place(tenant, id), plain)
}

func (s seals) Open(ctx context.Context, tenant uptime.TenantID, id string, sealed []byte) ([]byte, error) {
	return s.Keyring.Open(ctx, place(tenant, id), sealed)
}

// asked is a reader who was asked to confirm.
type asked struct {
	s   uptime.Subscription
	url string
}

// rig is readers over a real database.
type rig struct {
	t       *testing.T
	opt     reader.Options
	readers *reader.Readers
	asked   chan asked
	changed int
}

func newRig(t *testing.T) *rig {
	t.Helper()
	dir := t.TempDir()
	store, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	if _, err := store.SyncServers(t.Context(), tenant, nil); err != nil {
		t.Fatal(err)
	}
	keys, err := secret.Open(secret.Options{Path: filepath.Join(dir, "secret.key"), Keys: store})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, asked: make(chan asked, 10)}
	r.opt = reader.Options{
		Tenant: tenant, Rows: store, Seals: seals{keys}, Kinds: []string{"email", "webhook"},
		Patience: 3 * time.Minute,
		Ask: func(_ context.Context, s uptime.Subscription, url string) error {
			r.asked <- asked{s, url}
			return nil
		},
		ConfirmURL:     func(token string) string { return "confirm/" + token },
		UnsubscribeURL: func(token string) string { return "leave/" + token },
		Changed:        func() { r.changed++ },
	}
	r.start()
	return r
}

// start is a start of the process.
func (r *rig) start() {
	r.t.Helper()
	r.readers = reader.New(r.opt)
	if err := r.readers.Open(r.t.Context()); err != nil {
		r.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(r.t.Context())
	done := make(chan struct{})
	readers := r.readers
	go func() { defer close(done); _ = readers.Run(ctx) }() // ends with ctx alone
	r.t.Cleanup(func() { cancel(); <-done })
}

// subscribe returns what the reader was asked.
func (r *rig) subscribe(kind, address string, servers ...string) (got asked, token string) {
	r.t.Helper()
	if err := r.readers.Subscribe(r.t.Context(), tenant, kind, address, servers); err != nil {
		r.t.Fatal(err)
	}
	got = <-r.asked
	return got, strings.TrimPrefix(got.url, "confirm/")
}

// TestDoubleOptIn: nobody is told before they said yes, and nobody after they
// said no, over restarts.
func TestDoubleOptIn(t *testing.T) {
	r := newRig(t)
	got, token := r.subscribe("email", "ann@example.com", "weather")
	if n := len(r.readers.Sinks()); n != 0 {
		t.Fatalf("%d readers before anybody confirmed", n)
	}
	if s, err := r.readers.Peek(t.Context(), token); err != nil || !s.Confirmed.IsZero() || s.Address.Reveal() != "ann@example.com" {
		t.Fatalf("Peek: %+v, %v", s, err)
	}
	if _, err := r.readers.Confirm(t.Context(), token); err != nil {
		t.Fatal(err)
	}
	r.start()
	sinks := r.readers.Sinks()
	if len(sinks) != 1 || sinks[0].Name != got.s.ID || !sinks[0].Public || !sinks[0].Subscriber || sinks[0].Patience != 3*time.Minute || sinks[0].Servers[0] != "weather" {
		t.Fatalf("after a restart the readers are %+v", sinks)
	}
	leave, err := r.readers.Leave(t.Context(), got.s.ID)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // a second click is no error
		if err := r.readers.Unsubscribe(t.Context(), strings.TrimPrefix(leave, "leave/")); err != nil {
			t.Fatal(err)
		}
	}
	r.start()
	if _, ok := r.readers.Find(got.s.ID); ok || len(r.readers.Sinks()) != 0 || r.changed == 0 {
		t.Error("the reader is still there")
	}
	if _, err := r.readers.Confirm(t.Context(), token); !errors.Is(err, uptime.ErrNotFound) {
		t.Errorf("confirming what is gone: %v", err)
	}
}

// TestAWebhookLearnsItsKeyOnce: whoever sees the link later must not.
func TestAWebhookLearnsItsKeyOnce(t *testing.T) {
	r := newRig(t)
	_, token := r.subscribe("webhook", "https://hooks.example.com/x")
	if s, _ := r.readers.Peek(t.Context(), token); s.Key != "" {
		t.Error("Peek shows the key")
	}
	first, err := r.readers.Confirm(t.Context(), token)
	if err != nil || !strings.HasPrefix(first.Key.Reveal(), "whsec_") {
		t.Fatalf("Confirm: key %d bytes, %v", len(first.Key), err)
	}
	second, err := r.readers.Confirm(t.Context(), token)
	if err != nil || second.Key != "" {
		t.Errorf("confirming again: key %d bytes, %v", len(second.Key), err)
	}
	if s, _ := r.readers.Find(first.ID); s.Key != first.Key {
		t.Error("the key that signs is another one")
	}
}

// TestTheSameWishIsOneSubscription, so that nobody is told twice.
func TestTheSameWishIsOneSubscription(t *testing.T) {
	r := newRig(t)
	a, _ := r.subscribe("email", "ann@example.com", "b", "a")
	b, _ := r.subscribe("email", "ann@example.com", "a", "b")
	c, _ := r.subscribe("email", "ann@example.com")
	if a.s.ID != b.s.ID || a.s.ID == c.s.ID {
		t.Errorf("ids %s, %s and, for all servers, %s", a.s.ID, b.s.ID, c.s.ID)
	}
}

// TestTokensAreForOneAct: a link that confirms ends nothing, and the other way
// round.
func TestTokensAreForOneAct(t *testing.T) {
	r := newRig(t)
	got, confirm := r.subscribe("email", "ann@example.com")
	leave, err := r.readers.Leave(t.Context(), got.s.ID)
	if err != nil {
		t.Fatal(err)
	}
	leave = strings.TrimPrefix(leave, "leave/")
	if _, err := r.readers.Confirm(t.Context(), leave); !errors.Is(err, uptime.ErrNotFound) {
		t.Errorf("confirming with the link that ends: %v", err)
	}
	if err := r.readers.Unsubscribe(t.Context(), confirm); !errors.Is(err, uptime.ErrNotFound) {
		t.Errorf("ending with the link that confirms: %v", err)
	}
	for _, bad := range []string{"", "x", confirm + "A", confirm[:len(confirm)-4] + "AAAA", strings.Repeat("A", 5000)} {
		if _, err := r.readers.Peek(t.Context(), bad); !errors.Is(err, uptime.ErrNotFound) {
			t.Errorf("Peek(%.20q): %v", bad, err)
		}
	}
}

// TestOldLinksDoNotConfirm.
func TestOldLinksDoNotConfirm(t *testing.T) {
	r := newRig(t)
	_, token := r.subscribe("email", "ann@example.com")
	r.opt.Now = func() time.Time { return time.Now().Add(49 * time.Hour) }
	r.start()
	if _, err := r.readers.Confirm(t.Context(), token); !errors.Is(err, uptime.ErrNotFound) {
		t.Errorf("confirming after two days: %v", err)
	}
}

// TestWhatIsNotOffered is refused, with a text for the reader.
func TestWhatIsNotOffered(t *testing.T) {
	r := newRig(t)
	if err := r.readers.Subscribe(t.Context(), tenant, "fax", "1", nil); !errors.Is(err, uptime.ErrInvalid) {
		t.Errorf("a fax: %v", err)
	}
	if err := r.readers.Subscribe(t.Context(), "another", "email", "a@example.com", nil); !errors.Is(err, uptime.ErrInvalid) {
		t.Errorf("another tenant: %v", err)
	}
}
