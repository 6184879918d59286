package statuspage

import (
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// instant is a moment as pages show it: the machine-readable form beside the
// words. The zero instant shows nothing.
type instant struct {
	ISO  string // RFC 3339, for <time datetime>
	Text string
}

// clock names t: the time alone within today, the day with it otherwise. All
// times on pages are UTC and say so.
func clock(t, now time.Time) instant {
	if t.IsZero() {
		return instant{}
	}
	t, now = t.UTC(), now.UTC()
	text := t.Format("15:04 UTC")
	switch {
	case t.Year() != now.Year():
		text = t.Format("2 Jan 2006, 15:04 UTC")
	case uptime.DayOf(t) != uptime.DayOf(now):
		text = t.Format("2 Jan, 15:04 UTC")
	}
	return instant{ISO: t.Format(time.RFC3339), Text: text}
}

// exact is clock to the second, for timelines.
func exact(t, now time.Time) instant {
	at := clock(t, now)
	if !t.IsZero() {
		at.Text = t.UTC().Format("2 Jan 2006, 15:04:05 UTC")
	}
	return at
}

// spell writes a length of time for people, with at most two units: 14 s,
// 12 min, 3 h 20 min, 12 days. Negative lengths are nothing.
func spell(d time.Duration) string {
	switch d = max(d, 0); {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return spellHours(int(d.Minutes()))
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}

// spellExact is spell to the second below an hour: for times to detect and
// recover.
func spellExact(d time.Duration) string {
	d = max(d, 0).Round(time.Second)
	if d < time.Minute || d >= time.Hour || d%time.Minute == 0 {
		return spell(d)
	}
	return fmt.Sprintf("%d min %d s", int(d.Minutes()), int(d.Seconds())%60)
}

func spellHours(minutes int) string {
	if minutes%60 == 0 {
		return fmt.Sprintf("%d h", minutes/60)
	}
	return fmt.Sprintf("%d h %d min", minutes/60, minutes%60)
}

// spellMinutes writes a count of minutes exactly.
func spellMinutes(n int) string {
	if n < 60 {
		return fmt.Sprintf("%d min", n)
	}
	return spellHours(n)
}

// millis writes a latency: whole milliseconds, or seconds from ten thousand on;
// a dash for none.
func millis(d time.Duration) string {
	switch {
	case d <= 0:
		return "–"
	case d < time.Millisecond:
		return "<1 ms"
	case d < 10*time.Second:
		return thousands(int(d.Round(time.Millisecond).Milliseconds())) + " ms"
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// thousands writes n with thin spaces between groups of three digits.
func thousands(n int) string {
	text := fmt.Sprint(n)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "\u202f" + text[at:]
	}
	return text
}

// percentage writes a share with two decimals; it never rounds up to 100 what
// was not perfect.
func percentage(c uptime.Counts) string {
	p, ok := c.Uptime()
	if !ok {
		return "–"
	}
	if c.Down == 0 {
		return "100 %"
	}
	return fmt.Sprintf("%.2f %%", min(p, 99.99))
}

// count writes a number with its noun: 1 tool, 2 tools.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	switch {
	case noun == "city":
		noun = "citie"
	case noun == "retry":
		noun = "retrie"
	}
	return thousands(n) + " " + noun + "s"
}

// nowText writes moments as they look from now.
type nowText time.Time

func (n nowText) clock(t time.Time) instant { return clock(t, time.Time(n)) }
func (n nowText) exact(t time.Time) instant { return exact(t, time.Time(n)) }

func (n nowText) ago(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return spell(time.Time(n).Sub(t)) + " ago"
}
