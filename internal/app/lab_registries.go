package app

import (
	"context"
	"fmt"
	"net"
	"net/http"

	"github.com/alivemcp/alivemcp/internal/lab"
	"github.com/alivemcp/alivemcp/internal/registry/fake"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// LabRegistries are registries that list the servers of a lab, as real ones do: each
// some of them, under names of its own, with addresses among them that nobody can
// call.
type LabRegistries struct {
	ln      net.Listener
	handler http.Handler
}

// OpenLabRegistries opens the port of registries for a lab that listens already, on
// the same host. Nobody answers before Run.
func OpenLabRegistries(ctx context.Context, l *lab.Lab, addr string) (*LabRegistries, error) {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("reading the address %q: %w", addr, err)
	}
	var conf net.ListenConfig
	ln, err := conf.Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, fmt.Errorf("opening the lab's registries: %w", err)
	}
	mux := http.NewServeMux()
	for _, source := range []uptime.SourceID{uptime.SourceOfficial, uptime.SourceGitHub} {
		r := fake.New(fake.Records(labListed(l, source))...)
		mux.Handle("/"+string(source)+"/", http.StripPrefix("/"+string(source), r))
	}
	mux.Handle("/docker/catalog.yaml", fake.Catalog(labListed(l, uptime.SourceDocker)))
	return &LabRegistries{ln, mux}, nil
}

// Run answers until ctx ends.
func (r *LabRegistries) Run(ctx context.Context) error {
	if err := serveOn(ctx, r.ln, r.handler, "the lab's registries"); ctx.Err() == nil {
		return err
	}
	return nil
}

// Config is a configuration that reads them, and no others: of one the key is
// missing.
func (r *LabRegistries) Config() []byte {
	return fmt.Appendf(nil, `# Reads the registries of "alivemcp lab --registry", which list the lab's servers.
# They are there as long as that lab runs.
data: ./lab-data
registries:
  enabled: true
  contact: lab@example.com
  sources:
    official: {url: "%[1]s/official", private: true}
    github: {url: "%[1]s/github", private: true}
    docker: {url: "%[1]s/docker/catalog.yaml", private: true}
    glama: {url: "%[1]s/glama", private: true} # not read: it wants a key
    pulsemcp: false
    smithery: false
    github-topics: false
    cline: false
    toolsdk: false
    mcp.so: false
`, "http://"+r.ln.Addr().String())
}

// labListed is what a registry lists of a lab: all, every other one, or every fifth.
func labListed(l *lab.Lab, source uptime.SourceID) []fake.Server {
	every := map[uptime.SourceID]int{uptime.SourceOfficial: 1, uptime.SourceGitHub: 2, uptime.SourceDocker: 5}[source]
	var out []fake.Server
	n := 0
	for _, s := range l.Scenarios() {
		if !plainlyListed(s.Setup) || l.URL(s.Name) == "" {
			continue
		}
		if n++; (n-1)%every != 0 {
			continue
		}
		one := fake.Server{Name: "dev.lab-demo/" + s.Name, Title: s.Name, Description: s.About, Version: "1.0.0", URL: l.URL(s.Name)}
		if source != uptime.SourceOfficial {
			one.Name = string(source) + "-lab-" + s.Name
		}
		out = append(out, one)
	}
	if source == uptime.SourceOfficial {
		out = append(out, labOdd()...)
	}
	return out
}

// plainlyListed reports whether a scenario needs nothing but its address to be what
// it is.
func plainlyListed(s lab.Setup) bool {
	return !s.NeedsCA && !s.NeedsResolver && !s.Public && s.Lag == 0 && !s.LoseAgent && !s.Bench
}

// labOdd are records that are not probed.
func labOdd() []fake.Server {
	return []fake.Server{
		{Name: "dev.lab-demo/tenant", Description: "Only a customer can fill in the address.", Version: "1.0.0", URL: "https://{tenant}.lab-demo.dev/mcp", Variables: []string{"tenant"}},
		{Name: "dev.lab-demo/example", Description: "An example that was left in.", Version: "1.0.0", URL: "https://your-server.example.com/mcp"},
		{Name: "dev.lab-demo/a-page", Description: "A page for people.", Version: "1.0.0", URL: "https://github.com/lab-demo/server.git"},
		{Name: "dev.lab-demo/package", Description: "Runs on your own machine.", Version: "1.0.0"},
	}
}
