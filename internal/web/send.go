package web

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// Caching, as sent in Cache-Control.
const (
	// CacheMinute is for what changes with the verdict-minute.
	CacheMinute = "public, max-age=60, stale-while-revalidate=300"
	// CacheCheck lets a client keep the answer and ask each time whether it still
	// holds.
	CacheCheck = "no-cache"
	// CachePrivate is CacheCheck for what depends on cookies.
	CachePrivate = "private, no-cache"
	// CacheForever is for names that hold a hash of the content.
	CacheForever = "public, max-age=31536000, immutable"
)

// Content is a complete answer.
type Content struct {
	// Type is the media type, with charset where it has one.
	Type string
	// Cache is the value of Cache-Control; empty means CacheCheck.
	Cache string
	// ETag is the strong tag without quotes; empty means a hash of Body.
	ETag   string
	Status int // zero means 200
	Body   []byte
}

// Send answers a GET or HEAD with c, or with 304 when the client has it
// already.
func Send(w http.ResponseWriter, r *http.Request, c Content) error {
	tag := c.ETag
	if tag == "" {
		tag = Tag(c.Body)
	}
	h := w.Header()
	h.Set("Cache-Control", cmp.Or(c.Cache, CacheCheck))
	h.Set("ETag", `"`+tag+`"`)
	if c.Status == 0 && Unchanged(r, tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	h.Set("Content-Type", c.Type)
	h.Set("Content-Length", strconv.Itoa(len(c.Body)))
	w.WriteHeader(max(c.Status, http.StatusOK))
	if r.Method != http.MethodHead {
		_, _ = w.Write(c.Body) // the client is gone
	}
	return nil
}

// SendJSON is Send of v as JSON.
func SendJSON(w http.ResponseWriter, r *http.Request, c Content, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encoding the answer: %w", err)
	}
	c.Body = append(body, '\n')
	c.Type = cmp.Or(c.Type, "application/json")
	return Send(w, r, c)
}

// Tag returns a strong entity tag for the body, without quotes.
func Tag(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:12])
}

// Unchanged reports whether the client of r has the representation with this
// tag (RFC 9110, section 13.1.2).
func Unchanged(r *http.Request, tag string) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	for _, line := range r.Header.Values("If-None-Match") {
		for one := range strings.SplitSeq(line, ",") {
			one = strings.TrimPrefix(strings.TrimSpace(one), "W/")
			if one == "*" || strings.Trim(one, `"`) == tag {
				return true
			}
		}
	}
	return false
}
