package proof_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/proof"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	tenant = uptime.TenantID("acme")
	day    = 24 * time.Hour
)

var errStore = errors.New("disk full")

// world is everything around a Prover, in memory.
type world struct {
	mu      sync.Mutex
	proofs  map[string]uptime.Proof
	broken  bool
	sink    proof.Sink
	notices []uptime.Notice
	refuses error
	nonces  []string
	echo    error
	txt     map[string][]string
	last    time.Time
	changed []uptime.Proof
	acts    []string
	tried   int      // deliveries, also those that it refused
	told    []string // what was lost and found
	deaf    error    // of whoever is told
}

func newWorld() *world {
	w := &world{proofs: map[string]uptime.Proof{}, txt: map[string][]string{}}
	w.sink = proof.Sink{Address: "addr1", Deliver: w.deliver}
	return w
}

func (w *world) Proofs(_ context.Context, t uptime.TenantID) (out []uptime.Proof, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.proofs {
		if p.Tenant == t {
			out = append(out, p)
		}
	}
	return out, nil
}

func (w *world) PutProof(_ context.Context, p uptime.Proof) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken {
		return errStore
	}
	w.proofs[p.Sink] = p
	return nil
}

func (w *world) deliver(_ context.Context, d *uptime.Delivery, _ string) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tried++
	if w.refuses == nil {
		w.notices = append(w.notices, d.Notice)
	}
	return "", w.refuses
}

func (w *world) verify(_ context.Context, nonce string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.nonces = append(w.nonces, nonce)
	return w.echo
}

func (w *world) resolve(_ context.Context, name string) ([]string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if list, ok := w.txt[name]; ok {
		return list, nil
	}
	return nil, &net.DNSError{Name: name, Server: "10.0.0.2:53", IsNotFound: true, Err: "no such host"}
}

func (w *world) tell(text string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.deaf == nil {
		w.told = append(w.told, text)
	}
	return w.deaf
}

// heard is what was told, and sent how many notices were.
func (w *world) heard() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.told...)
}

func (w *world) sent() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.notices)
}

// set changes the world while somebody may look at it.
func (w *world) set(f func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f()
}

func (w *world) prover(t *testing.T) *proof.Prover {
	t.Helper()
	p, err := proof.New(proof.Options{
		Rows: w, Key: []byte(strings.Repeat("k", 32)), Resolve: w.resolve,
		Sinks: func(_ uptime.TenantID, name string) (proof.Sink, bool) {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.sink, name == "team"
		},
		Tenants: func() []uptime.TenantID { return []uptime.TenantID{tenant} },
		LastSent: func(context.Context, uptime.TenantID, string) (time.Time, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.last, nil
		},
		Changed: func(p uptime.Proof) { w.changed = append(w.changed, p) },
		Lost: func(_ context.Context, _ uptime.TenantID, sink string, _ time.Time, reason string) error {
			return w.tell("lost " + sink + ": " + reason)
		},
		Found: func(_ context.Context, _ uptime.TenantID, sink string) error { return w.tell("found " + sink) },
		Audit: func(_ context.Context, e uptime.AuditEntry) { w.acts = append(w.acts, e.By+" "+e.Action) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

// code returns the one that was sent last.
func (w *world) code() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.notices[len(w.notices)-1].Challenge
}

func want(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Fatalf("%s: %v, want %v", what, got, want)
	}
}

func TestCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		p := w.prover(t)
		want(t, "without a code", p.Prove(t.Context(), tenant, "team", "", "ada"), proof.ErrSpent)
		want(t, "no such sink", p.Challenge(t.Context(), tenant, "none", "ada"), uptime.ErrNotFound)
		want(t, "asking", p.Challenge(t.Context(), tenant, "team", "ada"), nil)
		code := w.code()
		n := w.notices[0]
		if n.Type != uptime.NoticeTest || !strings.Contains(n.Summary, code) || len(code) != 9 {
			t.Errorf("the notice is %+v", n)
		}
		if strings.Contains(w.proofs["team"].Code, strings.ReplaceAll(code, "-", "")) || w.proofs["team"].Code == "" {
			t.Error("the code itself is stored, or nothing")
		}
		if p.Verified(tenant, "team", "addr1") {
			t.Error("verified before the code was entered")
		}
		want(t, "at another sink", p.Prove(t.Context(), tenant, "none", code, "ada"), uptime.ErrNotFound)
		want(t, "wrong", p.Prove(t.Context(), tenant, "team", "AAAA-AAAA", "ada"), proof.ErrWrong)
		want(t, "right", p.Prove(t.Context(), tenant, "team", " "+strings.ToLower(code)+"\n", "ada"), nil)
		if !p.Verified(tenant, "team", "addr1") || p.Verified(tenant, "team", "addr2") || p.Verified("other", "team", "addr1") {
			t.Error("verified is wrong")
		}
		want(t, "twice", p.Prove(t.Context(), tenant, "team", code, "ada"), proof.ErrSpent)
		if !w.prover(t).Verified(tenant, "team", "addr1") {
			t.Error("forgotten by a restart")
		}
		if strings.Join(w.acts, ",") != "ada sink.challenge,ada sink.verify" || len(w.changed) == 0 {
			t.Errorf("acts %q", w.acts)
		}
	})
}

