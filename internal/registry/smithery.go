package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// smithery reads Smithery's list, which has no addresses, and each remote server's
// details, which have, once a week.
type smithery struct {
	api
	cache Cache
}

func (*smithery) pace() (gap, every time.Duration) { return 500 * time.Millisecond, 6 * time.Hour }

type smitheryPage struct {
	Servers    many[smitheryRecord] `json:"servers"`
	Pagination struct {
		TotalPages int `json:"totalPages"`
	} `json:"pagination"`
}

type smitheryRecord struct {
	QualifiedName string `json:"qualifiedName"`
	DisplayName   string `json:"displayName"`
	Description   string `json:"description"`
	Homepage      string `json:"homepage"`
	Remote        *bool  `json:"remote"`
	Deployed      *bool  `json:"isDeployed"`
	Unlisted      bool   `json:"unlisted"`
	Inactive      bool   `json:"inactive"`
	Created       moment `json:"createdAt"`
}

// smitheryDetail is an answer of /servers/{qualifiedName}.
type smitheryDetail struct {
	DeploymentURL string `json:"deploymentUrl"`
	Connections   []struct {
		Type          string `json:"type"`
		DeploymentURL string `json:"deploymentUrl"`
	} `json:"connections"`
}

// Read implements Source. The order of the list is stable only with a seed, and the
// same in every crawl with the same one.
func (s *smithery) Read(ctx context.Context, f *Fetcher, _ time.Time, page func(*Page) error) error {
	look, seen := newLooks(s.cache, f), map[string]bool{}
	for n := 1; ; n++ {
		var got smitheryPage
		q := url.Values{"page": {strconv.Itoa(n)}, "pageSize": {"100"}, "seed": {"1"}}
		fetched, err := f.JSON(ctx, s.base+"/servers?"+q.Encode(), s.header, &got)
		switch {
		case err != nil:
			return fmt.Errorf("page %d: %w", n, err)
		case len(got.Servers) == 0 && n < got.Pagination.TotalPages:
			return fmt.Errorf("page %d of %d is empty", n, got.Pagination.TotalPages)
		case n > maxPages:
			return errors.New("there are more than 10,000 pages")
		}
		p := &Page{Records: len(got.Servers), Fetched: []Fetched{fetched}}
		for i := range got.Servers {
			if err := s.add(ctx, p, look, &got.Servers[i], seen); err != nil {
				return fmt.Errorf("page %d: %w", n, err)
			}
		}
		look.tell(p)
		if err := page(p); err != nil || n >= got.Pagination.TotalPages {
			return err
		}
	}
}

// add adds a record with its addresses.
func (s *smithery) add(ctx context.Context, p *Page, look *looks, r *smitheryRecord, seen map[string]bool) error {
	if r.Unlisted || seen[r.QualifiedName] {
		return nil
	}
	seen[r.QualifiedName] = true
	l := uptime.Listing{
		Key: r.QualifiedName, Name: r.QualifiedName, Title: r.DisplayName, Description: r.Description, Published: r.Created.Time,
		Page: "https://smithery.ai/servers/" + r.QualifiedName, Code: codeAt(r.Homepage),
	}
	if r.Inactive {
		l.Status, l.Note = uptime.ListingDeprecated, "inactive"
	}
	if r.QualifiedName == "" || r.Remote != nil && !*r.Remote || r.Deployed != nil && !*r.Deployed {
		p.Listings = append(p.Listings, l)
		return nil
	}
	raw, err := look.get(ctx, "smithery "+r.QualifiedName, forAWeek, func() ([]byte, error) {
		return look.file(ctx, s.base+"/servers/"+url.PathEscape(r.QualifiedName), s.header)
	})
	if err != nil {
		return fmt.Errorf("the details of a server: %w", err)
	}
	p.Listings = append(p.Listings, s.listings(p, l, raw)...)
	return nil
}

// codeAt returns a home page that shows code. Most are a product's, or Smithery's own.
func codeAt(home string) string {
	u, err := url.Parse(home)
	if err != nil || !slices.Contains([]string{"github.com", "gitlab.com", "codeberg.org", "bitbucket.org"}, strings.ToLower(u.Hostname())) {
		return ""
	}
	return home
}

// listings makes one listing of each address of the details. All of them want a
// key of Smithery's.
func (s *smithery) listings(p *Page, l uptime.Listing, raw []byte) []uptime.Listing {
	var detail smitheryDetail
	if len(raw) > 0 && json.Unmarshal(raw, &detail) != nil {
		p.refuse("not readable")
	}
	urls := []string{detail.DeploymentURL}
	for _, c := range detail.Connections[:min(len(detail.Connections), maxRemotes)] {
		if c.Type == "http" || c.Type == "sse" {
			urls = append(urls, c.DeploymentURL)
		}
	}
	var out []uptime.Listing
	taken := map[string]bool{"": true}
	for _, address := range urls {
		if !taken[address] {
			one := l
			one.URL, one.Transport, one.Access = address, "http", uptime.AccessCustom
			out = append(out, one)
		}
		taken[address] = true
	}
	if out == nil {
		return []uptime.Listing{l}
	}
	return out
}
