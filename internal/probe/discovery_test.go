package probe_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// site answers GET by URL; what it does not list is 404.
type site map[string]page

type page struct {
	status   int
	body     string
	location string
	err      error
}

func doc(body string) page { return page{status: 200, body: body} }

// visits serves the site and records what was asked for.
func (s site) visits(seen *[]string) probe.FetchFunc {
	return func(_ context.Context, req probe.FetchRequest) (probe.Fetched, error) {
		*seen = append(*seen, req.URL)
		p, ok := s[req.URL]
		if !ok {
			return probe.Fetched{Status: 404, Body: []byte("404 page not found\n")}, nil
		}
		kind := "application/json; charset=utf-8"
		if strings.HasPrefix(p.body, "<") {
			kind = "text/html"
		}
		return probe.Fetched{
			Status: p.status, Body: []byte(p.body),
			Header: []probe.HeaderField{{Name: "content-TYPE", Value: kind}, {Name: "Location", Value: p.location}},
		}, p.err
	}
}

func bearer(params ...string) []probe.Challenge {
	c := probe.Challenge{Scheme: "Bearer", Params: map[string]string{}}
	for i := 0; i < len(params); i += 2 {
		c.Params[params[i]] = params[i+1]
	}
	return []probe.Challenge{c}
}

const (
	prmPath = "https://mcp.example/.well-known/oauth-protected-resource/mcp"
	prmRoot = "https://mcp.example/.well-known/oauth-protected-resource"
	asRoot  = "https://mcp.example/.well-known/oauth-authorization-server"
	asIDP   = "https://idp.example/.well-known/oauth-authorization-server"
	goodPRM = `{"resource":"https://mcp.example/mcp","authorization_servers":["https://idp.example"],"scopes_supported":["read","write"]}`
)

// server returns authorization server metadata; changes are member, value pairs
// of JSON, where an empty value removes the member.
func server(issuer string, changes ...string) page {
	members := map[string]string{
		"issuer":                           `"` + issuer + `"`,
		"authorization_endpoint":           `"https://idp.example/authorize"`,
		"token_endpoint":                   `"https://idp.example/token"`,
		"registration_endpoint":            `"https://idp.example/register"`,
		"code_challenge_methods_supported": `["S256"]`,
	}
	for i := 0; i < len(changes); i += 2 {
		members[changes[i]] = changes[i+1]
	}
	var parts []string
	for k, v := range members {
		if v != "" {
			parts = append(parts, fmt.Sprintf("%q:%s", k, v))
		}
	}
	return doc("{" + strings.Join(parts, ",") + "}")
}

func announced() probe.Refusal {
	return probe.Refusal{Status: 401, Challenges: bearer("resource_metadata", prmPath)}
}

type discoveryCase struct {
	name     string
	endpoint string // default https://mcp.example/mcp
	refusal  probe.Refusal
	site     site
	access   uptime.Access
	broken   string   // a part of Chain.Broken
	findings []string // in order
	visits   []string // when given, exactly these
}

func (c discoveryCase) run(t *testing.T) {
	t.Helper()
	if c.endpoint == "" {
		c.endpoint = "https://mcp.example/mcp"
	}
	endpoint, err := url.Parse(c.endpoint)
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	chain, access, findings := probe.DiscoverAuth(t.Context(), c.site.visits(&seen), endpoint, c.refusal)
	if access != c.access || !strings.Contains(chain.Broken, c.broken) || (chain.Broken != "") != (c.broken != "") {
		t.Errorf("access %q, broken %q; want %q, %q", access, chain.Broken, c.access, c.broken)
	}
	var ids []string
	for _, f := range findings {
		ids = append(ids, f.ID)
		if f.Message == "" || f.Spec == "" || f.Severity == "" {
			t.Errorf("finding %+v is not complete", f)
		}
	}
	if d := cmp.Diff(c.findings, ids); d != "" {
		t.Errorf("findings (-want +got):\n%s", d)
	}
	if c.visits != nil && !slices.Equal(c.visits, seen) {
		t.Errorf("visited %q, want %q", seen, c.visits)
	}
	if len(seen) > probe.MaxAuthFetches {
		t.Errorf("%d requests", len(seen))
	}
}

