package config

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

var (
	hoursForm = regexp.MustCompile(`^(?:([A-Za-z,-]+) +)?([0-9]{2}):([0-9]{2})-([0-9]{2}):([0-9]{2})(?: +([A-Za-z][A-Za-z0-9_+/-]*))?$`)
	errHours  = errors.New("here must be hours such as mon-fri 08:00-18:00 Europe/Berlin")
)

// parseHours reads DAYS FROM-TO ZONE. Days and zone may be missing.
func parseHours(text string) (uptime.Hours, error) {
	m := hoursForm.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil || len(text) > 200 {
		return uptime.Hours{}, errHours
	}
	h := uptime.Hours{}
	var err error
	if h.Days, err = parseDays(m[1]); err != nil {
		return uptime.Hours{}, err
	}
	from, okFrom := clockOf(m[2], m[3])
	to, okTo := clockOf(m[4], m[5])
	zone, okZone := zoneOf(orElse(m[6], "UTC"))
	switch {
	case !okFrom || !okTo || from == 24*time.Hour:
		return uptime.Hours{}, errors.New("a time is 00:00 to 23:59, the last one 24:00 at most")
	case from == to:
		return uptime.Hours{}, errors.New("the hours end when they begin; the whole day is 00:00-24:00")
	case !okZone:
		return uptime.Hours{}, errors.New("there is no such zone; write one such as Europe/Berlin or UTC")
	}
	h.From, h.To, h.Zone = from, to, zone
	return h, nil
}

// parseDays reads days and spans of days; empty is every day.
func parseDays(text string) (days [7]bool, err error) {
	for part := range strings.SplitSeq(orElse(text, "sun-sat"), ",") {
		first, last, span := strings.Cut(part, "-")
		if !span {
			last = first
		}
		from, to := dayOf(first), dayOf(last)
		if from < 0 || to < 0 {
			return days, errors.New("the days are mon, tue, wed, thu, fri, sat and sun: mon-fri, or sat,sun")
		}
		for day := from; ; day = (day + 1) % 7 {
			days[day] = true
			if day == to {
				break
			}
		}
	}
	return days, nil
}

// dayOf returns the number of a day in the week; -1 for none.
func dayOf(word string) int {
	word = strings.ToLower(word)
	for day := time.Sunday; day <= time.Saturday; day++ {
		if name := strings.ToLower(day.String()); word == name[:3] || word == name {
			return int(day)
		}
	}
	return -1
}

// clockOf returns the time since midnight.
func clockOf(hour, minute string) (time.Duration, bool) {
	var h, m int
	_, err := fmt.Sscanf(hour+":"+minute, "%d:%d", &h, &m)
	at := time.Duration(h)*time.Hour + time.Duration(m)*time.Minute
	return at, err == nil && m < 60 && at <= 24*time.Hour
}

// zoneOf finds a zone by its name. Local is none: a file means the same
// wherever it is read.
func zoneOf(name string) (*time.Location, bool) {
	if name == "" || name == "Local" {
		return nil, false
	}
	zone, err := time.LoadLocation(name)
	return zone, err == nil
}
