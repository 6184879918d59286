package fake

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Fault is a way to misbehave: it stands before the handler that behaves.
type Fault func(http.Handler) http.Handler

// first lets the first so many requests be answered by do.
func first(times int, do func(next http.Handler, w http.ResponseWriter, req *http.Request)) Fault {
	return func(next http.Handler) http.Handler {
		var n atomic.Int64
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if n.Add(1) <= int64(times) {
				do(next, w, req)
				return
			}
			next.ServeHTTP(w, req)
		})
	}
}

// After lets so many requests pass before a fault begins.
func After(requests int, f Fault) Fault {
	return func(next http.Handler) http.Handler {
		broken := f(next)
		var n atomic.Int64
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if n.Add(1) <= int64(requests) {
				next.ServeHTTP(w, req)
				return
			}
			broken.ServeHTTP(w, req)
		})
	}
}

// Refuse answers so many requests with a status. retryAfter, a number of seconds or
// a date, says when to come back; empty for nothing said.
func Refuse(times, status int, retryAfter string) Fault {
	return first(times, func(_ http.Handler, w http.ResponseWriter, _ *http.Request) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		(&problem{Title: http.StatusText(status), Status: status, Detail: "not now"}).write(w)
	})
}

// Truncate sends half of so many answers, as if that were all.
func Truncate(times int) Fault {
	return first(times, func(next http.Handler, w http.ResponseWriter, req *http.Request) {
		whole := answerOf(next, req)
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(whole[:len(whole)/2])
	})
}

// Cut breaks off the connection in the middle of so many answers.
func Cut(times int) Fault {
	return first(times, func(next http.Handler, w http.ResponseWriter, req *http.Request) {
		whole := answerOf(next, req)
		w.Header().Set("Content-Length", strconv.Itoa(len(whole)))
		_, _ = w.Write(whole[:len(whole)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
}

// Slow waits before each tenth of so many answers.
func Slow(times int, wait time.Duration) Fault {
	return first(times, func(next http.Handler, w http.ResponseWriter, req *http.Request) {
		whole := answerOf(next, req)
		tenth := len(whole)/10 + 1
		for len(whole) > 0 {
			t := time.NewTimer(wait)
			select {
			case <-t.C:
			case <-req.Context().Done():
				t.Stop()
				return
			}
			n := min(len(whole), tenth)
			_, _ = w.Write(whole[:n])
			_ = http.NewResponseController(w).Flush()
			whole = whole[n:]
		}
	})
}

// Empty answers so many requests with a page without records and without a cursor.
func Empty(times int) Fault {
	return first(times, func(_ http.Handler, w http.ResponseWriter, _ *http.Request) {
		answer(w, page{Servers: []entry{}})
	})
}

// Loop gives each page the cursor of one that was there before.
func Loop(cursor string) Fault {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			var p page
			_ = json.Unmarshal(answerOf(next, req), &p) // always a page of our own
			p.Metadata.NextCursor, p.Metadata.Snake = cursor, ""
			answer(w, p)
		})
	}
}

// Both gives each page its cursor in both spellings.
func Both() Fault {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			var p page
			_ = json.Unmarshal(answerOf(next, req), &p)
			p.Metadata.Snake = p.Metadata.NextCursor
			answer(w, p)
		})
	}
}

// Redirect sends every request somewhere else.
func Redirect(to string) Fault {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { http.Redirect(w, req, to, http.StatusFound) })
	}
}

// Long answers with so many bytes of JSON.
func Long(size int) Fault {
	return func(http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(`{"servers":[],"metadata":{"count":0},"more":"`))
			kilo := bytes.Repeat([]byte("x"), 1024)
			for range size / 1024 {
				if _, err := w.Write(kilo); err != nil {
					return
				}
			}
			_, _ = w.Write([]byte(`"}`))
		})
	}
}

// Key refuses requests that lack a header, or have it with another value, and
// repeats in the answer what it was given, as careless services do.
func Key(header, want string) Fault {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
			if got := strings.Join(req.Header[http.CanonicalHeaderKey(header)], ","); got != want {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(http.StatusUnauthorized)
				_, _ = w.Write(encode(map[string]string{"error": "not welcome with " + got, "code": "unauthorized"}))
				return
			}
			next.ServeHTTP(w, req)
		})
	}
}
