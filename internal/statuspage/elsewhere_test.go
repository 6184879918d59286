package statuspage_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/internal/board/boardtest"
	"github.com/alivemcp/alivemcp/internal/statuspage"
	"github.com/alivemcp/alivemcp/internal/statuspage/registrytest"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestListedServersElsewhere: on a site of other servers an endpoint's page leads to
// the site that has the server's own.
func TestListedServersElsewhere(t *testing.T) {
	for base, want := range map[string]string{"https://servers.example.com": `href="https://servers.example.com/status/weather"`, "": ""} {
		r := withRegistries(t, func(o *statuspage.Options) {
			o.Tenant, o.Elsewhere = "operator", &statuspage.Elsewhere{Tenant: boardtest.Tenant, BaseURL: func() string { return base }}
		})
		body := r.says(r.endpoint(registrytest.Weather), "The server itself")
		if !strings.Contains(body, want) || strings.Contains(body, `href="/status/weather"`) {
			t.Errorf("with the base %q the page does not lead there", base)
		}
		body = r.says("/registries")
		if base != "" && !strings.Contains(body, `<a href="`+base+`/">`) {
			t.Error("the registries' page does not lead there")
		}
	}
}

// failing is a story in which a reading failed for a certain reason.
type failing struct {
	*registrytest.Story
	why string
}

// Sources implements statuspage.Registries.
func (f *failing) Sources(ctx context.Context) ([]uptime.SourceStatus, error) {
	all, err := f.Story.Sources(ctx)
	for i := range all {
		if all[i].Last.State == uptime.CrawlFailed {
			all[i].Last.Why = f.why
		}
	}
	return all, err
}

// TestWhyAReadingFailed: strangers are not told what a mirror answered or where it
// is.
func TestWhyAReadingFailed(t *testing.T) {
	for why, public := range map[string]string{
		"page 3: it answered 503 Service Unavailable: backend vault.corp.internal is away":           "Page 3: it answered 503 Service Unavailable.",
		"it could not be reached: dial tcp 10.20.30.40:8443: connection refused":                     "It could not be reached.",
		"it could not be reached: x509: certificate is valid for mirror.acme-corp.dev, not x":        "It could not be reached.",
		"the catalog: https://mirror.corp.internal/secret/catalog.yaml has 0 entries at mirror:8080": "The catalog: [address] has 0 entries at [address].",
		"the topic Vault.Corp.Internal is empty":                                                     "The topic [address] is empty.",
		"its robots.txt does not allow to read it":                                                   "Its robots.txt does not allow to read it.",
	} {
		r := withRegistries(t, func(o *statuspage.Options) {
			o.Registries = &failing{o.Registries.(*registrytest.Story), why}
		})
		body := r.says("/registries", public)
		for _, leak := range []string{"vault", "10.20", "8443", "mirror", "secret", "corp"} {
			if strings.Contains(strings.ReplaceAll(body, "corp.dev", ""), leak) {
				t.Errorf("of %q strangers see %q", why, leak)
			}
		}
		if w := r.do(http.MethodGet, "/registries/search?source=docker", nil); strings.Contains(w.Body.String(), "vault") {
			t.Error("the search tells")
		}
	}
}

// TestOperatorIsToldWhy: whoever is signed in reads the whole reason.
func TestOperatorIsToldWhy(t *testing.T) {
	const why = "it answered 503 Service Unavailable: backend vault.corp.internal is away"
	r := withRegistries(t, func(o *statuspage.Options) {
		o.Acts, o.Registries = &diary{board: boardtest.New(storyTime())}, &failing{o.Registries.(*registrytest.Story), why}
	})
	r.signIn()
	r.says("/registries", "It answered 503 Service Unavailable: backend vault.corp.internal is away.")
}
