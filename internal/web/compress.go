package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// minGzip is the smallest answer, in bytes, that is worth compressing.
const minGzip = 1 << 10

// gzipMark is what the entity tag of a compressed representation ends with: a
// strong tag names bytes, and the bytes differ.
const gzipMark = "-gz"

// Compress compresses what next answers, for clients that accept gzip: text of
// known length and at least a kilobyte. Streams pass untouched. Strong entity
// tags stay strong and handlers need not know about it.
func Compress(next http.Handler) http.Handler {
	pool := &sync.Pool{New: func() any {
		z, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed+1) // a valid level
		return z
	}}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("Vary", "Accept-Encoding")
		if !AcceptsGzip(r) {
			next.ServeHTTP(w, r)
			return
		}
		z := &gzipped{ResponseWriter: w, pool: pool}
		defer z.close()
		next.ServeHTTP(z, unmark(r, z))
	})
}

// AcceptsGzip reports whether the client of r takes gzip. It reads
// Accept-Encoding, where gzip;q=0 refuses.
func AcceptsGzip(r *http.Request) bool {
	for one := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, params, _ := strings.Cut(strings.TrimSpace(one), ";")
		if name != "gzip" && name != "*" {
			continue
		}
		q, found := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
		weight, err := strconv.ParseFloat(q, 64)
		return !found || err == nil && weight > 0
	}
	return false
}

// unmark takes the mark off the tags that the client has, so that the handler
// recognises its own.
func unmark(r *http.Request, z *gzipped) *http.Request {
	tags := r.Header.Get("If-None-Match")
	if !strings.Contains(tags, gzipMark+`"`) {
		return r
	}
	z.marked = true
	r = r.Clone(r.Context())
	r.Header.Set("If-None-Match", strings.ReplaceAll(tags, gzipMark+`"`, `"`))
	return r
}

// gzipped is a response that decides when the headers are known.
type gzipped struct {
	http.ResponseWriter
	pool   *sync.Pool
	writer *gzip.Writer // nil: passed through
	marked bool
	begun  bool
}

// Unwrap lets http.ResponseController reach the connection.
func (z *gzipped) Unwrap() http.ResponseWriter { return z.ResponseWriter }

// WriteHeader decides whether the body will be compressed.
func (z *gzipped) WriteHeader(status int) {
	if z.begun {
		return
	}
	z.begun = true
	h := z.Header()
	if status == http.StatusNotModified && z.marked {
		mark(h)
	}
	if worthIt(h, status) {
		h.Set("Content-Encoding", "gzip")
		h.Del("Content-Length")
		mark(h)
		z.writer, _ = z.pool.Get().(*gzip.Writer)
		z.writer.Reset(z.ResponseWriter)
	}
	z.ResponseWriter.WriteHeader(status)
}

func worthIt(h http.Header, status int) bool {
	if status != http.StatusOK && status < 400 || h.Get("Content-Encoding") != "" {
		return false
	}
	size, err := strconv.Atoi(h.Get("Content-Length"))
	return err == nil && size >= minGzip && isText(h.Get("Content-Type"))
}

func isText(mediaType string) bool {
	for _, part := range []string{"text/", "json", "xml", "javascript", "svg"} {
		if strings.Contains(mediaType, part) {
			return true
		}
	}
	return false
}

func mark(h http.Header) {
	if tag := h.Get("ETag"); strings.HasSuffix(tag, `"`) && !strings.HasPrefix(tag, "W/") {
		h.Set("ETag", strings.TrimSuffix(tag, `"`)+gzipMark+`"`)
	}
}

// Write writes a part of the body.
func (z *gzipped) Write(p []byte) (int, error) {
	z.WriteHeader(http.StatusOK)
	if z.writer != nil {
		return z.writer.Write(p)
	}
	return z.ResponseWriter.Write(p)
}

func (z *gzipped) close() {
	if z.writer == nil {
		return
	}
	_ = z.writer.Close() // the client is gone
	z.pool.Put(z.writer)
	z.writer = nil
}
