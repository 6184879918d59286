package audit

import (
	"cmp"
	"maps"
	"slices"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// ListedFacts compare what registries say with what servers say.
type ListedFacts struct {
	// Versions are endpoints of which a registry and the server both name a version,
	// and Transports those of which a registry names a transport and one worked.
	Versions   Differing `json:"versions"`
	Transports Differing `json:"transports"`
	// Delisted were looked at although no registry lists them any more; by bucket.
	// They are not counted anywhere else.
	Delisted Tally `json:"delisted"`
	// SeveralListings are endpoints that more than one listing names,
	// SeveralSources those that more than one registry lists, SeveralNames those that
	// are listed under more than one name.
	SeveralListings int `json:"several_listings"`
	SeveralSources  int `json:"several_registries"`
	SeveralNames    int `json:"several_names"`
	// Disagree are endpoints whose listings, of those that several name, say different
	// things; Aspects counts them by what. Runs of old did not compare them: then
	// Compared is 0.
	Disagree DisagreeFacts `json:"listings_disagree"`
	// Tools are endpoints that showed tools. Catalogues are lists of them that are
	// equal, in canonical form, under several names; Copies is how many endpoints have
	// one of these.
	Tools      int            `json:"with_tools"`
	Catalogues int            `json:"catalogues"`
	Copies     int            `json:"copies"`
	Largest    []CatalogueRow `json:"largest_catalogues"`
}

// DisagreeFacts is how many endpoints have listings that do not agree with each
// other.
type DisagreeFacts struct {
	Compared  int           `json:"compared"`
	Endpoints int           `json:"endpoints"`
	Aspects   []AspectCount `json:"aspects"`
}

// AspectCount is how many disagree on one thing: transport, sign_in, version or
// name.
type AspectCount struct {
	Aspect    string `json:"aspect"`
	Endpoints int    `json:"endpoints"`
}

// Differing is how many endpoints were compared, and the first of those that
// differ, in the order of keys.
type Differing struct {
	Compared int         `json:"compared"`
	Differ   int         `json:"differ"`
	Examples []DifferRow `json:"examples"`
}

// DifferRow is an endpoint that is not as it is listed.
type DifferRow struct {
	Name   string `json:"name"`
	URL    string `json:"url"`
	Listed string `json:"listed"`
	Live   string `json:"live"`
}

// CatalogueRow is a list of tools that several endpoints show.
type CatalogueRow struct {
	Hash      string   `json:"hash"`
	Endpoints int      `json:"endpoints"`
	Names     []string `json:"names"` // the first, sorted
	NameCount int      `json:"name_count"`
	Platforms int      `json:"platforms"`
}

// maxExamples bounds the rows of examples, maxNames the names that one shows.
const (
	maxExamples = 10
	maxNames    = 5
)

// listedCounter adds ListedFacts up.
type listedCounter struct {
	facts      ListedFacts
	catalogues map[string]*catalogue
}

type catalogue struct {
	endpoints        int
	names, platforms map[string]bool
}

func newListedCounter() listedCounter {
	c := listedCounter{catalogues: map[string]*catalogue{}}
	c.facts.Versions.Examples, c.facts.Transports.Examples = []DifferRow{}, []DifferRow{}
	for _, aspect := range []string{"transport", "sign_in", "version", "name"} {
		c.facts.Disagree.Aspects = append(c.facts.Disagree.Aspects, AspectCount{Aspect: aspect})
	}
	return c
}

func (c *listedCounter) gone(b uptime.AuditBucket) { c.facts.Delisted.add(b) }

func (c *listedCounter) add(t *uptime.AuditTarget, f *facts) {
	c.facts.SeveralListings += count(t.Listings > 1)
	c.facts.SeveralSources += count(len(t.Sources) > 1)
	c.facts.SeveralNames += count(len(t.Names) > 1)
	c.facts.Disagree.add(t)
	listed, live := uptime.BareVersion(plain(t.ListedVersion)), uptime.BareVersion(plain(f.serverVer))
	c.facts.Versions.add(t, listed, live, listed == live)
	transport := uptime.ListedTransport(t.ListedTransport)
	c.facts.Transports.add(t, string(transport), f.transport, string(transport) == f.transport)
	if f.tools != "" {
		c.facts.Tools++
		c.catalogue(t, f.tools)
	}
}

// add compares two words, when both are there.
func (d *Differing) add(t *uptime.AuditTarget, listed, live string, same bool) {
	if listed == "" || live == "" {
		return
	}
	d.Compared++
	if same {
		return
	}
	d.Differ++
	if len(d.Examples) < maxExamples {
		d.Examples = append(d.Examples, DifferRow{Name: nameOf(t), URL: plain(t.URL), Listed: listed, Live: live})
	}
}

// add counts an endpoint that several listings name.
func (d *DisagreeFacts) add(t *uptime.AuditTarget) {
	if !t.Compared || t.Listings < 2 {
		return
	}
	d.Compared++
	d.Endpoints += count(len(t.Disagree) > 0)
	for i := range d.Aspects {
		d.Aspects[i].Endpoints += count(slices.Contains(t.Disagree, d.Aspects[i].Aspect))
	}
}

func nameOf(t *uptime.AuditTarget) string {
	if len(t.Names) == 0 {
		return ""
	}
	return plain(t.Names[0])
}

func (c *listedCounter) catalogue(t *uptime.AuditTarget, hash string) {
	g := c.catalogues[hash]
	if g == nil {
		g = &catalogue{names: map[string]bool{}, platforms: map[string]bool{}}
		c.catalogues[hash] = g
	}
	g.endpoints++
	g.names[nameOf(t)] = true
	g.platforms[t.Platform] = true
}

// finish returns the facts, with the largest catalogues.
func (c *listedCounter) finish() ListedFacts {
	rows := []CatalogueRow{}
	for _, hash := range slices.Sorted(maps.Keys(c.catalogues)) {
		g := c.catalogues[hash]
		if len(g.names) < 2 {
			continue
		}
		c.facts.Catalogues++
		c.facts.Copies += g.endpoints
		names := slices.Sorted(maps.Keys(g.names))
		rows = append(rows, CatalogueRow{
			Hash: plain(hash), Endpoints: g.endpoints, NameCount: len(names), Names: names[:min(len(names), maxNames)], Platforms: len(g.platforms),
		})
	}
	slices.SortStableFunc(rows, func(a, b CatalogueRow) int { return cmp.Compare(b.Endpoints, a.Endpoints) })
	c.facts.Largest = rows[:min(len(rows), maxExamples)]
	return c.facts
}
