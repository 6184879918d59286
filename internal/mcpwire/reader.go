package mcpwire

import (
	"bytes"
	"io"
	"sync"
)

const bufferSize = 16 << 10

// reader buffers what comes from a connection. It takes its buffer from the
// pool only when the first byte is there, so that a probe waiting for a server
// that hangs holds none.
type reader struct {
	src   io.Reader
	pool  *sync.Pool
	buf   []byte // nil while idle
	r, w  int
	first [1]byte
	total int64 // bytes read from src
}

// await blocks until at least one byte is buffered.
func (rd *reader) await() error {
	if rd.r < rd.w {
		return nil
	}
	if rd.buf != nil {
		return rd.fill()
	}
	n, err := rd.src.Read(rd.first[:])
	if n == 0 {
		return orNoProgress(err)
	}
	rd.buf = *rd.pool.Get().(*[]byte)
	rd.buf[0] = rd.first[0]
	rd.r, rd.w = 0, 1
	rd.total++
	return nil
}

// fill reads at least one more byte behind what is buffered, making room first.
func (rd *reader) fill() error {
	if rd.buf == nil {
		return rd.await()
	}
	if rd.r == rd.w {
		rd.r, rd.w = 0, 0
	} else if rd.w == len(rd.buf) && rd.r > 0 {
		rd.w = copy(rd.buf, rd.buf[rd.r:rd.w])
		rd.r = 0
	}
	if rd.w == len(rd.buf) {
		rd.buf = append(rd.buf, make([]byte, len(rd.buf))...)
	}
	n, err := rd.src.Read(rd.buf[rd.w:])
	rd.w += n
	rd.total += int64(n)
	if n > 0 {
		return nil
	}
	return orNoProgress(err)
}

func orNoProgress(err error) error {
	if err == nil {
		return io.ErrNoProgress
	}
	return err
}

// Read gives what is buffered, else what comes next.
func (rd *reader) Read(p []byte) (int, error) {
	if err := rd.await(); err != nil {
		return 0, err
	}
	n := copy(p, rd.buf[rd.r:rd.w])
	rd.r += n
	return n, nil
}

// line returns the next line without its end, which may be CRLF or LF. Lines
// over limit bytes end in a fault. The result is valid until the next call.
func (rd *reader) line(limit int) ([]byte, error) {
	scanned := 0
	for {
		if i := bytes.IndexByte(rd.buf[rd.r+scanned:rd.w], '\n'); i >= 0 {
			line := rd.buf[rd.r : rd.r+scanned+i]
			rd.r += scanned + i + 1
			return bytes.TrimSuffix(line, []byte{'\r'}), nil
		}
		if scanned = rd.w - rd.r; scanned > limit {
			return nil, fault(HeaderLimit, "a line of the answer's head is longer than %d KiB", limit>>10)
		}
		if err := rd.fill(); err != nil {
			return nil, err
		}
	}
}

// release gives the buffer back when nothing is left in it.
func (rd *reader) release() {
	if rd.buf != nil && rd.r == rd.w && len(rd.buf) == bufferSize {
		buf := rd.buf // the pool must not hold a pointer into rd
		rd.pool.Put(&buf)
		rd.buf = nil
	}
	if rd.r == rd.w {
		rd.r, rd.w = 0, 0
	}
}

// newPool returns the pool of read buffers that the connections of one Dialer
// share.
func newPool() *sync.Pool {
	return &sync.Pool{New: func() any {
		b := make([]byte, bufferSize)
		return &b
	}}
}