// TestDiscoverySeen rebuilds what real servers answered.
func TestDiscoverySeen(t *testing.T) {
	const local = "http://localhost:31070"
	everything401 := site{}
	for _, at := range []string{prmPath, prmRoot, asRoot} {
		everything401[at] = page{status: 401, body: `{"error":{"code":401,"message":"Unauthorized: Invalid or missing API key"},"id":null,"jsonrpc":"2.0"}`}
	}
	for _, c := range []discoveryCase{
		{
			name:    "a whole chain behind an error challenge (ms-365-mcp-server)",
			refusal: probe.Refusal{Status: 401, Challenges: bearer("error", "invalid_token", "resource_metadata", prmPath)},
			site:    site{prmPath: doc(goodPRM), asIDP: server("https://idp.example")},
			access:  uptime.AccessWalled, findings: []string{"as_other_host"}, visits: []string{prmPath, asIDP},
		},
		{
			name:    "well-known only, issuer with a slash on both sides (mcp-gitlab)",
			refusal: probe.Refusal{Status: 401, Challenges: bearer("error", "invalid_token")},
			site: site{
				prmPath: doc(`{"resource":"https://mcp.example/mcp","authorization_servers":["https://mcp.example/"]}`),
				prmRoot: doc(`{"resource":"https://mcp.example/","authorization_servers":["https://mcp.example/"]}`),
				asRoot:  server("https://mcp.example/"),
			},
			access: uptime.AccessWalled, findings: []string{"challenge_without_resource_metadata"}, visits: []string{prmPath, asRoot},
		},
		{
			name: "bare 401, no metadata (mcp-gitlab with remote authorization, notion, git jwt)", refusal: probe.Refusal{Status: 401},
			access: uptime.AccessCustom, findings: []string{"auth_required_but_not_advertised"}, visits: []string{prmPath, prmRoot, asRoot},
		},
		{
			name:    "Bearer with a realm only (n8n-mcp)",
			refusal: probe.Refusal{Status: 401, Challenges: bearer("realm", "n8n-mcp")},
			access:  uptime.AccessCustom, findings: []string{"auth_required_but_not_advertised"},
		},
		{
			name:    "API key on every path (mcp-proxy --apiKey)",
			refusal: probe.Refusal{Status: 401, Challenges: bearer("error", "invalid_token", "error_description", "Unauthorized: Invalid or missing API key")},
			site:    everything401,
			access:  uptime.AccessCustom, findings: []string{"auth_required_but_not_advertised"},
		},
		{
			name: "empty authorization server (go-sdk example)", endpoint: local + "/mcp",
			refusal: probe.Refusal{
				Status: 401, Body: []byte("no bearer token\n"),
				Challenges: bearer("resource_metadata", local+"/.well-known/oauth-protected-resource", "scope", "read"),
			},
			site: site{
				local + "/.well-known/oauth-protected-resource": doc(`{"resource":"http://localhost:31070/mcp","authorization_servers":[""],"scopes_supported":["read"]}`),
			},
			access: uptime.AccessBroken, broken: "names no authorization server", findings: []string{"prm_no_authorization_server"},
			visits: []string{local + "/.well-known/oauth-protected-resource"},
		},
		{
			name:    "open with a challenge (context7)",
			refusal: probe.Refusal{Status: 200, Challenges: bearer("resource_metadata", prmRoot), Body: []byte(`{"jsonrpc":"2.0","id":1,"result":{}}`)},
			access:  uptime.AccessOpen, findings: []string{"auth_optional"}, visits: []string{},
		},
		{
			name:    "metadata that points at the resource itself (dibix)",
			refusal: probe.Refusal{Status: 401, Challenges: bearer("resource_metadata", "https://mcp.example/mcp")},
			site:    site{"https://mcp.example/mcp": page{status: 405, body: "no"}},
			access:  uptime.AccessBroken, broken: "https://mcp.example/mcp, which answers HTTP 405", findings: []string{"prm_not_served"},
		},
	} {
		t.Run(c.name, c.run)
	}
}

