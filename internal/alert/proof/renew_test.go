package proof_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/proof"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// renewing runs a Prover in a bubble until the test stops it.
func renewing(t *testing.T, p *proof.Prover) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := p.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	return func() { cancel(); <-done }
}

func TestChallengeIsRepeatedEachWeek(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.sink.Verify = w.verify
		p := w.prover(t)
		want(t, "check", p.Check(t.Context(), tenant, "team", "ada"), nil)
		stop := renewing(t, p)
		time.Sleep(22 * day)
		w.set(func() {
			if n := len(w.nonces); n != 4 {
				t.Errorf("%d challenges in three weeks, want 4", n)
			}
			w.echo = errors.New("it answered 410")
		})
		time.Sleep(12 * day)
		if !p.Verified(tenant, "team", "addr1") || !strings.Contains(p.Proof(tenant, "team").Failed, "410") {
			t.Errorf("within grace %+v", p.Proof(tenant, "team"))
		}
		time.Sleep(2 * day)
		if pr := p.Proof(tenant, "team"); p.Verified(tenant, "team", "addr1") || !pr.Verified.IsZero() {
			t.Errorf("after grace %+v", pr)
		}
		stop()
	})
}

// proved returns a Prover of a sink that was proved by a code, and renews.
func proved(t *testing.T, w *world) (p *proof.Prover, stop func()) {
	t.Helper()
	p = w.prover(t)
	want(t, "asking", p.Challenge(t.Context(), tenant, "team", "ada"), nil)
	want(t, "proving", p.Prove(t.Context(), tenant, "team", w.code(), "ada"), nil)
	w.set(func() { w.notices = nil })
	return p, renewing(t, p)
}

func TestCodeLastsWhileThingsArrive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		p, stop := proved(t, w)
		for range 30 {
			time.Sleep(5 * day)
			w.set(func() { w.last = time.Now() })
		}
		if pr := p.Proof(tenant, "team"); !p.Verified(tenant, "team", "addr1") || pr.Failed != "" || len(w.notices) != 0 {
			t.Errorf("while things arrive %+v, after %d notices", pr, len(w.notices))
		}
		stop()
	})
}

// A sink that is told nothing is not at fault: it is asked once a month, and to
// take that is enough.
func TestQuietSinkStaysVerified(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		p, stop := proved(t, w)
		for d := range 365 {
			time.Sleep(day)
			if !p.Verified(tenant, "team", "addr1") || p.Proof(tenant, "team").Failed != "" {
				t.Fatalf("on day %d %+v", d, p.Proof(tenant, "team"))
			}
		}
		stop()
		w.set(func() {
			if n := len(w.notices); n < 9 || n > 12 {
				t.Errorf("%d notices in a quiet year, want one a month at most", n)
			}
			if n := w.notices[0]; n.Type != uptime.NoticeTest || n.Challenge != "" || !strings.Contains(n.Summary, "nothing to do") {
				t.Errorf("the notice is %+v", n)
			}
		})
	})
}

// A service that can be asked in silence is asked each week, and no message is
// sent.
func TestLookIsEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		looks := 0
		w.sink.Look = func(context.Context) error { w.mu.Lock(); defer w.mu.Unlock(); looks++; return w.echo }
		p, stop := proved(t, w)
		time.Sleep(100 * day)
		if pr := p.Proof(tenant, "team"); !p.Verified(tenant, "team", "addr1") || w.sent() != 0 || looks < 13 || looks > 15 {
			t.Errorf("after %d looks and %d notices %+v", looks, w.sent(), pr)
		}
		w.set(func() { w.echo = &uptime.Refusal{Gone: true, Reason: "the webhook was deleted"} })
		time.Sleep(8 * day)
		if pr := p.Proof(tenant, "team"); p.Verified(tenant, "team", "addr1") || !strings.Contains(pr.Failed, "deleted") {
			t.Errorf("when it is gone %+v", pr)
		}
		if strings.Join(w.heard(), ",") != "lost team: the webhook was deleted" {
			t.Errorf("told %q", w.heard())
		}
		w.set(func() { w.echo = nil })
		want(t, "asking", p.Challenge(t.Context(), tenant, "team", "ada"), nil)
		want(t, "proving", p.Prove(t.Context(), tenant, "team", w.code(), "ada"), nil)
		if last := w.heard()[len(w.heard())-1]; last != "found team" {
			t.Errorf("told %q", w.heard())
		}
		stop()
	})
}

// What is not taken is tried once a day, and counts no more after the grace. Lost
// is told until it has heard.
func TestQuietSinkThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		p, stop := proved(t, w)
		w.set(func() { w.refuses = &uptime.Refusal{Temporary: true, Reason: "it answered 502"}; w.deaf = errStore })
		time.Sleep(40 * day)
		var tried int
		w.set(func() { tried = w.tried })
		if pr := p.Proof(tenant, "team"); !p.Verified(tenant, "team", "addr1") || !strings.Contains(pr.Failed, "502") || tried < 3 || tried > 8 {
			t.Errorf("within grace %+v after %d tries", pr, tried)
		}
		time.Sleep(10 * day)
		if len(w.heard()) != 0 {
			t.Errorf("told %q", w.heard())
		}
		w.set(func() { w.deaf = nil })
		time.Sleep(day)
		if pr := p.Proof(tenant, "team"); p.Verified(tenant, "team", "addr1") || !pr.Verified.IsZero() || len(w.heard()) != 1 {
			t.Errorf("after grace %+v, told %q", pr, w.heard())
		}
		w.set(func() { w.sink.Address = "addr2" }) // the operator moves it
		time.Sleep(day)
		if strings.Join(w.heard()[1:], ",") != "found team" {
			t.Errorf("told %q", w.heard())
		}
		stop()
	})
}

func TestLeaving(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.sink.Vouched = true
		p := w.prover(t)
		token := p.Leaving(tenant, "team")
		if tn, sink, err := p.ReadLeave(token); tn != tenant || sink != "team" || err != nil || !p.Verified(tenant, "team", "addr1") {
			t.Errorf("reading gives %q, %q, %v, and may not stop", tn, sink, err)
		}
		for _, bad := range []string{"", ".", token[1:], strings.Repeat("a", 5000)} {
			want(t, "forged "+bad, p.Leave(t.Context(), bad), uptime.ErrInvalid)
		}
		want(t, "as one that confirms", p.Confirm(t.Context(), token), uptime.ErrInvalid)
		w.set(func() { w.sink.Address = "addr2" })
		if _, _, err := p.ReadLeave(token); !errors.Is(err, uptime.ErrNotFound) {
			t.Errorf("the link of who was there before: %v", err)
		}
		want(t, "by who was there before", p.Leave(t.Context(), token), nil)
		if !p.Verified(tenant, "team", "addr2") {
			t.Error("another receiver was stopped")
		}
		w.set(func() { w.sink.Address = "addr1" })
		for range 2 {
			want(t, "leaving", p.Leave(t.Context(), token), nil)
		}
		if p = w.prover(t); p.Verified(tenant, "team", "addr1") || strings.Join(w.acts, ",") != "receiver sink.stop" {
			t.Errorf("after it %+v, acts %q", p.Proof(tenant, "team"), w.acts)
		}
		want(t, "asking", p.Challenge(t.Context(), tenant, "team", "ada"), nil)
		want(t, "wanting it again", p.Prove(t.Context(), tenant, "team", w.code(), "ada"), nil)
		if !p.Verified(tenant, "team", "addr1") {
			t.Error("still stopped")
		}
	})
}
