package registry

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// The bounds of a request.
const (
	maxPage    = 16 << 20 // bytes; some registries put whole READMEs into their records
	maxTries   = 5
	maxWait    = 5 * time.Minute // for what Retry-After asks
	oneRequest = 60 * time.Second
)

// FetchOptions say how a source is read.
type FetchOptions struct {
	// Client sends the requests. It must check addresses when it dials, and follow no
	// redirect to one that it would not dial. Required.
	Client *http.Client
	// UserAgent names the monitor and where its operator can be reached. Required.
	UserAgent string
	// Gap is the least time from the beginning of one request to that of the next.
	Gap time.Duration
	// Backoff is how long the first retry waits, about; each further one waits twice
	// as long. Zero means 2 s.
	Backoff time.Duration
}

// Fetcher reads the answers of one source, with the manners of a guest: one
// request at a time, a gap between them, patience when it is asked for, and an
// end to it. Make one for each crawl. It is safe for concurrent use.
type Fetcher struct {
	opt  FetchOptions
	mu   sync.Mutex // held during a request: one at a time
	next time.Time  // when the next may begin; guarded by mu
}

// NewFetcher returns a fetcher.
func NewFetcher(opt FetchOptions) *Fetcher {
	if opt.Backoff == 0 {
		opt.Backoff = 2 * time.Second
	}
	return &Fetcher{opt: opt}
}

// StatusError is an answer that says no.
type StatusError struct {
	Status int
	// Detail is what the answer says about it, cleaned and cut; may be empty.
	Detail string
}

// Error implements error.
func (e *StatusError) Error() string {
	s := fmt.Sprintf("it answered %d", e.Status)
	if text := http.StatusText(e.Status); text != "" {
		s += " " + text
	}
	if e.Detail != "" {
		s += ": " + e.Detail
	}
	return s
}

// Get reads an address. What is temporary (408, 425, 429, 5xx, and a connection
// that fails or breaks off) is tried again, after what Retry-After asks for or
// after a pause that doubles. Any other status than 200 is a *StatusError.
func (f *Fetcher) Get(ctx context.Context, url string, header http.Header) ([]byte, Fetched, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for try := 1; ; try++ {
		if err := pause(ctx, time.Until(f.next)); err != nil {
			return nil, Fetched{}, err
		}
		f.next = time.Now().Add(f.opt.Gap)
		body, wait, err := f.once(ctx, url, header)
		if err == nil {
			return body, Fetched{Hash: sha256.Sum256(body), Bytes: len(body)}, nil
		}
		if wait < 0 || try == maxTries || ctx.Err() != nil {
			return nil, Fetched{}, err
		}
		f.next = time.Now().Add(max(wait, f.backoff(try), f.opt.Gap))
	}
}

// JSON reads an address that answers JSON.
func (f *Fetcher) JSON(ctx context.Context, url string, header http.Header, into any) (Fetched, error) {
	body, got, err := f.Get(ctx, url, header)
	if err != nil {
		return got, err
	}
	if err := json.Unmarshal(body, into); err != nil {
		return got, fmt.Errorf("its answer is not the JSON that it should be: %w", err)
	}
	return got, nil
}

// backoff is how long to wait after a failure: twice as long each time, give or
// take a quarter.
func (f *Fetcher) backoff(try int) time.Duration {
	d := f.opt.Backoff << (try - 1)
	return d*3/4 + rand.N(d/2+1)
}

// once sends one request. wait is how long the source wants to be left alone; less
// than zero means that another try is of no use.
func (f *Fetcher) once(ctx context.Context, url string, header http.Header) (body []byte, wait time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, oneRequest)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, -1, errors.New("its address cannot be asked for")
	}
	req.Header = header.Clone()
	if req.Header == nil {
		req.Header = http.Header{}
	}
	req.Header.Set("User-Agent", f.opt.UserAgent)
	res, err := f.opt.Client.Do(req)
	if err != nil {
		return nil, 0, fmt.Errorf("it could not be reached: %w", bare(err))
	}
	defer func() { _ = res.Body.Close() }()
	return answer(res)
}

// bare takes the address, which may hold a key, out of an error of the client.
func bare(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
		err = inner
	}
	return err
}

func answer(res *http.Response) (body []byte, wait time.Duration, err error) {
	body, err = io.ReadAll(io.LimitReader(res.Body, maxPage+1))
	switch {
	case res.StatusCode != http.StatusOK:
		return nil, retryAfter(res), &StatusError{Status: res.StatusCode, Detail: detail(body)}
	case err != nil:
		return nil, 0, fmt.Errorf("its answer broke off: %w", bare(err))
	case len(body) > maxPage:
		return nil, -1, fmt.Errorf("its answer is longer than %d MiB", maxPage>>20)
	}
	return body, 0, nil
}

// retryAfter says how long to leave a source alone, which is nothing when it does
// not say; less than zero when its answer is final.
func retryAfter(res *http.Response) time.Duration {
	switch s := res.StatusCode; {
	case s == http.StatusRequestTimeout, s == http.StatusTooEarly, s == http.StatusTooManyRequests, s >= 500:
	default:
		return -1
	}
	after := res.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(after); err == nil {
		return min(max(time.Duration(seconds)*time.Second, 0), maxWait)
	}
	if date, err := http.ParseTime(after); err == nil {
		return min(max(time.Until(date), 0), maxWait)
	}
	return 0
}

// detail finds what a problem document (RFC 9457), or a like one, says.
func detail(body []byte) string {
	var said struct{ Detail, Title, Error, Message json.RawMessage }
	if json.Unmarshal(body, &said) != nil {
		return ""
	}
	for _, raw := range []json.RawMessage{said.Detail, said.Message, said.Error, said.Title} {
		var text string
		if json.Unmarshal(raw, &text) == nil && text != "" {
			return Plain(text, 200)
		}
	}
	return ""
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
