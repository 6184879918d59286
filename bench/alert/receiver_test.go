//go:build linux

package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestReadEvent(t *testing.T) {
	const hook, chat = "/", "/chat."
	for _, c := range []struct {
		name, path, body string
		want             event
	}{
		{"many", hook, `{"type":"alert.triggered","data":{"incident_key":"inc_1","server":{},"servers":[{},{},{}],"servers_omitted":1997}}`, event{kind: opens, key: "inc_1", servers: 2000}},
		{"one", hook, `{"type":"alert.updated","data":{"incident_key":"inc_1","server":{}}}`, event{kind: changes, key: "inc_1", servers: 1}},
		{"end", hook, `{"type":"alert.resolved","data":{"incident_key":"inc_1","server":{}}}`, event{kind: closes, key: "inc_1", servers: 1}},
		{"message", chat + "postMessage", `{"text":"x 2000 servers are down"}`, event{kind: opens, servers: 2000}},
		{"edit", chat + "update", `{"ts":"1.2","text":"x 2000 servers are down"}`, event{kind: changes, key: "1.2", servers: 2000}},
		{"last edit", chat + "update", `{"ts":"1.2","text":"2000 servers work again after 3 min"}`, event{kind: closes, key: "1.2", servers: 2000}},
		{"answer", chat + "postMessage", `{"thread_ts":"1.2","text":"2000 servers work again"}`, event{kind: answers, key: "1.2", servers: 2000}},
		{"nothing", hook, `<html>`, event{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := readEvent(httptest.NewRequest(http.MethodPost, c.path, http.NoBody), []byte(c.body))
			if diff := cmp.Diff(c.want, got, cmp.AllowUnexported(event{})); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestState(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	list := []event{
		{at: at(1), kind: opens, key: "a", servers: 5},
		{at: at(2), kind: opens, key: "b", servers: 2},
		{at: at(3), kind: changes, key: "a", servers: 8},
		{at: at(4), kind: closes, key: "a", servers: 8},
		{at: at(5), kind: answers, key: "a", servers: 8},
		{at: at(6), kind: closes, key: "b", servers: 2},
	}
	for n, want := range []struct {
		servers int
		over    bool
	}{{0, false}, {5, false}, {7, false}, {10, false}, {10, false}, {10, false}, {10, true}} {
		if servers, over := state(list[:n]); servers != want.servers || over != want.over {
			t.Errorf("after %d: %d servers, over %t; want %d, %t", n, servers, over, want.servers, want.over)
		}
	}
	if got := knows(list, 10); !got.Equal(at(3)) {
		t.Errorf("it knew of 10 at %s", got)
	}
	if got := knows(list, 11); !got.IsZero() {
		t.Errorf("it knew of 11 at %s", got)
	}
}

// TestReceiver is dead at first, and takes what comes afterwards.
func TestReceiver(t *testing.T) {
	r, err := newReceiver(true)
	if err != nil {
		t.Fatal(err)
	}
	defer r.end()
	ended := make(chan error, 1)
	go func() {
		_, err := tell(t, r.url)
		ended <- err
	}()
	if err := until(t.Context(), 20*time.Second, "it was tried", func() (bool, error) { return r.tried() > 0, nil }); err != nil {
		t.Fatal(err)
	}
	r.heal()
	if err := <-ended; err == nil {
		t.Error("a dead receiver answered")
	}
	if status, err := tell(t, r.url); err != nil || status != http.StatusOK {
		t.Errorf("a receiver that lives answered %d, %v", status, err)
	}
	if n := len(r.events()); n != 1 || r.tried() < 2 {
		t.Errorf("%d events of %d attempts, want 1 of 2", n, r.tried())
	}
}

func tell(t *testing.T, url string) (int, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(`{"type":"alert.triggered"}`))
	if err != nil {
		return 0, err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	_, _ = io.Copy(io.Discard, res.Body)
	return res.StatusCode, res.Body.Close()
}
