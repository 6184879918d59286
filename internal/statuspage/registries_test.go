package statuspage_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/board/boardtest"
	"github.com/alivemcp/alivemcp/internal/statuspage"
	"github.com/alivemcp/alivemcp/internal/statuspage/registrytest"
)

// registries is a site with a story of registries and reports.
type registries struct {
	*alarms // for what it says
	story   *registrytest.Story
}

func withRegistries(t *testing.T, change ...func(*statuspage.Options)) *registries {
	t.Helper()
	b := boardtest.New(storyTime())
	row, _ := b.Row(boardtest.Tenant, "weather")
	story, err := registrytest.New(t.Context(), t.TempDir(), boardtest.Tenant, row.Server, storyTime())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = story.Close() })
	opt := statuspage.Options{
		Tenant: boardtest.Tenant, Source: b, Now: storyTime, Registries: story, Reports: story.Shelf,
		Operator: statuspage.Operator{Name: "Test", Contact: "mailto:ops@example.com"},
	}
	for _, c := range change {
		c(&opt)
	}
	s, err := statuspage.New(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return &registries{&alarms{browser: &browser{t: t, h: s.Handler(), site: "same-origin"}, now: storyTime()}, story}
}

func emptyRegistries(t *testing.T) *registries {
	t.Helper()
	story, err := registrytest.Empty(t.Context(), t.TempDir(), storyTime())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = story.Close() })
	return withRegistries(t, func(o *statuspage.Options) { o.Registries, o.Reports = story, story.Shelf })
}

func (r *registries) endpoint(what string) string { return "/endpoints/" + string(r.story.Keys[what]) }

var _ = []any{http.MethodGet, regexp.MustCompile, strings.Contains, time.Now}
