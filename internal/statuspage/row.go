package statuspage

import (
	"context"
	"fmt"
	"html/template"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/public"
	"github.com/alivemcp/alivemcp/internal/statuspage/draw"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// rowView is a row of the board as the template wants it. It is made once for
// all readers: what it shows changes only when the board shows another row.
type rowView struct {
	*board.Row
	Mark  string // see rowMark
	Line  string // what is worth knowing: incident, cause, maintenance, or what the server is for
	Alarm bool   // the line is bad news
	Story bool   // its past is invented, and the site does not say so already
	Bars  template.HTML
	Spark template.HTML
	Days  string // for the tips of script
	Words string // what the causes in Days mean
	Tip   string // what the uptime is a share of
	Grey  string // the share that was not measured, when it is worth mentioning
}

func (s *Site) viewOf(r *board.Row, days []uptime.DayStat) rowView {
	v := rowView{
		Row: r, Mark: rowMark(r), Story: r.Demo && !s.opt.Demo, Bars: bars(days), Spark: draw.Spark(r.Spark),
		Days: troubleDays(days), Words: troubleWords(days), Tip: shareText(r.Summary.D30, "30 days"),
	}
	if c := r.Summary.D30; c.Unknown*1000 > c.Total() {
		v.Grey = unknownText(c)
	}
	v.Line, v.Alarm = rowLine(r)
	return v
}

// rowLine is the one thing to know about a server.
func rowLine(r *board.Row) (text string, alarm bool) {
	because := board.Because(r)
	switch {
	case r.Paused:
		return "Paused: nothing is measured", false
	case r.Window != nil:
		return "Maintenance until " + r.Window.To.UTC().Format("15:04 UTC") + ": " + r.Window.Name, false
	case because != "":
		return upperFirst(because), true
	case r.Incident != nil:
		return "Recovering; the last trouble: " + board.CausePhrase(r.Incident.Failure.Cause), true
	case r.LastProbe.IsZero():
		return "Waiting for the first check", false
	case r.Description != "":
		return r.Description, false
	default:
		return public.URL(r.URL), false
	}
}

// upperFirst begins a sentence.
func upperFirst(s string) string {
	if s == "" {
		return ""
	}
	r, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[size:]
}

// shareText says what an uptime is a share of.
func shareText(c uptime.Counts, window string) string {
	if c.Measured() == 0 {
		return "Nothing was measured in " + window
	}
	text := fmt.Sprintf("%s live, %s degraded, %s down of %s measured minutes in %s",
		board.Count(c.Live), board.Count(c.Degraded), board.Count(c.Down), board.Count(c.Measured()), window)
	if c.Unknown > 0 {
		text += fmt.Sprintf("; %s of the time was not measured", unknownText(c))
	}
	if c.Maintenance > 0 {
		text += fmt.Sprintf("; %s of maintenance do not count", minutesText(c.Maintenance))
	}
	return text
}

// unknownText is the share of time without evidence.
func unknownText(c uptime.Counts) string { return board.Share(c.Unknown, c.Total()) }

// renderRow makes the HTML of a row.
func (s *Site) renderRow(ctx context.Context, r *board.Row) ([]byte, error) {
	days, err := s.opt.Source.LastDays(ctx, r)
	if err != nil {
		return nil, err
	}
	return s.pages.Part("dashboard.html", "row", s.viewOf(r, days))
}

// maxCached bounds the cache: some 3 KB a row.
const maxCached = 4096

// rowCache keeps the HTML of rows for as long as the board shows the same row:
// rows are never changed, so a pointer stands for what it points to.
type rowCache struct {
	render func(context.Context, *board.Row) ([]byte, error)
	mu     sync.Mutex
	made   map[string]cachedRow // by slug
}

type cachedRow struct {
	row  *board.Row
	html []byte
}

func newRowCache(render func(context.Context, *board.Row) ([]byte, error)) *rowCache {
	return &rowCache{render: render, made: map[string]cachedRow{}}
}

// html returns the HTML of a row. It must not be changed.
func (c *rowCache) html(ctx context.Context, r *board.Row) ([]byte, error) {
	c.mu.Lock()
	known := c.made[r.Slug]
	c.mu.Unlock()
	if known.row == r {
		return known.html, nil
	}
	html, err := c.render(ctx, r)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.made) >= maxCached {
		clear(c.made)
	}
	c.made[r.Slug] = cachedRow{r, html}
	return html, nil
}
