package config_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// repeated returns the beginnings of a window's occurrences around a moment.
func repeated(t *testing.T, keys, now string) []string {
	t.Helper()
	at, _ := time.Parse(time.RFC3339, now)
	var out []string
	for _, w := range parsed(t, oneServer+"windows: [{id: w, name: W, "+keys+"}]\n").WindowsAt("t", at) {
		out = append(out, w.From.Format("01-02T15:04"))
	}
	return out
}

// TestRecurrence: which days a rule means, and what of them is in the horizon.
func TestRecurrence(t *testing.T) {
	tests := []struct{ name, keys, now, want string }{
		{"each week", "from: 2026-10-04T22:00:00Z, for: 2h, repeat: FREQ=WEEKLY;BYDAY=SU;COUNT=3", "2026-10-01T00:00:00Z", "10-04T22:00 10-11T22:00 10-18T22:00"},
		{"one is over", "from: 2026-10-04T22:00:00Z, for: 2h, repeat: FREQ=WEEKLY;COUNT=3", "2026-10-06T00:00:01Z", "10-11T22:00 10-18T22:00"},
		{"one has just ended", "from: 2026-10-04T22:00:00Z, for: 2h, repeat: FREQ=WEEKLY;COUNT=3", "2026-10-05T23:59:59Z", "10-04T22:00 10-11T22:00 10-18T22:00"},
		{"one lasts", "from: 2026-10-04T22:00:00Z, for: 5d, repeat: FREQ=MONTHLY;COUNT=1", "2026-10-10T00:00:00Z", "10-04T22:00"},
		{"until", "from: 2026-10-04T22:00:00Z, for: 2h, repeat: 'rrule:freq=daily;until=20261006T220000Z'", "2026-10-01T00:00:00Z", "10-04T22:00 10-05T22:00 10-06T22:00"},
		{"until by the clock there", "from: 2026-10-04T22:00:00Z, for: 2h, zone: Europe/Berlin, repeat: FREQ=DAILY;UNTIL=20261006T000000", "2026-10-01T00:00:00Z", "10-04T22:00 10-05T22:00"},
		{"first Saturday", "from: 2026-10-03T00:30:00Z, for: 2h, repeat: FREQ=MONTHLY;BYDAY=1SA", "2026-10-02T00:00:00Z", "10-03T00:30 11-07T00:30 12-05T00:30"},
		{"last working day", "from: 2026-10-30T18:00:00Z, for: 2h, repeat: 'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1'", "2026-10-03T00:00:00Z", "10-30T18:00 11-30T18:00 12-31T18:00"},
		{"every other week", "from: 2026-10-04T22:00:00Z, for: 2h, repeat: FREQ=WEEKLY;INTERVAL=2;COUNT=3", "2026-10-01T00:00:00Z", "10-04T22:00 10-18T22:00 11-01T22:00"},
		// The clock goes back on 25 October 2026 in Berlin: 02:00 there stays 02:00,
		// the first of two. It goes forward on 29 March: there is no 02:30.
		{"summer time ends", "from: 2026-10-18T02:00:00+02:00, for: 1h, zone: Europe/Berlin, repeat: FREQ=WEEKLY;COUNT=3", "2026-10-17T00:00:00Z", "10-18T00:00 10-25T00:00 11-01T01:00"},
		{"summer time begins", "from: 2026-03-22T12:00:00+01:00, for: 1h, zone: Europe/Berlin, repeat: FREQ=WEEKLY;COUNT=2", "2026-03-22T00:00:00Z", "03-22T11:00 03-29T10:00"},
		{"a time that is not there", "from: 2026-03-22T02:30:00+01:00, for: 1h, zone: Europe/Berlin, repeat: FREQ=WEEKLY;COUNT=3", "2026-03-22T00:00:00Z", "03-22T01:30 03-29T01:30 04-05T00:30"},
		{"in UTC nothing changes", "from: 2026-10-18T02:00:00+02:00, for: 1h, repeat: FREQ=WEEKLY;BYDAY=SU;COUNT=3", "2026-10-17T00:00:00Z", "10-18T00:00 10-25T00:00 11-01T00:00"},
		{"all over", "from: 2020-10-18T02:00:00Z, for: 1h, repeat: FREQ=YEARLY;COUNT=2", "2026-10-17T00:00:00Z", ""},
		{"far away", "from: 2030-10-18T02:00:00Z, for: 1h, repeat: FREQ=YEARLY", "2026-10-17T00:00:00Z", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, strings.Join(repeated(t, tt.keys, tt.now), " ")); diff != "" {
				t.Errorf("occurrences (-want +got):\n%s", diff)
			}
		})
	}
}

