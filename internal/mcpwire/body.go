package mcpwire

import (
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"strconv"
	"strings"
)

// decoded returns the body without its content coding. We ask for none
// (Accept-Encoding: identity); gzip is decoded all the same, with a note,
// because clients do. Other codings end in a fault.
func decoded(resp *response, limit int) (io.Reader, []Note, error) {
	switch coding := strings.ToLower(resp.header.Get("Content-Encoding")); coding {
	case "", "identity":
		return resp.body, nil, nil
	case "gzip", "x-gzip":
		return &gunzip{src: resp.body, left: limit}, []Note{{ID: NoteCompressed, Detail: "compressed although identity was asked for"}}, nil
	default:
		return nil, nil, fault(ContentType, "the answer is compressed with %s, which was not asked for", printable(coding, 20))
	}
}

// gunzip decodes a body from its first Read on: one that is empty needs no gzip
// header. At most left compressed bytes are read, because a stream of empty
// members would never come to an end.
type gunzip struct {
	src  io.Reader
	zr   *gzip.Reader
	left int
	read int   // compressed bytes
	err  error // of src, which gzip must not hide
}

// Read decodes; faults of the connection are passed on as they are.
func (g *gunzip) Read(p []byte) (int, error) {
	var err error
	if g.zr == nil {
		if g.zr, err = gzip.NewReader(compressed{g}); err != nil {
			g.zr = nil
			return 0, g.reason(err)
		}
	}
	n, err := g.zr.Read(p)
	return n, g.reason(err)
}

// reason tells damage from an error of the connection.
func (g *gunzip) reason(err error) error {
	switch {
	case err == nil, errors.Is(err, io.EOF) && (g.zr != nil || g.read == 0):
		return err
	case g.err != nil && !errors.Is(g.err, io.EOF):
		return g.err
	}
	return &Fault{Kind: BadFraming, Detail: "the answer says that it is gzip and is damaged", Err: err}
}

// compressed is what gunzip's decoder reads from.
type compressed struct{ g *gunzip }

// Read reads compressed bytes within the bound.
func (c compressed) Read(p []byte) (int, error) {
	g := c.g
	if g.left <= 0 {
		g.err = fault(BodyLimit, "the answer's compressed body is too long")
		return 0, g.err
	}
	n, err := g.src.Read(p[:min(len(p), g.left)])
	g.left, g.read, g.err = g.left-n, g.read+n, err
	return n, err
}

// promised bounds what is set aside for a body because its Content-Length says
// so: a server that promises much and then hangs must not cost much.
const promised = 64 << 10

// readBody reads a body to its end, within limit bytes. All its buffers together
// are less than twice the limit.
func readBody(r io.Reader, sizeHint, limit int) ([]byte, error) {
	if sizeHint == 0 {
		sizeHint = bytes.MinRead
	}
	buf := make([]byte, 0, min(sizeHint+1, promised, limit+1))
	for {
		if len(buf) == cap(buf) {
			buf = append(make([]byte, 0, min(2*cap(buf), limit+1)), buf...)
		}
		n, err := r.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case len(buf) > limit:
			return nil, fault(BodyLimit, "the answer's body is longer than %s", sizeWord(limit))
		case err == io.EOF: // bare: a fault may wrap it
			return buf, nil
		case err != nil:
			return buf, err
		}
	}
}

func sizeWord(n int) string {
	if n >= 1<<20 {
		return strconv.Itoa(n>>20) + " MiB"
	}
	return strconv.Itoa(n>>10) + " KiB"
}
