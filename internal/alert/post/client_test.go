package post_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/alert/post"
	"github.com/alivemcp/alivemcp/internal/alert/sinktest"
	"github.com/alivemcp/alivemcp/internal/guard"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestStatus(t *testing.T) {
	tests := map[string]struct {
		reply sinktest.Reply
		want  *uptime.Refusal // without Reason; nil for taken
	}{
		"ok":           {sinktest.Accept(200, "ok"), nil},
		"accepted":     {sinktest.Accept(202, ""), nil},
		"no content":   {sinktest.Accept(204, ""), nil},
		"huge answer":  {sinktest.Huge(200), nil},
		"slow down":    {sinktest.TooMany("17", ""), &uptime.Refusal{Temporary: true, After: 17 * time.Second}},
		"a fraction":   {sinktest.TooMany("0.25", ""), &uptime.Refusal{Temporary: true, After: 250 * time.Millisecond}},
		"for ever":     {sinktest.TooMany("99999999999", ""), &uptime.Refusal{Temporary: true, After: 24 * time.Hour}},
		"in the past":  {sinktest.TooMany("-3", ""), &uptime.Refusal{Temporary: true}},
		"nonsense":     {sinktest.TooMany("NaN", ""), &uptime.Refusal{Temporary: true}},
		"says nothing": {sinktest.TooMany("", ""), &uptime.Refusal{Temporary: true}},
		"request time": {sinktest.Accept(408, ""), &uptime.Refusal{Temporary: true}},
		"too early":    {sinktest.Accept(425, ""), &uptime.Refusal{Temporary: true}},
		"broken":       {sinktest.Accept(500, "at 10.1.2.3"), &uptime.Refusal{Temporary: true}},
		"unavailable":  {sinktest.Accept(503, ""), &uptime.Refusal{Temporary: true}},
		"unknown 5xx":  {sinktest.Accept(599, ""), &uptime.Refusal{Temporary: true}},
		"bad request":  {sinktest.Accept(400, ""), &uptime.Refusal{}},
		"not found":    {sinktest.Accept(404, ""), &uptime.Refusal{}},
		"gone":         {sinktest.Accept(410, ""), &uptime.Refusal{Gone: true}},
		"redirect":     {sinktest.Redirect("http://127.0.0.1:1/x"), &uptime.Refusal{}},
		"huge refusal": {sinktest.Huge(400), &uptime.Refusal{}},
	}
	service := sinktest.NewService(t, nil)
	client := sinktest.Client(t)
	for name, test := range tests {
		service.Script(test.reply)
		a, err := client.Do(t.Context(), post.Request{URL: service.At("/token-" + sinktest.Secret), Body: []byte("{}")})
		if a.Status == 0 || len(a.Body) > 64<<10 {
			t.Errorf("%s: status %d with %d bytes", name, a.Status, len(a.Body))
		}
		if got := stripped(t, err); !cmp.Equal(got, test.want) {
			t.Errorf("%s: %s", name, cmp.Diff(test.want, got))
		}
	}
	if n := len(service.Requests()); n != len(tests) {
		t.Errorf("%d requests for %d sendings: something was sent twice", n, len(tests))
	}
}

// stripped returns the refusal without its reason, after a look for secrets.
func stripped(t *testing.T, err error) *uptime.Refusal {
	t.Helper()
	if err == nil {
		return nil
	}
	secretFree(t, err)
	r, ok := errors.AsType[*uptime.Refusal](err)
	if !ok {
		t.Fatalf("%v is no refusal", err)
	}
	bare := *r
	bare.Reason = ""
	return &bare
}

func secretFree(t *testing.T, err error) {
	t.Helper()
	for _, word := range []string{sinktest.Secret, "127.0.0.1", "10.1.2.3", "localhost", "http://", "https://", "hooks.example", "::1"} {
		if strings.Contains(err.Error(), word) {
			t.Errorf("the error holds %q: %v", word, err)
		}
	}
	if err.Error() == "" {
		t.Error("the error says nothing")
	}
}

func TestRetryAfterDate(t *testing.T) {
	now := time.Date(2026, 11, 3, 9, 30, 0, 0, time.UTC)
	for field, want := range map[string]time.Duration{
		"Tue, 03 Nov 2026 09:31:30 GMT": 90 * time.Second,
		"Tue, 03 Nov 2026 09:29:00 GMT": 0,
		"Wed, 03 Nov 2027 09:29:00 GMT": 24 * time.Hour,
		"Tue, 99 Nov 2026":              0,
		"+Inf":                          24 * time.Hour,
	} {
		if got := post.RetryAfter(field, now); got != want {
			t.Errorf("%s: %v, want %v", field, got, want)
		}
	}
}

