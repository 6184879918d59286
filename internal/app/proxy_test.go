package app_test

import (
	"net/http"
	"testing"
)

// TestReadersBehindAProxy: who guesses the operator's token is kept waiting, and
// with a trusted proxy nobody else is; without one nobody can say who he is.
func TestReadersBehindAProxy(t *testing.T) {
	t.Parallel()
	const tries = 6 // one more than a minute allows
	for _, c := range []struct {
		more string
		want int // for the other reader
	}{
		{"trusted_proxies: 127.0.0.1", http.StatusSeeOther},
		{"", http.StatusTooManyRequests},
	} {
		r := newRig(t)
		r.start(r.file(c.more + "\noperator_token: right-token-right-token"))
		last := 0
		for range tries {
			last = r.signIn("127.0.0.1", "wrong", "198.51.100.1")
		}
		if last != http.StatusTooManyRequests {
			t.Errorf("%q: after %d wrong tokens: %d", c.more, tries, last)
		}
		if got := r.signIn("127.0.0.1", "right-token-right-token", "198.51.100.2"); got != c.want {
			t.Errorf("%q: another reader gets %d, want %d", c.more, got, c.want)
		}
		r.stop()
	}
}
