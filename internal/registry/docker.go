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
	if len(entries) == 0 || len(entries) > maxEntries {
		return fmt.Errorf("the catalog has %d entries where 1 to %d should be", len(entries), maxEntries)
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

// The bounds of a catalog. The time of the YAML parser grows with the square of the
// keys of one mapping, and with the depth.
const (
	maxEntries = 10_000
	maxEntry   = 64 << 10 // bytes
	maxDepth   = 20
)

// dockerEntries splits the catalog into the texts of its entries, so that each is
// parsed by itself: a file of any size is read in bounded steps, and one entry
// that is wrong costs no other.
func dockerEntries(catalog string) (out []string) {
	_, rest, found := strings.Cut("\n"+strings.ReplaceAll(catalog, "\r\n", "\n"), "\nregistry:\n")
	if !found {
		return nil
	}
	indent, at, begin := len(rest)-len(strings.TrimLeft(rest, " ")), 0, -1
	end := func() {
		if begin >= 0 {
			out = append(out, rest[begin:at])
		}
		begin = -1
	}
	for line := range strings.Lines(rest) {
		text := strings.TrimLeft(line, " ")
		depth := len(line) - len(text)
		switch {
		case strings.TrimSpace(line) == "", strings.HasPrefix(text, "#"):
		case depth < indent || indent == 0: // the next part of the catalog
			end()
			return out
		case depth == indent:
			end()
			begin = at
		}
		at += len(line)
	}
	end()
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
	if len(text) > maxEntry || depth(text) > maxDepth || yamlAnchor().MatchString(text) {
		return "", entry, errors.New("the entry is too long or nested too deeply, or has anchors")
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

// depth says how deeply a text is nested, at most: it counts what stands in
// quotes, too.
func depth(text string) (deepest int) {
	open, run := 0, 0
	for i := range len(text) {
		switch text[i] {
		case '[', '{':
			open++
		case ']', '}':
			open--
		case '-', '?':
			if strings.HasPrefix(text[i+1:], " ") {
				run++ // - - - is a list in a list in a list
			}
		case ' ', '\n':
		default:
			run = 0
		}
		deepest = max(deepest, open, run)
	}
	return deepest
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
