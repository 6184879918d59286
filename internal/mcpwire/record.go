package mcpwire

import "time"

// Recorder keeps what was said on the wire, cut to size. It is for one goroutine
// at a time. A nil Recorder keeps nothing.
type Recorder struct {
	Began     time.Time
	Exchanges []Recorded
	size      int
}

// Recorded is one exchange as it was on the wire; nothing is redacted yet.
type Recorded struct {
	At, Took time.Duration
	Request  []byte
	Response []byte
	Fault    string
}

// Bounds of a transcript, before redaction.
const (
	recordRequest  = 1 << 10
	recordHead     = 1 << 10
	recordBody     = 2 << 10
	recordTotal    = 16 << 10
	recordedAtMost = 32
)

func (r *Recorder) add(began time.Time, req *request, x *reply, f *Fault) {
	if r == nil || r.size >= recordTotal || len(r.Exchanges) >= recordedAtMost {
		return
	}
	rec := Recorded{At: began.Sub(r.Began), Took: x.ans.Took}
	if req != nil {
		rec.Request = cut(appendRequest(nil, req), recordRequest)
	}
	if x.resp != nil {
		rec.Response = cut(x.resp.head, recordHead)
		rec.Response = append(append(rec.Response, "\r\n"...), cut(x.ans.Body, recordBody)...)
	}
	if f != nil {
		rec.Fault = f.Detail
	}
	r.size += len(rec.Request) + len(rec.Response)
	r.Exchanges = append(r.Exchanges, rec)
}

// cut copies at most n bytes of b and says so when it left some out.
func cut(b []byte, n int) []byte {
	if len(b) <= n {
		return append(make([]byte, 0, len(b)+256), b...)
	}
	return append(append(make([]byte, 0, n+256), b[:n]...), " ...[cut]"...)
}
