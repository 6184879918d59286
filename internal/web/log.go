package web

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"time"
)

// Log writes one line a request at debug level, and at error level what
// panicked: the client gets a 500 when nothing was sent yet. Queries and
// addresses are not logged; they can hold what is private.
func Log(log *slog.Logger, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		seen := &observed{ResponseWriter: w}
		defer func() {
			recovered(log, seen, r, recover())
			log.DebugContext(r.Context(), "answered", "method", r.Method, "path", discreet(r.URL.Path),
				"status", seen.status, "bytes", seen.bytes, "took", time.Since(began))
		}()
		next.ServeHTTP(seen, r)
	})
}

// tokenLength is below the length of every token of a signed link, and above
// that of every other part of an address here.
const tokenLength = 80

// discreet hides the token of a signed link: whoever reads the log must not be
// able to act with it.
func discreet(path string) string {
	end := strings.LastIndexByte(path, '/') + 1
	if len(path)-end < tokenLength {
		return path
	}
	return path[:end] + "[token]"
}

func recovered(log *slog.Logger, w *observed, r *http.Request, what any) {
	if what == nil {
		return
	}
	if err, ok := what.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(what) // net/http cuts the connection, as the handler wants it
	}
	log.ErrorContext(r.Context(), "a handler panicked", "path", discreet(r.URL.Path),
		"panic", fmt.Sprint(what), "stack", string(debug.Stack()))
	if w.status == 0 {
		WriteProblem(w, r, &Fault{Status: http.StatusInternalServerError})
	}
}

// observed notes what was answered.
type observed struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// Unwrap lets http.ResponseController reach the connection.
func (o *observed) Unwrap() http.ResponseWriter { return o.ResponseWriter }

// WriteHeader notes the status.
func (o *observed) WriteHeader(status int) {
	if o.status == 0 {
		o.status = status
	}
	o.ResponseWriter.WriteHeader(status)
}

// Write notes the size.
func (o *observed) Write(p []byte) (int, error) {
	if o.status == 0 {
		o.status = http.StatusOK
	}
	n, err := o.ResponseWriter.Write(p)
	o.bytes += int64(n)
	return n, err
}
