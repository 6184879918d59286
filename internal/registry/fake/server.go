package fake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Server is a server as its publisher describes it.
type Server struct {
	// Name is in reverse domain order: dev.acme/weather.
	Name, Title, Description, Version string
	// URL is its address, with a transport: streamable-http unless it says otherwise.
	// Without one the server is a package alone.
	URL, Transport string
	// Variables are the names of what a customer must fill in.
	Variables []string
	// Key says that a client must send one.
	Key bool
	// Status and Note are what the registry says of it: active unless it says otherwise.
	Status, Note       string
	Published, Updated time.Time
}

// serverJSON is a server.json.
type serverJSON struct {
	Schema      string       `json:"$schema"`
	Name        string       `json:"name"`
	Title       string       `json:"title,omitempty"`
	Description string       `json:"description"`
	Version     string       `json:"version"`
	Remotes     []remoteJSON `json:"remotes,omitempty"`
}

type remoteJSON struct {
	Type      string                  `json:"type"`
	URL       string                  `json:"url"`
	Variables map[string]variableJSON `json:"variables,omitempty"`
	Headers   []headerJSON            `json:"headers,omitempty"`
}

type variableJSON struct {
	Required bool `json:"isRequired"`
}

type headerJSON struct {
	Name     string `json:"name"`
	Required bool   `json:"isRequired"`
	Secret   bool   `json:"isSecret"`
}

// Record returns the server as a record: its only version, and so the latest.
func (s *Server) Record() Record {
	doc := serverJSON{
		Schema: "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
		Name:   s.Name, Title: s.Title, Description: s.Description, Version: s.Version,
	}
	if s.URL != "" {
		doc.Remotes = []remoteJSON{s.remote()}
	}
	text, _ := json.Marshal(doc) // strings alone
	return Record{
		Name: s.Name, Version: s.Version, Server: text, Status: s.Status, Message: s.Note, Changed: s.Updated,
		Published: s.Published, Updated: s.Updated, Latest: true,
	}
}

func (s *Server) remote() remoteJSON {
	r := remoteJSON{Type: s.transport(), URL: s.URL}
	for _, name := range s.Variables {
		if r.Variables == nil {
			r.Variables = map[string]variableJSON{}
		}
		r.Variables[name] = variableJSON{Required: true}
	}
	if s.Key {
		r.Headers = []headerJSON{{Name: "Authorization", Required: true, Secret: true}}
	}
	return r
}

func (s *Server) transport() string {
	if s.Transport == "" {
		return "streamable-http"
	}
	return s.Transport
}

// Records returns servers as records.
func Records(servers []Server) []Record {
	out := make([]Record, len(servers))
	for i := range servers {
		out[i] = servers[i].Record()
	}
	return out
}

// Catalog answers every request with servers in the form of Docker's catalog.
func Catalog(servers []Server) http.Handler {
	var b strings.Builder
	b.WriteString("version: 3\nregistry:\n")
	for i := range servers {
		s := &servers[i]
		fmt.Fprintf(&b, "  %s:\n    title: %q\n    description: %q\n", s.Name, s.Title, s.Description)
		if s.URL != "" {
			fmt.Fprintf(&b, "    remote:\n      transport_type: %s\n      url: %q\n", s.transport(), s.URL)
		}
	}
	text := b.String()
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/yaml")
		_, _ = w.Write([]byte(text)) // whoever hung up does not miss it
	})
}
