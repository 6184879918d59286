package heartbeat_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/alivemcp/alivemcp/internal/alert/heartbeat"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// far is the other side.
type far struct {
	mu    sync.Mutex
	pings map[string]int
	err   error
	sick  string
	last  http.Header
	verb  string
	log   bytes.Buffer
}

func (f *far) do(_ context.Context, method string, url uptime.Secret, header http.Header) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pings[url.Reveal()]++
	f.last, f.verb = header, method
	return f.err
}

func (f *far) healthy() (bool, string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.sick == "", f.sick
}

func (f *far) set(what func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	what()
}

// start runs a pinger in a bubble and returns what stops it.
func (f *far) start(t *testing.T, urls ...heartbeat.Heartbeat) (p *heartbeat.Pinger, stop func()) {
	t.Helper()
	f.pings = map[string]int{}
	p = heartbeat.New(heartbeat.Options{
		URLs: urls, Healthy: f.healthy, Do: f.do, Logger: slog.New(slog.NewTextHandler(&f.log, nil)),
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := p.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	synctest.Wait()
	return p, func() { cancel(); <-done }
}

func TestPingsAtTheirOwnPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{}
		p, stop := f.start(t, heartbeat.Heartbeat{URL: "https://a.example/1"},
			heartbeat.Heartbeat{
				Name: "jsm", URL: "https://b.example/2", Every: 5 * time.Minute, Method: http.MethodPost,
				Headers: []uptime.Header{{Name: "Authorization", Value: "GenieKey k"}},
			},
			heartbeat.Heartbeat{URL: "https://c.example/3", Every: time.Nanosecond})
		time.Sleep(10*time.Minute - time.Second)
		stop()
		if a, b, c := f.pings["https://a.example/1"], f.pings["https://b.example/2"], f.pings["https://c.example/3"]; a != 10 || b != 2 || c != 120 {
			t.Errorf("pinged %d, %d and %d times, want 10, 2 and 120", a, b, c)
		}
		s := p.Stats()
		if s.Silent != "" || s.URLs[0].Name != "heartbeat 1" || s.URLs[1].Name != "jsm" || s.URLs[0].Sent != 10 || s.URLs[0].Last.IsZero() {
			t.Errorf("stats %+v", s)
		}
	})
}

func TestRequestIsAsConfigured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{}
		_, stop := f.start(t, heartbeat.Heartbeat{
			URL: "https://b.example/2", Method: http.MethodPost,
			Headers: []uptime.Header{{Name: "Authorization", Value: "GenieKey k"}},
		})
		stop()
		if f.verb != http.MethodPost || f.last.Get("Authorization") != "GenieKey k" {
			t.Errorf("sent %s with %v", f.verb, f.last)
		}
	})
}

func TestSilentWhileSick(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{}
		p, stop := f.start(t, heartbeat.Heartbeat{URL: "https://a.example/1"}, heartbeat.Heartbeat{URL: "https://b.example/2"})
		f.set(func() { f.sick = "nothing was sealed for 3 minutes" })
		time.Sleep(10*time.Minute + 30*time.Second) // between two pings
		if n := f.pings["https://a.example/1"]; n != 1 {
			t.Errorf("pinged %d times while sick", n-1)
		}
		if s := p.Stats(); s.Silent != "nothing was sealed for 3 minutes" {
			t.Errorf("stats %+v", s)
		}
		f.set(func() { f.sick = "" })
		time.Sleep(time.Minute)
		stop()
		if n := f.pings["https://a.example/1"]; n != 2 || p.Stats().Silent != "" {
			t.Errorf("pinged %d times after it was well again", n-1)
		}
		if n := strings.Count(f.log.String(), "\n"); n != 2 {
			t.Errorf("logged %d lines, want one per change:\n%s", n, f.log.String())
		}
	})
}

func TestFailureIsLoggedOnceWithoutTheURL(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &far{err: errors.New(`Get "https://a.example/s3cret": no route`)}
		begin := time.Now()
		p, stop := f.start(t, heartbeat.Heartbeat{URL: "https://a.example/s3cret"})
		time.Sleep(5*time.Minute + time.Second)
		if s := p.Stats().URLs[0]; !s.FailingSince.Equal(begin) || s.Error == "" || strings.Contains(s.Error, "s3cret") || s.Sent != 0 {
			t.Errorf("stats %+v", s)
		}
		if n := f.pings["https://a.example/s3cret"]; n < 19 || n > 21 {
			t.Errorf("tried %d times, want four times a minute", n)
		}
		f.set(func() { f.err = nil })
		time.Sleep(time.Minute)
		stop()
		if s := p.Stats().URLs[0]; !s.FailingSince.IsZero() || s.Error != "" || s.Sent == 0 {
			t.Errorf("stats %+v", s)
		}
		if log := f.log.String(); strings.Count(log, "\n") != 2 || strings.Contains(log, "s3cret") {
			t.Errorf("the log says\n%s", log)
		}
	})
}

func TestNothingIsLeftRunning(t *testing.T) {
	before := goleak.IgnoreCurrent()
	ctx, cancel := context.WithCancel(t.Context())
	p := heartbeat.New(heartbeat.Options{
		URLs:    []heartbeat.Heartbeat{{URL: "https://a.example/1"}},
		Healthy: func() (bool, string) { return true, "" },
		Do: func(ctx context.Context, _ string, _ uptime.Secret, _ http.Header) error {
			cancel() // we stop in the middle of a ping
			<-ctx.Done()
			return ctx.Err()
		},
	})
	if err := p.Run(ctx); err != nil {
		t.Errorf("Run: %v", err)
	}
	if s := p.Stats().URLs[0]; !s.FailingSince.IsZero() {
		t.Error("stopping is no failure")
	}
	if err := goleak.Find(before); err != nil {
		t.Error(err)
	}
}
