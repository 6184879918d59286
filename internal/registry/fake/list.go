package fake

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// page is an answer of /servers.
type page struct {
	Servers  []entry  `json:"servers"`
	Metadata metadata `json:"metadata"`
}

type metadata struct {
	NextCursor string `json:"nextCursor,omitempty"`
	Snake      string `json:"next_cursor,omitempty"`
	Count      int    `json:"count"`
}

// query is what a client may ask of a list. Parameters that are not known are
// ignored.
type query struct {
	limit   int
	cursor  Record // a name and a version
	search  string
	since   time.Time
	version string
	deleted bool
}

// list answers by keyset: what comes after the cursor, in the order of bytes. A
// cursor that nobody gave out is as good as any other. There is a next one
// whenever the page is full, also when nothing follows.
func (r *Registry) list(w http.ResponseWriter, req *http.Request) {
	if strings.Contains(req.URL.RawQuery, "%00") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = w.Write(encode(problem{Title: "Bad Request", Status: http.StatusBadRequest, Detail: "Invalid request: query parameters contain null bytes"}))
		return
	}
	q, wrong := readQuery(req)
	if wrong != nil {
		wrong.write(w)
		return
	}
	p := page{Servers: []entry{}}
	r.mu.Lock()
	defer r.mu.Unlock()
	start, _ := slices.BinarySearchFunc(r.records, q.cursor, order)
	for i := start; i < len(r.records) && len(p.Servers) < q.limit; i++ {
		one := &r.records[i]
		if order(*one, q.cursor) == 0 || !q.wants(one) {
			continue
		}
		p.Servers = append(p.Servers, one.entry())
		if len(p.Servers) == q.limit {
			p.Metadata.NextCursor = one.Name + ":" + one.Version
		}
	}
	p.Metadata.Count = len(p.Servers)
	if r.snake {
		p.Metadata.NextCursor, p.Metadata.Snake = "", p.Metadata.NextCursor
	}
	answer(w, p)
}

func (q *query) wants(r *Record) bool {
	switch {
	case r.Status == "deleted" && !q.deleted, r.Updated.Before(q.since):
		return false
	case q.version == "latest":
		if !r.Latest {
			return false
		}
	case q.version != "" && q.version != r.Version:
		return false
	}
	return strings.Contains(strings.ToLower(r.Name), strings.ToLower(q.search))
}

func readQuery(req *http.Request) (q query, wrong *problem) {
	values := req.URL.Query()
	if q.limit, wrong = readLimit(values.Get("limit")); wrong != nil {
		return q, wrong
	}
	if q.search = strings.TrimSpace(values.Get("search")); q.search != "" && len(q.search) < 3 {
		return q, invalid("search must contain at least 3 characters after trimming surrounding whitespace")
	}
	if since := values.Get("updated_since"); since != "" {
		at, err := time.Parse(time.RFC3339, since)
		if err != nil {
			return q, &problem{
				Title: "Bad Request", Status: http.StatusBadRequest,
				Detail: "Invalid updated_since format: expected RFC3339 timestamp (e.g., 2025-08-07T13:15:04.280Z)",
			}
		}
		q.since = at
	}
	q.cursor.Name, q.cursor.Version, _ = strings.Cut(values.Get("cursor"), ":")
	q.version = values.Get("version")
	q.deleted = values.Get("include_deleted") == "true" || !q.since.IsZero()
	return q, nil
}

// readLimit reads 1 to 100, 30 when nothing is said.
func readLimit(text string) (int, *problem) {
	n, err := strconv.Atoi(cmp.Or(text, "30"))
	switch {
	case err != nil:
		return 0, invalid("validation failed", fault{Message: "invalid integer", Location: "query.limit", Value: text})
	case n < 1:
		return 0, invalid("validation failed", fault{Message: "expected number >= 1", Location: "query.limit", Value: n})
	case n > 100:
		return 0, invalid("validation failed", fault{Message: "expected number <= 100", Location: "query.limit", Value: n})
	}
	return n, nil
}

// versions lists all versions of a name.
func (r *Registry) versions(w http.ResponseWriter, req *http.Request) {
	found := r.find(req, func(*Record) bool { return true })
	if len(found) == 0 {
		gone().write(w)
		return
	}
	answer(w, page{Servers: found, Metadata: metadata{Count: len(found)}})
}

// version answers one version of a name, or the latest.
func (r *Registry) version(w http.ResponseWriter, req *http.Request) {
	want := req.PathValue("version")
	found := r.find(req, func(one *Record) bool { return one.Version == want || want == "latest" && one.Latest })
	if len(found) == 0 {
		gone().write(w)
		return
	}
	answer(w, found[0])
}

func (r *Registry) find(req *http.Request, wants func(*Record) bool) (found []entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	name, deleted := req.PathValue("name"), req.URL.Query().Get("include_deleted") == "true"
	for i := range r.records {
		if one := &r.records[i]; one.Name == name && (one.Status != "deleted" || deleted) && wants(one) {
			found = append(found, one.entry())
		}
	}
	return found
}
