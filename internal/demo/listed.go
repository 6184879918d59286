package demo

import (
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/registry/fake"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// The domains of the demonstration: nobody dials them.
const (
	acme = ".acme-demo.dev" // who has the demonstration's servers
	hub  = ".toolhub-demo.dev"
)

// Reading is when a registry of the demonstration was read, in days ago.
type Reading struct {
	Source uptime.SourceID
	Ago    int
}

// Readings returns the past of the registries, oldest first: each was read every
// hour, of which these are left. Glama was not read, for want of a key.
func Readings() []Reading {
	var out []Reading
	for _, ago := range []int{92, 63, 35, 14, 6, 1} {
		out = append(out, Reading{uptime.SourceOfficial, ago})
		if ago == 92 || ago == 14 || ago == 1 {
			out = append(out, Reading{uptime.SourceGitHub, ago}, Reading{uptime.SourcePulseMCP, ago}, Reading{uptime.SourceDocker, ago}, Reading{uptime.SourceGlama, ago})
		}
	}
	return out
}

// record is a server that somebody put into registries.
type record struct {
	fake.Server
	// in has the first letter of each registry that lists it.
	in string
	// from and until are how many days ago it was listed first and last; until is
	// negative while it is listed.
	from, until int
	// was is its version until it changed so many days ago; zero for never.
	was     string
	changed int
}

// letter is how a registry stands in record.in.
func letter(source uptime.SourceID) string { return string(source)[:1] }

// Listed returns what a registry lists so many days ago; zero is today, on which
// GitHub's registry shows only half of what it has.
func Listed(source uptime.SourceID, ago int, now time.Time) []fake.Server {
	var out []fake.Server
	for i, r := range records() {
		if !strings.Contains(r.in, letter(source)) || ago > r.from || ago <= r.until {
			continue
		}
		if source == uptime.SourceGitHub && ago == 0 && i%2 == 1 {
			continue
		}
		out = append(out, r.at(source, ago, now))
	}
	return out
}

// at is the record as a registry had it so many days ago.
func (r *record) at(source uptime.SourceID, ago int, now time.Time) fake.Server {
	s := r.Server
	day := func(ago int) time.Time { return now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -ago) }
	s.Published, s.Updated = day(r.from), day(r.from)
	switch {
	case ago > r.changed && r.was != "":
		s.Version = r.was
	case r.was != "":
		s.Updated = day(r.changed)
	}
	if s.Status != "" && ago > r.changed {
		s.Status, s.Note = "", ""
	}
	r.respell(&s, source)
	return s
}

// respell writes names and addresses as a registry does.
func (r *record) respell(s *fake.Server, source uptime.SourceID) {
	_, short, _ := strings.Cut(s.Name, "/")
	if source == uptime.SourceDocker {
		s.Name = short
	}
	if source == uptime.SourceGitHub && s.URL != "" { // with a slash at the end
		s.URL += "/"
	}
	if source == uptime.SourcePulseMCP { // with a capital, as the name of a host may have
		host := strings.TrimPrefix(s.URL, "https://")
		s.URL = "https://" + strings.ToUpper(host[:1]) + host[1:]
		if short == "weather" { // it has another name, and it has not heard of the release
			s.Name, s.Version = s.Name+"-mcp", r.was
		}
	}
}

// records are everything that is or was listed.
func records() []record {
	var out []record
	for i, r := range Roles() {
		out = append(out, roleRecord(i, &r))
	}
	for _, s := range strangers() {
		out = append(out, s.record())
	}
	return append(out, odd()...)
}

// Address is where a registry says that a server of the demonstration is.
func Address(slug string) string {
	if slug == "calendar" {
		return "https://" + slug + acme + "/sse"
	}
	return "https://" + slug + acme + "/mcp"
}

// roleRecord lists one of the demonstration's own servers. What is listed of it
// may be older than what it runs.
func roleRecord(i int, r *Role) record {
	s := fake.Server{Name: "dev.acme-demo/" + r.Slug, Title: r.Name, Description: r.Description, Version: "1.0.0", URL: Address(r.Slug)}
	out := record{Server: s, in: "og", from: 400, until: -1, was: "0.9.0", changed: 20 + i*4}
	switch r.Slug {
	case "weather":
		out.in, out.changed = "ogpd", 9
	case "docs-search", "crm", "files", "billing":
		out.in = "ogp"
	case "calendar":
		out.in, out.Transport = "ogp", "sse"
	case "geocoder": // it speaks Streamable HTTP
		out.Transport = "sse"
	case "images":
		out.from = 26
		out.Status, out.Note, out.changed = "deprecated", "There will be another one next year.", 12
	}
	return out
}

// odd are records whose addresses nobody can call, or which are gone.
func odd() []record {
	plain := func(name, url string) fake.Server {
		return fake.Server{Name: name, Title: "", Description: "A record of the demonstration.", Version: "0.9.0", URL: url}
	}
	tenant := plain("dev.northwind-demo/desk", "https://{tenant}.northwind-demo.dev/mcp")
	tenant.Variables = []string{"tenant"}
	deleted := plain("dev.initech-demo/free-crypto", "https://free-crypto.initech-demo.dev/mcp")
	deleted.Status, deleted.Note = "deleted", "Taken down: it asked for wallets."
	return []record{
		{Server: tenant, in: "og", from: 200, until: -1},
		{Server: plain("dev.initech-demo/quick-start", "https://your-server.example.com/mcp"), in: "od", from: 300, until: -1},
		{Server: plain("dev.initech-demo/on-your-machine", "http://localhost:3000/mcp"), in: "o", from: 150, until: -1},
		{Server: plain("dev.globex-demo/readme", "https://github.com/globex-demo/server.git"), in: "o", from: 150, until: -1},
		{Server: plain("dev.globex-demo/keyed", "https://keyed.globex-demo.dev/mcp?api_key=4f1c0b5d9a7e4e63b2d8c1a90f7b6e52"), in: "o", from: 80, until: -1},
		{Server: deleted, in: "o", from: 60, until: -1, changed: 30},
		{Server: plain("dev.umbrella-demo/old-lab", "https://old-lab.umbrella-demo.dev/mcp"), in: "ogp", from: 400, until: 20},
		{Server: fake.Server{Name: "dev.globex-demo/only-a-package", Description: "Runs on your machine.", Version: "2.0.0"}, in: "od", from: 90, until: -1},
	}
}

// OptoutAgo is how many days ago the owner of Optout was heard, as in [Readings].
const OptoutAgo = 14

// Optout is the address of the server whose owner does not want to be probed.
func Optout() string { return "https://archive.umbrella-demo.dev/mcp" }
