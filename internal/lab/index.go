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

// indexView is what the index shows people: the entries by group.
type indexView struct {
	Count  int
	Groups []pageGroup
}

type pageGroup struct {
	Name    string
	Entries []entry
}

func (l *Lab) view() indexView {
	all := l.entries()
	p := indexView{Count: len(all)}
	for _, e := range all {
		if n := len(p.Groups); n == 0 || p.Groups[n-1].Name != e.Group {
			p.Groups = append(p.Groups, pageGroup{Name: e.Group})
		}
		last := &p.Groups[len(p.Groups)-1]
		last.Entries = append(last.Entries, e)
	}
	return p
}

// index answers what belongs to no scenario: the list of them at / and
// /index.json.
func (l *Lab) index(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/":
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_ = template.Must(template.New("index").Parse(indexPage)).Execute(w, l.view())
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
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>AliveMCP lab</title>
<style>
:root { color-scheme: light dark; --ink: #1f2328; --soft: #59636e; --line: #d8dee4; --page: #fff; --bar: #f6f8fa;
	--live: #176b2c; --degraded: #7d4e00; --down: #a61b1b; --unknown: #59636e }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9aa4ae; --line: #30363d; --page: #0f1419; --bar: #161c23;
	--live: #6fcf85; --degraded: #e2b04a; --down: #ff8d86; --unknown: #9aa4ae } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 74rem; padding: 1.5rem 1rem 4rem; color: var(--ink); background: var(--page) }
h1 { font-size: 1.5rem; margin: 0 0 .3rem } h2 { font-size: 1.05rem; margin: 2rem 0 .4rem; scroll-margin-top: 1rem }
h2 small, p, .about { color: var(--soft); font-weight: normal }
nav { display: flex; flex-wrap: wrap; gap: .35rem; margin: 1rem 0 }
nav a { padding: .15rem .6rem; border: 1px solid var(--line); border-radius: 1rem; background: var(--bar); color: inherit; text-decoration: none }
ul { list-style: none; margin: 0; padding: 0; border-top: 1px solid var(--line) }
li { display: grid; grid-template-columns: minmax(0, 1fr) 15rem; gap: .2rem 1.5rem; padding: .55rem 0; border-bottom: 1px solid var(--line) }
code { font-size: .85em; overflow-wrap: anywhere } .must { font-size: .9em; overflow-wrap: anywhere } .must strong::before { content: "\25CF  " }
.live strong { color: var(--live) } .degraded strong { color: var(--degraded) } .down strong { color: var(--down) } .unknown strong { color: var(--unknown) }
@media (max-width: 40rem) { li { grid-template-columns: 1fr } }
</style>
</head>
<body>
<h1>AliveMCP lab</h1>
<p>{{.Count}} MCP servers, each with a known fault or none, and what a check of it must say. Check one with
<code>alivemcp check URL</code>; for programs the same list is <a href="/index.json">index.json</a>.</p>
<nav aria-label="Groups">{{range .Groups}}<a href="#{{.Name}}">{{.Name}} {{len .Entries}}</a>{{end}}</nav>
{{range .Groups}}<h2 id="{{.Name}}">{{.Name}} <small>{{len .Entries}}</small></h2>
<ul>
{{range .Entries}}<li id="{{.Name}}">
<div><b>{{.Name}}</b> <span class="about">{{.About}}</span><br><code>{{.URL}}</code></div>
<div class="must {{.Expect.State}}"><strong>{{.Expect.State}}</strong>{{with .Expect.Cause}} {{.}}{{end}}{{with .Expect.Access}}, {{.}}{{end}}{{range .Expect.Findings}}<br>finding {{.}}{{end}}</div>
</li>
{{end}}</ul>
{{end}}</body>
</html>
`
