package config

import (
	"slices"
	"strings"
	"time"
)

// maxWindow is how long maintenance may last.
const maxWindow = 90 * 24 * time.Hour

func (d *decoder) checkWindows() {
	slugs, groups := d.namesOf()
	first := map[string]place{}
	for i := range d.f.Windows {
		w := &d.f.Windows[i]
		d.checkTime(w)
		d.checkRepeat(w)
		if w.ID == "" {
			w.ID = strings.Trim(slugOf(w.Name)+"-"+w.From.Format("20060102t1504"), "-")
		}
		at := d.of(&w.ID, &w.Name, w)
		if before, ok := first[w.ID]; ok {
			d.add(at, SeverityError, "the window in line %d has the same id, or name and time, already; give each an id", before.line)
		}
		first[w.ID] = at
		d.checkNames(w.Servers, slugs, "server")
		d.checkNames(w.Groups, groups, "group")
	}
	d.checkOccurrences()
}

// checkOccurrences keeps ids apart from those that WindowsAt makes.
func (d *decoder) checkOccurrences() {
	again := map[string]bool{}
	for i := range d.f.Windows {
		again[d.f.Windows[i].ID] = d.f.Windows[i].rule != nil
	}
	for i := range d.f.Windows {
		w := &d.f.Windows[i]
		if of, _, ok := strings.Cut(w.ID, "@"); ok && again[of] {
			d.add(d.of(&w.ID), SeverityError, "occurrences of the window %s are called so; give this one another id", shown(of))
		}
	}
}

// checkRepeat reads the rule by which a window repeats.
func (d *decoder) checkRepeat(w *Window) {
	zone, ok := zoneOf(w.Zone)
	switch {
	case !ok:
		d.add(d.of(&w.Zone), SeverityError, "there is no such zone; write one such as Europe/Berlin or UTC")
		return
	case !d.wrote(&w.Repeat) && d.wrote(&w.Zone):
		d.add(d.of(&w.Zone), SeverityError, "a zone is for a window that repeats; add repeat: FREQ=WEEKLY, or remove it")
		return
	case !d.wrote(&w.Repeat) || w.From.IsZero():
		return
	}
	if d.repeating++; d.repeating > maxRepeating {
		d.add(d.of(&w.Repeat), SeverityError, "this window is one too many of those that repeat: the most is %d", maxRepeating)
		return
	}
	rule, err := newRecurrence(w.Repeat, w.From.In(zone))
	if err != nil {
		d.add(d.of(&w.Repeat), SeverityError, "%v", err)
		return
	}
	w.rule = rule
}

// checkTime wants an end, after the beginning, and fills it in.
func (d *decoder) checkTime(w *Window) {
	hasTo, hasFor := d.wrote(&w.To), d.wrote(&w.For)
	switch {
	case hasTo && hasFor:
		d.add(d.of(&w.For), SeverityError, "a window has to or for, not both; remove one")
	case !hasTo && !hasFor:
		d.add(d.of(w), SeverityError, "it is missing when the window ends; add to: 2026-10-02T00:00:00Z or for: 2h")
	case hasFor:
		w.To = w.From.Add(w.For)
	case w.From.IsZero() || w.To.IsZero(): // was named
	case !w.To.After(w.From):
		d.add(d.of(&w.To), SeverityError, "the window ends before it begins; from is in line %d", d.of(&w.From).line)
	case w.To.Sub(w.From) > maxWindow:
		d.add(d.of(&w.To), SeverityError, "the window lasts longer than 90 days; pause the server instead")
	}
}

func (d *decoder) namesOf() (slugs, groups []string) {
	for _, s := range d.f.Servers {
		slugs = append(slugs, s.Slug)
		if s.Group != "" {
			groups = append(groups, s.Group)
		}
	}
	slices.Sort(slugs)
	slices.Sort(groups)
	return slugs, slices.Compact(groups)
}

// checkNames names what no server is called.
func (d *decoder) checkNames(names, known []string, what string) {
	for i, name := range names {
		if _, ok := slices.BinarySearch(known, name); ok {
			continue
		}
		hint := ""
		if near := nearest(name, known); near != "" {
			hint = "; did you mean " + shown(near) + "?"
		}
		d.add(d.of(&names[i]), SeverityError, "there is no %s %q%s", what, shown(name), hint)
	}
}