// What does not come back as HTTP is an error without a refusal: temporary.
func TestNetwork(t *testing.T) {
	service := sinktest.NewService(t, nil)
	dead := httptest.NewServer(nil)
	dead.Close()
	mute := raw(t, "")
	tests := map[string]struct {
		url    string
		script []sinktest.Reply
		want   string
	}{
		"cut":       {service.URL, []sinktest.Reply{sinktest.Cut()}, "cut before it answered"},
		"slow":      {service.URL, []sinktest.Reply{sinktest.Slow()}, "did not answer within 200ms"},
		"refused":   {dead.URL, nil, "refused"},
		"not HTTP":  {raw(t, "SSH-2.0-OpenSSH\r\n\r\n"), nil, "does not speak"},
		"cut early": {raw(t, "HTTP/1.1 200"), nil, "cut before it answered"},
		"no TLS":    {strings.Replace(service.URL, "http:", "https:", 1), nil, "does not speak"},
		"headers":   {raw(t, "HTTP/1.1 200 OK\r\nX: "+strings.Repeat("a", 1<<20)+"\r\n\r\n"), nil, ""},
		"closed":    {mute, nil, "cut before it answered"},
	}
	client := post.New(post.Options{Policy: guard.Policy{AllowPrivate: true}, Timeout: 200 * time.Millisecond})
	for name, test := range tests {
		service.Script(test.script...)
		_, err := client.Do(t.Context(), post.Request{URL: uptime.Secret(test.url + "/" + sinktest.Secret), Body: []byte("{}")})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", name, err, test.want)
			continue
		}
		if _, ok := errors.AsType[*uptime.Refusal](err); ok {
			t.Errorf("%s: %v is a refusal", name, err)
		}
		secretFree(t, err)
	}
}

// raw answers whatever comes with text and closes.
func raw(t *testing.T, text string) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Read(make([]byte, 4096)) //nolint:errcheck // whatever it is
			io.WriteString(conn, text)    //nolint:errcheck // the client may have gone
			conn.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

// A status that has arrived counts, whatever becomes of the body.
func TestBodyBreaksOff(t *testing.T) {
	url := raw(t, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"id\":1")
	client := sinktest.Client(t)
	a, err := client.Do(t.Context(), post.Request{URL: uptime.Secret(url)})
	if err != nil || !a.Cut || string(a.Body) != `{"id":1` {
		t.Errorf("got %+v, %v", a, err)
	}
	if _, err := client.JSON(t.Context(), post.Request{URL: uptime.Secret(url)}, 1, new(any)); !errors.Is(err, post.ErrAnswer) {
		t.Errorf("as JSON: %v", err)
	}
}

func TestGuard(t *testing.T) {
	service := sinktest.NewService(t, nil)
	https := strings.Replace(service.URL, "http:", "https:", 1)
	client := post.New(post.Options{})
	for name, url := range map[string]string{
		"loopback": https, "by name": strings.Replace(https, "127.0.0.1", "localhost", 1), "private": "https://10.1.2.3/x",
		"metadata": "https://169.254.169.254/latest", "mapped": "https://[::ffff:10.1.2.3]/", "plain": "http://hooks.example/",
		"user": "https://u:" + sinktest.Secret + "@hooks.example/", "file": "file:///etc/passwd", "none": "", "decimal": "https://2130706433/",
	} {
		_, err := client.Do(t.Context(), post.Request{URL: uptime.Secret(url)})
		r, ok := errors.AsType[*uptime.Refusal](err)
		if !ok || r.Temporary || r.Gone || len(r.Reason) < 20 {
			t.Errorf("%s: got %v, want a permanent refusal that says why", name, err)
			continue
		}
		for _, word := range []string{sinktest.Secret, "10.1.2.3", "127.0.0.1", "169.254", "hooks.example", "localhost"} {
			if strings.Contains(r.Reason, word) {
				t.Errorf("%s: the reason holds %q: %s", name, word, r.Reason)
			}
		}
	}
	if n := len(service.Requests()); n != 0 {
		t.Errorf("%d requests arrived", n)
	}
}

