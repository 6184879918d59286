package drill

import (
	"context"
	"net"
	"net/http"
	"testing"
	"time"
)

// Judged returns what is wrong with what arrived up to a step of a scene, step by
// step as it would be reported.
func Judged(s *Scene, from time.Time, came ...[]Arrival) []string {
	j, out := newJudge(), []string{}
	for i, list := range came {
		waits := j.expect(s.steps[i].wants, from, Slack)
		before := len(j.strange)
		j.take(list)
		for _, w := range waits {
			if c, counts := w.check(); counts && c.Problem != "" {
				out = append(out, c.Text+": "+c.Problem)
			}
		}
		for k := range j.strange[before:] {
			out = append(out, "unexpected: "+surprise(&j.strange[before+k]))
		}
	}
	return out
}

// Wanted returns the notices that a step waits for as if they had arrived.
func Wanted(s *Scene, step int, at time.Time) []Arrival {
	var out []Arrival
	for _, w := range s.steps[step].wants {
		if !w.may {
			out = append(out, Arrival{At: at, Tenant: w.tenant, Sink: w.sink, Event: w.event, Severity: w.severity, Key: "inc_" + w.thread, Servers: w.servers})
		}
	}
	return out
}

// Steps counts the steps of a scene.
func (s *Scene) Steps() int { return len(s.steps) }

// CrossesHour reports whether a digest would be told in the middle of a drill.
func (s *Scene) CrossesHour(now time.Time) bool { return s.crossesHour(now) }

// Receiver returns a receiver, its secret, and what reads what it was sent.
func Receiver(tamper Tampering) (http.Handler, string, func() []Arrival) {
	r := newReceiver(tamper)
	mux := http.NewServeMux()
	mux.Handle("POST /receive/{tenant}/{sink}", r)
	return mux, r.secret(), func() []Arrival { return r.after(0) }
}

// Mailbox returns the address of a mailbox that lives as long as the test, and
// what reads what it was sent.
func Mailbox(t *testing.T, tamper Tampering) (string, func() []Arrival) {
	t.Helper()
	var conf net.ListenConfig
	ln, err := conf.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := newReceiver(tamper)
	m := &mailbox{receiver: r, listener: ln, first: map[string]string{}}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- m.serve(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return ln.Addr().String(), func() []Arrival { return r.after(0) }
}
