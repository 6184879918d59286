package config

import (
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// The types of this file are the block `registries` of alivemcp.yaml. For their
// comments and tags see file.go.

// Registries says whether the public registries of MCP servers are read, and what
// is done with what they list.
type Registries struct {
	// Enabled switches it on. `alivemcp registry crawl` reads them once also without.
	Enabled bool `key:"enabled" default:"false"`
	// Every is how long after one reading of a registry the next begins. Some want
	// to be read more rarely, and are.
	Every time.Duration `key:"every" default:"1h" range:"15m..7d"`
	// Contact is a URL or mail address that the operators of the registries, and of
	// the servers that they list, find in the User-Agent. Required when it is enabled;
	// without one it is that of `probe`.
	Contact string `key:"contact" example:"https://example.com/monitoring"`
	// Sources are the registries. What is not mentioned is read, if it needs no key.
	Sources ListSources `key:"sources"`
	// Serve makes servers of what they list, so that they have pages, badges and an
	// API.
	Serve ServeListed `key:"serve"`
}

// ListSources are the registries that are known. One whose key is missing is shown as
// not read, never as empty.
type ListSources struct {
	// Official is the protocol's own registry.
	Official OpenRegistry `key:"official"`
	// GitHub is the registry that its editors show.
	GitHub OpenRegistry `key:"github"`
	// PulseMCP needs a key and a tenant.
	PulseMCP TenantRegistry `key:"pulsemcp"`
	// Glama needs a key.
	Glama KeyedRegistry `key:"glama"`
	// Smithery needs a key.
	Smithery KeyedRegistry `key:"smithery"`
	// Topics are repositories that GitHub finds by topic; with a token it may be
	// asked more often.
	Topics KeyedRegistry `key:"github-topics"`
	// Docker is Docker's catalog.
	Docker OpenRegistry `key:"docker"`
	// Cline is Cline's marketplace.
	Cline OpenRegistry `key:"cline"`
	// ToolSDK is the list of ToolSDK.
	ToolSDK OpenRegistry `key:"toolsdk"`
	// MCPSo is the sitemap of mcp.so: leads without addresses.
	MCPSo OpenRegistry `key:"mcp.so"`
}

// OpenRegistry is a registry that everybody may read. `false` alone leaves it out.
type OpenRegistry struct {
	_ struct{} `short:"enabled"`
	// Enabled says whether it is read.
	Enabled bool `key:"enabled" default:"true"`
	// URL is where it is, for mirrors.
	URL string `key:"url" example:"https://registry.example.com"`
	// Private allows addresses that are not public, for a mirror of your own.
	Private bool `key:"private" default:"false"`
}

// KeyedRegistry is a registry that is read with a key.
type KeyedRegistry struct {
	_ struct{} `short:"enabled"`
	// Enabled says whether it is read.
	Enabled bool `key:"enabled" default:"true"`
	// URL is where it is, for mirrors.
	URL string `key:"url" example:"https://registry.example.com"`
	// Private allows addresses that are not public, for a mirror of your own.
	Private bool `key:"private" default:"false"`
	// Key is what it gave you.
	Key uptime.Secret `key:"key" example:"env:REGISTRY_KEY"`
}

// TenantRegistry is a registry that is read with a key and the name of a tenant.
type TenantRegistry struct {
	_ struct{} `short:"enabled"`
	// Enabled says whether it is read.
	Enabled bool `key:"enabled" default:"true"`
	// URL is where it is, for mirrors.
	URL string `key:"url" example:"https://registry.example.com"`
	// Private allows addresses that are not public, for a mirror of your own.
	Private bool `key:"private" default:"false"`
	// Key is what it gave you.
	Key uptime.Secret `key:"key" example:"env:REGISTRY_KEY"`
	// Tenant is the name that it gave you.
	Tenant uptime.Secret `key:"tenant" example:"env:REGISTRY_TENANT"`
}

// ServeListed makes servers of what the registries list. They are guests: the
// handshake is made in each cycle, the tools are listed in every fifteenth.
type ServeListed struct {
	// Enabled switches it on.
	Enabled bool `key:"enabled" default:"false"`
	// Interval is the time from one look at a listed server to the next.
	Interval time.Duration `key:"interval" default:"1m" range:"1m..24h"`
	// MaxServers bounds how many are served: those that most registries list first.
	MaxServers int `key:"max_servers" default:"2000" range:"1..50000"`
	// PerHost bounds how many of one host are served.
	PerHost int `key:"per_host" default:"20" range:"1..1000"`
	// Private serves also what is listed with an address that is not public, for a
	// registry of your own.
	Private bool `key:"private" default:"false"`
	// Listen is where their pages and their API are served, as HOST:PORT: apart from
	// those of your own servers.
	Listen string `key:"listen" default:"127.0.0.1:8081" example:"127.0.0.1:8090"`
	// BaseURL is the public address of those pages.
	BaseURL string `key:"base_url" example:"https://servers.example.com"`
}
