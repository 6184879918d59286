package findings

import (
	"cmp"
	"slices"
	"strings"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/endpoint"
	"github.com/alivemcp/alivemcp/internal/public"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Alias is another address that a server sends its clients to for good. The zero
// Alias is none. It is shown beside the endpoint, and never merged with it: whoever
// runs an address could otherwise take over what is said of another one.
type Alias struct {
	URL string // in canonical form, without a query
	// Key is the endpoint that it would be, with the transport that is spoken; nobody
	// may have listed it.
	Key uptime.EndpointKey
}

// live gathers what a server showed last.
func (x *Index) live(row *board.Row, e *uptime.Endpoint) (uptime.LiveServer, Alias) {
	l := uptime.LiveServer{State: row.State, Access: row.Access}
	if row.State == uptime.Live || row.State == uptime.Degraded {
		l.Transport = row.Transport
	}
	if row.Tools > 0 {
		l.Tools = row.ToolsHash
	}
	cells := x.opt.Looks(row.Tenant, row.Server)
	for i := range cells {
		if last := cells[i].Last(); last.Era != "" { // the handshake was complete
			l.Version, l.Transport = cmp.Or(l.Version, last.ServerVer), cmp.Or(l.Transport, last.Transport)
		}
	}
	var alias Alias
	for i := range cells {
		to, inside := aliasOf(cells[i].Last().Redirect, e.URL, cmp.Or(l.Transport, e.Transport))
		alias, l.Refused = cmp.Or(alias, to), l.Refused || inside
	}
	if l.Refused { // what looks like a public name from one region is inside for another
		alias = Alias{}
	}
	l.Moved = alias.URL
	return l, alias
}

// aliasOf reads where a server at an address sends its clients; inside says that
// nobody may follow.
func aliasOf(r *uptime.Redirect, own string, t uptime.Transport) (alias Alias, inside bool) {
	if r == nil || r.Refused {
		return Alias{}, r != nil
	}
	to := endpoint.Of(&uptime.Listing{URL: public.URL(r.To), Transport: string(t)})
	own, _, _ = strings.Cut(own, "?")
	if !r.Permanent || to.Kind != uptime.EndpointRemote || handsOut(to.URL, own) || strings.TrimSuffix(own, "/") == strings.TrimSuffix(to.URL, "/") {
		return Alias{}, false
	}
	return Alias{URL: to.URL, Key: to.Key}, false
}

// handsOut reports whether an address has something in its path that looks as if it
// was made for whoever asks, such as a session: that is no move, and nobody else's
// business. What the endpoint's own address has is known already.
func handsOut(to, own string) bool {
	_, path, _ := strings.Cut(strings.TrimPrefix(to, "https://"), "/")
	return slices.ContainsFunc(strings.FieldsFunc(path, betweenParts), func(part string) bool {
		plain := strings.ReplaceAll(part, "-", "")
		hex := strings.Trim(plain, "0123456789abcdefABCDEF") == ""
		return len(plain) >= 16 && strings.ContainsAny(plain, "0123456789") && (hex || plain == part) && !strings.Contains(own, part)
	})
}

func betweenParts(c rune) bool { return strings.ContainsRune("/;=._~%", c) }

// maxTwins is how many other names are quoted.
const maxTwins = 5

// catalogues are the names under which each list of tools is shown, by its hash.
type catalogues map[string][]string

func (c catalogues) add(e *Entry) {
	if e.Live.Tools != "" {
		c[e.Live.Tools] = append(c[e.Live.Tools], e.Name)
	}
}

func (c catalogues) sort() {
	for hash, names := range c {
		slices.Sort(names)
		c[hash] = slices.Compact(names)
	}
}

// twins returns the first names that show the same tools as an endpoint and are none
// of its own, and how many there are.
func (c catalogues) twins(e *Entry, own []string) (names []string, n int) {
	for _, name := range c[e.Live.Tools] {
		if name == e.Name || slices.Contains(own, name) {
			continue
		}
		if n++; n <= maxTwins {
			names = append(names, name)
		}
	}
	return names, n
}
