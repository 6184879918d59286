package api

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// maxValue bounds the value of a parameter, in bytes.
const maxValue = 512

// params reads the query of a request. It remembers the first thing that is
// wrong, so that a handler asks once at the end.
type params struct {
	values url.Values
	err    error
}

// readParams knows the names that may occur. A name that it does not know is an
// error: a filter with a typing error must not become "everything".
func readParams(r *http.Request, names ...string) *params {
	values, err := url.ParseQuery(r.URL.RawQuery)
	p := &params{values: values}
	if err != nil {
		p.fail("query", "it is not well-formed")
	}
	for name, all := range values {
		switch {
		case !slices.Contains(names, name):
			p.fail(name, "there is no such parameter here; there are: "+cmp.Or(strings.Join(names, ", "), "none"))
		case len(all) > 1:
			p.fail(name, "it is given more than once")
		case len(all[0]) > maxValue:
			p.fail(name, fmt.Sprintf("it is longer than %d bytes", maxValue))
		}
	}
	return p
}

// fail names the parameter that is wrong.
func (p *params) fail(name, why string) {
	if p.err == nil {
		p.err = &web.Fault{Status: http.StatusBadRequest, Detail: fmt.Sprintf("parameter %q: %s", name, why)}
	}
}

func (p *params) text(name string) string { return p.values.Get(name) }

func (p *params) list(name string) []string {
	if p.text(name) == "" {
		return nil
	}
	return strings.Split(p.text(name), ",")
}

// limit is how many are on a page, at most so many; without a word, as many as the
// board's pages have.
func (p *params) limit(most int) int {
	text := p.text("limit")
	if text == "" {
		return board.DefaultLimit
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		p.fail("limit", fmt.Sprintf("want a whole number from 1 to %d, not %q", most, text))
		return board.DefaultLimit
	}
	return n
}

func (p *params) flag(name string) bool {
	switch text := p.text(name); text {
	case "", "false":
		return false
	case "true":
		return true
	default:
		p.fail(name, fmt.Sprintf("want true or false, not %q", text))
		return false
	}
}

// moment reads RFC 3339, or a day, which stands for its beginning.
func (p *params) moment(name string, otherwise time.Time) time.Time {
	text := p.text(name)
	if text == "" {
		return otherwise
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil && t.Year() >= 1970 && t.Year() < 10_000 {
			return t.UTC()
		}
	}
	p.fail(name, fmt.Sprintf("want a time such as 2026-07-20T12:00:00Z or a day such as 2026-07-20, not %q", text))
	return otherwise
}

func (p *params) day(name string, otherwise uptime.Day) uptime.Day {
	text := p.text(name)
	if text == "" {
		return otherwise
	}
	d, err := uptime.ParseDay(text)
	if err != nil || d < 0 {
		p.fail(name, fmt.Sprintf("want a day such as 2026-07-20, not %q", text))
		return otherwise
	}
	return d
}

// span reads a duration such as 5m or 24h, or a number of seconds.
func (p *params) span(name string, otherwise, least, most time.Duration) time.Duration {
	text := p.text(name)
	if text == "" {
		return otherwise
	}
	d, err := time.ParseDuration(text)
	if seconds, bad := strconv.Atoi(text); bad == nil && seconds < 1<<31 {
		d, err = time.Duration(seconds)*time.Second, nil
	}
	if err != nil || d < least || d > most {
		p.fail(name, fmt.Sprintf("want a duration from %v to %v, such as 5m, not %q", least, most, text))
		return otherwise
	}
	return d
}

// stretch reads from and to. Without them it is the last usual; to is at most
// now.
func (p *params) stretch(now time.Time, usual, most time.Duration) (from, to time.Time) {
	to = p.moment("to", now)
	if to.After(now) {
		to = now
	}
	from = p.moment("from", to.Add(-usual))
	switch {
	case !from.Before(to):
		p.fail("from", "it must be earlier than to, and in the past")
	case to.Sub(from) > most:
		p.fail("from", fmt.Sprintf("it is more than %d days before to", int(most.Hours()/24)))
	}
	return from, to
}
