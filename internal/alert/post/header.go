package post

import (
	"errors"
	"net/http"
	"regexp"
	"slices"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const maxHeaderValue = 4096

var errHeader = errors.New("a header of a sink has a name of letters, digits and dashes, and a value of one line; Host, Connection, Content-Length, Content-Type and Transfer-Encoding cannot be set")

// Headers returns what the owner of a sink has sent along with each request. The
// error holds no value.
func Headers(list []uptime.Header) (http.Header, error) {
	out := http.Header{}
	name, value := regexp.MustCompile(`^[A-Za-z0-9-]{1,100}$`), regexp.MustCompile(`^[\t -~]*$`)
	ours := []string{"Host", "Connection", "Content-Length", "Content-Type", "Transfer-Encoding", "Trailer", "Te", "Upgrade", "Keep-Alive"}
	for _, h := range list {
		key := http.CanonicalHeaderKey(h.Name)
		if !name.MatchString(key) || !value.MatchString(h.Value.Reveal()) || len(h.Value) > maxHeaderValue || slices.Contains(ours, key) {
			return nil, errHeader
		}
		out.Add(key, h.Value.Reveal())
	}
	return out, nil
}
