package archive

import (
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// trimSlack is how many minutes a tape may hold beyond those that are needed,
// so that not every minute moves them all.
const trimSlack = 128

// reach says that the rows are complete through m.
func (h *History) reach(m uptime.Minute) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.through = max(h.through, m)
}

// today is the day of the last minute that is over.
func (h *History) today() uptime.Day {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return (h.end() - 1).Day()
}

// of returns the past of a server, which begins if there is none.
func (h *History) of(server ref) *past {
	p := h.servers[server]
	if p == nil {
		p = &past{}
		h.servers[server] = p
	}
	return p
}

// enter puts one minute of all servers onto the tapes.
func (h *History) enter(m uptime.Minute, entries []entry, refs map[uint32]ref) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.through = max(h.through, m)
	for i := range entries {
		if server, ok := refs[entries[i].num]; ok { // else erased
			h.of(server).tape.put(m, entries[i].look, entries[i].lv)
		}
	}
}

// lay puts minutes of a day over those that are on the tape.
func (h *History) lay(server ref, t *tape) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.of(server)
	if len(p.tape.levels) > 0 {
		*t = p.tape.over(t)
	}
	p.tape = *t
}

// close enters a closed day.
func (h *History) close(server ref, s *uptime.DayStat, digest []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.of(server).close(s, digest, (h.end() - 1).Day(), &h.names)
}

// has reports whether the server's day is closed.
func (h *History) has(server ref, day uptime.Day) bool {
	h.mu.RLock()
	defer h.mu.RUnlock()
	p := h.servers[server]
	return p != nil && p.closed(day)
}

// closedSince returns the servers with a closed day from day on.
func (h *History) closedSince(day uptime.Day) (out []ref) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for server, p := range h.servers {
		if p.days.last >= day {
			out = append(out, server)
		}
	}
	return out
}

// since is the first minute of the server that counts.
func (h *History) since(server ref) uptime.Minute {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if p := h.servers[server]; p != nil {
		return p.since()
	}
	return (&past{}).since()
}

// trim forgets minutes that are neither of the last 24 hours nor of unclosed
// days, of which oldest is the first.
func (h *History) trim(oldest uptime.Day) {
	h.mu.Lock()
	defer h.mu.Unlock()
	end := h.end()
	keep := max(min(end-uptime.MinutesPerDay, oldest.First()), end-maxTape)
	for _, p := range h.servers {
		if len(p.tape.levels) > int(end-keep)+trimSlack || p.tape.end() < keep {
			p.tape.cut(keep)
		}
	}
}

// forget drops what is known of a server.
func (h *History) forget(server ref) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.servers, server)
}
