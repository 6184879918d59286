package statuspage

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Bounds of what an address may ask for.
const (
	maxSearch  = 200 // bytes
	perPage    = 50
	maxPerPage = 200
	maxPage    = 100_000
)

// listQuery is what the dashboard's address says. Everything that can be
// chosen on the page is in it.
type listQuery struct {
	Text    string
	States  []uptime.State
	Planned bool   // those in maintenance, which are in no state
	Access  string // open, locked, auth_broken; empty for all
	Group   string
	Drifted bool
	Order   board.Order
	Reverse bool
	Grouped bool
	Page    int // from 1
	Per     int
}

// parseList reads an address. What it does not understand is an error: a page
// that shows something else than it was asked for misleads.
func parseList(v url.Values) (q listQuery, err error) {
	q = listQuery{Text: strings.TrimSpace(v.Get("q")), Group: v.Get("group"), Page: 1, Per: perPage, Order: board.ByTrouble}
	q.Drifted, q.Grouped, q.Reverse = v.Get("drift") == "open", v.Get("by") == "group", v.Get("dir") == "reverse"
	if len(q.Text) > maxSearch || len(q.Group) > maxSearch {
		return q, fmt.Errorf("%w: a search or group of more than %d bytes", uptime.ErrInvalid, maxSearch)
	}
	if q.States, q.Planned, err = parseStates(v["state"]); err != nil {
		return q, err
	}
	if q.Access, err = oneOf(v, "access", "", "open", "locked", "broken"); err != nil {
		return q, err
	}
	if sort := v.Get("sort"); sort != "" {
		if q.Order = board.Order(sort); !slices.Contains(board.Orders(), q.Order) {
			return q, fmt.Errorf("%w: no such order %q", uptime.ErrInvalid, sort)
		}
	}
	if q.Page, err = parseNumber(v, "page", 1, maxPage); err != nil {
		return q, err
	}
	q.Per, err = parseNumber(v, "per", perPage, maxPerPage)
	return q, err
}

// inMaintenance is the word beside those of states.
const inMaintenance = "maintenance"

func parseStates(words []string) (states []uptime.State, planned bool, err error) {
	for _, word := range words {
		if word == "" || word == inMaintenance {
			planned = planned || word != ""
			continue
		}
		var s uptime.State
		if err := s.UnmarshalText([]byte(word)); err != nil {
			return nil, false, fmt.Errorf("%w: %w", uptime.ErrInvalid, err)
		}
		if !slices.Contains(states, s) {
			states = append(states, s)
		}
	}
	return states, planned, nil
}

// Words are the states that are asked for, and maintenance.
func (q listQuery) Words() []string {
	var words []string
	for _, s := range q.States {
		words = append(words, s.String())
	}
	if q.Planned {
		words = append(words, inMaintenance)
	}
	return words
}

func oneOf(v url.Values, key string, words ...string) (string, error) {
	if got := v.Get(key); slices.Contains(words, got) {
		return got, nil
	}
	return "", fmt.Errorf("%w: no such %s %q", uptime.ErrInvalid, key, v.Get(key))
}

func parseNumber(v url.Values, key string, absent, most int) (int, error) {
	text := v.Get(key)
	if text == "" {
		return absent, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > most {
		return 0, fmt.Errorf("%w: %s must be a number from 1 to %d", uptime.ErrInvalid, key, most)
	}
	return n, nil
}

// board is the query in the words of the board.
func (q listQuery) board() board.Query {
	b := board.Query{
		Text: q.Text, States: q.States, Maintenance: q.Planned, Group: q.Group, Drifted: q.Drifted, Order: q.Order, Reverse: q.Reverse,
		Offset: (q.Page - 1) * q.Per, Limit: q.Per,
	}
	switch q.Access {
	case "open":
		b.Access = []uptime.Access{uptime.AccessOpen}
	case "locked":
		b.Access = []uptime.Access{uptime.AccessWalled, uptime.AccessCustom, uptime.AccessBroken}
	case "broken":
		b.Access = []uptime.Access{uptime.AccessBroken}
	}
	return b
}

// values is the address of the query, without what is as it would be anyway.
func (q listQuery) values() url.Values {
	v := url.Values{}
	set := func(key, value string, when bool) {
		if when {
			v.Set(key, value)
		}
	}
	set("q", q.Text, q.Text != "")
	for _, word := range q.Words() {
		v.Add("state", word)
	}
	set("access", q.Access, q.Access != "")
	set("group", q.Group, q.Group != "")
	set("drift", "open", q.Drifted)
	set("sort", string(q.Order), q.Order != board.ByTrouble)
	set("dir", "reverse", q.Reverse)
	set("by", "group", q.Grouped)
	set("page", strconv.Itoa(q.Page), q.Page > 1)
	set("per", strconv.Itoa(q.Per), q.Per != perPage)
	return v
}

// Href is the address of the query.
func (q listQuery) Href() string {
	if text := q.values().Encode(); text != "" {
		return "/?" + text
	}
	return "/"
}

// At is the query on another page.
func (q listQuery) At(page int) listQuery { q.Page = page; return q }

// Narrow reports whether the query hides servers.
func (q listQuery) Narrow() bool {
	return q.Text != "" || len(q.Words()) > 0 || q.Access != "" || q.Group != "" || q.Drifted
}

// Only is the query with one state, or with all when it has that one already.
func (q listQuery) Only(word string) listQuery {
	words := []string{word}
	if q.Has(word) {
		words = nil
	}
	q.States, q.Planned, _ = parseStates(words) // templates know the words
	return q.At(1)
}

// Has reports whether the query asks for this state alone.
func (q listQuery) Has(word string) bool { return slices.Equal(q.Words(), []string{word}) }

// Sorted is the query in this order, turned round when it has that already.
func (q listQuery) Sorted(o string) listQuery {
	q.Reverse = q.Order == board.Order(o) && !q.Reverse
	q.Order = board.Order(o)
	return q.At(1)
}

// Direction is the value of aria-sort for the column of this order.
func (q listQuery) Direction(o string) string {
	if q.Order != board.Order(o) {
		return "none"
	}
	up := o == string(board.ByName) || o == string(board.ByUptime) // least first
	if up != q.Reverse {
		return "ascending"
	}
	return "descending"
}

// Toggle is the query with open drifts only, or with its groups, or without.
func (q listQuery) Toggle(what string) listQuery {
	switch what {
	case "drift":
		q.Drifted = !q.Drifted
	case "group":
		q.Grouped = !q.Grouped
	case "locked":
		if q.Access == "locked" {
			q.Access = ""
		} else {
			q.Access = "locked"
		}
	}
	return q.At(1)
}
