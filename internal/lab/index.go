package lab

import (
	"encoding/json"
	"html/template"
	"net/http"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// entry is what the index says of a scenario.
type entry struct {
	Name   string       `json:"name"`
	Group  string       `json:"group"`
	About  string       `json:"about"`
	URL    string       `json:"url"`
	Expect expectedWord `json:"expect"`
}

type expectedWord struct {
	State    uptime.State  `json:"state"`
	Access   uptime.Access `json:"access,omitempty"`
	Cause    uptime.Cause  `json:"cause,omitempty"`
	Reason   uptime.Reason `json:"failure_reason,omitempty"`
	Step     uptime.Step   `json:"step,omitempty"`
	Detail   string        `json:"detail,omitempty"`
	Findings []string      `json:"findings,omitempty"`
}

func (l *Lab) entries() []entry {
	out := make([]entry, 0, len(l.stages))
	for _, s := range l.stages {
		e := s.Expect
		out = append(out, entry{
			Name: s.Name, Group: s.Group, About: s.About, URL: s.url(),
			Expect: expectedWord{
				State: e.State, Access: e.Access, Cause: e.Cause, Reason: e.Cause.Reason(),
				Step: e.Step, Detail: e.Detail, Findings: e.Findings,
			},
		})
	}
	return out
}

// index answers what belongs to no scenario: the list of them at / and
// /index.json.
func (l *Lab) index(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = template.Must(template.New("index").Parse(indexPage)).Execute(w, l.entries())
	case "/index.json":
		w.Header().Set("Content-Type", "application/json")
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		_ = enc.Encode(l.entries())
	default:
		http.NotFound(w, r)
	}
}

const indexPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>AliveMCP lab</title>
<style>
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid #ddd }
code { font-size: .85em; overflow-wrap: anywhere }
.live { color: #176b2c } .degraded { color: #8a5a00 } .down { color: #a61b1b } .unknown { color: #555 }
@media (prefers-color-scheme: dark) {
	body { background: #161616; color: #ddd } td, th { border-color: #333 }
	.live { color: #6fcf85 } .degraded { color: #e2b04a } .down { color: #f08080 } .unknown { color: #aaa }
}
</style>
</head>
<body>
<h1>AliveMCP lab</h1>
<p>{{len .}} MCP servers, each with a known fault or none. The same list for programs: <a href="/index.json">index.json</a>.</p>
<table>
<thead><tr><th>Scenario</th><th>What it is</th><th>A check must say</th></tr></thead>
<tbody>
{{range .}}<tr>
<td><strong>{{.Name}}</strong><br>{{.Group}}</td>
<td>{{.About}}<br><code>{{.URL}}</code></td>
<td class="{{.Expect.State}}">{{.Expect.State}}{{with .Expect.Cause}}: {{.}}{{end}}{{with .Expect.Access}}<br>{{.}}{{end}}{{range .Expect.Findings}}<br>{{.}}{{end}}</td>
</tr>
{{end}}</tbody>
</table>
</body>
</html>
`
