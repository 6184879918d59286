package registry_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/guard"
	"github.com/alivemcp/alivemcp/internal/registry"
	"github.com/alivemcp/alivemcp/internal/registry/fake"
)

const list = "http://registry.test/v0.1/servers?limit=2"

func slowly(o *registry.FetchOptions) { o.Backoff = 2 * time.Second }

// timed reads a list and says how long it took, and how many requests.
func timed(t *testing.T, fault fake.Fault, change ...func(*registry.FetchOptions)) (took time.Duration, requests int, err error) {
	t.Helper()
	r := fake.New(fake.Generate(5)...)
	r.Break(fault)
	f := direct(r, append([]func(*registry.FetchOptions){slowly}, change...)...)
	began := time.Now()
	var got struct{ Servers []any }
	_, err = f.JSON(t.Context(), list, nil, &got)
	if err == nil && len(got.Servers) != 2 {
		t.Errorf("%d records were read, want 2", len(got.Servers))
	}
	return time.Since(began), len(r.Asked()), err
}

// TestPatience checks how often, and after how long, what fails is tried again.
func TestPatience(t *testing.T) {
	for name, tc := range map[string]struct {
		fault      func(now time.Time) fake.Fault
		requests   int
		atLeast    time.Duration
		atMost     time.Duration
		status     int
		leaveAlone time.Duration
	}{
		"well":              {fault: func(time.Time) fake.Fault { return fake.Refuse(0, 500, "") }, requests: 1},
		"busy for a moment": {fault: func(time.Time) fake.Fault { return fake.Refuse(2, 503, "") }, requests: 3, atLeast: 4500 * time.Millisecond, atMost: 7501 * time.Millisecond},
		"busy":              {fault: func(time.Time) fake.Fault { return fake.Refuse(9, 500, "") }, requests: 5, atLeast: 22 * time.Second, atMost: 38 * time.Second, status: 500},
		"seconds":           {fault: func(time.Time) fake.Fault { return fake.Refuse(1, 429, "77") }, requests: 2, atLeast: 77 * time.Second, atMost: 78 * time.Second},
		"a date": {fault: func(now time.Time) fake.Fault {
			return fake.Refuse(1, 429, now.Add(90*time.Second).UTC().Format(http.TimeFormat))
		}, requests: 2, atLeast: 89 * time.Second, atMost: 91 * time.Second},
		"a date that was": {fault: func(now time.Time) fake.Fault {
			return fake.Refuse(1, 503, now.Add(-time.Hour).UTC().Format(http.TimeFormat))
		}, requests: 2, atLeast: 1500 * time.Millisecond, atMost: 2501 * time.Millisecond},
		"nonsense":       {fault: func(time.Time) fake.Fault { return fake.Refuse(1, 429, "soon, -3") }, requests: 2, atLeast: 1500 * time.Millisecond, atMost: 2501 * time.Millisecond},
		"an hour":        {fault: func(time.Time) fake.Fault { return fake.Refuse(1, 429, "3600") }, requests: 1, status: 429, leaveAlone: time.Hour},
		"for ever":       {fault: func(time.Time) fake.Fault { return fake.Refuse(1, 429, "999999999999") }, requests: 1, status: 429, leaveAlone: 24 * time.Hour},
		"not before":     {fault: func(time.Time) fake.Fault { return fake.Refuse(1, 403, "30") }, requests: 2, atLeast: 30 * time.Second, atMost: 31 * time.Second},
		"bad request":    {fault: func(time.Time) fake.Fault { return fake.Refuse(9, 400, "") }, requests: 1, status: 400},
		"unauthorized":   {fault: func(time.Time) fake.Fault { return fake.Refuse(9, 401, "5") }, requests: 1, status: 401},
		"forbidden":      {fault: func(time.Time) fake.Fault { return fake.Refuse(9, 403, "") }, requests: 1, status: 403},
		"not found":      {fault: func(time.Time) fake.Fault { return fake.Refuse(9, 404, "") }, requests: 1, status: 404},
		"gone":           {fault: func(time.Time) fake.Fault { return fake.Refuse(9, 410, "") }, requests: 1, status: 410},
		"unprocessable":  {fault: func(time.Time) fake.Fault { return fake.Refuse(9, 422, "") }, requests: 1, status: 422},
		"no content":     {fault: func(time.Time) fake.Fault { return fake.Refuse(9, 204, "") }, requests: 1, status: 204},
		"half an answer": {fault: func(time.Time) fake.Fault { return fake.Truncate(1) }, requests: 2, atLeast: 1500 * time.Millisecond, atMost: 2501 * time.Millisecond},
		"cut off":        {fault: func(time.Time) fake.Fault { return fake.Cut(3) }, requests: 4, atLeast: 10 * time.Second, atMost: 18 * time.Second},
		"slow":           {fault: func(time.Time) fake.Fault { return fake.Slow(1, 4*time.Second) }, requests: 1, atLeast: 40 * time.Second, atMost: 44 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				took, requests, err := timed(t, tc.fault(time.Now()))
				if requests != tc.requests || took < tc.atLeast || took > tc.atMost {
					t.Errorf("%d requests took %s, want %d in %s to %s (%v)", requests, took, tc.requests, tc.atLeast, tc.atMost, err)
				}
				if tc.status == 0 && err != nil {
					t.Errorf("the error is %v, want none", err)
				}
				if tc.status != 0 {
					if e := wantStatus(t, err, tc.status); e.After != tc.leaveAlone {
						t.Errorf("it wants to be left alone for %s, want %s", e.After, tc.leaveAlone)
					}
				}
			})
		})
	}
}

