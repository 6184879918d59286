// Package heartbeat is a dead man's switch: it pings others while we work, so
// that they raise the alarm when we do not.
package heartbeat

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// usual is how often a URL is pinged, shortest how often at most.
	usual    = time.Minute
	shortest = 5 * time.Second
	// timeout ends a ping that gets no answer.
	timeout = 10 * time.Second
)

// Heartbeat is a URL that expects to be pinged, such as that of JSM Operations
// or of a cron monitor.
type Heartbeat struct {
	// Name is how logs and pages call it; the URL is a secret.
	Name string
	URL  uptime.Secret
	// Every is how often; zero is a minute, at least 5 s.
	Every time.Duration
	// Method is GET, POST or another one; empty is GET.
	Method string
	// Headers go along, such as Authorization: GenieKey.
	Headers []uptime.Header
}

// Options say what a Pinger works with. Healthy and Do are needed.
type Options struct {
	URLs []Heartbeat
	// Healthy reports whether the pipeline works, and why not. It does not block.
	Healthy func() (ok bool, why string)
	// Do sends one request without a body. Its errors show neither URL nor headers.
	Do func(ctx context.Context, method string, url uptime.Secret, header http.Header) error
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// Logger; nil discards.
	Logger *slog.Logger
}

// Stat says how one heartbeat does.
type Stat struct {
	Name string
	// Sent counts the pings that arrived, Last is when the last of them did.
	Sent uint64
	Last time.Time
	// FailingSince is when the first ping failed that no success followed; zero when
	// it works. Error says why, one sentence.
	FailingSince time.Time
	Error        string
}

// Stats say how a Pinger does.
type Stats struct {
	// Silent says why nothing is pinged; empty while we are healthy.
	Silent string
	URLs   []Stat
}

// Pinger pings heartbeats while we are healthy.
type Pinger struct {
	urls    []Heartbeat
	healthy func() (bool, string)
	do      func(context.Context, string, uptime.Secret, http.Header) error
	now     func() time.Time
	log     *slog.Logger

	mu    sync.Mutex // all below
	stats Stats
}
