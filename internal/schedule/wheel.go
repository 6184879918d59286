package schedule

import (
	"hash/fnv"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	slotsPerSecond = int64(time.Second / uptime.Slot)
	// wheelSize is how many slots the wheel has: one minute.
	wheelSize = 60 * slotsPerSecond
)

// slotOf numbers the slots of the wall clock.
func slotOf(t time.Time) int64 { return t.UnixNano() / int64(uptime.Slot) }

// wheel holds entries by the slot in which they are due. What is due later than
// a turn away stays until its turn comes. It costs the same however many entries
// it holds, which no heap of timers does.
type wheel [wheelSize][]*entry

// add puts e into the slot of its due time, or the one after last if that has
// been run.
func (w *wheel) add(e *entry, last int64) {
	e.slot = max(slotOf(e.due), last+1)
	i := e.slot % wheelSize
	w[i] = append(w[i], e)
}

// take removes and returns what is due in this slot.
func (w *wheel) take(slot int64) (due []*entry) {
	i := slot % wheelSize
	kept := w[i][:0]
	for _, e := range w[i] {
		switch {
		case e.gone:
		case e.slot <= slot:
			due = append(due, e)
		default:
			kept = append(kept, e)
		}
	}
	clear(w[i][len(kept):])
	w[i] = kept
	return due
}

// key names a server over all tenants.
type key struct {
	tenant uptime.TenantID
	server uptime.ServerID
}

// entry is a server in the wheel.
type entry struct {
	server  *uptime.Server
	host    *host
	stagger time.Duration
	due     time.Time // of the next look
	slot    int64     // where it is in the wheel
	asked   time.Time // when the look that waits or is under way was due
	busy    bool      // a look is under way
	queued  bool      // it stands in line for its host
	again   bool      // a cycle began while the look was under way
	gone    bool      // it is no longer in the plan
}

// host is what several servers share. It is kept as long as it is in use.
type host struct {
	name   string
	flying int
	line   []*entry
}

func (h *host) queue(e *entry) {
	e.queued = true
	h.line = append(h.line, e)
}

func (h *host) next() *entry {
	e := h.line[0]
	h.line = h.line[1:]
	e.queued = false
	return e
}

// hostOf returns what looks at a server have to share: host and port, or the
// server itself when it is a child process.
func hostOf(srv *uptime.Server) string {
	u, err := url.Parse(srv.URL)
	if err != nil || u.Host == "" {
		return "stdio:" + string(srv.Tenant) + "/" + string(srv.ID)
	}
	return u.Scheme + "://" + strings.ToLower(u.Host)
}

// probedFrom reports whether the region has a share in the server.
func probedFrom(srv *uptime.Server, region string) bool { return slices.Contains(srv.Regions, region) }

// stagger is how long after the beginning of a cycle this region looks, so that
// not all regions knock at the same instant.
func stagger(srv *uptime.Server, region string) time.Duration {
	h := fnv.New32a()
	_, _ = h.Write([]byte(region)) // a hash does not fail
	slots := max(1, uint32(min(maxStagger, srv.Every()/12)/uptime.Slot))
	return time.Duration(h.Sum32()%slots) * uptime.Slot
}
