package web

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Handler answers a request or says why it cannot. A handler that has begun to
// write returns nil, or an error that nobody but the log will see.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Adapt makes an http.Handler of h. What h returns goes to fail, which answers
// in the form that suits the client.
func Adapt(h Handler, fail func(http.ResponseWriter, *http.Request, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			fail(w, r, err)
		}
	})
}

// Fault is an error with a status that the table of StatusOf does not give it.
type Fault struct {
	Status int
	Detail string // for the client
}

// Error returns the status and the detail.
func (f *Fault) Error() string { return fmt.Sprintf("%s: %s", http.StatusText(f.Status), f.Detail) }

// StatusOf is the one table of errors and HTTP statuses. Errors that it does
// not know are our own failure: 500.
func StatusOf(err error) int {
	var fault *Fault
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &fault):
		return fault.Status
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, uptime.ErrNotFound):
		return http.StatusNotFound
	case errors.Is(err, uptime.ErrInvalid):
		return http.StatusBadRequest
	case errors.Is(err, uptime.ErrConflict):
		return http.StatusConflict
	case errors.Is(err, uptime.ErrForbidden):
		return http.StatusForbidden
	default:
		return http.StatusInternalServerError
	}
}

// DetailOf returns what a client may read about err: its text when the client
// can do something about it, nothing when it is our own failure.
func DetailOf(err error) string {
	if fault, ok := errors.AsType[*Fault](err); ok {
		return fault.Detail
	}
	if StatusOf(err) >= http.StatusInternalServerError {
		return ""
	}
	return err.Error()
}

// WantsHTML reports whether the client would rather read a page than a
// document: browsers name text/html, scripts do not.
func WantsHTML(r *http.Request) bool {
	accept := strings.Join(r.Header.Values("Accept"), ",")
	return strings.Contains(accept, "text/html") || strings.Contains(accept, "application/xhtml+xml")
}
