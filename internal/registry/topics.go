package registry

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// topics finds repositories on GitHub by their topics, and addresses in their
// server.json or README. It is no registry, but where many servers are told of
// first. Repositories are known by their number: names move.
type topics struct {
	api
	raw   string
	cache Cache
}

func newTopics(c Config) *topics {
	t := &topics{
		api: keyedAPI(c, uptime.SourceTopics, "https://api.github.com", c.GitHubToken),
		raw: "https://raw.githubusercontent.com", cache: c.Cache,
	}
	if c.Base[uptime.SourceTopics] != "" {
		t.raw = t.base + "/raw"
	}
	return t
}

// pace leaves to GitHub's own headers when the search has had enough.
func (*topics) pace() (gap, every time.Duration) { return time.Second, 24 * time.Hour }

// Access implements Source. A token is not needed.
func (t *topics) Access() (access, missing string) {
	if t.header != nil {
		return "key", ""
	}
	return "open", ""
}

// topicNames are the topics that are searched.
func topicNames() []string {
	return []string{"mcp-server", "mcp-servers", "model-context-protocol", "remote-mcp", "mcp"}
}

// The bounds of a search.
const (
	searchCap  = 1000 // results that GitHub shows of one search
	searchPage = 100
)

type topicsPage struct {
	Total      int        `json:"total_count"`
	Incomplete bool       `json:"incomplete_results"`
	Items      many[repo] `json:"items"`
}

// repo is a repository.
type repo struct {
	ID          int64  `json:"id"`
	FullName    string `json:"full_name"`
	HTMLURL     string `json:"html_url"`
	Description string `json:"description"`
	Branch      string `json:"default_branch"`
	Disabled    bool   `json:"disabled"`
	Fork        bool   `json:"fork"`
	Created     moment `json:"created_at"`
	Pushed      moment `json:"pushed_at"`
}

// topicsReading is a reading of all topics.
type topicsReading struct {
	*topics
	fetch *Fetcher
	look  *looks
	seen  map[int64]bool
	page  func(*Page) error
}

// Read implements Source.
func (t *topics) Read(ctx context.Context, f *Fetcher, _ time.Time, page func(*Page) error) error {
	r := &topicsReading{topics: t, fetch: f, look: newLooks(t.cache, f), seen: map[int64]bool{}, page: page}
	// Nothing was called MCP before; of today, what exists now.
	from, to := time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), time.Now().UTC().Truncate(time.Second)
	for _, topic := range topicNames() {
		if err := r.span(ctx, topic, from, to); err != nil {
			return fmt.Errorf("the topic %s: %w", topic, err)
		}
	}
	return nil
}

// span reads the repositories that were created in a time, both ends included. A
// search that finds more than GitHub shows is made again for each half of it.
func (r *topicsReading) span(ctx context.Context, topic string, from, to time.Time) error {
	got, fetched, err := r.search(ctx, topic, from, to, 1)
	if err != nil {
		return err
	}
	if got.Total > searchCap {
		half := from.Add(to.Sub(from) / 2).Truncate(time.Second)
		if !half.Before(to) || to.Sub(from) < time.Second {
			return fmt.Errorf("%d repositories were created in one second", got.Total)
		}
		if err := r.span(ctx, topic, from, half); err != nil {
			return err
		}
		return r.span(ctx, topic, half.Add(time.Second), to)
	}
	for n := 2; ; n++ {
		if err := r.show(ctx, got.Items, fetched); err != nil {
			return err
		}
		if (n-1)*searchPage >= got.Total || len(got.Items) == 0 {
			return nil
		}
		if got, fetched, err = r.search(ctx, topic, from, to, n); err != nil {
			return err
		}
	}
}

// search reads a page of a search. GitHub may answer before it has looked
// everywhere: then it is asked again.
func (r *topicsReading) search(ctx context.Context, topic string, from, to time.Time, n int) (got topicsPage, fetched Fetched, err error) {
	const layout = "2006-01-02T15:04:05Z"
	q := url.Values{
		"q":    {"topic:" + topic + " archived:false created:" + from.Format(layout) + ".." + to.Format(layout)},
		"sort": {"updated"}, "per_page": {strconv.Itoa(searchPage)}, "page": {strconv.Itoa(n)},
	}
	for range maxTries {
		got = topicsPage{}
		fetched, err = r.fetch.JSON(ctx, r.base+"/search/repositories?"+q.Encode(), r.header, &got)
		if err != nil || !got.Incomplete {
			return got, fetched, err
		}
	}
	return got, fetched, errors.New("the search did not find its end")
}

