package app_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func endpointAt(host, path string) uptime.Endpoint {
	return uptime.Endpoint{Key: uptime.NewEndpointKey(host+path, uptime.StreamableHTTP), Kind: uptime.EndpointRemote, URL: host + path}
}

// TestOwnersOptOutAsAWhole: what a host says counts for all that is listed of it, also
// for what there was no place to serve, and for no other host.
func TestOwnersOptOutAsAWhole(t *testing.T) {
	shy, open := shyHost(t), httptest.NewServer(http.NotFoundHandler())
	defer open.Close()
	sent := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, shy+r.URL.Path, http.StatusFound) }))
	defer sent.Close()
	tenant := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { // of a path, not of the host
		if r.URL.Path != "/tenant/.well-known/alivemcp.json" {
			http.NotFound(w, r)
			return
		}
		_, _ = io.WriteString(w, `{"optout":true}`)
	}))
	defer tenant.Close()
	var want []uptime.EndpointKey
	var all []uptime.Endpoint
	for i := range 30 {
		path := fmt.Sprintf("/%d/mcp", i)
		for _, host := range []string{shy, open.URL, sent.URL, tenant.URL} {
			all = append(all, endpointAt(host, path))
		}
		want = append(want, endpointAt(shy, path).Key)
	}
	var noted []uptime.EndpointKey
	ctx, stop := context.WithCancel(t.Context())
	_ = app.AskOwners(ctx, append(all[:4:4], endpointAt(tenant.URL, "/tenant/mcp")), all, func(key uptime.EndpointKey) { noted = append(noted, key) }, stop)
	slices.Sort(want)
	if slices.Sort(noted); !slices.Equal(noted, want) {
		t.Errorf("%d are noted, want the %d of the host that does not want it", len(noted), len(want))
	}
}
