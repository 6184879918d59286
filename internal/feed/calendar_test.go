package feed_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/board/boardtest"
	"github.com/alivemcp/alivemcp/internal/feed"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// The board that is served has calendars.
var _ feed.Calendar = (*board.Board)(nil)

// maintenance has the windows of all servers, and those of each.
type maintenance struct {
	all []uptime.Window
	of  map[uptime.ServerID][]uptime.Window
}

func (m *maintenance) Planned(uptime.TenantID) []uptime.Window { return m.all }

func (m *maintenance) Windows(_ uptime.TenantID, s uptime.ServerID) []uptime.Window { return m.of[s] }

func calendarSurface(tb testing.TB, m *maintenance) surface {
	tb.Helper()
	b, mux := boardtest.New(surfaceNow()), http.NewServeMux()
	feed.Register(mux, feed.Options{Tenant: boardtest.Tenant, BaseURL: surfaceBase, Source: b, Calendar: m, Name: "Status; ours", Now: b.Now})
	return surface{boardtest.Visitor{Board: b, Handler: mux}}
}

// events reads a calendar as RFC 5545 says: lines are unfolded, and each is bounded.
func events(t *testing.T, body string) (head map[string]string, events []map[string]string) {
	t.Helper()
	if !strings.HasSuffix(body, "\r\n") || strings.Count(body, "\n") != strings.Count(body, "\r\n") {
		t.Error("a line does not end in CRLF")
	}
	for line := range strings.SplitSeq(body, "\r\n") {
		if len(line) > 75 || !utf8.ValidString(line) {
			t.Errorf("a line of %d bytes: %q", len(line), line)
		}
	}
	head = map[string]string{}
	into := head
	for line := range strings.SplitSeq(strings.TrimSpace(strings.ReplaceAll(body, "\r\n ", "")), "\r\n") {
		name, value, ok := strings.Cut(line, ":")
		switch {
		case !ok || strings.ToUpper(name) != name:
			t.Errorf("this is no property: %q", line)
		case line == "BEGIN:VEVENT":
			into = map[string]string{}
			events = append(events, into)
		case line == "END:VEVENT":
			into = head
		default:
			into[name] = value
		}
	}
	return head, events
}

func upgrade() uptime.Window {
	return uptime.Window{
		ID: "db@2026-10-01T2200Z", Tenant: boardtest.Tenant, Name: "Upgrade, part 1; db\\2", Text: "Searches may fail.\nBEGIN:VEVENT", Servers: []string{"weather"}, Groups: []string{"internal"},
		From: time.Date(2026, 10, 1, 22, 0, 0, 0, time.UTC), To: time.Date(2026, 10, 2, 0, 0, 0, 0, time.UTC),
	}
}

func TestCalendar(t *testing.T) {
	other := upgrade()
	other.ID, other.Name, other.Text, other.Servers, other.Groups = "x", "", "", nil, nil
	b := boardtest.New(surfaceNow())
	row, _ := b.Row(boardtest.Tenant, "weather")
	m := &maintenance{all: []uptime.Window{upgrade(), other}, of: map[uptime.ServerID][]uptime.Window{row.Server: {upgrade()}}}
	s := calendarSurface(t, m)
	w := s.Get(t, "/status/calendar.ics")
	head, all := events(t, w.Body.String())
	if w.Header().Get("Content-Type") != "text/calendar; charset=utf-8" || head["VERSION"] != "2.0" || head["PRODID"] == "" || head["X-WR-CALNAME"] != `Status\; ours: maintenance` {
		t.Errorf("%v\n%v", w.Header(), head)
	}
	if len(all) != 2 || all[0]["UID"] == all[1]["UID"] || all[1]["SUMMARY"] != "Planned maintenance" || all[1]["DESCRIPTION"] != "For all servers." {
		t.Fatalf("events: %v", all)
	}
	_, of := events(t, s.Get(t, "/status/weather/calendar.ics").Body.String())
	want := map[string]string{
		"UID": all[0]["UID"], "DTSTAMP": "20260305T140000Z", "DTSTART": "20261001T220000Z", "DTEND": "20261002T000000Z",
		"SUMMARY": `Upgrade\, part 1\; db\\2`, "DESCRIPTION": `Searches may fail. BEGIN:VEVENT\nFor weather\, group internal.`,
		"URL": surfaceBase + "/status/weather", "CATEGORIES": "MAINTENANCE", "STATUS": "CONFIRMED", "TRANSP": "TRANSPARENT",
	}
	if diff := cmp.Diff([]map[string]string{want}, of); diff != "" {
		t.Errorf("the calendar of a server (-want +got):\n%s", diff)
	}
	if !strings.HasSuffix(want["UID"], "@status.example.com") {
		t.Errorf("UID %s", want["UID"])
	}
	if _, none := events(t, s.Get(t, "/status/vectors/calendar.ics").Body.String()); len(none) != 0 {
		t.Errorf("another server has %v", none)
	}
	if !strings.Contains(s.Get(t, "/llms.txt").Body.String(), "/status/calendar.ics") {
		t.Error("the guide does not name the calendar")
	}
}

// TestCalendarLimits: who is not shown has no calendar, what did not change is
// not sent again, and there is an end.
func TestCalendarLimits(t *testing.T) {
	m := &maintenance{}
	for i := range 1200 {
		w := upgrade()
		w.ID = fmt.Sprint(i)
		m.all = append(m.all, w)
	}
	s := calendarSurface(t, m)
	if w := s.Ask(t, http.MethodGet, "/status/nobody/calendar.ics"); w.Code != http.StatusNotFound {
		t.Errorf("the calendar of nobody = %d", w.Code)
	}
	w := s.Get(t, "/status/calendar.ics")
	if _, all := events(t, w.Body.String()); len(all) != 1000 {
		t.Errorf("%d events", len(all))
	}
	if again := s.Ask(t, http.MethodGet, "/status/calendar.ics", "If-None-Match", w.Header().Get("ETag")); again.Code != http.StatusNotModified {
		t.Errorf("asked again = %d", again.Code)
	}
	if w := newSurface(t).Ask(t, http.MethodGet, "/status/calendar.ics"); w.Code != http.StatusNotFound {
		t.Errorf("without a source the calendar = %d", w.Code)
	}
}

// FuzzCalendar puts any text where other people's text goes.
func FuzzCalendar(f *testing.F) {
	for _, seed := range []string{"Upgrade", "a\r\nEND:VCALENDAR", "\xff\xfe\x00", strings.Repeat("ü", 100), strings.Repeat("🚧,;\\", 40), "\u2028\u202e"} {
		f.Add(seed)
	}
	m := &maintenance{}
	s := calendarSurface(f, m)
	f.Fuzz(func(t *testing.T, hostile string) {
		w := upgrade()
		w.ID, w.Name, w.Text, w.Servers, w.Groups = hostile, hostile, hostile, []string{hostile}, []string{hostile}
		m.all = []uptime.Window{w}
		if _, all := events(t, s.Get(t, "/status/calendar.ics").Body.String()); len(all) != 1 || len(all[0]) != 10 {
			t.Errorf("%q made %v", hostile, all)
		}
	})
}
