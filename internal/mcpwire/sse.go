package mcpwire

import (
	"bytes"
	"errors"
	"io"
	"time"
)

// event is one event of a text/event-stream (WHATWG HTML §9.2). Data is valid
// until the next call of next.
type event struct {
	name string // "message" when the stream did not say
	id   string
	data []byte
	// cut says that the stream ended, or fell silent, before the blank line that
	// completes an event.
	cut bool
}

// eventReader reads events within bounds.
type eventReader struct {
	src   io.Reader
	limit int // bytes of the whole stream

	buf    []byte
	r, w   int
	total  int
	skipLF bool // the line before ended with CR: an LF that follows belongs to it
	ended  error

	data    []byte
	hasData bool
	name    string
	id      string

	// patience, when set, is told to wait only briefly while an event lacks
	// nothing but its blank line, and to wait normally again.
	patience func(brief bool)
}

func newEventReader(src io.Reader, limit int) *eventReader {
	return &eventReader{src: src, limit: limit, buf: make([]byte, 4<<10)}
}

// next returns the next event that has data or a name of its own. At the end of
// the stream it returns io.EOF; an event that was cut there is returned before.
func (er *eventReader) next() (event, error) {
	er.data, er.hasData, er.name, er.id = er.data[:0], false, "", ""
	for {
		line, err := er.line()
		if err != nil {
			return er.last(err)
		}
		if len(line) == 0 {
			if er.hasData || er.name != "" {
				return er.event(false), nil
			}
			continue
		}
		er.field(line)
	}
}

// last turns the end of the stream into the event that it cut, if there is one.
// A fault (the stream is too long) stays what it is.
func (er *eventReader) last(err error) (event, error) {
	if er.hasData && er.ended == nil && !isFault(err) {
		er.ended = err
		return er.event(true), nil
	}
	return event{}, err
}

func (er *eventReader) event(cut bool) event {
	name := er.name
	if name == "" {
		name = "message"
	}
	return event{name: name, id: er.id, data: er.data, cut: cut}
}

// field takes one line of an event; comments and unknown fields are ignored.
func (er *eventReader) field(line []byte) {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "data":
		if er.hasData {
			er.data = append(er.data, '\n')
		}
		er.data, er.hasData = append(er.data, value...), true
	case "event":
		er.name = string(value[:min(len(value), 256)])
	case "id":
		er.id = string(value[:min(len(value), 1024)])
	}
}

// line returns the next line; CR, LF and CRLF end one.
func (er *eventReader) line() ([]byte, error) {
	if er.ended != nil {
		return nil, er.ended
	}
	scanned := 0
	for {
		if er.skipLF && er.r < er.w {
			er.skipLF = false
			if er.buf[er.r] == '\n' {
				er.r++
			}
		}
		if i := lineEnd(er.buf[er.r+scanned : er.w]); i >= 0 {
			line := er.buf[er.r : er.r+scanned+i]
			er.skipLF = er.buf[er.r+scanned+i] == '\r'
			er.r += scanned + i + 1
			return er.withoutBOM(line), nil
		}
		scanned = er.w - er.r
		if err := er.fill(); err != nil {
			return er.partial(err)
		}
		scanned = min(scanned, er.w-er.r)
	}
}

// lineEnd returns the index of the first CR or LF, or -1.
func lineEnd(b []byte) int {
	lf := bytes.IndexByte(b, '\n')
	if lf >= 0 {
		b = b[:lf]
	}
	if cr := bytes.IndexByte(b, '\r'); cr >= 0 {
		return cr
	}
	return lf
}

// partial keeps a last line that has no end, so that an answer whose stream was
// closed one byte early is still seen.
func (er *eventReader) partial(err error) ([]byte, error) {
	if er.r < er.w && er.ended == nil && !isFault(err) {
		er.field(er.withoutBOM(er.buf[er.r:er.w]))
		er.r = er.w
	}
	return nil, err
}

func (er *eventReader) withoutBOM(line []byte) []byte {
	if er.total == er.w && er.r <= len(line)+1 { // the first line
		return bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
	}
	return line
}

// fill reads more, growing the buffer when one line fills it.
func (er *eventReader) fill() error {
	if er.total >= er.limit {
		return fault(BodyLimit, "the event stream is longer than %d MiB", er.limit>>20)
	}
	if er.r > 0 {
		er.w = copy(er.buf, er.buf[er.r:er.w])
		er.r = 0
	}
	if er.w == len(er.buf) {
		er.buf = append(er.buf, make([]byte, len(er.buf))...)
	}
	n, err := er.read()
	er.w += n
	er.total += n
	if n > 0 {
		return nil
	}
	return orNoProgress(err)
}

// read reads once; while an event is under way it does so with little patience,
// because some servers never send the line end and blank line that complete it.
func (er *eventReader) read() (int, error) {
	brief := er.patience != nil && (er.hasData || er.r < er.w)
	if brief {
		er.patience(true)
		defer func(p func(bool)) { p(false) }(er.patience)
	}
	n, err := er.src.Read(er.buf[er.w:])
	if !brief || n > 0 || !isTimeout(err) {
		return n, err
	}
	if er.whole() {
		return 0, errSilent
	}
	er.patience(false)
	er.patience = nil // more data lines may come; wait for them as for anything
	return er.src.Read(er.buf[er.w:])
}

// whole reports whether the event under way lacks nothing but its end.
func (er *eventReader) whole() bool {
	data := er.data
	if value, ok := bytes.CutPrefix(er.buf[er.r:er.w], []byte("data:")); ok {
		data = append(bytes.Clone(data), value...)
	}
	return CheckJSON(data) == nil
}

// errSilent says that the stream fell silent in the middle of an event.
var errSilent = errors.New("the event stream fell silent before the blank line that ends an event")

// blankLinePatience is how long the blank line behind complete data is waited
// for.
const blankLinePatience = 300 * time.Millisecond
