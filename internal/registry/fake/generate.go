package fake

import (
	"fmt"
	"strings"
	"time"
)

// Epoch is when the first generated record was published; each further one is a
// second later.
func Epoch() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// Generate returns records as registries have them, always the same: of ten of
// them one has packages alone, one has two addresses, one has a template, one
// is deprecated, and three want a key. So many records have as many addresses.
func Generate(records int) []Record {
	out := make([]Record, records)
	for i := range out {
		at := Epoch().Add(time.Duration(i) * time.Second)
		out[i] = Record{
			Name: fmt.Sprintf("io.github.owner-%04d/server-%05d", i/7, i), Version: fmt.Sprintf("1.%d.0", i%4),
			Changed: at, Published: at, Updated: at, Latest: true,
		}
		if i%10 == 3 {
			out[i].Status, out[i].Message = "deprecated", "moved elsewhere"
		}
		out[i].Server = server(&out[i], i)
	}
	return out
}

// One returns a record of one address.
func One(name, url string, at time.Time) Record {
	r := Record{Name: name, Version: "1.0.0", Changed: at, Published: at, Updated: at, Latest: true}
	r.Server = document(&r, remote("streamable-http", url, ""))
	return r
}

// Heavy returns a record that carries a whole README of so many bytes, as those of
// GitHub's registry do.
func Heavy(name, url string, size int, at time.Time) Record {
	r := One(name, url, at)
	readme := strings.Repeat(`<h1>Read \"me\"</h1>\n`, size/20+1)
	r.Server = []byte(strings.TrimSuffix(string(r.Server), "}") +
		`,"_meta":{"io.modelcontextprotocol.registry/publisher-provided":{"github":{"readme":"` + readme + `"}}}}`)
	return r
}

func server(r *Record, i int) []byte {
	host := fmt.Sprintf("https://s%05d.host-%04d.dev", i, i/40)
	const key = `,"headers":[{"name":"Authorization","description":"A key","value":"Bearer {token}","isRequired":true,"isSecret":true}]`
	switch i % 10 {
	case 0:
		return document(r, "")
	case 1:
		return document(r, remote("streamable-http", host+"/mcp", "")+","+remote("sse", host+"/sse", ""))
	case 2:
		return document(r, remote("streamable-http", "https://{tenant}.host-"+fmt.Sprint(i)+".dev/mcp", `,"variables":{"tenant":{"isRequired":true}}`))
	case 4, 5, 6:
		return document(r, remote("streamable-http", host+"/mcp", key))
	}
	return document(r, remote("streamable-http", host+"/mcp", ""))
}

func remote(transport, url, more string) string {
	return fmt.Sprintf(`{"type":%q,"url":%q%s}`, transport, url, more)
}

func document(r *Record, remotes string) []byte {
	text := fmt.Sprintf(`{"$schema":"https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json","name":%q,`+
		`"description":"Looks things up, and tells what it found: %s","repository":{"url":"https://github.com/%s","source":"github"},"version":%q,`,
		r.Name, r.Name, strings.TrimPrefix(r.Name, "io.github."), r.Version)
	if remotes == "" {
		return []byte(text + `"packages":[{"registryType":"npm","identifier":"server","version":"1.0.0",` +
			`"transport":{"type":"streamable-http","url":"http://localhost:3000/mcp"}}]}`)
	}
	return []byte(text + `"remotes":[` + remotes + `]}`)
}
