package fake

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Bounds of what is remembered of clients: a demonstration runs for weeks.
const (
	maxAsked  = 10_000
	maxAgents = 100
)

// Registry is a fake registry. It is safe for concurrent use.
type Registry struct {
	mux *http.ServeMux

	mu      sync.Mutex
	records []Record     // by name and version, in the order of their bytes
	handler http.Handler // mux behind the faults
	asked   []string     // what was asked for, in order
	agents  map[string]int
	snake   bool
}

// New returns a registry with some records. At most one of a name is Latest.
func New(records ...Record) *Registry {
	r := &Registry{mux: http.NewServeMux(), records: slices.Clone(records), agents: map[string]int{}}
	slices.SortFunc(r.records, order)
	r.handler = r.mux
	for _, version := range []string{"/v0", "/v0.1"} {
		r.mux.HandleFunc("GET "+version+"/servers", r.list)
		r.mux.HandleFunc("GET "+version+"/servers/{name}/versions", r.versions)
		r.mux.HandleFunc("GET "+version+"/servers/{name}/versions/{version}", r.version)
		r.mux.HandleFunc("GET "+version+"/ping", fixed(`{"pong":true}`))
		r.mux.HandleFunc("GET "+version+"/health", fixed(`{"status":"ok"}`))
		r.mux.HandleFunc("GET "+version+"/version", fixed(`{"version":"dev","git_commit":"unknown","build_time":"unknown"}`))
	}
	r.mux.HandleFunc("/", notFound)
	return r
}

func order(a, b Record) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Version, b.Version))
}

// ServeHTTP answers a request.
func (r *Registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	r.asked = append(r.asked[max(0, len(r.asked)+1-maxAsked):], req.URL.RequestURI())
	if agent := req.UserAgent(); r.agents[agent] > 0 || len(r.agents) < maxAgents {
		r.agents[agent]++
	}
	h := r.handler
	r.mu.Unlock()
	h.ServeHTTP(w, req)
}

// Asked returns what was asked for since the last call, in order: of very much the
// last.
func (r *Registry) Asked() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	asked := r.asked
	r.asked = nil
	return asked
}

// Agents counts requests by their User-Agent.
func (r *Registry) Agents() map[string]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return maps.Clone(r.agents)
}

// Break makes the registry misbehave from now on: each request goes through the
// faults, the first of them first. Without any it is whole again.
func (r *Registry) Break(faults ...Fault) {
	h := http.Handler(r.mux)
	for _, f := range slices.Backward(faults) {
		h = f(h)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.handler = h
}

// Snake makes the registry call its cursor next_cursor, as some mirrors do.
func (r *Registry) Snake() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.snake = true
}

// Publish adds a version, which becomes the latest of its name.
func (r *Registry) Publish(record Record) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.records {
		if r.records[i].Name == record.Name {
			r.records[i].Latest = false
		}
	}
	record.Latest = true
	at, found := slices.BinarySearchFunc(r.records, record, order)
	if found {
		r.records[at] = record
		return
	}
	r.records = slices.Insert(r.records, at, record)
}

// SetStatus says something else about all versions of a server: active,
// deprecated or deleted.
func (r *Registry) SetStatus(name, status, message string, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.records {
		if one := &r.records[i]; one.Name == name {
			one.Status, one.Message, one.Changed, one.Updated = status, message, at, at
		}
	}
}

// Keep forgets all records but those that keep says; nobody is told.
func (r *Registry) Keep(keep func(i int, r Record) bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var left []Record
	for i, one := range r.records {
		if keep(i, one) {
			left = append(left, one)
		}
	}
	r.records = left
}
