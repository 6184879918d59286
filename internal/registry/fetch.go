package registry

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/guard"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// The bounds of requests.
const (
	maxPage    = 16 << 20 // bytes; some registries put whole READMEs into their records
	maxBytes   = 4 << 30  // of all answers of one crawl
	maxTries   = 5
	maxWait    = 5 * time.Minute // for what Retry-After asks
	oneRequest = 60 * time.Second
)

// Header is what a request carries besides the name of the monitor. Values may be
// keys.
type Header map[string]uptime.Secret

// FetchOptions say how a source is read.
type FetchOptions struct {
	// Client sends the requests; its CheckRedirect is not used. It must check
	// addresses when it dials: see NewClient. Required.
	Client *http.Client
	// UserAgent names the monitor and where its operator can be reached. Required.
	UserAgent string
	// Gap is the least time from the beginning of one request to that of the next.
	// A source can ask for a longer one.
	Gap time.Duration
	// Backoff is how long the first retry waits, about; each further one waits twice
	// as long. Zero means 2 s.
	Backoff time.Duration
	// Cache keeps answers that can be asked for conditionally; nil for none.
	Cache Cache
}

// Fetcher reads the answers of one source, with the manners of a guest: one
// request at a time, a gap between them, patience when it is asked for, and an
// end to it. Make one for each crawl. It is safe for concurrent use.
type Fetcher struct {
	opt   FetchOptions
	mu    sync.Mutex // held during a request: one at a time
	next  time.Time  // when the next may begin; guarded by mu
	bytes int64      // of all answers; guarded by mu
}

// NewFetcher returns a fetcher.
func NewFetcher(opt FetchOptions) *Fetcher {
	if opt.Backoff == 0 {
		opt.Backoff = 2 * time.Second
	}
	if opt.Cache == nil {
		opt.Cache = noCache{}
	}
	return &Fetcher{opt: opt}
}

// slow makes the gap at least so long.
func (f *Fetcher) slow(gap time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.opt.Gap = max(f.opt.Gap, gap)
}

// Get reads an address. What is temporary (408, 425, 429, 5xx, and a connection
// that fails or breaks off) is tried again, after what Retry-After asks for or
// after a pause that doubles. Any other status than 200 is a *StatusError, as is
// one that asks for more than five minutes. No error holds the address or a key.
func (f *Fetcher) Get(ctx context.Context, url string, header Header) ([]byte, Fetched, error) {
	return f.read(ctx, &request{url: url, header: header})
}

// JSON reads an address that answers JSON.
func (f *Fetcher) JSON(ctx context.Context, url string, header Header, into any) (Fetched, error) {
	_, got, err := f.read(ctx, &request{url: url, header: header, into: into})
	return got, err
}

// request is what is asked for.
type request struct {
	url    string
	header Header
	into   any    // what JSON is read into; nil for any other answer
	known  *known // nil for a request without conditions
}

// reply is what came of one try.
type reply struct {
	body []byte
	head http.Header
	same bool // what is known is still right
	// wait is how long the source wants to be left alone before another try; less
	// than zero means that there must be none.
	wait time.Duration
}

