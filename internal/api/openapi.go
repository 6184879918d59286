package api

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"net/http"

	"github.com/alivemcp/alivemcp/internal/web"
)

// document is the OpenAPI 3.1 description of everything that is served here.
//
//go:embed openapi.json
var document []byte

func (a *API) openapi(w http.ResponseWriter, r *http.Request) error {
	return web.Send(w, r, web.Content{Type: "application/json", Cache: web.CacheMinute, Body: document})
}

// index is a page for people who wonder what there is. It has no style of its
// own on purpose: the document says it all.
func (a *API) index(w http.ResponseWriter, r *http.Request) error {
	page, err := template.New("index").Parse(indexPage)
	if err != nil {
		return fmt.Errorf("reading the page: %w", err)
	}
	var body bytes.Buffer
	if err := page.Execute(&body, a.Options); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return web.Send(w, r, web.Content{Type: "text/html; charset=utf-8", Cache: web.CacheMinute, Body: body.Bytes()})
}

const indexPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>AliveMCP: API</title>
<h1>The API of AliveMCP</h1>
<p>Version {{.Version}}. Public, read-only, no key. Everything is described in <a href="/api/openapi.json">openapi.json</a> (OpenAPI 3.1).</p>
<ul>
<li><a href="/api/v1/servers">/api/v1/servers</a>: all servers; search with <code>?q=</code>, filter with <code>?state=down,degraded</code></li>
<li><code>/api/v1/servers/{slug}</code>, with <code>/minutes</code>, <code>/days</code>, <code>/latency</code>, <code>/incidents</code>, <code>/drifts</code>, <code>/contract</code></li>
<li><a href="/api/v1/incidents">/api/v1/incidents</a>, <a href="/api/v1/drifts">/api/v1/drifts</a>, <a href="/api/v1/windows">/api/v1/windows</a></li>
{{if .Registries}}<li><a href="/api/v1/endpoints">/api/v1/endpoints</a>: what registries list; <code>/api/v1/endpoints/{key}</code></li>
{{end}}{{if .Reports}}<li><a href="/api/v1/reports">/api/v1/reports</a>: audits</li>
{{end}}<li><a href="/health">/health</a>, <a href="/ready">/ready</a>, <a href="/live">/live</a>, <a href="/metrics">/metrics</a></li>
</ul>
<p><a href="/">All servers</a></p>
`
