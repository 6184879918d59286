package board_test

import (
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestEveryCauseHasWords(t *testing.T) {
	seen := map[string]uptime.Cause{}
	for _, c := range uptime.Causes() {
		words := board.CausePhrase(c)
		switch {
		case words == "" || words == string(c):
			t.Errorf("%s has no words", c)
		case strings.ContainsRune(words, '_') || strings.HasSuffix(words, "."):
			t.Errorf("%s: %q is no clause for people", c, words)
		case seen[words] != "":
			t.Errorf("%s and %s share the words %q", c, seen[words], words)
		}
		seen[words] = c
	}
	for _, c := range []uptime.Cause{uptime.CredentialExpired, uptime.CredentialRefused, uptime.AgentLost, uptime.SelfOverload} {
		for _, private := range []string{"expire", "credential", "token", "agent", "CPU", "overload"} {
			if strings.Contains(board.CausePhrase(c), private) {
				t.Errorf("%s tells the public about the monitor: %q", c, board.CausePhrase(c))
			}
		}
	}
	if got := board.CausePhrase(""); got != "" {
		t.Errorf("no cause has the words %q", got)
	}
	if got := board.CausePhrase("of_tomorrow"); got != "of_tomorrow" {
		t.Errorf("an unknown cause is %q", got)
	}
}

func TestHeadline(t *testing.T) {
	now := time.Date(2026, 7, 20, 12, 0, 0, 0, time.UTC)
	reports := func(n int) []uptime.Report { return make([]uptime.Report, n) }
	live := func(change func(*board.Row)) *board.Row {
		r := &board.Row{
			State: uptime.Live, Access: uptime.AccessOpen, LastProbe: now.Add(-14 * time.Second),
			Verdict: &uptime.Verdict{State: uptime.Live, Reports: reports(5)},
			Summary: uptime.Summary{P95: 412 * time.Millisecond}, Tools: 13, ToolsHash: "sha256:1",
			ToolsSince: now.Add(-12 * 24 * time.Hour),
		}
		change(r)
		return r
	}
	cells := func(states ...uptime.State) []board.CityCell {
		var out []board.CityCell
		for i, s := range states {
			out = append(out, board.CityCell{City: []string{"London", "Tokyo", "Sydney"}[i], State: s})
		}
		return out
	}
	tests := []struct {
		name string
		row  *board.Row
		want string
	}{
		{"live", live(func(*board.Row) {}), "Operational — tools unchanged for 12 days, p95 412 ms, checked 14 s ago from 5 cities."},
		{"one region", live(func(r *board.Row) { r.Verdict.Reports = reports(1) }), "Operational — tools unchanged for 12 days, p95 412 ms, checked 14 s ago from 1 city."},
		{"one of two", live(func(r *board.Row) { r.Verdict.Reports, r.Verdict.Expected = reports(1), 2 }), "Operational — tools unchanged for 12 days, p95 412 ms, checked 14 s ago from 1 of 2 cities."},
		{"walled", live(func(r *board.Row) { r.Access, r.ToolsHash = uptime.AccessWalled, "" }), "Operational, sign-in required — tools not verified, p95 412 ms, checked 14 s ago from 5 cities."},
		{"drifted", live(func(r *board.Row) {
			r.OpenDrift = &uptime.Drift{Class: uptime.DriftBreaking, Detected: now.Add(-3 * time.Hour)}
		}), "Operational — tools changed 3 h ago (breaking), p95 412 ms, checked 14 s ago from 5 cities."},
		{"down in two", live(func(r *board.Row) {
			r.State, r.Since = uptime.Down, now.Add(-17*time.Minute)
			r.Verdict.Failure = &uptime.Failure{Cause: uptime.ConnectRefused}
			r.Cells = cells(uptime.Down, uptime.Down, uptime.Live)
		}), "Down for 17 min — the connection is refused in London and Tokyo, checked 14 s ago from 5 cities."},
		{"down everywhere", live(func(r *board.Row) {
			r.State, r.Since = uptime.Down, now.Add(-17*time.Minute)
			r.Verdict.Failure = &uptime.Failure{Cause: uptime.TLSExpired}
			r.Cells = cells(uptime.Down, uptime.Down)
		}), "Down for 17 min — its certificate has expired everywhere, checked 14 s ago from 5 cities."},
		{"slow", live(func(r *board.Row) {
			r.State, r.Since, r.Verdict.Why = uptime.Degraded, now.Add(-2*time.Hour), "handshake took 6.1 s."
		}), "Degraded — handshake took 6.1 s, for 2 h, checked 14 s ago from 5 cities."},
		{"stale", live(func(r *board.Row) { r.State, r.Stale = uptime.Unknown, "no probe has been judged since 11:40 UTC" }), "Unknown — no probe has been judged since 11:40 UTC, checked 14 s ago from 5 cities."},
		{"maintenance", live(func(r *board.Row) {
			r.Window = &uptime.Window{Name: "Moving house", To: now.Add(13 * time.Hour)}
		}), "Under maintenance — Moving house, until 21 Jul, 01:00 UTC, checked 14 s ago from 5 cities."},
		{"paused", live(func(r *board.Row) { r.Paused = true }), "Paused — it is not being checked."},
		{"new", &board.Row{}, "Waiting for the first check."},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			if got := board.Headline(tc.row, now); got != tc.want {
				t.Errorf("got  %s\nwant %s", got, tc.want)
			}
		})
	}
}

func TestMeasures(t *testing.T) {
	same := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	same(board.Span(-time.Hour), "0 s")
	same(board.Span(59*time.Minute), "59 min")
	same(board.Span(47*time.Hour), "47 h")
	same(board.Span(5*time.Hour+12*time.Minute+59*time.Second), "5 h 12 min")
	same(board.Span(49*time.Hour), "2 days")
	same(board.Share(0, 0), "–")
	same(board.Share(0, 9), "0 %")
	same(board.Share(1, 43200), "less than 0.1 %")
	same(board.Share(1013, 129600), "0.8 %")
	same(board.Share(1, 8), "12 %")
	same(board.Count(1234567), "1\u202f234\u202f567")
	same(board.Count(-123), "-123")
	same(board.Millis(0), "")
	same(board.Millis(999_600*time.Microsecond), "1.0 s")
	same(board.Millis(4149*time.Millisecond), "4.1 s")
	same(board.PercentWord(uptime.Counts{}), "no data")
	same(board.PercentWord(uptime.Counts{Live: 43199, Down: 1}), "99.99 %")
	same(board.PercentWord(uptime.Counts{Live: 1999, Down: 1}), "99.95 %")
	same(board.PercentWord(uptime.Counts{Live: 7}), "100 %")
	same(board.Sentence([]string{"London", "Tokyo", "Sydney"}), "London, Tokyo and Sydney")
	same(board.Sentence([]string{"a", "b", "c", "d", "e"}), "a, b, c and 2 more")
	same(board.Sentence(nil), "")
}