// TestOccurrence: an occurrence is a window of its own, with the same id however
// often it is made.
func TestOccurrence(t *testing.T) {
	f := parsed(t, oneServer+"windows:\n  - {name: Once, from: 2026-10-01T00:00:00Z, for: 1h}\n"+
		"  - {id: db, name: Upgrade, text: Soon., servers: [a-example], from: 2026-09-24T22:00:00Z, for: 90m, repeat: FREQ=WEEKLY;UNTIL=20261001T230000Z}\n")
	if !f.Repeats() || parsed(t, oneServer).Repeats() {
		t.Error("Repeats() does not say whether one repeats")
	}
	now := time.Date(2026, 9, 27, 0, 0, 0, 0, time.UTC)
	want := []uptime.Window{
		{ID: "once-20261001t0000", Tenant: "t", Name: "Once", From: time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 10, 1, 1, 0, 0, 0, time.UTC)},
		{
			ID: "db@2026-10-01T2200Z", Tenant: "t", Name: "Upgrade", Text: "Soon.", Servers: []string{"a-example"},
			From: time.Date(2026, 10, 1, 22, 0, 0, 0, time.UTC), To: time.Date(2026, 10, 1, 23, 30, 0, 0, time.UTC),
		},
	}
	for range 2 {
		if diff := cmp.Diff(want, f.WindowsAt("t", now)); diff != "" {
			t.Errorf("windows (-want +got):\n%s", diff)
		}
		now = now.Add(24 * time.Hour)
	}
}

// TestOccurrencesAreBounded: of many the soonest are there, so that moving the
// horizon on every day is enough.
func TestOccurrencesAreBounded(t *testing.T) {
	var yaml strings.Builder
	yaml.WriteString(oneServer + "windows:\n")
	for i := range 100 {
		fmt.Fprintf(&yaml, "  - {id: w%d, name: W, from: 2020-01-01T%02d:00:00Z, for: 30m, repeat: FREQ=DAILY}\n", i, i%24)
	}
	f := parsed(t, yaml.String())
	now := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	windows := f.WindowsAt("t", now)
	if len(windows) != 1000 || windows[999].From.Before(now.Add(7*24*time.Hour)) || !windows[0].To.After(now.Add(-24*time.Hour)) {
		t.Errorf("%d windows, from %s to %s", len(windows), windows[0].From, windows[len(windows)-1].From)
	}
	_, problems := config.Parse("x.yaml", []byte(yaml.String()+"  - {id: one-more, name: W, from: 2020-01-01T00:00:00Z, for: 30m, repeat: FREQ=DAILY}\n"), config.Options{})
	if !strings.Contains(fmt.Sprint(problems), "the most is 100") {
		t.Errorf("problems: %v", problems)
	}
}

