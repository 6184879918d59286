package registry

import (
	"cmp"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Config says how the registries are reached. The zero Config reads those that
// need no key.
type Config struct {
	// Base replaces addresses of registries, for mirrors and tests.
	Base map[uptime.SourceID]string
	// The keys. A registry whose key is empty is not read; GitHub's search is slower
	// without one.
	PulseMCPKey, PulseMCPTenant, GlamaKey, SmitheryKey, GitHubToken uptime.Secret
	// Cache keeps what takes a request for each record to find out, and what was
	// seen before; nil for none. Without one only the first thousands of records of
	// Smithery, ToolSDK and GitHub's topics get their addresses.
	Cache Cache
}

// Sources returns all registries that are known, those included that cannot be
// read for want of a key.
func Sources(c Config) []Source {
	if c.Cache == nil {
		c.Cache = noCache{}
	}
	return []Source{
		official(c), github(c), pulseMCP(c), &glama{keyedAPI(c, uptime.SourceGlama, "https://glama.ai/api/mcp", c.GlamaKey)},
		&smithery{keyedAPI(c, uptime.SourceSmithery, "https://api.smithery.ai", c.SmitheryKey), c.Cache},
		newTopics(c), &docker{c.base(uptime.SourceDocker, "https://desktop.docker.com/mcp/catalog/v3/catalog.yaml")},
		&cline{c.base(uptime.SourceCline, "https://cline.github.io/marketplace/catalog.json")},
		&toolSDK{c.base(uptime.SourceToolSDK, "https://raw.githubusercontent.com/toolsdk-ai/toolsdk-mcp-registry/main"), c.Cache},
		&mcpSo{c.base(uptime.SourceMCPSo, "https://mcp.so"), c.Cache},
	}
}

func (c *Config) base(id uptime.SourceID, known string) string {
	return strings.TrimSuffix(cmp.Or(c.Base[id], known), "/")
}

// official is the registry of the protocol itself: open, CC0, hourly. Its limit is
// not published: four requests a second are well within it.
func official(c Config) Source {
	const own = "https://registry.modelcontextprotocol.io" // pages are told to everybody, and where a mirror is, to nobody
	return NewGeneric(GenericOptions{
		Source: uptime.SourceOfficial, Base: c.base(uptime.SourceOfficial, own), Gap: 250 * time.Millisecond,
		Page: func(name string) string { return own + "/v0.1/servers/" + url.PathEscape(name) + "/versions/latest" },
	})
}

// github is what GitHub's and VS Code's galleries show: a few hundred records, each
// with its whole README, and no way to ask for changes. It answers ten requests a
// second.
func github(c Config) Source {
	return NewGeneric(GenericOptions{
		Source: uptime.SourceGitHub, Base: c.base(uptime.SourceGitHub, "https://api.mcp.github.com"), NoSince: true, Gap: 150 * time.Millisecond,
		Page: func(name string) string { return "https://github.com/mcp/" + name },
	})
}

// pulseMCP has the official API behind a key and the name of a tenant; it answers
// 200 requests a minute.
func pulseMCP(c Config) Source {
	opt := GenericOptions{Source: uptime.SourcePulseMCP, Base: c.base(uptime.SourcePulseMCP, "https://api.pulsemcp.com"), Gap: 400 * time.Millisecond}
	switch {
	case c.PulseMCPKey == "":
		opt.Missing = "no API key"
	case c.PulseMCPTenant == "":
		opt.Missing = "no tenant ID"
	default:
		opt.Header = Header{"X-API-Key": c.PulseMCPKey, "X-Tenant-ID": c.PulseMCPTenant}
	}
	return NewGeneric(opt)
}

// api is a registry with an API of its own behind a key.
type api struct {
	id     uptime.SourceID
	base   string
	header Header // nil without a key
}

func keyedAPI(c Config, id uptime.SourceID, base string, key uptime.Secret) api {
	a := api{id: id, base: c.base(id, base)}
	if key != "" {
		a.header = Header{"Authorization": "Bearer " + key}
	}
	return a
}

// ID implements Source.
func (a *api) ID() uptime.SourceID { return a.id }

// Format shows the source alone: fmt would show keys of fields.
func (a *api) Format(w fmt.State, _ rune) { _, _ = io.WriteString(w, string(a.id)) }

// Access implements Source.
func (a *api) Access() (access, missing string) {
	if a.header == nil {
		return "", "no API key"
	}
	return "key", ""
}

// Incremental implements Source.
func (a *api) Incremental() bool { return false }
