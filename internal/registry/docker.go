package registry

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// docker reads Docker's catalog: one YAML file.
type docker struct{ url string }

func (*docker) pace() (gap, every time.Duration) { return time.Second, 6 * time.Hour }

// ID implements Source.
func (*docker) ID() uptime.SourceID { return uptime.SourceDocker }

// Access implements Source.
func (*docker) Access() (access, missing string) { return "open", "" }

// Incremental implements Source.
func (*docker) Incremental() bool { return false }

// dockerEntry is a server of the catalog; one that is no remote runs as a
// container.
type dockerEntry struct {
	Title       string `yaml:"title"`
	Description string `yaml:"description"`
	Remote      struct {
		Transport string            `yaml:"transport_type"`
		URL       string            `yaml:"url"`
		Headers   map[string]string `yaml:"headers"`
	} `yaml:"remote"`
	OAuth  any    `yaml:"oauth"`
	Source string `yaml:"source"`
}

// Read implements Source.
func (d *docker) Read(ctx context.Context, f *Fetcher, _ time.Time, page func(*Page) error) error {
	body, fetched, err := f.Again(ctx, d.url, nil)
	if err != nil {
		return fmt.Errorf("the catalog: %w", err)
	}
	entries := dockerEntries(string(body))
	if len(entries) == 0 {
		return errors.New("the catalog has no entries where they should be")
	}
	p := &Page{Records: len(entries), Fetched: []Fetched{fetched}}
	for _, text := range entries {
		name, entry, err := dockerDecode(text)
		if err != nil {
			p.refuse("not readable")
			continue
		}
		p.Listings = append(p.Listings, entry.listing(name))
	}
	return page(p)
}

// maxEntry is how long an entry may be, in bytes: the time of the YAML parser grows
// with the square of the keys of one mapping.
const maxEntry = 64 << 10

// dockerEntries splits the catalog into the texts of its entries, so that each is
// parsed by itself: a file of any size is read in bounded steps, and one entry
// that is wrong costs no other.
func dockerEntries(catalog string) (out []string) {
	_, rest, found := strings.Cut("\n"+strings.ReplaceAll(catalog, "\r\n", "\n"), "\nregistry:\n")
	if !found {
		return nil
	}
	indent := len(rest) - len(strings.TrimLeft(rest, " "))
	for line := range strings.Lines(rest) {
		text := strings.TrimLeft(line, " ")
		depth := len(line) - len(text)
		switch {
		case strings.TrimSpace(line) == "", strings.HasPrefix(text, "#") && depth <= indent:
		case depth < indent:
			return out // the next part of the catalog
		case depth == indent && indent > 0:
			out = append(out, line)
		case len(out) > 0 && len(out[len(out)-1]) <= maxEntry:
			out[len(out)-1] += line
		}
	}
	return out
}

// dockerDecode reads one entry. Entries need no anchors, which can be made to
// explode.
func dockerDecode(text string) (name string, entry dockerEntry, err error) {
	defer func() {
		if recover() != nil { // the parser is not ours, and the text is anyone's
			err = errors.New("the YAML cannot be read")
		}
	}()
	if len(text) > maxEntry || yamlAnchor().MatchString(text) {
		return "", entry, errors.New("the entry is too long, or has anchors")
	}
	var named map[string]dockerEntry
	if err := yaml.Unmarshal([]byte(text), &named); err != nil {
		return "", entry, err
	}
	for name, entry := range named {
		return name, entry, nil
	}
	return "", entry, errors.New("the entry is empty")
}

// yamlAnchor finds an anchor or an alias, and also some words that are none.
func yamlAnchor() *regexp.Regexp { return regexp.MustCompile(`(?m)(^|[:\-,\[{])[ \t]*[&*][^\s*]`) }

func (e *dockerEntry) listing(name string) uptime.Listing {
	l := uptime.Listing{
		Key: name, Name: name, Title: e.Title, Description: e.Description, URL: e.Remote.URL, Transport: e.Remote.Transport,
		Page: "https://hub.docker.com/mcp/server/" + name + "/overview", Code: e.Source,
	}
	for _, header := range slices.Sorted(maps.Keys(e.Remote.Headers)) {
		secret := strings.Contains(e.Remote.Headers[header], "${")
		l.Headers = append(l.Headers, uptime.ListedHeader{Name: header, Required: true, Secret: secret})
	}
	if e.OAuth != nil {
		l.Access = uptime.AccessWalled
	}
	return l
}
