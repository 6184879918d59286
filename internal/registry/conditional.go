package registry

import (
	"context"
	"encoding/json"
	"net/http"
)

// known is an answer that was kept, with what its server gave to ask for it again
// (RFC 9110 §13.1).
type known struct {
	ETag     string `json:"etag,omitempty"`
	Modified string `json:"modified,omitempty"`
	Body     []byte `json:"body"`
}

// ask makes a request conditional; known may be nil.
func (k *known) ask(h http.Header) {
	if k == nil {
		return
	}
	if k.ETag != "" {
		h.Set("If-None-Match", k.ETag)
	}
	if k.Modified != "" {
		h.Set("If-Modified-Since", k.Modified)
	}
}

// Again reads an address as Get does, and transfers it only when it has changed
// since the last time, as far as its server can tell and the cache remembers.
func (f *Fetcher) Again(ctx context.Context, url string, header Header) ([]byte, Fetched, error) {
	k := &known{}
	if raw, _, ok := f.opt.Cache.Get(ctx, conditionally(url)); ok && json.Unmarshal(raw, k) != nil {
		k = &known{}
	}
	return f.read(ctx, &request{url: url, header: header, known: k})
}

func conditionally(url string) string { return "conditional " + url }

// known returns the body of a reply: what was sent, or what is known already.
func (f *Fetcher) known(ctx context.Context, r *request, got reply) ([]byte, Fetched, error) {
	if got.same {
		return r.known.Body, hashed(r.known.Body, 0), nil
	}
	if k := (known{ETag: got.head.Get("ETag"), Modified: got.head.Get("Last-Modified"), Body: got.body}); r.known != nil && k.ETag+k.Modified != "" {
		if raw, err := json.Marshal(k); err == nil {
			f.opt.Cache.Put(ctx, conditionally(r.url), raw)
		}
	}
	return got.body, hashed(got.body, len(got.body)), nil
}
