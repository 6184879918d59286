package api

import (
	"net/http"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

const (
	// maxBehind and maxArchiveLag are from when on we are not ready: sealing or
	// the archive cannot keep up.
	maxBehind     = time.Minute
	maxArchiveLag = 180 * time.Second
)

// Vitals are how the parts of the monitor do, at one moment. The zero value is
// that of a monitor that knows nothing and has nothing to complain about.
type Vitals struct {
	// NotReady says in words why requests cannot be answered well yet: the store
	// is not open, the first plan is not loaded. Empty when they can.
	NotReady []string
	// Sealed counts verdicts since the start, by state.
	Sealed map[uptime.State]uint64
	// Late counts reports that came too late to be judged.
	Late uint64
	// Lateness is by how much probes start later than planned.
	Lateness Lateness
	// InFlight is how many probes run, Started how many ever did, and Failed
	// counts attempts that failed, by cause.
	InFlight int
	Started  uint64
	Failed   map[uptime.Cause]uint64
	// Sequence is the newest verdict's place in the feed; Cursors is how far each
	// consumer has come.
	Sequence uptime.Cursor
	Cursors  map[string]uptime.Cursor
	// DatabaseBytes is the size of the store on disk.
	DatabaseBytes int64
	// Streams is how many clients follow live updates.
	Streams int
}

// Lateness is a distribution of delays.
type Lateness struct {
	P50, P99, Max time.Duration
}

// live says that the process answers, and nothing else: a supervisor that
// restarts us for a slow disk would make it worse.
func (a *API) live(w http.ResponseWriter, r *http.Request) error {
	return web.SendJSON(w, r, web.Content{Cache: "no-store"}, map[string]bool{"live": true})
}

type readyShape struct {
	Ready   bool     `json:"ready"`
	Reasons []string `json:"reasons"`
}

func (a *API) readiness(w http.ResponseWriter, r *http.Request) error {
	reasons := a.reasons()
	c := web.Content{Cache: "no-store"}
	if len(reasons) > 0 {
		c.Status = http.StatusServiceUnavailable
		w.Header().Set("Retry-After", "5")
	}
	return web.SendJSON(w, r, c, readyShape{Ready: len(reasons) == 0, Reasons: reasons})
}

// reasons are why we are not ready.
func (a *API) reasons() []string {
	out, h := notNil(a.Vitals().NotReady), a.Source.Health()
	if h.Behind > maxBehind {
		out = append(out, "sealing is "+board.Span(h.Behind)+" behind")
	}
	if lag := h.ArchiveLag(a.Now()); lag >= maxArchiveLag {
		out = append(out, "the archive is "+board.Span(lag)+" behind")
	}
	return out
}

type healthShape struct {
	Status     string      `json:"status"` // ok or troubled
	Trouble    string      `json:"trouble"`
	Version    string      `json:"version"`
	Schema     int         `json:"schema"`
	Uptime     int64       `json:"uptime_seconds"`
	Behind     float64     `json:"behind_seconds"`
	ArchiveLag float64     `json:"archive_lag_seconds"`
	Lag        float64     `json:"lag_seconds"`
	Archived   *time.Time  `json:"archived_through"`
	Servers    totalsShape `json:"servers"`
}

// health is for people who ask how the monitor does. It is always 200: /ready is
// for machines.
func (a *API) health(w http.ResponseWriter, r *http.Request) error {
	h, now := a.Source.Health(), a.Now()
	out := healthShape{
		Status: "ok", Trouble: h.Trouble, Version: a.Version, Schema: a.Schema, Uptime: int64(now.Sub(a.Started).Seconds()),
		Behind: h.Behind.Seconds(), ArchiveLag: h.ArchiveLag(now).Seconds(), Lag: h.Lag.Seconds(),
		Servers: totalsOf(a.Source.List(a.Tenant, board.Query{Limit: 1}).Totals),
	}
	if h.Trouble != "" {
		out.Status = "troubled"
	}
	if h.Archived > 0 {
		out.Archived = when((h.Archived + 1).Time())
	}
	return web.SendJSON(w, r, web.Content{Cache: "no-store"}, out)
}