// TestRecurrenceProblems: what is refused, and that it is refused soon.
func TestRecurrenceProblems(t *testing.T) {
	for rule, want := range map[string]string{
		"weekly":                                            "the rule has a part that is none",
		"FREQ=WEEKLY;;BYDAY=SU":                             "the rule has a part that is none",
		"FREQ=WEEKLY;EXDATE=20261001":                       "the rule has a part that is none",
		"FREQ=WEEKLY;BYEASTER=1":                            "the rule has a part that is none",
		"BYDAY=SU":                                          "the rule cannot be read",
		"FREQ=WEEKLY;BYDAY=SUN":                             "the rule cannot be read",
		"FREQ=WEEKLY;UNTIL=tomorrow":                        "the rule cannot be read",
		"FREQ=SECONDLY":                                     "a window repeats by the day",
		"FREQ=MINUTELY":                                     "a window repeats by the day",
		"FREQ=HOURLY":                                       "a window repeats by the day",
		"FREQ=DAILY;BYHOUR=1,2":                             "BYHOUR is not taken",
		"FREQ=DAILY;BYSECOND=1":                             "BYSECOND is not taken",
		"FREQ=DAILY;FREQ=DAILY":                             "FREQ stands in the rule twice",
		"FREQ=DAILY;INTERVAL=0":                             "INTERVAL is 1 to 1000",
		"FREQ=DAILY;INTERVAL=1000000000":                    "INTERVAL is 1 to 1000",
		"FREQ=DAILY;COUNT=-1":                               "COUNT is 1 to 100000",
		"FREQ=DAILY;COUNT=2;UNTIL=20261001T000000Z":         "COUNT or UNTIL, not both",
		"FREQ=MONTHLY;BYMONTHDAY=32":                        "out of range",
		"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30":               "the rule never comes true",
		"FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30":                "the rule never comes true",
		"FREQ=DAILY;UNTIL=20200101T000000Z":                 "the rule never comes true",
		"FREQ=WEEKLY;BYDAY=MO":                              "the first is from: 2026-10-05T22:00:00Z",
		"FREQ=DAILY;BYDAY=" + strings.Repeat("SU,", 300):    "one line of at most 500",
		"FREQ=MONTHLY;BYSETPOS=366;BYDAY=MO":                "the rule never comes true",
		"FREQ=WEEKLY;INTERVAL=1000;BYMONTH=2;BYMONTHDAY=30": "the rule never comes true",
	} {
		began := time.Now()
		yaml := oneServer + fmt.Sprintf("windows: [{name: w, from: 2026-10-01T22:00:00Z, for: 1h, repeat: %q}]\n", rule)
		_, problems := config.Parse("x.yaml", []byte(yaml), config.Options{})
		if !strings.Contains(fmt.Sprint(problems), want) {
			t.Errorf("%s: said %v, want %s", rule, problems, want)
		}
		if took := time.Since(began); took > 20*time.Second { // some tens of milliseconds on a quiet machine
			t.Errorf("%s took %s", rule, took)
		} else if took > 50*time.Millisecond {
			t.Logf("%s took %s", rule, took)
		}
	}
	for yaml, want := range map[string]string{
		"id: a, from: 2026-10-01T22:00:00Z, for: 1h, repeat: FREQ=DAILY}, {id: a@2026-10-01T2200Z, name: b, from: 2026-10-01T22:00:00Z, for: 1h": "occurrences of the window a are called so",
		"from: 2026-10-01T22:00:00Z, for: 1h, zone: Europe/Berlin":                                                                               "a zone is for a window that repeats",
		"from: 2026-10-01T22:00:00Z, for: 1h, repeat: FREQ=DAILY, zone: Europe/Nowhere":                                                          "there is no such zone",
		"from: 2026-10-01T22:00:00Z, for: 1h, repeat: FREQ=DAILY, zone: ../../etc/passwd":                                                        "there is no such zone",
	} {
		if _, problems := config.Parse("x.yaml", []byte(window(yaml)), config.Options{}); !strings.Contains(fmt.Sprint(problems), want) {
			t.Errorf("%s: said %v, want %s", yaml, problems, want)
		}
	}
}

// FuzzRepeat: any rule is refused, or has bounded occurrences that begin when the
// window says.
func FuzzRepeat(f *testing.F) {
	for _, seed := range []string{"FREQ=WEEKLY;BYDAY=TH", "FREQ=MONTHLY;BYDAY=1TH;COUNT=5", "FREQ=YEARLY;BYWEEKNO=40;WKST=SU", "FREQ=YEARLY;BYYEARDAY=274,-1", "FREQ=MONTHLY;BYSETPOS=-1;BYMONTHDAY=1,31", "FREQ=DAILY;UNTIL=20271001T000000Z", "FREQ=YEARLY;BYDAY=53SU,-53SU"} {
		f.Add(seed)
	}
	now := time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, rule string) {
		file, _ := config.Parse("x.yaml", []byte(oneServer+fmt.Sprintf("windows: [{name: w, from: 2026-10-01T22:00:00Z, for: 1h, repeat: %q}]\n", rule)), config.Options{})
		if file == nil {
			return
		}
		windows := file.WindowsAt("t", now)
		if len(windows) > 91 || len(windows) == 0 || file.Repeats() && !windows[0].From.Equal(now.Add(22*time.Hour)) {
			t.Errorf("%q: %d windows", rule, len(windows))
		}
		for i := 1; i < len(windows); i++ {
			if windows[i].From.Sub(windows[i-1].From) < 23*time.Hour {
				t.Errorf("%q: %s follows %s", rule, windows[i].From, windows[i-1].From)
			}
		}
	})
}