// TestGap checks that requests keep their distance, and that a quota that is used
// up is left to fill.
func TestGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		left := "1"
		h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-RateLimit-Remaining", left)
			w.Header().Set("X-RateLimit-Reset", fmt.Sprint(time.Now().Add(40*time.Second).Unix()))
		})
		f := direct(h, func(o *registry.FetchOptions) { o.Gap = 3 * time.Second })
		began := time.Now()
		for i, want := range []time.Duration{0, 3 * time.Second, 6 * time.Second, 46 * time.Second} {
			if i == 2 {
				left = "0"
			}
			if _, _, err := f.Get(t.Context(), list, nil); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took != want {
				t.Errorf("request %d came after %s, want %s", i, took, want)
			}
		}
	})
}

// TestHangs checks that an answer without an end has one, and that a crawl that is
// stopped stops.
func TestHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hanging := transport(func(req *http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: 200, Body: io.NopCloser(hang{req.Context()}), Request: req}, nil
		})
		f := registry.NewFetcher(registry.FetchOptions{Client: &http.Client{Transport: hanging}, UserAgent: agent})
		began := time.Now()
		_, _, err := f.Get(t.Context(), list, nil)
		wantError(t, "a body that never ends", err, "broke off")
		if took := time.Since(began); took < 5*time.Minute || took > 6*time.Minute {
			t.Errorf("it was given up after %s, want five minutes and the pauses", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, _, err := f.Get(ctx, list, nil); err == nil || time.Since(began) > 7*time.Minute {
			t.Errorf("a context that ended was waited for: %v", err)
		}
	})
}

type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(req *http.Request) (*http.Response, error) { return t(req) }

// hang is a body that never ends.
type hang struct{ ctx context.Context } //nolint:containedctx // a body has no other way to know when it is given up

func (h hang) Read([]byte) (int, error) {
	<-h.ctx.Done()
	return 0, h.ctx.Err()
}

func TestBounds(t *testing.T) {
	r := fake.New()
	f, base := served(t, r)
	r.Break(fake.Long(17 << 20))
	_, _, err := f.Get(t.Context(), base+"/v0.1/servers", nil)
	wantError(t, "17 MiB", err, "longer than 16 MiB")
	if n := len(r.Asked()); n != 1 {
		t.Errorf("an answer that is too long was asked for %d times, want once", n)
	}
	r.Break(fake.Long(15 << 20))
	if body, got, err := f.Get(t.Context(), base+"/v0.1/servers", nil); err != nil || got.Bytes != len(body) || len(body) < 15<<20 {
		t.Errorf("15 MiB: %d bytes, %v", len(body), err)
	}
	r.Break(fake.Cut(1))
	if _, _, err := f.Get(t.Context(), base+"/v0.1/ping", nil); err != nil {
		t.Errorf("a connection that was cut once: %v", err)
	}
	if n := r.Agents()[agent]; n != 4 {
		t.Errorf("%d requests say who we are, want 4", n)
	}
	r.Break()
	var nothing struct{ Pong []int }
	_, err = f.JSON(t.Context(), base+"/v0.1/ping", nil, &nothing)
	wantError(t, "other JSON", err, "not the JSON that it should be")
}