func TestDiscoveryRules(t *testing.T) {
	timeout := fmt.Errorf("fetching: %w", context.DeadlineExceeded)
	for _, c := range []discoveryCase{
		{name: "metadata is a web page", refusal: announced(), site: site{prmPath: doc("<html>")}, access: uptime.AccessBroken, broken: "is not a JSON object", findings: []string{"prm_not_served"}},
		{name: "metadata is missing", refusal: announced(), access: uptime.AccessBroken, broken: "answers HTTP 404", findings: []string{"prm_not_served"}, visits: []string{prmPath}},
		{name: "metadata is too slow", refusal: announced(), site: site{prmPath: {err: timeout}}, access: uptime.AccessBroken, broken: "did not answer in time", findings: []string{"prm_not_served"}},
		{name: "metadata at an address that is refused", refusal: announced(), site: site{prmPath: {err: fmt.Errorf("dialling 10.0.0.1: %w", probe.ErrBlocked)}}, access: uptime.AccessBroken, broken: "leads to an address that is not public", findings: []string{"prm_not_served"}},
		{name: "metadata on a host that does not exist", refusal: announced(), site: site{prmPath: {err: &mcpwire.Fault{Kind: mcpwire.NXDomain, Detail: "the name does not exist"}}}, access: uptime.AccessBroken, broken: "could not be fetched (the name does not exist)", findings: []string{"prm_not_served"}},
		{name: "metadata unreachable", refusal: announced(), site: site{prmPath: {err: errors.New("read 10.0.0.1:443: reset")}}, access: uptime.AccessBroken, broken: "could not be fetched. Serve", findings: []string{"prm_not_served"}},
		{name: "our own network", refusal: announced(), site: site{prmPath: {err: &mcpwire.Fault{Kind: mcpwire.OurNetwork}}}, access: "", visits: []string{prmPath}},
		{name: "metadata behind sign-in", refusal: announced(), site: site{prmPath: {status: 401}}, access: uptime.AccessBroken, broken: "asks for sign-in itself", findings: []string{"prm_behind_auth"}},
		{
			name: "well-known metadata behind sign-in", refusal: probe.Refusal{Status: 401, Challenges: bearer("realm", "x")}, site: site{prmRoot: {status: 403}},
			access: uptime.AccessBroken, broken: "asks for sign-in itself", findings: []string{"prm_behind_auth"},
		},
		{name: "metadata URL is relative", refusal: probe.Refusal{Status: 401, Challenges: bearer("resource_metadata", "/prm")}, access: uptime.AccessBroken, broken: "/prm is not an absolute", findings: []string{"prm_url_invalid"}, visits: []string{}},
		{name: "metadata URL with a password", refusal: probe.Refusal{Status: 401, Challenges: bearer("resource_metadata", "https://u:hunter2@x.example/")}, access: uptime.AccessBroken, broken: "https://[redacted]@x.example/ carries a user name", findings: []string{"prm_url_invalid"}, visits: []string{}},
		{name: "metadata URL by http", refusal: probe.Refusal{Status: 401, Challenges: bearer("resource_metadata", "http://mcp.example/prm")}, access: uptime.AccessBroken, broken: "from https to http", findings: []string{"auth_downgrade"}, visits: []string{}},
		{name: "no authorization_servers", refusal: announced(), site: site{prmPath: doc(`{"resource":"https://mcp.example/mcp"}`)}, access: uptime.AccessBroken, broken: "names no authorization server", findings: []string{"prm_no_authorization_server"}},
		{name: "authorization_servers of the wrong type", refusal: announced(), site: site{prmPath: doc(`{"resource":"https://mcp.example/mcp","authorization_servers":"https://idp.example"}`)}, access: uptime.AccessBroken, broken: "names no authorization server", findings: []string{"prm_no_authorization_server"}},
		{name: "authorization server is relative", refusal: announced(), site: site{prmPath: doc(`{"resource":"https://mcp.example/mcp","authorization_servers":["idp"]}`)}, access: uptime.AccessBroken, broken: "idp is not an absolute", findings: []string{"as_url_invalid"}},
		{name: "authorization server by http", refusal: announced(), site: site{prmPath: doc(`{"resource":"https://mcp.example/mcp","authorization_servers":["http://idp.example"]}`)}, access: uptime.AccessBroken, broken: "from https to http", findings: []string{"auth_downgrade"}},
		{
			name: "first usable authorization server", refusal: announced(), access: uptime.AccessWalled, findings: []string{"as_other_host"},
			site: site{prmPath: doc(`{"resource":"https://mcp.example/mcp","authorization_servers":["","urn:x","https://idp.example"]}`), asIDP: server("https://idp.example")},
		},
		{name: "resource of another host", refusal: announced(), site: site{prmPath: doc(`{"resource":"https://other.example/mcp","authorization_servers":["https://idp.example"]}`)}, access: uptime.AccessBroken, broken: "is for the resource https://other.example/mcp", findings: []string{"as_other_host", "prm_resource_mismatch"}},
		{name: "resource of a sibling path", refusal: announced(), site: site{prmPath: doc(`{"resource":"https://mcp.example/mc","authorization_servers":["https://idp.example"]}`)}, access: uptime.AccessBroken, broken: "is for the resource", findings: []string{"as_other_host", "prm_resource_mismatch"}},
		{name: "resource missing", refusal: announced(), site: site{prmPath: doc(`{"authorization_servers":["https://idp.example"]}`)}, access: uptime.AccessBroken, broken: `the resource "", not for`, findings: []string{"as_other_host", "prm_resource_mismatch"}},
		{
			name: "resource in another spelling", refusal: announced(), access: uptime.AccessWalled, findings: []string{"as_other_host", "resource_not_exact"},
			site: site{prmPath: doc(`{"resource":"HTTPS://MCP.example:443/mcp/","authorization_servers":["https://idp.example"]}`), asIDP: server("https://idp.example")},
		},
		{
			name: "resource is a parent", refusal: announced(), access: uptime.AccessWalled, findings: []string{"as_other_host", "resource_not_exact"},
			site: site{prmPath: doc(`{"resource":"https://mcp.example","authorization_servers":["https://idp.example"]}`), asIDP: server("https://idp.example")},
		},
		{
			name: "resource is the origin at the root", refusal: probe.Refusal{Status: 401}, access: uptime.AccessWalled, findings: []string{"as_other_host"},
			site: site{prmRoot: doc(`{"resource":"https://mcp.example","authorization_servers":["https://idp.example"]}`), asIDP: server("https://idp.example")},
		},
		{
			name: "authorization server without metadata", refusal: announced(), site: site{prmPath: doc(goodPRM), asIDP: {status: 502}},
			access: uptime.AccessBroken, broken: "oauth-authorization-server answers HTTP 502; https://idp.example/.well-known/openid-configuration answers HTTP 404", findings: []string{"as_other_host", "as_metadata_missing"},
		},
		{
			name: "OpenID metadata after a web page", refusal: announced(), access: uptime.AccessWalled, findings: []string{"as_other_host"},
			site: site{prmPath: doc(goodPRM), asIDP: doc("<html>"), "https://idp.example/.well-known/openid-configuration": server("https://idp.example")},
		},
		{
			name: "issuer with a path, in the third place", refusal: announced(), access: uptime.AccessWalled, findings: []string{"as_other_host"},
			site: site{
				prmPath: doc(`{"resource":"https://mcp.example/mcp","authorization_servers":["https://idp.example/a/t"]}`),
				"https://idp.example/a/t/.well-known/openid-configuration": server("https://idp.example/a/t"),
			},
			visits: []string{
				prmPath, "https://idp.example/.well-known/oauth-authorization-server/a/t",
				"https://idp.example/.well-known/openid-configuration/a/t", "https://idp.example/a/t/.well-known/openid-configuration",
			},
		},
		{name: "wrong issuer", refusal: announced(), site: site{prmPath: doc(goodPRM), asIDP: server("https://evil.example")}, access: uptime.AccessBroken, broken: "is for the issuer https://evil.example", findings: []string{"as_other_host", "as_issuer_mismatch"}},
		{name: "issuer differs in the slash", refusal: announced(), site: site{prmPath: doc(goodPRM), asIDP: server("https://idp.example/")}, access: uptime.AccessWalled, findings: []string{"as_other_host", "as_issuer_not_exact"}},
		{name: "no PKCE", refusal: announced(), site: site{prmPath: doc(goodPRM), asIDP: server("https://idp.example", "code_challenge_methods_supported", "")}, access: uptime.AccessBroken, broken: "does not offer PKCE", findings: []string{"as_other_host", "no_pkce_advertised"}},
		{name: "PKCE plain only", refusal: announced(), site: site{prmPath: doc(goodPRM), asIDP: server("https://idp.example", "code_challenge_methods_supported", `["plain"]`)}, access: uptime.AccessBroken, broken: "does not offer PKCE", findings: []string{"as_other_host", "no_pkce_advertised"}},
		{name: "no token endpoint", refusal: announced(), site: site{prmPath: doc(goodPRM), asIDP: server("https://idp.example", "token_endpoint", "")}, access: uptime.AccessBroken, broken: "has no token_endpoint", findings: []string{"as_other_host", "as_endpoint_missing"}},
		{name: "token endpoint by http", refusal: announced(), site: site{prmPath: doc(goodPRM), asIDP: server("https://idp.example", "token_endpoint", `"http://idp.example/token"`)}, access: uptime.AccessBroken, broken: "from https to http", findings: []string{"as_other_host", "auth_downgrade"}},
		{
			name: "for machines only", refusal: announced(), access: uptime.AccessWalled, findings: []string{"as_other_host", "registration_manual_only"},
			site: site{prmPath: doc(goodPRM), asIDP: server("https://idp.example", "authorization_endpoint", "", "code_challenge_methods_supported", "", "registration_endpoint", "", "grant_types_supported", `["client_credentials"]`)},
		},
		{
			name: "rule of 2025-03-26", refusal: probe.Refusal{Status: 401, Challenges: bearer()}, access: uptime.AccessWalled, findings: []string{"prm_missing"},
			site: site{asRoot: server("https://tenant.idp.example")}, visits: []string{prmPath, prmRoot, asRoot},
		},
		{
			name: "half of the rule of 2025-03-26", refusal: probe.Refusal{Status: 401, Challenges: bearer()}, access: uptime.AccessCustom, findings: []string{"auth_required_but_not_advertised"},
			site: site{asRoot: server("https://mcp.example", "code_challenge_methods_supported", "")},
		},
		{name: "well-known place in trouble", refusal: probe.Refusal{Status: 401}, site: site{prmPath: {status: 503}}, access: uptime.AccessCustom, findings: []string{"prm_unavailable", "auth_required_but_not_advertised"}},
		{name: "basic authentication", refusal: probe.Refusal{Status: 401, Challenges: []probe.Challenge{{Scheme: "Basic"}}}, access: uptime.AccessCustom, findings: []string{"auth_required_but_not_advertised"}, visits: []string{}},
		{name: "Bearer after Basic", refusal: probe.Refusal{Status: 401, Challenges: append([]probe.Challenge{{Scheme: "Basic"}}, announced().Challenges...)}, site: site{prmPath: doc(goodPRM), asIDP: server("https://idp.example")}, access: uptime.AccessWalled, findings: []string{"as_other_host"}},
		{name: "403", refusal: probe.Refusal{Status: 403, Challenges: bearer()}, access: uptime.AccessCustom, findings: []string{"auth_required_but_not_advertised"}, visits: []string{}},
		{
			name: "403 insufficient scope", refusal: probe.Refusal{Status: 403, Challenges: bearer("error", "insufficient_scope", "resource_metadata", prmPath)},
			site: site{prmPath: doc(goodPRM), asIDP: server("https://idp.example")}, access: uptime.AccessWalled, findings: []string{"auth_403_without_token", "as_other_host"},
		},
		{name: "unauthorized with 200", refusal: probe.Refusal{Status: 200, Body: []byte(`{"error":{"code":-32001,"message":"Unauthorized"}}`)}, access: uptime.AccessCustom, findings: []string{"auth_error_on_200", "auth_required_but_not_advertised"}, visits: []string{}},
		{name: "open", refusal: probe.Refusal{Status: 200}, access: uptime.AccessOpen, visits: []string{}},
		{name: "no refusal", refusal: probe.Refusal{Status: 502}, access: "", visits: []string{}},
		{name: "rate limited on the way", refusal: announced(), site: site{prmPath: {status: 429}}, access: "", visits: []string{prmPath}},
		{
			name: "offline access", refusal: probe.Refusal{Status: 401, Challenges: bearer("resource_metadata", prmPath, "scope", "read offline_access")},
			site: site{prmPath: doc(goodPRM), asIDP: server("https://idp.example")}, access: uptime.AccessWalled, findings: []string{"challenge_scope_offline_access", "as_other_host"},
		},
		{
			name: "one redirect is followed", refusal: announced(), access: uptime.AccessWalled, findings: []string{"metadata_redirect", "as_other_host"},
			site:   site{prmPath: {status: 308, location: "/prm.json"}, "https://mcp.example/prm.json": doc(goodPRM), asIDP: server("https://idp.example")},
			visits: []string{prmPath, "https://mcp.example/prm.json", asIDP},
		},
		{name: "a redirect to http is not", refusal: announced(), access: uptime.AccessBroken, broken: "answers HTTP 302", findings: []string{"prm_not_served"}, site: site{prmPath: {status: 302, location: "http://mcp.example/"}}, visits: []string{prmPath}},
		{name: "a redirect loop ends", refusal: announced(), access: uptime.AccessBroken, broken: "answers HTTP 302", findings: []string{"metadata_redirect", "prm_not_served"}, site: site{prmPath: {status: 302, location: prmPath}}},
		{
			name: "the budget of requests ends", refusal: probe.Refusal{Status: 401}, access: "",
			findings: []string{"metadata_redirect", "metadata_redirect", "as_other_host", "metadata_redirect"},
			site: site{
				prmPath:                 {status: 302, location: "/a"},
				prmRoot:                 {status: 302, location: "/b"},
				"https://mcp.example/b": doc(`{"resource":"https://mcp.example","authorization_servers":["https://idp.example/t"]}`),
				asIDP + "/t":            {status: 302, location: "/c"},
			},
			visits: []string{prmPath, "https://mcp.example/a", prmRoot, "https://mcp.example/b", asIDP + "/t", "https://idp.example/c"},
		},
		{name: "nested too deeply", refusal: announced(), site: site{prmPath: doc(`{"resource":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`)}, access: uptime.AccessBroken, broken: "nested too deeply", findings: []string{"prm_not_served"}},
		{name: "too large", refusal: announced(), site: site{prmPath: doc(`{"resource":"` + strings.Repeat("x", 300<<10) + `"}`)}, access: uptime.AccessBroken, broken: "larger than 256 KiB", findings: []string{"prm_not_served"}},
	} {
		t.Run(c.name, c.run)
	}
}

