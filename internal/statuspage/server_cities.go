package statuspage

import (
	"fmt"
	"strings"

	"github.com/alivemcp/alivemcp/internal/board"
)

// city is a region as the public knows it: by its name, never by its id.
type city struct {
	ID   string // not for pages
	Name string
	Slug string // unique on the page, for addresses
}

// citiesOf names the regions. A region without a city stays anonymous, and two
// agents in one city are told apart by a number.
func citiesOf(regions []board.RegionView) []city {
	out := make([]city, len(regions))
	names, slugs := map[string]int{}, map[string]int{}
	for i, r := range regions {
		name := strings.TrimSpace(r.City)
		if name == "" || name == r.ID && strings.ContainsAny(name, "-_0123456789") {
			name = "Unnamed place"
		}
		name = numbered(names, name, " ")
		out[i] = city{ID: r.ID, Name: visible(name), Slug: numbered(slugs, slugOf(name), "-")}
	}
	return out
}

// numbered returns name the first time, and name with a number afterwards.
func numbered(seen map[string]int, name, separator string) string {
	seen[name]++
	if n := seen[name]; n > 1 {
		return fmt.Sprintf("%s%s%d", name, separator, n)
	}
	return name
}

// slugOf makes an address of a name: what is neither letter nor digit becomes a
// hyphen.
func slugOf(name string) string {
	parts := strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r < 0x80
	})
	if len(parts) == 0 {
		return "place"
	}
	return strings.Join(parts, "-")
}

// cityNames are the names of these region ids, in the order of cities. Ids that
// the server is not watched from any more are counted as "a former place".
func cityNames(cities []city, ids []string) []string {
	wanted := map[string]bool{}
	for _, id := range ids {
		wanted[id] = true
	}
	var names []string
	for _, c := range cities {
		if wanted[c.ID] {
			names = append(names, c.Name)
			delete(wanted, c.ID)
		}
	}
	if len(wanted) > 0 {
		names = append(names, "a former place")
	}
	return names
}

// cityName is the name of one region id.
func cityName(cities []city, id string) string {
	return board.Sentence(cityNames(cities, []string{id}))
}
