package registry

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// StatusError is an answer that says no.
type StatusError struct {
	Status int
	// Detail is what the answer says about it, cleaned and cut; may be empty.
	Detail string
	// After is how long the source wants to be left alone, when that is more than a
	// crawl waits for; zero otherwise.
	After time.Duration
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
	if e.After > 0 {
		s += fmt.Sprintf(" (it wants to be left alone for %s)", e.After.Round(time.Second))
	}
	return s
}

// retryAfter says how long to leave a source alone, which is nothing when it does
// not say; less than zero when its answer is final. A 403 is, unless it says when
// to come back, as GitHub's does.
func retryAfter(res *http.Response) time.Duration {
	after, said := asked(res.Header)
	switch s := res.StatusCode; {
	case s == http.StatusRequestTimeout, s == http.StatusTooEarly, s == http.StatusTooManyRequests, s >= 500:
		return after
	case s == http.StatusForbidden && said:
		return after
	}
	return -1
}

// asked reads what a source says about when to come back; at most a day.
func asked(h http.Header) (d time.Duration, said bool) {
	const most = 24 * time.Hour
	after := h.Get("Retry-After")
	if seconds, err := strconv.ParseInt(after, 10, 64); err == nil {
		return time.Duration(min(max(seconds, 0), int64(most/time.Second))) * time.Second, true
	}
	if date, err := http.ParseTime(after); err == nil {
		return min(max(time.Until(date), 0), most), true
	}
	if d := used(h); d > 0 {
		return d, true
	}
	return 0, false
}

// used says how long to wait because the quota is used up, by the headers that
// GitHub and others have for it: nothing left, and when (in Unix seconds) it is
// full again. At most five minutes.
func used(h http.Header) time.Duration {
	reset, err := strconv.ParseInt(h.Get("X-RateLimit-Reset"), 10, 64)
	if h.Get("X-RateLimit-Remaining") != "0" || err != nil {
		return 0
	}
	return min(max(time.Until(time.Unix(reset, 0)), 0), maxWait)
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
