package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// toolSDK reads ToolSDK's registry: an index, and a file for each package, some of
// which name addresses.
type toolSDK struct {
	base  string
	cache Cache
}

func (*toolSDK) pace() (gap, every time.Duration) { return 500 * time.Millisecond, 24 * time.Hour }

// ID implements Source.
func (*toolSDK) ID() uptime.SourceID { return uptime.SourceToolSDK }

// Access implements Source.
func (*toolSDK) Access() (access, missing string) { return "open", "" }

// Incremental implements Source.
func (*toolSDK) Incremental() bool { return false }

// toolSDKPackage is a file of the registry.
type toolSDKPackage struct {
	Name        string           `json:"name"`
	Description string           `json:"description"`
	URL         string           `json:"url"` // of the code
	Remotes     many[remoteJSON] `json:"remotes"`
}

// toolSDKPage is how many packages make a page.
const toolSDKPage = 500

// Read implements Source. Packages are read in the order of their names.
func (t *toolSDK) Read(ctx context.Context, f *Fetcher, _ time.Time, page func(*Page) error) error {
	body, fetched, err := f.Again(ctx, t.base+"/indexes/packages-list.json", nil)
	if err != nil {
		return fmt.Errorf("the index: %w", err)
	}
	var index map[string]struct{ Path string }
	if err := json.Unmarshal(body, &index); err != nil || len(index) == 0 {
		return errors.New("the index is not the JSON that it should be")
	}
	look := newLooks(t.cache, f)
	look.done = []Fetched{fetched}
	for names := range slices.Chunk(slices.Sorted(maps.Keys(index)), toolSDKPage) {
		p := &Page{Records: len(names)}
		for _, name := range names {
			if err := t.add(ctx, p, look, name, index[name].Path); err != nil {
				return err
			}
		}
		look.tell(p)
		if err := page(p); err != nil {
			return err
		}
	}
	return nil
}

// add adds a package: with its addresses, or as a lead when it has none.
func (t *toolSDK) add(ctx context.Context, p *Page, look *looks, name, path string) error {
	l := uptime.Listing{Key: name, Name: name}
	var found toolSDKPackage
	if path == "" || strings.Contains(path, "..") || strings.ContainsAny(path, "?#%\\ ") {
		p.refuse("without a file")
		return nil
	}
	raw, err := look.get(ctx, "toolsdk "+path, forAWeek, func() ([]byte, error) { return look.file(ctx, t.base+"/packages/"+path, nil) })
	if err != nil {
		return fmt.Errorf("the file of a package: %w", err)
	}
	if len(raw) > 0 && json.Unmarshal(raw, &found) != nil {
		p.refuse("not readable")
	}
	l.Title, l.Description, l.Code = found.Name, found.Description, found.URL
	p.Listings = append(p.Listings, (&serverJSON{Remotes: found.Remotes}).listings(l)...)
	return nil
}
