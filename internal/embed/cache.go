package embed

import (
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"weak"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/web"
)

// maxRendered bounds how many answers a cache holds. A full one is emptied:
// rendering again takes microseconds.
const maxRendered = 1 << 15

// rendered keeps answers made from rows. Rows are immutable, so an answer holds
// for exactly as long as the board hands out the same pointer. It does not keep
// old rows in memory. Safe for concurrent use; the zero value is empty.
type rendered[K comparable] struct {
	answers sync.Map // K -> *answer
	count   atomic.Int64
}

// answer is a complete answer whose header values are ready to be sent.
type answer struct {
	row  weak.Pointer[board.Row]
	tag  string // without quotes
	body []byte

	mediaType, cache, etag, length []string
}

// get returns the answer for the key if it was made from this very row, else
// what build makes of it.
func (c *rendered[K]) get(key K, row *board.Row, build func() (web.Content, error)) (*answer, error) {
	if found, ok := c.answers.Load(key); ok {
		if a, ok := found.(*answer); ok && a.row.Value() == row {
			return a, nil
		}
	}
	content, err := build()
	if err != nil {
		return nil, err
	}
	a := newAnswer(content)
	a.row = weak.Make(row)
	if _, replaced := c.answers.Swap(key, a); !replaced && c.count.Add(1) > maxRendered {
		c.answers.Clear()
		c.count.Store(0)
	}
	return a, nil
}

func newAnswer(c web.Content) *answer {
	tag := c.ETag
	if tag == "" {
		tag = web.Tag(c.Body)
	}
	return &answer{
		tag: tag, body: c.Body,
		mediaType: []string{c.Type}, cache: []string{c.Cache},
		etag: []string{`"` + tag + `"`}, length: []string{strconv.Itoa(len(c.Body))},
	}
}

// send answers a GET or HEAD, to pages of any origin. The slices are shared by
// all answers: net/http only reads them.
func (a *answer) send(w http.ResponseWriter, r *http.Request) {
	web.Embeddable(w)
	h := w.Header()
	h["Cache-Control"], h["Etag"] = a.cache, a.etag
	if web.Unchanged(r, a.tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h["Content-Type"], h["Content-Length"] = a.mediaType, a.length
	if r.Method != http.MethodHead {
		_, _ = w.Write(a.body) // the client is gone
	}
}
