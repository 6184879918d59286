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
func decoded(resp *response) (io.Reader, []Note, error) {
	switch coding := strings.ToLower(resp.header.Get("Content-Encoding")); coding {
	case "", "identity":
		return resp.body, nil, nil
	case "gzip", "x-gzip":
		zr, err := gzip.NewReader(resp.body)
		if err != nil {
			return nil, nil, &Fault{Kind: BadFraming, Detail: "the answer says that it is gzip and is not", Err: err}
		}
		return zr, []Note{{ID: NoteCompressed, Detail: "compressed although identity was asked for"}}, nil
	default:
		return nil, nil, fault(ContentType, "the answer is compressed with %s, which was not asked for", printable(coding, 20))
	}
}

// readBody reads a body to its end, within limit bytes.
func readBody(r io.Reader, sizeHint, limit int) ([]byte, error) {
	buf := bytes.NewBuffer(make([]byte, 0, min(max(sizeHint+1, 512), limit+1)))
	n, err := io.Copy(buf, io.LimitReader(r, int64(limit)+1))
	switch {
	case n > int64(limit):
		return nil, fault(BodyLimit, "the answer's body is longer than %s", sizeWord(limit))
	case errors.Is(err, gzip.ErrChecksum), errors.Is(err, gzip.ErrHeader):
		return nil, &Fault{Kind: BadFraming, Detail: "the compressed body is damaged", Err: err}
	}
	return buf.Bytes(), err
}

func sizeWord(n int) string {
	if n >= 1<<20 {
		return strconv.Itoa(n>>20) + " MiB"
	}
	return strconv.Itoa(n>>10) + " KiB"
}
