//go:build linux

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The kinds of what arrives.
const (
	opens   = "opens"
	changes = "changes"
	closes  = "closes"
	answers = "answers" // a line in the thread of a message
)

// event is a notice that arrived.
type event struct {
	at   time.Time
	id   string // of the delivery; empty where the service has none
	kind string
	key  string // of the thread
	// servers is how many it is about.
	servers int
}

// receiver is a place where notices arrive. While it is dead it takes
// connections and requests, and answers nothing.
type receiver struct {
	url string
	srv *http.Server

	mu       sync.Mutex
	got      []event
	attempts int           // also those that were not answered
	dead     chan struct{} // closed when it is no longer dead; nil when it is not
}

func newReceiver(dead bool) (*receiver, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed by end
	if err != nil {
		return nil, err
	}
	r := &receiver{url: "http://" + ln.Addr().String()}
	if dead {
		r.dead = make(chan struct{})
	}
	r.srv = &http.Server{Handler: r, ReadHeaderTimeout: time.Minute}
	go func() { _ = r.srv.Serve(ln) }()
	return r, nil
}

// ServeHTTP takes a notice, or keeps whoever brings it waiting.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	r.mu.Lock()
	dead := r.dead
	r.attempts++
	r.mu.Unlock()
	if dead != nil {
		select {
		case <-dead:
		case <-req.Context().Done():
		}
		panic(http.ErrAbortHandler)
	}
	if err != nil {
		return
	}
	e := readEvent(req, body)
	e.at = time.Now()
	r.mu.Lock()
	if e.key == "" { // a new message, which is called by its number
		e.key = fmt.Sprintf("1700000000.%06d", len(r.got))
	}
	r.got = append(r.got, e)
	r.mu.Unlock()
	if strings.Contains(req.URL.Path, "/chat.") {
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"ok":true,"channel":"C0123456789","ts":%q}`, e.key)
	}
}

// heal ends being dead.
func (r *receiver) heal() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.dead != nil {
		close(r.dead)
		r.dead = nil
	}
}

func (r *receiver) end() {
	r.heal()
	_ = r.srv.Close()
}

func (r *receiver) events() []event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.got)
}

func (r *receiver) tried() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.attempts
}

// state is what a receiver believes: of how many servers it was told, in the last
// notice of each thread, and whether all threads are closed.
func state(list []event) (servers int, over bool) {
	last := map[string]event{}
	for _, e := range list {
		if e.kind != answers {
			last[e.key] = e
		}
	}
	over = len(last) > 0
	for _, e := range last {
		servers += e.servers
		over = over && e.kind == closes
	}
	return servers, over
}

// knows returns when a receiver first believed that so many servers are down.
func knows(list []event, servers int) time.Time {
	for i := range list {
		if n, _ := state(list[:i+1]); n >= servers {
			return list[i].at
		}
	}
	return time.Time{}
}

// over reports whether all that was told is said to be over.
func (r *receiver) over() bool {
	_, over := state(r.events())
	return over
}

// count returns how many are of a kind.
func count(list []event, kind string) (n int) {
	for _, e := range list {
		if e.kind == kind {
			n++
		}
	}
	return n
}

// keys returns how many threads were told.
func keys(list []event) int {
	seen := map[string]bool{}
	for _, e := range list {
		seen[e.key] = true
	}
	return len(seen)
}

// readEvent understands what a Standard Webhook and what a Slack app is told.
func readEvent(req *http.Request, body []byte) event {
	if strings.Contains(req.URL.Path, "/chat.") {
		return readChat(strings.HasSuffix(req.URL.Path, "update"), body)
	}
	var said struct {
		Type string
		Data struct {
			Key     string            `json:"incident_key"`
			Servers []json.RawMessage `json:"servers"`
			More    int               `json:"servers_omitted"`
			Server  *json.RawMessage  `json:"server"`
		}
	}
	_ = json.Unmarshal(body, &said) // then it is of no kind
	e := event{id: req.Header.Get("Webhook-Id"), key: said.Data.Key, servers: len(said.Data.Servers) + said.Data.More}
	if e.servers == 0 && said.Data.Server != nil {
		e.servers = 1
	}
	e.kind = map[string]string{"alert.triggered": opens, "alert.updated": changes, "alert.resolved": closes}[said.Type]
	return e
}

// readChat understands a message by its text: a chat has no other fields.
func readChat(update bool, body []byte) event {
	var said struct {
		Text   string
		TS     string
		Thread string `json:"thread_ts"`
	}
	_ = json.Unmarshal(body, &said) // then it is about nothing
	e := event{kind: opens, key: cmp.Or(said.Thread, said.TS), servers: 1}
	if n := regexp.MustCompile(`(\d+) servers`).FindStringSubmatch(said.Text); n != nil {
		e.servers, _ = strconv.Atoi(n[1])
	}
	switch {
	case said.Thread != "":
		e.kind = answers
	case update && regexp.MustCompile(`works? again`).MatchString(said.Text):
		e.kind = closes
	case update:
		e.kind = changes
	}
	return e
}