// A name that points to several places is dialled only where it may be, and
// only at what was looked up: it is resolved once.
func TestPin(t *testing.T) {
	service := sinktest.NewService(t, nil)
	target := netip.MustParseAddrPort(strings.TrimPrefix(service.URL, "http://"))
	var lookups atomic.Int32
	var dialled []netip.Addr
	client := post.New(post.Options{
		Policy: guard.Policy{AllowPrivate: true, Deny: []netip.Prefix{netip.MustParsePrefix("127.0.0.2/32")}},
		Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
			if lookups.Add(1); host != "hooks.example" {
				t.Errorf("%s is looked up", host)
			}
			return []netip.Addr{netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("169.254.169.254"), netip.MustParseAddr("::ffff:127.0.0.1")}, nil
		},
		Dial: func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
			dialled = append(dialled, to.Addr())
			return (&net.Dialer{}).DialContext(ctx, "tcp", netip.AddrPortFrom(to.Addr(), target.Port()).String())
		},
	})
	if _, err := client.Do(t.Context(), post.Request{URL: "http://hooks.example/x"}); err != nil {
		t.Fatal(err)
	}
	if want := []netip.Addr{netip.MustParseAddr("127.0.0.1")}; !cmp.Equal(dialled, want, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })) || lookups.Load() != 1 {
		t.Errorf("dialled %v after %d lookups, want %v after 1", dialled, lookups.Load(), want)
	}
}

// One address that swallows what is sent to it leaves time for the others, and
// nothing goes on once the time is over: net/http lets a dial outlive its
// request, which for a hostile receiver would be for ever.
func TestDeadAddress(t *testing.T) {
	service := sinktest.NewService(t, nil)
	port := netip.MustParseAddrPort(strings.TrimPrefix(service.URL, "http://")).Port()
	dead, good := netip.MustParseAddr("127.0.0.2"), netip.MustParseAddr("127.0.0.1")
	for name, test := range map[string]struct {
		found []netip.Addr
		ok    bool
	}{"beside a good one": {[]netip.Addr{dead, good}, true}, "alone": {[]netip.Addr{dead}, false}} {
		ended := make(chan struct{}, 1)
		client := post.New(post.Options{
			Policy: guard.Policy{AllowPrivate: true}, Timeout: 3 * time.Second,
			Lookup: func(context.Context, string) ([]netip.Addr, error) { return test.found, nil },
			Dial: func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
				if to.Addr() == dead {
					<-ctx.Done()
					ended <- struct{}{}
					return nil, ctx.Err()
				}
				return (&net.Dialer{}).DialContext(ctx, "tcp", netip.AddrPortFrom(to.Addr(), port).String())
			},
		})
		_, err := client.Do(t.Context(), post.Request{URL: "http://hooks.example/x"})
		if (err == nil) != test.ok {
			t.Errorf("%s: %v", name, err)
		}
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			t.Errorf("%s: the dial goes on for ever", name)
		}
	}
}

// A receiver that takes the connection and never speaks TLS does not keep it.
func TestMuteTLS(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		if conn, err := l.Accept(); err == nil {
			io.Copy(io.Discard, conn) //nolint:errcheck // until it is closed
			conn.Close()
		}
	}()
	client := post.New(post.Options{Policy: guard.Policy{AllowPrivate: true}, Timeout: 300 * time.Millisecond})
	if _, err := client.Do(t.Context(), post.Request{URL: uptime.Secret("https://" + l.Addr().String())}); err == nil {
		t.Error("a mute receiver took it")
	}
	select {
	case <-closed:
	case <-time.After(20 * time.Second):
		t.Error("the connection stays open")
	}
}

// frozen is a connection through which nothing comes any more once it is.
type frozen struct {
	net.Conn
	is *atomic.Bool
}

func (c frozen) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.is.Load() {
		n, err = c.Conn.Read(b) // until it is closed: nothing more comes
	}
	return n, err
}

func (c frozen) Write(b []byte) (int, error) {
	if c.is.Load() {
		return len(b), nil
	}
	return c.Conn.Write(b)
}

// A connection of HTTP/2 that died without a word costs one request, not each
// until the system gives it up.
func TestDeadConnection(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(200 + r.ProtoMajor) }))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	var first atomic.Bool
	var dials atomic.Int32
	client := post.New(post.Options{
		Policy: guard.Policy{AllowPrivate: true}, Timeout: 4 * time.Second,
		Roots: server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs,
		Dial: func(ctx context.Context, to netip.AddrPort) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", to.String())
			if dials.Add(1) == 1 {
				return frozen{conn, &first}, err
			}
			return conn, err
		},
	})
	send := func() (int, error) {
		a, err := client.Do(t.Context(), post.Request{URL: uptime.Secret(server.URL), Body: []byte("{}")})
		return a.Status, err
	}
	if status, err := send(); status != 202 || err != nil {
		t.Fatalf("by HTTP/2: %d, %v", status, err)
	}
	first.Store(true)
	if _, err := send(); err == nil {
		t.Error("a dead connection took it")
	}
	if status, err := send(); status != 202 || err != nil {
		t.Errorf("after that: %d, %v, after %d dials", status, err, dials.Load())
	}
}