func TestDiscoveryChain(t *testing.T) {
	endpoint, _ := url.Parse("https://mcp.example/mcp")
	var seen []string
	s := site{prmPath: doc(goodPRM), asIDP: server("https://idp.example", "client_id_metadata_document_supported", "true",
		"grant_types_supported", `["authorization_code","client_credentials"]`, "token_endpoint_auth_methods_supported", `["client_secret_post"]`)}
	chain, access, _ := probe.DiscoverAuth(t.Context(), s.visits(&seen), endpoint, announced())
	want := uptime.AuthChain{
		Status: 401, Challenge: "Bearer", ResourceMetadata: prmPath, AuthorizationServer: "https://idp.example",
		TokenEndpoint: "https://idp.example/token", Scopes: []string{"read", "write"}, PKCE: true,
		Registration: []string{"cimd", "dcr"}, ClientCredentials: true,
	}
	if d := cmp.Diff(want, chain.AuthChain); d != "" || access != uptime.AccessWalled || !probe.SecretPost(chain) {
		t.Errorf("access %s, post %t, chain (-want +got):\n%s", access, probe.SecretPost(chain), d)
	}
}

func TestDiscoveryMachines(t *testing.T) {
	for _, c := range []struct {
		grants, methods string
		want            bool
	}{
		{"", "", false},
		{"", `["private_key_jwt"]`, true},
		{"", `["client_secret_basic"]`, true},
		{"", `["client_secret_post"]`, false},
		{`["authorization_code"]`, `["client_secret_basic"]`, false},
		{`["client_credentials","authorization_code"]`, "", true},
		{`["client_credentials","authorization_code"]`, `["none"]`, false},
	} {
		endpoint, _ := url.Parse("https://mcp.example/mcp")
		var seen []string
		s := site{prmPath: doc(goodPRM), asIDP: server("https://idp.example", "grant_types_supported", c.grants, "token_endpoint_auth_methods_supported", c.methods)}
		chain, _, _ := probe.DiscoverAuth(t.Context(), s.visits(&seen), endpoint, announced())
		if chain.ClientCredentials != c.want {
			t.Errorf("grants %s, methods %s: %t", c.grants, c.methods, chain.ClientCredentials)
		}
	}
}

