package card_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/alert/card"
	"github.com/alivemcp/alivemcp/internal/alert/sinktest"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestOfOutage(t *testing.T) {
	n := sinktest.Outage(uptime.NoticeOpens)
	want := card.Card{
		Tone:      card.Bad,
		Title:     "Weather is down: the connection is refused",
		Summary:   "Weather refuses connections since 2026-11-03 09:30 UTC, seen from London and Virginia.",
		FirstStep: "Look whether the process or container runs.",
		Facts: []card.Fact{
			{Name: "Severity", Value: "P1"},
			{Name: "Since", Value: "2026-11-03 09:30 UTC", At: sinktest.Start()},
			{Name: "Seen from", Value: "London, Virginia"},
		},
		Links: []card.Link{
			{Label: "Status page", URL: "https://alive.example/status/weather/incidents/1"},
			{Label: "Runbook", URL: "https://wiki.example/runbooks/weather?a=1&b=2"},
			{Label: "Acknowledge", URL: sinktest.Ack, Acts: true},
			{Label: "Silence", URL: "https://alive.example/a/silence?t=Zm9v", Acts: true},
		},
	}
	if diff := cmp.Diff(want, card.Of(&n, card.Markup{})); diff != "" {
		t.Error(diff)
	}
}

func TestOfClosedOutage(t *testing.T) {
	n := sinktest.Outage(uptime.NoticeCloses)
	c := card.Of(&n, card.Markup{})
	if c.Tone != card.Good || len(c.Links) != 1 || c.Links[0].Label != "Status page" {
		t.Errorf("tone %v, links %v: want good, and nothing left to do", c.Tone, c.Links)
	}
	if got := c.Facts[3]; got.Name != "Lasted" || got.Value != "14 min" {
		t.Errorf("got %+v, want that it lasted 14 min", got)
	}
}

func TestAcknowledgedAsksNobody(t *testing.T) {
	n := sinktest.Outage(uptime.NoticeChanges)
	for _, l := range card.Of(&n, card.Markup{}).Links {
		if l.Label == "Acknowledge" {
			t.Error("asks for an acknowledgement although there is one")
		}
	}
}

func TestServersAreBounded(t *testing.T) {
	n := sinktest.Several()
	all := card.Of(&n, card.Markup{}).Servers
	if len(all) != 11 || all[10] != "and 50 more" {
		t.Errorf("got %d lines, the last %q", len(all), all[len(all)-1])
	}
	some := card.Of(&n, card.Markup{Servers: 200}).Servers
	if len(strings.Join(some, "\n")) > 220 || some[len(some)-1] == all[10] {
		t.Errorf("got %q: want as many as fit", some)
	}
}

func TestLinksThatCannotBeFollowed(t *testing.T) {
	for raw, want := range map[string]string{
		"https://a.example/x(1)?q='":                    "https://a.example/x%281%29?q=%27",
		"http://a.example":                              "http://a.example",
		"javascript:alert(1)":                           "",
		"//a.example":                                   "",
		"https://u:p@a.example":                         "",
		"https://a.example/?q=a>b":                      "",
		"https://a.example/?q=a b":                      "",
		"https://a.example/\n":                          "",
		"https://a.example/" + strings.Repeat("x", 1e3): "",
	} {
		var got string
		for _, l := range card.Of(&uptime.Notice{StatusPage: raw}, card.Markup{}).Links {
			got = l.URL
		}
		if got != want {
			t.Errorf("%.40q: got %.40q, want %q", raw, got, want)
		}
	}
}

func TestHostileTexts(t *testing.T) {
	for _, s := range sinktest.Samples() {
		c := card.Of(&s.Delivery.Notice, card.Markup{})
		if c.Title == "" || strings.ContainsAny(c.Title, "\n\r") {
			t.Errorf("%s: the title is %q: want one line", s.Name, c.Title)
		}
		for _, text := range []string{c.Title, c.Summary, c.FirstStep} {
			if !utf8.ValidString(text) || len(utf16.Encode([]rune(text))) > 600 || strings.ContainsAny(text, "\x00\x1b\u202e\u2066") {
				t.Errorf("%s: got %.100q", s.Name, text)
			}
		}
	}
}

func TestLasts(t *testing.T) {
	n := sinktest.Outage(uptime.NoticeChanges)
	if card.Lasts(&n, 10*time.Minute) || !card.Lasts(&n, 9*time.Minute) {
		t.Error("an update of minute ten lasts longer than nine minutes, not than ten")
	}
}

func FuzzCut(f *testing.F) {
	f.Add("wörd 👩‍👩‍👧‍👦 x", 5)
	f.Add("abc", 3)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		if limit < 3 || !utf8.ValidString(s) {
			t.Skip()
		}
		short, bytes := card.Cut(s, limit), card.CutBytes(s, limit)
		if len(utf16.Encode([]rune(short))) > limit || len(bytes) > limit || !utf8.ValidString(short) || !utf8.ValidString(bytes) {
			t.Errorf("got %q and %q for %d", short, bytes, limit)
		}
		if len(s) <= limit && (short != s || bytes != s) {
			t.Errorf("cut %q although it fits in %d", s, limit)
		}
	})
}