func TestCodeIsSpent(t *testing.T) {
	for name, spend := range map[string]func(*testing.T, *world, *proof.Prover){
		"five wrong ones": func(t *testing.T, w *world, p *proof.Prover) {
			t.Helper()
			for range 3 {
				want(t, "wrong", p.Prove(t.Context(), tenant, "team", "AAAA", "eve"), proof.ErrWrong)
			}
			p = w.prover(t) // a restart gives no new tries
			for range 2 {
				want(t, "wrong", p.Prove(t.Context(), tenant, "team", strings.Repeat("A", 1<<20), "eve"), proof.ErrWrong)
			}
		},
		"a day": func(*testing.T, *world, *proof.Prover) { time.Sleep(day) },
		"a new one": func(t *testing.T, _ *world, p *proof.Prover) {
			t.Helper()
			time.Sleep(time.Minute)
			want(t, "another", p.Challenge(t.Context(), tenant, "team", "ada"), nil)
		},
		"another address": func(_ *testing.T, w *world, _ *proof.Prover) { w.set(func() { w.sink.Address = "addr2" }) },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				p := w.prover(t)
				want(t, "asking", p.Challenge(t.Context(), tenant, "team", "ada"), nil)
				code := w.code()
				spend(t, w, p)
				if err := w.prover(t).Prove(t.Context(), tenant, "team", code, "ada"); err == nil {
					t.Error("the code is still good")
				}
			})
		})
	}
}

func TestNobodyIsPestered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		p := w.prover(t)
		want(t, "first", p.Challenge(t.Context(), tenant, "team", "eve"), nil)
		want(t, "at once", p.Challenge(t.Context(), tenant, "team", "eve"), proof.ErrSoon)
		want(t, "at once, after a restart", w.prover(t).Challenge(t.Context(), tenant, "team", "eve"), proof.ErrSoon)
		for range 60 {
			time.Sleep(time.Minute)
			_ = p.Challenge(t.Context(), tenant, "team", "eve")
		}
		if n := len(w.notices); n != 10 {
			t.Errorf("%d codes within an hour, want 10", n)
		}
		time.Sleep(day)
		want(t, "a day later", p.Challenge(t.Context(), tenant, "team", "eve"), nil)
		want(t, "stop", p.Leave(t.Context(), p.Leaving(tenant, "team")), nil)
		time.Sleep(time.Hour)
		want(t, "after the stop", p.Challenge(t.Context(), tenant, "team", "eve"), proof.ErrSoon)
	})
}

func TestSinkThatTakesNoCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.refuses = &uptime.Refusal{Reason: "channel not found"}
		p := w.prover(t)
		if err := p.Challenge(t.Context(), tenant, "team", "ada"); err == nil || !strings.Contains(err.Error(), "channel not found") {
			t.Errorf("it says %v", err)
		}
		if pr := p.Proof(tenant, "team"); pr.Code != "" || pr.Failed != "channel not found" {
			t.Errorf("kept %+v", pr)
		}
	})
}

func TestStoreFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		p := w.prover(t)
		want(t, "asking", p.Challenge(t.Context(), tenant, "team", "ada"), nil)
		code := w.code()
		w.broken = true
		want(t, "wrong", p.Prove(t.Context(), tenant, "team", "AAAA", "eve"), errStore)
		want(t, "right", p.Prove(t.Context(), tenant, "team", code, "ada"), errStore)
		if p.Verified(tenant, "team", "addr1") {
			t.Error("verified without being kept")
		}
		w.broken = false
		want(t, "again", p.Prove(t.Context(), tenant, "team", code, "ada"), nil)
	})
}