func TestNames(t *testing.T) {
	for name, test := range map[string]struct {
		found []netip.Addr
		err   error
		want  string
	}{
		"no such name": {nil, &net.DNSError{Err: "no such host", Name: "hooks.example", IsNotFound: true}, "does not exist"},
		"no address":   {nil, nil, "has no address"},
		"no answer":    {nil, &net.DNSError{Err: "server misbehaving", Name: "hooks.example", Server: "10.1.2.3:53"}, "could not be resolved"},
		"timeout":      {nil, &net.DNSError{Err: "i/o timeout", Name: "hooks.example", IsTimeout: true}, "could not be resolved"},
	} {
		client := post.New(post.Options{Lookup: func(context.Context, string) ([]netip.Addr, error) { return test.found, test.err }})
		_, err := client.Do(t.Context(), post.Request{URL: "https://hooks.example/x"})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		secretFree(t, err)
	}
}

func TestTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	client := post.New(post.Options{Policy: guard.Policy{AllowPrivate: true}})
	_, err := client.Do(t.Context(), post.Request{URL: uptime.Secret(server.URL)})
	if err == nil || !strings.Contains(err.Error(), "not trusted") {
		t.Errorf("without its root: %v", err)
	}
	roots := server.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs
	client = post.New(post.Options{Policy: guard.Policy{AllowPrivate: true}, Roots: roots})
	if a, err := client.Do(t.Context(), post.Request{URL: uptime.Secret(server.URL)}); a.Status != 404 || err == nil {
		t.Errorf("with its root: %+v, %v", a, err)
	}
}

func TestProxyOfEnvironmentIsIgnored(t *testing.T) {
	service := sinktest.NewService(t, nil)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy"} {
		t.Setenv(name, "http://127.0.0.1:1")
	}
	client := post.New(post.Options{
		Policy: guard.Policy{AllowPrivate: true},
		Lookup: func(context.Context, string) ([]netip.Addr, error) {
			return []netip.Addr{netip.MustParseAddr("127.0.0.1")}, nil
		},
	})
	url := strings.Replace(service.URL, "127.0.0.1", "hooks.example", 1)
	if _, err := client.Do(t.Context(), post.Request{URL: uptime.Secret(url)}); err != nil {
		t.Error(err)
	}
}

func TestInterrupted(t *testing.T) {
	service := sinktest.NewService(t, nil)
	service.Script(sinktest.Slow())
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := sinktest.Client(t).Do(ctx, post.Request{URL: service.At("/")}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestJSON(t *testing.T) {
	service := sinktest.NewService(t, nil)
	client := sinktest.Client(t)
	service.Script(sinktest.Accept(200, `{"id":"7"}`), sinktest.Accept(204, ""), sinktest.Accept(200, "ok"), sinktest.Huge(200))
	var got struct{ ID string }
	req := post.Request{Method: "PATCH", URL: service.At("/p"), Header: http.Header{"authorization": {"Bearer x"}, "Content-Type": {"text/x"}}}
	if _, err := client.JSON(t.Context(), req, map[string]string{"a": "<&>"}, &got); err != nil || got.ID != "7" {
		t.Errorf("got %+v, %v", got, err)
	}
	last := service.Last(t)
	if last.Method != "PATCH" || string(last.Body) != `{"a":"<&>"}` || last.Header.Get("Authorization") != "Bearer x" ||
		last.Header.Get("Content-Type") != "text/x" || last.Header.Get("User-Agent") != "AliveMCP-test" {
		t.Errorf("sent %+v", last)
	}
	if _, err := client.JSON(t.Context(), req, 1, &got); err != nil {
		t.Errorf("an empty answer: %v", err)
	}
	for _, what := range []string{"text", "huge"} {
		if a, err := client.JSON(t.Context(), req, 1, &got); !errors.Is(err, post.ErrAnswer) || a.Status != 200 {
			t.Errorf("%s: %+v, %v", what, a.Status, err)
		}
	}
	if _, err := client.JSON(t.Context(), req, func() {}, nil); err == nil {
		t.Error("a function is sent")
	}
}

// A burst of failures ends, and each of them was one request.
func TestBurst(t *testing.T) {
	service := sinktest.NewService(t, nil)
	service.Script(sinktest.Burst(http.StatusBadGateway, 3)...)
	client := sinktest.Client(t)
	for i := range 4 {
		_, err := client.Do(t.Context(), post.Request{URL: service.At("/"), Body: []byte("{}")})
		if err != nil {
			secretFree(t, err)
		}
		if (err == nil) != (i == 3) || len(service.Requests()) != i+1 {
			t.Errorf("attempt %d: %v after %d requests", i+1, err, len(service.Requests()))
		}
	}
}
