package config

import (
	"encoding/json"
	"net/netip"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// The types of this file are alivemcp.yaml. They are read three times: by the
// decoder, which obeys the tags; by people; and by [Manual], which makes the
// reference from comments and tags. The tags:
//
//	key      the name in YAML
//	default  the value when the key is missing
//	range    least..most, both included, of numbers and durations
//	one      the words that are allowed
//	need     yes: the key must be there
//	path     yes: a file; what is relative begins at the folder of alivemcp.yaml
//	ref      yes: a text that may be env:NAME or file:PATH
//	lines    yes: a secret of several lines
//	single   yes: a list that may be written as its only item
//	later    yes: read when the rest is known
//	short    on a field named _: a scalar in place of the mapping means this key
//	example  how the value is written

// File is AliveMCP's own configuration, monitoring as code. Every key but
// `servers` may be left out.
type File struct {
	// Listen is where the pages and the API are served, as HOST:PORT. An empty
	// host means every address of the machine.
	Listen string `key:"listen" default:"127.0.0.1:8080" example:"0.0.0.0:8080"`
	// Data is the folder of the database. It is made when it is missing, and
	// locked against a second process.
	Data string `key:"data" default:"./data" path:"yes" example:"/var/lib/alivemcp"`
	// BaseURL is the public address of the pages, as used in links, feeds, badges
	// and notices.
	BaseURL string `key:"base_url" example:"https://status.example.com"`
	// TrustedProxies are the addresses and networks of reverse proxies in front of
	// the pages. What they say in X-Forwarded-For is believed, so that limits count
	// each reader and not the proxy. Name no network from which readers come.
	TrustedProxies []string `key:"trusted_proxies" single:"yes" example:"[127.0.0.1, 10.0.0.0/24]"`
	// Regions are where probes run from. Without any there is one, `local`, which
	// is this machine.
	Regions []Region `key:"regions"`
	// Probe says how servers are probed, whatever the server.
	Probe Probe `key:"probe"`
	// Defaults are settings for servers that do not say them themselves. What a
	// server says replaces the default as a whole, lists and blocks too.
	Defaults Settings `key:"defaults"`
	// Servers are what is monitored.
	Servers []Server `key:"servers" later:"yes"`
	// ServersFrom names files, each with a list of servers like `servers`. A
	// pattern with `*` names several. The defaults are for those as well.
	ServersFrom []string `key:"servers_from" example:"[servers/*.yaml]"`
	// Windows are times of planned maintenance. What happens in them counts
	// neither for nor against uptime, and nobody is told.
	Windows []Window `key:"windows"`
	// Retention says how long what was measured is kept.
	Retention Retention `key:"retention"`
	// Branding is how the pages present themselves.
	Branding Branding `key:"branding"`
	// OperatorToken lets its bearer accept drifts and write notes. Without it
	// nobody can over HTTP.
	OperatorToken uptime.Secret `key:"operator_token" example:"env:ALIVEMCP_OPERATOR_TOKEN"`
	// Metrics says what `/metrics` tells.
	Metrics Metrics `key:"metrics"`
	// Pprof is where Go's profiler is served, as HOST:PORT; empty for nowhere.
	// Whoever reaches it can slow the monitor down: keep it on the machine itself.
	Pprof string `key:"pprof" example:"127.0.0.1:6060"`
	// Log says what is logged, and how.
	Log Log `key:"log"`
	// ReferenceEndpoints are HOST:PORT of others that practically never fail. When
	// they do not answer either, the monitor suspects itself and no server. Name
	// two that do not depend on each other.
	ReferenceEndpoints []string `key:"reference_endpoints" example:"[one.example.net:443, two.example.org:443]"`
	// Sinks are where notices go.
	Sinks []Sink `key:"sinks"`
	// Alerts says who is told what, and when.
	Alerts Alerts `key:"alerts"`
	// SMTP is the mail server that takes our mails. Sinks of type email and
	// subscriptions by mail need it.
	SMTP *SMTP `key:"smtp"`
	// Subscriptions say what readers of the status pages can subscribe to.
	Subscriptions Subscriptions `key:"subscriptions"`
	// Heartbeats are URLs that are asked while the monitor really seals and
	// delivers: their silence is what pages.
	Heartbeats []Heartbeat `key:"heartbeats"`
	// SecretsKey is the file of the key that seals what is stored of secrets;
	// without one it is `secret.key` in the folder of the database. It is made when it is
	// missing. Keep a copy elsewhere: without it sealed secrets are lost.
	SecretsKey string `key:"secrets_key" path:"yes" example:"/etc/alivemcp/secret.key"`

	// Registries says whether the public registries of MCP servers are read, and what
	// is done with what they list.
	Registries Registries `key:"registries"`

	sources  []string
	patterns []string // of servers_from, as paths
	proxies  []netip.Prefix
	// refs are the texts that were given as env:NAME or file:PATH: secrets, also
	// where their type does not say so.
	refs map[string]bool
}

// Proxies are the networks of TrustedProxies.
func (f *File) Proxies() []netip.Prefix { return f.proxies }

// Region is where probes run from.
type Region struct {
	// ID is what the file calls the region by: lower-case letters, digits and
	// hyphens.
	ID string `key:"id" need:"yes" example:"eu-west"`
	// City is what people are shown; without one it is the id.
	City string `key:"city" example:"London"`
	// Egress is how probes leave: by a proxy (`socks5://`, `http://` or `https://`)
	// or from a local IP address. Empty means as the system does.
	Egress string `key:"egress" example:"socks5://10.0.0.5:1080"`
}

// Probe says how servers are probed.
type Probe struct {
	// Timeout bounds one attempt.
	Timeout time.Duration `key:"timeout" default:"15s" range:"1s..50s"`
	// Attempts is how often a server is tried in one cycle before it counts as
	// failed.
	Attempts int `key:"attempts" default:"3" range:"1..3"`
	// Gap is how long after a failed attempt the next one begins; in short
	// cycles it is a quarter of the cycle at most.
	Gap time.Duration `key:"gap" default:"5s" range:"0s..20s"`
	// MaxPerHost bounds the probes that are in flight to one host at once.
	MaxPerHost int `key:"max_per_host" default:"4" range:"1..256"`
	// Handshakes bounds the TLS handshakes that are in flight at once; 0 means 64
	// for each core.
	Handshakes int `key:"handshakes" default:"0" range:"0..65536"`
	// UserAgent is what the monitor calls itself; empty means its name and version
	// with the contact.
	UserAgent string `key:"user_agent" example:"Example monitor/1"`
	// Contact is a URL or mail address that the operators of the servers find in
	// the User-Agent.
	Contact string `key:"contact" example:"https://example.com/monitoring"`
}

// Retention says how long things are kept. Units are `h`, `d`, `w` and `y`.
type Retention struct {
	// Minutes is how long the state of every single minute is kept.
	Minutes time.Duration `key:"minutes" default:"400d" range:"2d..20y"`
	// Days is how long the figures of whole days are kept.
	Days time.Duration `key:"days" default:"5y" range:"2d..50y"`
	// Incidents is how long incidents and drifts are kept after their end.
	Incidents time.Duration `key:"incidents" default:"5y" range:"2d..50y"`
}

// Branding is how the pages present themselves.
type Branding struct {
	// Title stands above every page.
	Title string `key:"title" default:"AliveMCP" example:"Example status"`
	// Logo is an SVG, PNG, JPEG or WebP of at most 256 KiB.
	Logo string `key:"logo" path:"yes" example:"logo.svg"`
	// Accent is the colour of links and marks.
	Accent string `key:"accent" example:"\"#0b6e4f\""`
	// Link is where the title leads.
	Link string `key:"link" example:"https://example.com"`
	// Footer is a sentence below every page.
	Footer string `key:"footer" example:"\"Questions: ops@example.com\""`
}

// Metrics says what `/metrics` tells.
type Metrics struct {
	// PerServer adds gauges of each server that is not hidden.
	PerServer bool `key:"per_server" default:"true"`
	// Max bounds how many servers get gauges.
	Max int `key:"max" default:"1000" range:"0..100000"`
}

// Log says what is logged, and how.
type Log struct {
	// Level is the least important thing that is logged.
	Level string `key:"level" default:"info" one:"debug info warn error"`
	// Format is how a line is written.
	Format string `key:"format" default:"text" one:"text json"`
}

// Window is a time of planned maintenance. Give `to` or `for`. Without `servers`
// and `groups` it is for all servers.
type Window struct {
	// ID tells windows apart; without one it is made of the name and the day.
	ID string `key:"id" example:"db-2026-10"`
	// Name is what people are shown.
	Name string `key:"name" need:"yes" example:"Database upgrade"`
	// Text says what is being done.
	Text string `key:"text" example:"Searches may fail for some minutes."`
	// Servers are slugs.
	Servers []string `key:"servers" example:"[weather]"`
	// Groups are groups of servers.
	Groups []string `key:"groups" example:"[internal]"`
	// From is when it begins, as RFC 3339; the first time, when it repeats.
	From time.Time `key:"from" need:"yes" example:"2026-10-01T22:00:00Z"`
	// To is when it ends, as RFC 3339.
	To time.Time `key:"to" example:"2026-10-02T00:00:00Z"`
	// For is how long it lasts, instead of `to`.
	For time.Duration `key:"for" range:"1m..90d" example:"2h"`
	// Repeat says when it comes again, as an RRULE (RFC 5545, section 3.3.10) by the day,
	// week, month or year: FREQ, INTERVAL, COUNT, UNTIL, WKST and BY... of days, weeks and months.
	// The time of day is that of `from`.
	Repeat string `key:"repeat" example:"FREQ=WEEKLY;BYDAY=SU"`
	// Zone is where the clock hangs by which it repeats, with its daylight saving.
	Zone string `key:"zone" default:"UTC" example:"Europe/Berlin"`

	rule *recurrence // nil when it does not repeat
}

// Server is one monitored MCP server: what it is, where it is, and settings. It
// is reached by `url`, or by `command` over stdio.
type Server struct {
	// Slug names the server in addresses and in the archive: lower-case letters,
	// digits and hyphens. Without one it is made of the name. A server whose slug
	// changes is another server with a history of its own.
	Slug string `key:"slug" example:"weather"`
	// Name is what people are shown; without one it is the slug.
	Name string `key:"name" example:"Weather"`
	// Description is a sentence for people.
	Description string `key:"description" example:"Forecasts for the support agents."`
	// URL is the endpoint. Secrets belong into `credential` or `headers`. When the
	// URL is one itself it may be a secret reference; give such a server a name.
	URL string `key:"url" ref:"yes" example:"https://example.com/mcp"`
	// Command starts a server that speaks on its standard input and output. It is
	// no shell line: arguments stand in `args`.
	Command string `key:"command" example:"npx"`
	// Args are the arguments of the command. They may be secret references.
	Args []string `key:"args" ref:"yes" example:"[-y, \"@example/server\"]"`
	// Env is what the command sees besides a minimal environment. Values may be
	// secret references.
	Env map[string]uptime.Secret `key:"env" lines:"yes" example:"{API_KEY: env:WEATHER_KEY}"`
	// Dir is the folder in which the command runs.
	Dir string `key:"dir" path:"yes" example:"/srv/weather"`

	Settings
}

// Settings are what `defaults` can say for all servers, and each server for
// itself.
type Settings struct {
	// Group puts servers together on pages.
	Group string `key:"group" example:"internal"`
	// Transport is the transport of `url`; without one it is found out.
	Transport string `key:"transport" one:"streamable-http sse" example:"streamable-http"`
	// Interval is the time from one look to the next.
	Interval time.Duration `key:"interval" default:"60s" range:"5s..24h"`
	// Regions are the ids of the regions that look; without any all do.
	Regions []string `key:"regions" example:"[local]"`
	// Private allows addresses that are not public: this machine, the local
	// network. Switch it off for servers of strangers, whose name could be made to
	// point inside.
	Private bool `key:"private" default:"true"`
	// Guest marks a server of someone who does not know you: it is treated more
	// gently.
	Guest bool `key:"guest" default:"false"`
	// Hidden keeps the server off public pages and out of the public API.
	Hidden bool `key:"hidden" default:"false"`
	// Paused servers are not probed.
	Paused bool `key:"paused" default:"false"`
	// Slow is the time of a handshake above which the server is degraded.
	Slow time.Duration `key:"slow" default:"5s" range:"1ms..50s"`
	// SLO is the share of minutes, in percent, in which the handshake is to
	// succeed within five seconds.
	SLO *SLO `key:"slo" example:"99.9"`
	// RunbookURL says what to do when the server fails.
	RunbookURL string `key:"runbook_url" example:"https://wiki.example.com/weather"`
	// Credential is what the probe signs in with.
	Credential *Credential `key:"credential"`
	// Headers are sent to the server's own origin. Values may be secret references.
	Headers map[string]uptime.Secret `key:"headers" example:"{X-API-Key: env:WEATHER_KEY}"`
	// Access is how strangers must be treated. With `open` a server that begins to
	// ask for sign-in fails.
	Access string `key:"access" one:"open auth_walled auth_custom" example:"open"`
	// Canary is one read-only tool call whose answer is known.
	Canary *Canary `key:"canary"`
	// Health are URLs that the server's owner exposes beside MCP.
	Health []Health `key:"health" example:"[https://example.com/healthz]"`
	// Resources lists the resources too, when the server has any.
	Resources bool `key:"resources" default:"false"`
	// Prompts expands one prompt: `true`, or which one.
	Prompts *Prompts `key:"prompts" example:"true"`
	// Completion asks for one completion.
	Completion *Completion `key:"completion"`
	// Baseline is a file with the accepted tools, as written by `alivemcp
	// snapshot`. A breaking difference from it fails.
	Baseline string `key:"baseline" path:"yes" example:"weather.tools.json"`
	// Aggressive allows negative tests: bogus tokens, malformed requests. They can
	// harm: for your own servers only.
	Aggressive bool `key:"aggressive" default:"false"`

	baseline []byte
}

// SLO is a service level objective. A number alone is the percentage.
type SLO struct {
	_ struct{} `short:"percent"`
	// Percent is the share of good minutes.
	Percent float64 `key:"percent" need:"yes" range:"1..99.999" example:"99.9"`
	// Window is what the share is taken over.
	Window time.Duration `key:"window" default:"30d" range:"1d..90d"`
}

// Credential is what the probe signs in with. It should belong to monitoring
// alone and be allowed to read only.
type Credential struct {
	// Type is the way to sign in. What it needs: `bearer` token; `header` header and
	// token; `client_credentials` client_id and client_secret; `mtls` certificate
	// and key.
	Type string `key:"type" need:"yes" one:"bearer header client_credentials mtls" example:"bearer"`
	// Token is the bearer token, or the header's value.
	Token uptime.Secret `key:"token" example:"env:WEATHER_TOKEN"`
	// Header is the name of the header.
	Header string `key:"header" example:"X-API-Key"`
	// TokenURL is where OAuth tokens are had; without one it is found by discovery.
	TokenURL string `key:"token_url" example:"https://login.example.com/token"`
	// ClientID is the OAuth client.
	ClientID string `key:"client_id" example:"monitor"`
	// ClientSecret is the OAuth client's secret.
	ClientSecret uptime.Secret `key:"client_secret" example:"file:/run/secrets/weather"`
	// Scopes are what is asked for.
	Scopes []string `key:"scopes" example:"[mcp:read]"`
	// Certificate is PEM, usually `file:PATH`.
	Certificate uptime.Secret `key:"certificate" lines:"yes" example:"file:monitor.crt"`
	// Key is the PEM key of the certificate, usually `file:PATH`.
	Key uptime.Secret `key:"key" lines:"yes" example:"file:monitor.key"`
	// Expires is when the credential ends, as RFC 3339, so that you are warned.
	Expires time.Time `key:"expires" example:"2027-01-31T00:00:00Z"`
}

// Canary is one read-only tool call whose answer is known. It is called in
// every cycle.
type Canary struct {
	// Tool is the tool that is called.
	Tool string `key:"tool" need:"yes" example:"search"`
	// Arguments are what the tool is given.
	Arguments json.RawMessage `key:"arguments" example:"{q: cheese}"`
	// Expect is what must hold of the answer: `contains:TEXT`, `regex:RE`,
	// `json:PATH=VALUE`, `not_empty`, `no_error`, `max_ms:NUMBER`. Without any it is
	// `no_error`.
	Expect []uptime.Assertion `key:"expect" example:"[no_error, \"contains:cheddar\"]"`
	// Downs makes a failure count as down instead of degraded.
	Downs bool `key:"downs" default:"false"`
}

// Health is a URL that tells how a server is. A text alone is the url.
type Health struct {
	_ struct{} `short:"url"`
	// Name is what people are shown.
	Name string `key:"name" example:"database"`
	// URL is what is asked, with GET.
	URL string `key:"url" need:"yes" example:"https://example.com/healthz"`
	// Headers are what is sent along. Values may be secret references.
	Headers map[string]uptime.Secret `key:"headers"`
	// Expect is what must hold of the body, as in a canary.
	Expect []uptime.Assertion `key:"expect" example:"[\"json:$.status=\\\"ok\\\"\"]"`
	// Downs makes a failure count as down instead of degraded.
	Downs bool `key:"downs" default:"false"`
}

// Prompts says which prompt is expanded. `true` alone takes the first that needs
// no arguments.
type Prompts struct {
	_ struct{} `short:"enabled"`
	// Enabled switches it on.
	Enabled bool `key:"enabled" default:"true"`
	// Name is the prompt.
	Name string `key:"name" example:"greet"`
	// Arguments are what the prompt is given.
	Arguments map[string]string `key:"arguments" example:"{name: Ada}"`
}

// Completion asks for the completion of an argument. Give `prompt` or `resource`.
type Completion struct {
	// Prompt is the prompt whose argument is completed.
	Prompt string `key:"prompt" example:"greet"`
	// Resource is the resource template whose argument is completed.
	Resource string `key:"resource" example:"file:///{path}"`
	// Argument is the argument.
	Argument string `key:"argument" need:"yes" example:"name"`
	// Value is what has been typed so far.
	Value string `key:"value" example:"A"`
}