func TestLink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.sink.Link = func(token string) string { return "https://status.example.com/confirm?t=" + token }
		p := w.prover(t)
		want(t, "asking", p.Challenge(t.Context(), tenant, "team", "ada"), nil)
		_, token, _ := strings.Cut(w.notices[0].StatusPage, "?t=")
		for _, bad := range []string{"", ".", token[:len(token)-1], "x" + token, strings.Repeat("a", 5000), token + "="} {
			want(t, "forged "+bad, p.Confirm(t.Context(), bad), uptime.ErrInvalid)
		}
		if tn, sink, err := p.Read(token); tn != tenant || sink != "team" || err != nil || p.Verified(tenant, "team", "addr1") {
			t.Errorf("reading gives %q, %q, %v, and may not confirm", tn, sink, err)
		}
		w.set(func() { w.sink.Address = "addr2" })
		want(t, "for who is there by now", p.Confirm(t.Context(), token), uptime.ErrNotFound)
		w.set(func() { w.sink.Address = "addr1" })
		want(t, "confirming", p.Confirm(t.Context(), token), nil)
		if _, _, err := p.Read(token); !errors.Is(err, proof.ErrSpent) {
			t.Errorf("reading it again: %v", err)
		}
		time.Sleep(400 * day)
		if !p.Verified(tenant, "team", "addr1") || p.Proof(tenant, "team").Method != proof.MethodLink {
			t.Errorf("later %+v", p.Proof(tenant, "team"))
		}
		want(t, "stop", p.Leave(t.Context(), p.Leaving(tenant, "team")), nil)
		if p.Verified(tenant, "team", "addr1") {
			t.Error("verified after the stop")
		}
	})
}

func TestOperatorVouches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.sink.Vouched = true
		p := w.prover(t)
		if !p.Verified(tenant, "team", "addr1") || p.Verified(tenant, "team", "addr2") || p.Proof(tenant, "team").Method != proof.MethodOperator {
			t.Error("the operator's word does not count")
		}
		want(t, "stop", p.Leave(t.Context(), p.Leaving(tenant, "team")), nil)
		if p.Verified(tenant, "team", "addr1") {
			t.Error("the receiver's word counts less")
		}
		w.set(func() { w.sink.Address = "addr2" })
		if !p.Verified(tenant, "team", "addr2") {
			t.Error("the stop is about another receiver")
		}
		w.set(func() { w.sink.Vouched = false })
		if p.Verified(tenant, "team", "addr2") {
			t.Error("the operator took it back")
		}
	})
}

func TestAutomatic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		p := w.prover(t)
		want(t, "no way", p.Check(t.Context(), tenant, "team", "ada"), uptime.ErrInvalid)
		w.sink.Verify, w.sink.Host, w.echo = w.verify, "Hooks.Example.com.", errors.New("it answered 404")
		time.Sleep(time.Minute)
		err := p.Check(t.Context(), tenant, "team", "ada")
		name, value, ok := p.Record(tenant, "team")
		if !ok || name != "_alivemcp-verify.hooks.example.com" {
			t.Fatalf("the record is %q", name)
		}
		if err == nil || !strings.Contains(err.Error(), "404") || !strings.Contains(err.Error(), value) || strings.Contains(err.Error(), "10.0.0.2") {
			t.Errorf("it says %v", err)
		}
		want(t, "at once", p.Check(t.Context(), tenant, "team", "ada"), proof.ErrSoon)
		time.Sleep(time.Minute)
		w.txt[name] = []string{"v=spf1 -all", value + " "}
		want(t, "by DNS", p.Check(t.Context(), tenant, "team", "ada"), nil)
		if p.Proof(tenant, "team").Method != proof.MethodDNS || !p.Verified(tenant, "team", "addr1") {
			t.Errorf("kept %+v", p.Proof(tenant, "team"))
		}
		time.Sleep(time.Minute)
		w.echo = nil
		want(t, "by challenge", p.Check(t.Context(), tenant, "team", "ada"), nil)
		if p.Proof(tenant, "team").Method != proof.MethodChallenge || w.nonces[0] == w.nonces[1] || len(w.nonces[0]) < 20 {
			t.Errorf("kept %+v after %q", p.Proof(tenant, "team"), w.nonces)
		}
		want(t, "stop", p.Leave(t.Context(), p.Leaving(tenant, "team")), nil)
		time.Sleep(time.Minute)
		want(t, "after the stop", p.Check(t.Context(), tenant, "team", "ada"), proof.ErrStopped)
		w.sink.Host = "192.0.2.7"
		if _, _, ok := p.Record(tenant, "team"); ok {
			t.Error("an address has no TXT record")
		}
	})
}

func TestShortKeyIsRefused(t *testing.T) {
	_, err := proof.New(proof.Options{Key: []byte("short")})
	want(t, "a short key", err, uptime.ErrInvalid)
}

func FuzzConfirm(f *testing.F) {
	for _, s := range []string{"", ".", "W10.W10", "eyJ0IjoxfQ.AAAA", "\xff.\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, token string) {
		p := newWorld().prover(t)
		if err := p.Confirm(t.Context(), token); !errors.Is(err, uptime.ErrInvalid) {
			t.Errorf("%q: %v", token, err)
		}
	})
}
