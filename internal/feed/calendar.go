package feed

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// Calendar is where maintenance comes from: *board.Board. What it returns is on or
// planned, soonest first, names no server and no group that is not shown, and is
// shared: it must not be changed. Both methods may be called at any time from
// many goroutines.
type Calendar interface {
	Planned(tenant uptime.TenantID) []uptime.Window
	Windows(tenant uptime.TenantID, server uptime.ServerID) []uptime.Window
}

const (
	calendarType = "text/calendar; charset=utf-8"
	// maxWindows bounds a calendar.
	maxWindows = 1_000
	// maxLine is how many bytes a line has, without its end (RFC 5545, section 3.1).
	maxLine = 75
)

// serveCalendar answers /status/calendar.ics: the maintenance of all servers.
func (f *feeds) serveCalendar(w http.ResponseWriter, r *http.Request) error {
	name := web.Visible(f.Name, maxFeedName) + ": maintenance"
	return f.sendCalendar(w, r, name, "/", f.Calendar.Planned(f.Tenant))
}

// serveServerCalendar answers /status/{slug}/calendar.ics.
func (f *feeds) serveServerCalendar(w http.ResponseWriter, r *http.Request) error {
	row, err := f.row(r.PathValue("slug"))
	if err != nil {
		return err
	}
	name := web.Visible(row.Name, maxFeedName) + ": maintenance"
	return f.sendCalendar(w, r, name, web.ServerPath(row.Slug), f.Calendar.Windows(f.Tenant, row.Server))
}

// sendCalendar answers with an iCalendar object (RFC 5545). The page is what
// people read instead.
func (f *feeds) sendCalendar(w http.ResponseWriter, r *http.Request, name, page string, windows []uptime.Window) error {
	base, c := f.base(r), &calendar{}
	c.line("BEGIN", "VCALENDAR")
	c.line("VERSION", "2.0")
	c.line("PRODID", "-//AliveMCP//Planned maintenance//EN")
	c.line("CALSCALE", "GREGORIAN")
	c.line("METHOD", "PUBLISH")
	c.text("X-WR-CALNAME", name)
	c.line("REFRESH-INTERVAL;VALUE=DURATION", "PT1H") // RFC 7986, section 5.7
	c.line("X-PUBLISHED-TTL", "PT1H")
	stamp := f.Now().Truncate(time.Hour) // it must not go back, and rarely change
	for i := range windows[:min(len(windows), maxWindows)] {
		c.event(&windows[i], base, page, stamp)
	}
	c.line("END", "VCALENDAR")
	web.Embeddable(w)
	return web.Send(w, r, web.Content{Type: calendarType, Cache: web.CacheMinute, Body: []byte(c.String())})
}

// calendar writes lines of iCalendar.
type calendar struct{ strings.Builder }

// event writes one window.
func (c *calendar) event(w *uptime.Window, base, page string, stamp time.Time) {
	c.line("BEGIN", "VEVENT")
	c.line("UID", windowUID(w, base))
	c.line("DTSTAMP", calendarTime(stamp))
	c.line("DTSTART", calendarTime(w.From))
	c.line("DTEND", calendarTime(w.To))
	c.text("SUMMARY", cmp.Or(web.Visible(w.Name, maxFeedName), "Planned maintenance"))
	c.text("DESCRIPTION", strings.TrimSpace(web.Visible(w.Text, maxFeedText)+"\n"+affected(w)))
	c.line("URL", base+page)
	c.line("CATEGORIES", "MAINTENANCE")
	c.line("STATUS", "CONFIRMED")
	c.line("TRANSP", "TRANSPARENT") // nobody is busy because of it
	c.line("END", "VEVENT")
}

// windowUID names a window for ever, as long as the site keeps its host.
func windowUID(w *uptime.Window, base string) string {
	host := "localhost"
	if u, err := url.Parse(base); err == nil && u.Hostname() != "" {
		host = strings.ToLower(u.Hostname())
	}
	sum := sha256.Sum256([]byte(string(w.Tenant) + "\x00" + w.ID))
	return hex.EncodeToString(sum[:16]) + "@" + host
}

// affected says what the window is for.
func affected(w *uptime.Window) string {
	if len(w.Servers)+len(w.Groups) == 0 {
		return "For all servers."
	}
	names := slices.Clone(w.Servers)
	for _, group := range w.Groups {
		names = append(names, "group "+group)
	}
	return "For " + web.Visible(strings.Join(names, ", "), maxFeedText) + "."
}

func calendarTime(t time.Time) string { return t.UTC().Format("20060102T150405Z") }

// text writes a property whose value is any text (RFC 5545, section 3.3.11).
func (c *calendar) text(name, value string) {
	value = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r\n", `\n`, "\n", `\n`, "\r", `\n`).Replace(strings.ToValidUTF8(value, ""))
	c.line(name, strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' || r == 0x7f {
			return -1
		}
		return r
	}, value))
}

// line writes a property, in several lines when it is long. None is cut within
// a character.
func (c *calendar) line(name, value string) {
	rest, room := name+":"+value, maxLine
	for len(rest) > room {
		cut := room
		for cut > 0 && !utf8.RuneStart(rest[cut]) {
			cut--
		}
		c.WriteString(rest[:cut] + "\r\n ")
		rest, room = rest[cut:], maxLine-1 // the space counts
	}
	c.WriteString(rest + "\r\n")
}