func TestDiscoveryIsInconclusiveWhenItsContextEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	fetch := func(context.Context, probe.FetchRequest) (probe.Fetched, error) {
		cancel()
		return probe.Fetched{}, context.Canceled
	}
	endpoint, _ := url.Parse("https://mcp.example/mcp")
	chain, access, findings := probe.DiscoverAuth(ctx, fetch, endpoint, announced())
	if access != "" || chain.Broken != "" || len(findings) != 0 {
		t.Errorf("access %q, broken %q, findings %v", access, chain.Broken, findings)
	}
}

func TestFetchedHeader(t *testing.T) {
	f := probe.Fetched{Header: []probe.HeaderField{{Name: "www-authenticate", Value: "Basic"}, {Name: "X", Value: "y"}, {Name: "WWW-Authenticate", Value: "Bearer"}}}
	if got := f.Values("WWW-AUTHENTICATE"); !slices.Equal(got, []string{"Basic", "Bearer"}) {
		t.Errorf("values %q", got)
	}
}

func FuzzDiscovery(f *testing.F) {
	f.Add(401, prmPath, "", 200, goodPRM, string(server("https://idp.example").body))
	f.Add(401, "", "/x", 302, goodPRM, "")
	f.Add(403, "//", "insufficient_scope", 200, `{"resource":{},"authorization_servers":[null,1,"https://[::1"]}`, "null")
	f.Add(401, "https://a/%zz", "", 200, `{"resource":"https://mcp.example/mcp","authorization_servers":["https://mcp.example/%2f/a?b#c"]}`, `{"issuer":1}`)
	f.Fuzz(func(t *testing.T, status int, announced, scope string, got int, first, later string) {
		n := 0
		fetch := func(_ context.Context, req probe.FetchRequest) (probe.Fetched, error) {
			n++
			body := later
			if n == 1 {
				body = first
			}
			if u, err := url.Parse(req.URL); err != nil || u.User != nil || u.Scheme != "https" || u.Host == "" {
				t.Errorf("visited %q", req.URL)
			}
			return probe.Fetched{Status: got, Body: []byte(body), Header: []probe.HeaderField{{Name: "Location", Value: later}}}, nil
		}
		endpoint, _ := url.Parse("https://mcp.example/mcp")
		r := probe.Refusal{Status: status, Challenges: bearer("resource_metadata", announced, "scope", scope, "error", scope), Body: []byte(first)}
		chain, access, findings := probe.DiscoverAuth(t.Context(), fetch, endpoint, r)
		if n > probe.MaxAuthFetches {
			t.Errorf("%d requests", n)
		}
		if (access == uptime.AccessBroken) != (chain.Broken != "") || len(chain.Broken) > 500 || len(findings) > 20 {
			t.Errorf("access %q, broken %q, %d findings", access, chain.Broken, len(findings))
		}
	})
}
