package demo

import (
	"strings"

	"github.com/alivemcp/alivemcp/internal/registry/fake"
)

// fate is how an endpoint did in an audit.
type fate int

const (
	stable fate = iota
	drifting
	regional
	walled
	custom
	broken
	nameless // its name does not resolve
	refusing // connections are refused
	missing  // 404
	website  // an HTML page
	misshapen
	limited
)

// stranger is a server of somebody else, which is listed and counted, and not
// monitored.
type stranger struct {
	name, text string
	in         string
	from       int
	then, now  fate // in the first audit, and in the second
}

// host is where it is: a name without a domain is at the hub, which runs many.
func (s *stranger) host() string {
	name, owner, ok := strings.Cut(s.name, "@")
	if !ok {
		return name + hub
	}
	return name + "." + owner + "-demo.dev"
}

func (s *stranger) record() record {
	name, owner, ok := strings.Cut(s.name, "@")
	if !ok {
		owner = "toolhub"
	}
	return record{
		Server: fake.Server{
			Name: "dev." + owner + "-demo/" + name, Title: strings.ToUpper(name[:1]) + strings.ReplaceAll(name[1:], "-", " "), Description: s.text,
			Version: "1.0." + string('0'+rune(len(s.name)%10)), URL: "https://" + s.host() + "/mcp", Key: s.now == custom,
		},
		in: s.in, from: s.from, until: -1,
	}
}

// strangers are servers of others. Most of what registries list does not work.
func strangers() []stranger {
	return []stranger{
		{"maps", "Routes and places.", "ogp", 400, stable, stable},
		{"news", "Headlines of the day.", "og", 400, stable, drifting},
		{"stocks", "Prices, a quarter of an hour late.", "ogp", 300, stable, custom},
		{"recipes", "What to cook with what is there.", "og", 300, stable, stable},
		{"flights", "Departures and arrivals.", "ogp", 300, regional, regional},
		{"hotels", "Rooms that are free.", "og", 300, stable, nameless},
		{"trains", "Timetables.", "o", 260, nameless, nameless},
		{"parcels", "Where a parcel is.", "og", 260, drifting, stable},
		{"jobs", "Vacancies near you.", "o", 240, nameless, nameless},
		{"movies", "What is on tonight.", "op", 240, missing, missing},
		{"music", "Songs by mood.", "o", 220, missing, nameless},
		{"books", "Reviews and prices.", "og", 220, stable, missing},
		{"papers", "Abstracts of papers.", "op", 200, misshapen, stable},
		{"patents", "Claims and citations.", "o", 200, refusing, nameless},
		{"courts", "Decisions of courts.", "o", 180, website, website},
		{"recalls", "Products that were called back.", "o", 180, nameless, nameless},
		{"tides", "High and low water.", "o", 160, missing, nameless},
		{"stars", "What is in the sky.", "og", 160, stable, stable},
		{"desk-search@northwind", "Finds tickets.", "ogp", 300, walled, walled},
		{"orders@northwind", "Orders and invoices.", "ogp", 300, walled, walled},
		{"stock-room@northwind", "What is in the warehouse.", "og", 200, custom, walled},
		{"docs@globex", "The handbook of Globex.", "ogp", 300, stable, stable},
		{"status@globex", "Says what is down.", "og", 250, missing, missing},
		{"deploy@globex", "Ships a release.", "op", 250, walled, broken},
		{"logs@globex", "Searches logs.", "og", 200, custom, custom},
		{"metrics@globex", "Draws charts.", "op", 200, limited, limited},
		{"printer@initech", "Prints cover sheets.", "og", 300, refusing, refusing},
		{"reports@initech", "Writes reports.", "og", 300, nameless, nameless},
		{"stapler@initech", "Where the stapler is.", "o", 300, website, nameless},
		{"fax@initech", "Sends faxes.", "o", 300, refusing, refusing},
		{"samples@umbrella", "Samples and results.", "ogp", 150, misshapen, misshapen},
		{"archive@umbrella", "Old results.", "og", 150, stable, stable},
		{"trials@umbrella", "Studies that are open.", "o", 70, missing, missing},
		{"quotes", "A quote for every day.", "o", 60, nameless, nameless},
		{"memes", "Pictures with words.", "op", 50, website, website},
		{"horoscopes", "What the stars say of you.", "o", 40, nameless, nameless},
		{"lottery", "Numbers of the last draw.", "o", 30, refusing, refusing},
		{"colours", "Palettes that fit.", "og", 20, stable, stable},
	}
}

// roleFate is how one of the demonstration's own servers did: as strangers see it.
func roleFate(slug string, second bool) fate {
	switch {
	case slug == "billing":
		return walled
	case slug == "translate" && second:
		return limited
	case slug == "inventory" && second:
		return website
	case slug == "crm":
		return drifting
	case slug == "tickets":
		return regional
	}
	return stable
}
