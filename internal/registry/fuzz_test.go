package registry_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/registry"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

var errEnough = errors.New("enough")

// FuzzAnswers gives every source the same answer to whatever it asks for.
func FuzzAnswers(f *testing.F) {
	for _, seed := range []string{
		glamaFirst, glamaSecond, smitheryList, dockerCatalog, clineCatalog, readme, mcpSoRobots, urlset("one", "two"), sitemapIndex("http://registry.test/x"),
		`{"servers":[{"server":{"name":"a","remotes":[{"url":"https://a.dev","variables":{"x":{"default":1}}}]}}],"metadata":{"nextCursor":"x"}}`,
		`{"servers":[{"qualifiedName":"x"}],"pagination":{"totalPages":1000000}}`, `{"total_count":1,"items":[{"id":1,"full_name":"a/b","default_branch":"m"}]}`,
		`{"a":{"path":"b.json"},"remotes":[{"url":"x"}]}`, `null`, `[]`, ``, `{`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(body) })
		for _, id := range []uptime.SourceID{
			uptime.SourceOfficial, uptime.SourceGlama, uptime.SourceSmithery, uptime.SourceTopics, uptime.SourceDocker, uptime.SourceCline,
			uptime.SourceToolSDK, uptime.SourceMCPSo,
		} {
			s := of(t, id, withKey)
			pages := 0
			err := s.Read(t.Context(), direct(h), time.Time{}, func(p *registry.Page) error {
				if pages++; pages > 10 {
					return errEnough
				}
				if len(p.Listings) > 0 && p.Records == 0 {
					t.Errorf("%s: %d listings of no record", id, len(p.Listings))
				}
				return nil
			})
			if err != nil && err.Error() == "" {
				t.Errorf("%s: an error without words", id)
			}
		}
	})
}