// show makes a page of repositories that were not seen under another topic.
func (r *topicsReading) show(ctx context.Context, repos []repo, fetched Fetched) error {
	p := &Page{Fetched: []Fetched{fetched}}
	for i := range repos {
		one := &repos[i]
		if r.seen[one.ID] || one.ID == 0 || one.Disabled || one.Fork {
			continue
		}
		r.seen[one.ID] = true
		p.Records++
		found, err := r.found(ctx, one)
		if err != nil {
			return err
		}
		p.Listings = append(p.Listings, found...)
	}
	r.look.tell(p)
	return r.page(p)
}

// looked is what was found in a repository, and as of which push.
type looked struct {
	Pushed time.Time  `json:"pushed"`
	Server serverJSON `json:"server"`
}

// found returns the listings of a repository: it is looked into when something was
// pushed since the last time.
func (r *topicsReading) found(ctx context.Context, one *repo) ([]uptime.Listing, error) {
	key := strconv.FormatInt(one.ID, 10)
	fresh := func(value []byte, at time.Time) bool {
		var l looked
		return json.Unmarshal(value, &l) == nil && l.Pushed.Equal(one.Pushed.Time) && time.Since(at) < 30*24*time.Hour
	}
	raw, err := r.look.get(ctx, "github "+key, fresh, func() ([]byte, error) {
		s, err := r.read(ctx, one)
		if err != nil {
			return nil, err
		}
		return json.Marshal(looked{Pushed: one.Pushed.Time, Server: s})
	})
	if err != nil {
		return nil, fmt.Errorf("a repository: %w", err)
	}
	var l looked
	if len(raw) > 0 && json.Unmarshal(raw, &l) != nil {
		l = looked{}
	}
	base := uptime.Listing{
		Key: key, Name: one.FullName, Description: one.Description, Page: one.HTMLURL, Code: one.HTMLURL,
		Published: one.Created.Time, Updated: one.Pushed.Time,
	}
	l.Server.Repository = nil // the repository itself is known better
	return l.Server.listings(base), nil
}

// read looks for addresses: in server.json, which says what they are, or else in
// the README, where people are told what to write into their client.
func (r *topicsReading) read(ctx context.Context, one *repo) (s serverJSON, err error) {
	if !repoName().MatchString(one.FullName) || one.Branch == "" {
		return s, nil
	}
	base := r.raw + "/" + one.FullName + "/" + url.PathEscape(one.Branch)
	body, err := r.look.file(ctx, base+"/server.json", nil)
	if err != nil {
		return s, err
	}
	if json.Unmarshal(body, &s) == nil && len(s.Remotes) > 0 {
		return s, nil
	}
	readme, err := r.look.file(ctx, base+"/README.md", nil)
	if err != nil {
		return s, err
	}
	s.Remotes = snippets(string(readme))
	return s, nil
}

func repoName() *regexp.Regexp { return regexp.MustCompile(`^[\w.-]+/[\w.-]+$`) }

// The bounds of what a README is read for.
const (
	maxReadme   = 512 << 10
	maxSnippets = 5
)

// snippets finds addresses in what a README says to write into a client: values of
// url, serverUrl and httpUrl in JSON, and what mcp-remote is called with. Plain http
// is somebody's own machine.
func snippets(readme string) (out []remoteJSON) {
	re := regexp.MustCompile(`(?:"(?:url|serverUrl|httpUrl)"\s*:\s*"|\bmcp-remote(?:@[\w.-]+)?["'\s,]+)(https://[^\s"'` + "`" + `<>\\]{4,500})`)
	taken := map[string]bool{}
	for _, m := range re.FindAllStringSubmatch(readme[:min(len(readme), maxReadme)], 100) {
		if address := strings.TrimRight(m[1], ",.;)"); !taken[address] && len(out) < maxSnippets {
			taken[address] = true
			out = append(out, remoteJSON{URL: address})
		}
	}
	return out
}
