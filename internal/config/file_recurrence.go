package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/teambition/rrule-go"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Bounds of windows that repeat.
const (
	maxRepeating   = 100   // windows
	maxOccurrences = 1_000 // of all of them, in the horizon
	maxRepeatText  = 500
)

// The horizon in which windows that repeat are there. It reaches back so that
// one that has just ended is still known, and has to be moved on every day.
const (
	horizonBack  = 24 * time.Hour
	horizonAhead = 90 * 24 * time.Hour
)

// A recurrence says when a window comes again (RFC 5545, section 3.3.10). It
// is never changed.
type recurrence struct{ option rrule.ROption }

// newRecurrence reads a rule for a window that first begins at from, by the
// clock of from's zone. Only days repeat, so there is one occurrence a day at
// most.
func newRecurrence(text string, from time.Time) (*recurrence, error) {
	if len(text) > maxRepeatText || strings.ContainsAny(text, "\r\n") {
		return nil, fmt.Errorf("a rule is one line of at most %d characters", maxRepeatText)
	}
	text = strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(text)), "RRULE:")
	if err := checkParts(text); err != nil {
		return nil, err
	}
	option, err := rrule.StrToROptionInLocation(text, from.Location())
	if err != nil {
		return nil, errors.New("the rule cannot be read; write one such as FREQ=WEEKLY;BYDAY=SU or FREQ=MONTHLY;BYDAY=1SA")
	}
	switch {
	case option.Freq > rrule.DAILY:
		return nil, errors.New("a window repeats by the day, week, month or year: FREQ=DAILY, WEEKLY, MONTHLY or YEARLY")
	case strings.Contains(text, "INTERVAL=") && (option.Interval < 1 || option.Interval > 1000):
		return nil, errors.New("INTERVAL is 1 to 1000")
	case strings.Contains(text, "COUNT=") && (option.Count < 1 || option.Count > 100_000):
		return nil, errors.New("COUNT is 1 to 100000")
	case option.Count > 0 && !option.Until.IsZero():
		return nil, errors.New("a rule has COUNT or UNTIL, not both (RFC 5545, section 3.3.10)")
	}
	option.Dtstart = from
	r := &recurrence{*option}
	return r, r.begins(from)
}

// checkParts refuses parts that stand twice, and those that say a time of day.
func checkParts(text string) error {
	known := []string{"FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYMONTH", "BYSETPOS"}
	var seen []string
	for part := range strings.SplitSeq(text, ";") {
		name, _, _ := strings.Cut(part, "=")
		switch {
		case slices.Contains([]string{"BYHOUR", "BYMINUTE", "BYSECOND"}, name):
			return fmt.Errorf("%s is not taken: the time of day is that of from; several a day are several windows", name)
		case !slices.Contains(known, name):
			return errors.New("the rule has a part that is none; write it such as FREQ=WEEKLY;BYDAY=SU (RFC 5545, section 3.3.10)")
		case slices.Contains(seen, name):
			return fmt.Errorf("%s stands in the rule twice; keep one", name)
		}
		seen = append(seen, name)
	}
	return nil
}

// begins wants the first occurrence to be from: what RFC 5545, section 3.8.5.3,
// leaves open otherwise.
func (r *recurrence) begins(from time.Time) error {
	rule, err := rrule.NewRRule(r.option)
	if err != nil {
		return fmt.Errorf("a number in the rule is out of range: %w", err)
	}
	first, ok := rule.Iterator()()
	first = settled(first)
	switch {
	case !ok:
		return errors.New("the rule never comes true")
	case !first.Equal(from):
		return fmt.Errorf("from is no such day; the first is from: %s", first.Format(time.RFC3339))
	}
	return nil
}

// between returns when the window begins such that it ends after from and begins
// before to, at most maxOccurrences.
func (r *recurrence) between(from, to time.Time, lasts time.Duration) []time.Time {
	rule, err := rrule.NewRRule(r.option)
	if err != nil { // newRecurrence has made one
		return nil
	}
	var out []time.Time
	next := rule.Iterator()
	for at, ok := next(); ok && at.Before(to) && len(out) < maxOccurrences; at, ok = next() {
		if begins := settled(at); begins.Add(lasts).After(from) {
			out = append(out, begins.UTC())
		}
	}
	return out
}

// settled returns the moment that a time of the local clock means when that
// clock shows it twice: the first (RFC 5545, section 3.3.5). package time leaves
// it open.
func settled(at time.Time) time.Time {
	_, now := at.Zone()
	_, before := at.Add(-24 * time.Hour).Zone()
	if before <= now {
		return at
	}
	if earlier := at.Add(time.Duration(now-before) * time.Second); earlier.Format(time.DateTime) == at.Format(time.DateTime) {
		return earlier
	}
	return at
}

// WindowsAt returns the windows as words, as those of a tenant: those that
// happen once, and of those that repeat the occurrences that end after a day
// before now and begin within 90 days after it, the soonest thousand. An
// occurrence's id is the window's with its beginning: upgrade@2026-10-01T2200Z.
// Call it on every reload, and every day besides: else the occurrences run out.
func (f *File) WindowsAt(tenant uptime.TenantID, now time.Time) []uptime.Window {
	var once, again []uptime.Window
	for i := range f.Windows {
		w := &f.Windows[i]
		if w.rule == nil {
			once = append(once, w.word(tenant, w.ID, w.From))
			continue
		}
		for _, at := range w.rule.between(now.Add(-horizonBack), now.Add(horizonAhead), w.To.Sub(w.From)) {
			again = append(again, w.word(tenant, w.ID+"@"+at.Format("2006-01-02T1504Z"), at))
		}
	}
	slices.SortStableFunc(again, func(a, b uptime.Window) int { return a.From.Compare(b.From) })
	return append(once, again[:min(len(again), maxOccurrences)]...)
}

// Repeats reports whether a window repeats: then WindowsAt has to be called every
// day.
func (f *File) Repeats() bool {
	return slices.ContainsFunc(f.Windows, func(w Window) bool { return w.rule != nil })
}

// word is one occurrence.
func (w *Window) word(tenant uptime.TenantID, id string, from time.Time) uptime.Window {
	return uptime.Window{
		ID: id, Tenant: tenant, Name: w.Name, Text: w.Text,
		Servers: w.Servers, Groups: w.Groups, From: from, To: from.Add(w.To.Sub(w.From)),
	}
}
