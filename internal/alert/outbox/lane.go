package outbox

import (
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// tolerated is how many failures in a row open a circuit.
	tolerated = 5
	// firstRest is how long an open circuit rests at first, doubled by each trial
	// that fails, up to longestRest.
	firstRest   = 30 * time.Second
	longestRest = 10 * time.Minute
	// goneRest is how long a sink rests that says it is gone: it may come back, but
	// those who keep knocking get blocked.
	goneRest = time.Hour
	// long is after how long a failing sink is reported.
	long = 15 * time.Minute
)

// lane is what is known of one sink. Its zero value is a sink that was not tried
// yet.
type lane struct {
	busy  bool // a delivery is under way
	fresh bool // one has ended since the rows were asked last
	many  bool // it is one of thousands
	row   int  // failures in a row
	rest  time.Duration
	retry time.Time // nothing is sent before
	held  time.Time // nor before this, because the rows failed
	// unwritten means that the rows failed when something was written last.
	unwritten bool
	gone      bool
	since     time.Time // of the first failure in the row
	removed   bool      // nobody knows it any more
	told      telling
	sent      time.Time
	last      string // error
}

// open reports whether the circuit rests.
func (l *lane) open(now time.Time) bool { return now.Before(l.retry) }

// free returns from when on something may be sent.
func (l *lane) free() time.Time {
	if l.held.After(l.retry) {
		return l.held
	}
	return l.retry
}

// waits reports whether nothing may be sent yet.
func (l *lane) waits(now time.Time) bool { return now.Before(l.free()) }

func (l *lane) state(now time.Time) State {
	s := State{Open: l.open(now), FailingSince: l.since, LastSent: l.sent, LastError: l.last}
	if s.Open {
		s.Retry = l.retry
	}
	return s
}

func (l *lane) reset() { l.row, l.rest, l.retry, l.gone = 0, 0, time.Time{}, false }

// success closes the circuit.
func (l *lane) success(now time.Time) {
	l.reset()
	l.since, l.sent, l.removed = time.Time{}, now, false
}

// failure counts one more, and lets the sink rest if it needs that.
func (l *lane) failure(now time.Time, r *uptime.Refusal) {
	l.row++
	l.removed = false
	if l.since.IsZero() {
		l.since = now
	}
	l.last = r.Reason
	l.gone = r.Gone
	pause := min(max(0, r.After), longestRest) // what limits one delivery limits the next
	switch {
	case r.Gone:
		pause = goneRest
	case l.row >= tolerated:
		l.rest = min(max(firstRest, 2*l.rest), longestRest)
		pause = max(pause, l.rest)
	}
	l.retry = now.Add(pause)
}

// telling is what was told of a sink last; nothing yet is neither.
type telling int

const (
	works telling = iota + 1
	fails
)

// want returns what has to be told, which is what was while that is open.
func (l *lane) want(now time.Time) telling {
	switch {
	case l.many:
		return l.told
	case l.removed:
		return works
	case l.since.IsZero() && !l.sent.IsZero():
		return works
	case !l.since.IsZero() && (l.gone || now.Sub(l.since) >= long):
		return fails
	default:
		return l.told
	}
}