// TestSecrets checks that no error tells a key or the address.
func TestSecrets(t *testing.T) {
	const key = "sk-0123456789abcdef"
	r := fake.New()
	r.Break(fake.Key("Authorization", "Bearer other"))
	f, base := served(t, r)
	check := func(what, url string) {
		t.Helper()
		_, _, err := f.Get(t.Context(), url, registry.Header{"Authorization": "Bearer " + key})
		if err == nil || strings.Contains(err.Error(), key) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: the error is %v, want one without the key", what, err)
		}
	}
	check("a key that is repeated", base+"/v0.1/ping?key=hush")
	check("no connection", "http://127.0.0.1:1/?key=hush")
	check("no address", "http://\x00hush")
	check("another scheme", "ftp://hush")
	r.Break(fake.Key("Authorization", "Bearer "+key))
	if _, _, err := f.Get(t.Context(), base+"/v0.1/ping", registry.Header{"Authorization": "Bearer " + key}); err != nil {
		t.Errorf("the right key: %v", err)
	}
}

// TestRedirects checks where a registry may send us.
func TestRedirects(t *testing.T) {
	other := httptest.NewServer(fake.New())
	defer other.Close()
	r := fake.New()
	s := httptest.NewServer(r)
	defer s.Close()
	// 127.0.0.1 stands for the public internet.
	client := registry.NewClient(guard.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}})
	f := registry.NewFetcher(registry.FetchOptions{Client: client, UserAgent: agent, Backoff: time.Microsecond})
	get := func(to string, header registry.Header) error {
		r.Break(fake.After(0, fake.Redirect(to)))
		r.Asked()
		_, _, err := f.Get(t.Context(), s.URL+"/v0.1/servers", header)
		return err
	}
	if err := get(other.URL+"/v0.1/ping", nil); err != nil {
		t.Errorf("to another host: %v", err)
	}
	wantError(t, "to another host with a key", get(other.URL+"/v0.1/ping", registry.Header{"X-API-Key": "k"}), "must not see the key")
	wantError(t, "round in circles", get("/", nil), "again and again")
	if n := len(r.Asked()); n != 5 {
		t.Errorf("the circle was gone round %d times, want 5", n)
	}
	for _, private := range []string{"http://127.0.0.2:9/", "http://169.254.169.254/latest/meta-data/", "http://[::1]:9/", "http://10.0.0.1/", "http://[::ffff:10.0.0.1]/"} {
		err := get(private, nil)
		wantError(t, private, err, "must not be asked")
		if blocked := (*guard.BlockedError)(nil); !errors.As(err, &blocked) {
			t.Errorf("%s: the error is %v, want that of the guard", private, err)
		}
		if n := len(r.Asked()); n != 1 {
			t.Errorf("%s: it was tried %d times, want once", private, n)
		}
	}
	tls := httptest.NewTLSServer(http.RedirectHandler(s.URL, http.StatusMovedPermanently))
	defer tls.Close()
	f = registry.NewFetcher(registry.FetchOptions{Client: tls.Client(), UserAgent: agent})
	_, _, err := f.Get(t.Context(), tls.URL, nil)
	wantError(t, "to plain http", err, "without TLS")
}

// TestReasonsAreForAnyone: why a registry was not read is shown on public pages.
func TestReasonsAreForAnyone(t *testing.T) {
	private := registry.NewFetcher(registry.FetchOptions{Client: registry.NewClient(guard.Policy{}), UserAgent: agent})
	_, _, err := private.Get(t.Context(), "http://127.0.0.1:1/x", nil)
	if err == nil || strings.Contains(err.Error(), "127.") || strings.Contains(err.Error(), "operator") || strings.Contains(err.Error(), "agent") {
		t.Errorf("of an inner address it says: %v", err)
	}
	lookup := transport(func(*http.Request) (*http.Response, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "registry.corp", Server: "10.0.0.53:53", IsNotFound: true}}
	})
	f := registry.NewFetcher(registry.FetchOptions{Client: &http.Client{Transport: lookup}, UserAgent: agent, Backoff: time.Nanosecond})
	_, _, err = f.Get(t.Context(), "https://registry.corp/x", nil)
	if wantError(t, "a name that is not known", err, "could not be looked up"); strings.Contains(err.Error(), "10.0.0.53") || strings.Contains(err.Error(), "corp") {
		t.Errorf("it tells of our resolver: %v", err)
	}
	long := `{"a":` + strings.Repeat("1", 1<<20) + `}`
	var into struct{ A int }
	_, err = direct(site{"/x": long}).JSON(t.Context(), "http://registry.test/x", nil, &into)
	if wantError(t, "a long number", err, "not the JSON that it should be"); len(err.Error()) > 300 || strings.Contains(err.Error(), "struct") {
		t.Errorf("the reason has %d bytes: %.200s", len(err.Error()), err)
	}
}
