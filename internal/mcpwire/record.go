package mcpwire

import (
	"bytes"
	"time"
)

// Recorder keeps what was said on the wire, cut to size. It is for one goroutine
// at a time. A nil Recorder keeps nothing.
type Recorder struct {
	Began     time.Time
	Exchanges []Recorded
	size      int
}

// Recorded is one exchange as it was on the wire; nothing is redacted yet. It
// refers to what was said and is put into words only when somebody asks.
type Recorded struct {
	At, Took time.Duration
	Fault    string

	request *request
	line    []byte // of stdio
	head    []byte
	body    []byte
}

// Bounds of a transcript, before redaction.
const (
	recordRequest  = 1 << 10
	recordHead     = 1 << 10
	recordBody     = 2 << 10
	recordTotal    = 16 << 10
	recordedAtMost = 32
)

// Request returns what was sent, cut to size.
func (r Recorded) Request() string {
	if r.request == nil {
		return cut(r.line, recordRequest)
	}
	return cut(appendRequest(nil, r.request), recordRequest)
}

// Response returns what came back, cut to size.
func (r Recorded) Response() string {
	if r.head == nil {
		return cut(r.body, recordBody)
	}
	return cut(r.head, recordHead) + "\r\n" + cut(r.body, recordBody)
}

// add keeps an exchange. A body that is longer than what is shown is copied in
// part, so that it does not live as long as the transcript.
func (r *Recorder) add(began time.Time, req *request, x *reply, f *Fault) {
	rec := Recorded{At: began.Sub(r.since(began)), Took: x.ans.Took, request: req, body: x.ans.Body}
	if x.resp != nil {
		rec.head = x.resp.head
	}
	r.keep(rec, f)
}

// addLine keeps an exchange of stdio.
func (r *Recorder) addLine(x *reply, line []byte, f *Fault) {
	r.keep(Recorded{At: x.began.Sub(r.since(x.began)), Took: x.ans.Took, line: line, body: x.ans.Body}, f)
}

func (r *Recorder) since(def time.Time) time.Time {
	if r == nil {
		return def
	}
	return r.Began
}

func (r *Recorder) keep(rec Recorded, f *Fault) {
	if r == nil || r.size >= recordTotal || len(r.Exchanges) >= recordedAtMost {
		return
	}
	if f != nil {
		rec.Fault = f.Detail
	}
	if len(rec.body) > 8*recordBody {
		rec.body = bytes.Clone(rec.body[:recordBody+1])
	}
	r.size += min(len(rec.head), recordHead) + min(len(rec.body), recordBody) + 256
	r.Exchanges = append(r.Exchanges, rec)
}

// cut returns at most n bytes of b and says so when it left some out.
func cut(b []byte, n int) string {
	if len(b) <= n {
		return string(b)
	}
	return string(b[:n]) + " ...[cut]"
}
