package uptime

import (
	"fmt"
	"time"
)

// Minute is a Unix minute, UTC: the grain of the archive.
type Minute int64

// MinutesPerDay is how many minutes a UTC day has.
const MinutesPerDay = 24 * 60

// MinuteOf returns the minute that t falls into.
func MinuteOf(t time.Time) Minute { return Minute(floorDiv(t.Unix(), 60)) }

// Time returns the beginning of the minute, in UTC.
func (m Minute) Time() time.Time { return time.Unix(int64(m)*60, 0).UTC() }

// Day returns the day of the minute.
func (m Minute) Day() Day { return Day(floorDiv(int64(m), MinutesPerDay)) }

// OfDay returns the position of the minute in its day, 0 to 1439.
func (m Minute) OfDay() int { return int(m - m.Day().First()) }

// Day is a UTC day, counted from 1970-01-01.
type Day int32

// DayOf returns the day that t falls into.
func DayOf(t time.Time) Day { return MinuteOf(t).Day() }

// ParseDay reads the form of String.
func ParseDay(text string) (Day, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return 0, fmt.Errorf("%w: %q is no day, want YYYY-MM-DD", ErrInvalid, text)
	}
	return DayOf(t), nil
}

// First returns the first minute of the day.
func (d Day) First() Minute { return Minute(d) * MinutesPerDay }

// Time returns the beginning of the day, in UTC.
func (d Day) Time() time.Time { return d.First().Time() }

// String returns the day as YYYY-MM-DD.
func (d Day) String() string { return d.Time().Format(time.DateOnly) }

// MarshalText returns the text of String.
func (d Day) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads the text of String.
func (d *Day) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDay(string(text))
	return err
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