func (f *Fetcher) read(ctx context.Context, r *request) ([]byte, Fetched, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for try := 1; ; try++ {
		if err := pause(ctx, time.Until(f.next)); err != nil {
			return nil, Fetched{}, err
		}
		f.next = time.Now().Add(f.opt.Gap)
		got, err := f.once(ctx, r)
		if f.bytes += int64(len(got.body)); f.bytes > maxBytes {
			return nil, Fetched{}, errors.New("it has sent more than 4 GiB")
		}
		if err == nil {
			f.next = later(f.next, time.Now().Add(used(got.head)))
			return f.known(ctx, r, got)
		}
		if got.wait < 0 || try == maxTries || ctx.Err() != nil {
			return nil, Fetched{}, err
		}
		f.next = time.Now().Add(max(got.wait, f.backoff(try), f.opt.Gap))
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// backoff is how long to wait after a failure: twice as long each time, give or
// take a quarter.
func (f *Fetcher) backoff(try int) time.Duration {
	d := f.opt.Backoff << (try - 1)
	return d*3/4 + rand.N(d/2+1)
}

// once sends one request.
func (f *Fetcher) once(ctx context.Context, r *request) (reply, error) {
	ctx, cancel := context.WithTimeout(ctx, oneRequest)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url, nil)
	if err != nil {
		return reply{wait: -1}, errors.New("its address cannot be asked for")
	}
	for name, value := range r.header {
		req.Header.Set(name, value.Reveal())
	}
	r.known.ask(req.Header)
	req.Header.Set("User-Agent", f.opt.UserAgent)
	client := *f.opt.Client
	client.CheckRedirect = func(to *http.Request, via []*http.Request) error { return redirect(to, via, len(r.header) > 0) }
	res, err := client.Do(req)
	if err != nil {
		return unreached(err)
	}
	defer func() { _ = res.Body.Close() }()
	return r.reply(res)
}

// unreached explains an error of the client, which may hold the address.
func unreached(err error) (reply, error) {
	var refused *redirectError
	var blocked *guard.BlockedError
	var name *net.DNSError
	switch {
	case errors.As(err, &refused):
		return reply{wait: -1}, refused
	case errors.As(err, &blocked):
		return reply{wait: -1}, &blockedError{blocked}
	case errors.As(err, &name):
		return reply{}, errors.New("its name could not be looked up") // the whole error names our resolver
	}
	return reply{}, fmt.Errorf("it could not be reached: %w", bare(err))
}

// blockedError is a registry at an address that is not to be dialled. It is shown to
// anyone, and so says neither which nor what the operator could do.
type blockedError struct{ of *guard.BlockedError }

func (e *blockedError) Error() string {
	return "it must not be asked: its address is not a public one"
}

func (e *blockedError) Unwrap() error { return e.of }

// redirectError is a redirect that is not followed.
type redirectError struct{ why string }

func (e *redirectError) Error() string { return "it redirects " + e.why }

// redirect says which redirects are followed. A key is for one host alone: the
// standard library forwards headers that it does not know.
func redirect(to *http.Request, via []*http.Request, keyed bool) error {
	from := via[0].URL
	switch {
	case len(via) >= 5:
		return &redirectError{"again and again"}
	case from.Scheme == "https" && to.URL.Scheme != "https":
		return &redirectError{"to an address without TLS"}
	case keyed && to.URL.Host != from.Host:
		return &redirectError{"to another host, which must not see the key"}
	}
	return nil
}

// bare takes the address, which may hold a key, out of an error of the client.
func bare(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return err
}

// reply reads an answer.
func (r *request) reply(res *http.Response) (reply, error) {
	body, err := io.ReadAll(io.LimitReader(res.Body, maxPage+1))
	got := reply{body: body, head: res.Header}
	switch {
	case res.StatusCode == http.StatusNotModified && r.known != nil:
		got.same = true
		return got, nil
	case res.StatusCode != http.StatusOK:
		got.wait = retryAfter(res)
		status := &StatusError{Status: res.StatusCode, Detail: detail(r.hide(body))}
		if got.wait > maxWait {
			status.After, got.wait = got.wait, -1
		}
		return got, status
	case err != nil:
		return got, fmt.Errorf("its answer broke off: %w", bare(err))
	case len(body) > maxPage:
		got.wait = -1
		return got, fmt.Errorf("its answer is longer than %d MiB", maxPage>>20)
	case r.into != nil:
		err = r.decode(&got)
		return got, err
	}
	return got, nil
}

// decode reads an answer's JSON. One that ends too early was cut off, which may be
// better the next time; one that is wrong is so again.
func (r *request) decode(got *reply) error {
	err := json.Unmarshal(got.body, r.into)
	var syntax *json.SyntaxError
	var kind *json.UnmarshalTypeError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &kind): // which holds what was sent, and names of ours
		err = fmt.Errorf("something else is at byte %d", kind.Offset)
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(got.body)):
		return errors.New("its answer broke off in the middle of its JSON")
	}
	got.wait = -1
	return fmt.Errorf("its answer is not the JSON that it should be: %w", err)
}

// hide takes keys out of what a service said: some repeat what they were given.
func (r *request) hide(said []byte) []byte {
	for _, secret := range r.header {
		for word := range strings.FieldsSeq(secret.Reveal()) {
			if len(word) > 6 { // not the name of a scheme
				said = bytes.ReplaceAll(said, []byte(word), []byte(secret.String()))
			}
		}
	}
	return said
}

// pause waits, or ends with the context.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// hashed says what was read.
func hashed(body []byte, got int) Fetched { return Fetched{Hash: sha256.Sum256(body), Bytes: got} }
