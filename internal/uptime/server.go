package uptime

import (
	"net/url"
	"time"
)

// TenantID names the owner of servers, sinks, windows and keys.
type TenantID string

// ServerID names a monitored server; it never changes and is never reused.
type ServerID string

// Region is where a probe runs from. Pages show the city, never the id.
type Region struct {
	ID   string // such as eu-west
	City string // such as London
}

// Server is a monitored MCP server of a tenant.
type Server struct {
	ID     ServerID
	Tenant TenantID
	Slug   string // unique in the tenant; part of public addresses
	Name   string // for people

	// URL is the endpoint. Empty for stdio.
	URL string
	// SecretURL says that URL is itself a secret: nobody is shown more of it than
	// scheme and host.
	SecretURL bool
	// Transport is the transport to use; empty means: find out.
	Transport Transport
	// Command starts a stdio server.
	Command Command
	// Private allows loopback, private and other non-public addresses. Only the
	// operator's own file, the command line and private agents may set it.
	Private bool
	// Guest marks a server that nobody here owns: it is treated more gently.
	Guest   bool
	Profile Profile

	// Num is a small number that the store gives: it stands for the server in
	// packed records. Unique over all tenants, never reused.
	Num uint32
	// Group puts servers together on pages; empty for none.
	Group string
	// Description is a sentence for people.
	Description string
	// Interval is the length of a cycle, MinInterval to MaxInterval; zero means
	// DefaultInterval.
	Interval time.Duration
	// Regions are the ids of the regions that probe the server, sorted.
	Regions []string
	// Slow is the handshake time above which the server is Degraded; zero means
	// 5 s.
	Slow time.Duration
	// Objective is the server's service level objective; nil for none.
	Objective *Objective
	// RunbookURL says what to do when it fails; empty for none.
	RunbookURL string
	// Hidden keeps the server off public pages and out of the public API.
	Hidden bool
	// Paused servers are not probed.
	Paused bool
}

// PublicURL returns what may be stored and shown of URL: neither user, query
// and fragment, which can hold secrets, nor a path that is one; empty for stdio.
func (s *Server) PublicURL() string {
	u, err := url.Parse(s.URL)
	if err != nil || u.Host == "" {
		return ""
	}
	out := url.URL{Scheme: u.Scheme, Host: u.Host}
	if !s.SecretURL {
		out.Path, out.RawPath = u.Path, u.RawPath
	}
	return out.String()
}

// Command is a child process that speaks MCP on its standard input and output.
type Command struct {
	Path string
	Args []string
	Env  []string // additions to the minimal environment, as KEY=value
	Dir  string
	// Secrets are the arguments that nobody may read.
	Secrets []Secret
}

// Profile says what a probe does besides handshake and tools/list.
type Profile struct {
	// Headers are sent with every request to the server's own origin. Their
	// values are treated as secrets.
	Headers    []Header
	Credential *Credential
	// Access, when set, is what the server must be: an open server that starts
	// to ask for sign-in fails with auth_required.
	Access     Access
	Canary     *Canary
	Health     []HealthCheck
	Resources  bool // list the resources, when the capability is declared
	Prompts    *PromptCheck
	Completion *CompletionCheck
	// Baseline is the accepted contract, in the snapshot format. A breaking
	// difference from it fails with drift_breaking.
	Baseline []byte
	// Aggressive allows negative tests (bogus tokens, foreign origins, malformed
	// requests). They can harm: for one's own servers only.
	Aggressive bool
}

// Header is one HTTP header field.
type Header struct {
	Name  string
	Value Secret
}

// CredentialKind says how a credential is presented.
type CredentialKind string

const (
	// CredentialBearer sends Authorization: Bearer.
	CredentialBearer CredentialKind = "bearer"
	// CredentialHeader sends a header of its own name.
	CredentialHeader CredentialKind = "header"
	// CredentialClient gets a token by the OAuth client credentials grant.
	CredentialClient CredentialKind = "client_credentials"
	// CredentialMTLS presents a client certificate.
	CredentialMTLS CredentialKind = "mtls"
)

// Credential is what a probe signs in with. It belongs to monitoring alone.
type Credential struct {
	Kind CredentialKind
	// Token is the bearer token or the header's value.
	Token Secret
	// Header is the name used by CredentialHeader.
	Header string
	// TokenURL, ClientID, ClientSecret and Scopes serve CredentialClient. An
	// empty TokenURL is found by OAuth discovery.
	TokenURL     string
	ClientID     string
	ClientSecret Secret
	Scopes       []string
	// Certificate and Key are PEM, for CredentialMTLS.
	Certificate []byte
	Key         Secret
	// Expires is when the owner says that it ends; zero when not known.
	Expires time.Time
}

// Canary is one read-only tool call whose answer is known.
type Canary struct {
	Tool      string
	Arguments []byte // JSON object; empty means {}
	Expect    []Assertion
	// Downs makes a failure count as Down instead of Degraded.
	Downs bool
}

// AssertionKind says how an answer is judged.
type AssertionKind string

// The assertions. Text is all text content of a tool result, or a health
// URL's body.
const (
	AssertContains  AssertionKind = "contains"  // text contains Value
	AssertRegex     AssertionKind = "regex"     // text matches Value (RE2)
	AssertJSONPath  AssertionKind = "json_path" // Path (RFC 9535) selects exactly Value (JSON)
	AssertNotEmpty  AssertionKind = "not_empty" // text, or what Path selects, is not empty
	AssertNoError   AssertionKind = "no_error"  // isError is not true
	AssertMaxMillis AssertionKind = "max_ms"    // answered within Value milliseconds
)

// Assertion is one thing that must hold of an answer. A canary without
// assertions asserts AssertNoError.
type Assertion struct {
	Kind  AssertionKind
	Path  string
	Value string
}

// HealthCheck is a URL that the owner exposes beside MCP. A 503, or a body whose
// status member says so, decides; assertions may add to that.
type HealthCheck struct {
	Name    string
	URL     string
	Headers []Header
	Expect  []Assertion
	// Downs makes a failure count as Down instead of Degraded.
	Downs bool
}

// PromptCheck expands one prompt within five seconds. An empty Name takes the
// first prompt that needs no arguments.
type PromptCheck struct {
	Name      string
	Arguments map[string]string
}

// CompletionCheck asks for one completion; over 100 ms is a warning.
type CompletionCheck struct {
	Prompt   string // completes an argument of this prompt,
	Resource string // or of this resource template
	Argument string
	Value    string
}
