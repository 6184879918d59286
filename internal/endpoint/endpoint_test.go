package endpoint_test

import (
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/internal/endpoint"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func of(url string) uptime.Endpoint {
	return endpoint.Of(&uptime.Listing{URL: url, Transport: "streamable-http"})
}

// TestSame checks that forms of one address are one endpoint.
func TestSame(t *testing.T) {
	for name, forms := range map[string][]string{
		"trailing slash":    {"https://mcp.stripe.com", "https://mcp.stripe.com/"},
		"slash behind path": {"https://api.githubcopilot.com/mcp", "https://api.githubcopilot.com/mcp/"},
		"case of the host":  {"https://MCP.Example-Host.io/mcp", "HTTPS://mcp.example-host.io/mcp"},
		"case of the path":  nil,
		"default port":      {"https://a.b.dev:443/mcp", "https://a.b.dev/mcp"},
		"plain port":        {"http://a.b.dev:80/mcp", "http://a.b.dev/mcp"},
		"IDN":               {"https://b\u00fccher.de/mcp", "https://xn--bcher-kva.de/mcp", "https://B\u00dcCHER.de/mcp"},
		"escapes":           {"https://a.b.dev/%6dcp", "https://a.b.dev/mcp"},
		"case of escapes":   {"https://a.b.dev/%c3%a4", "https://a.b.dev/%C3%A4", "https://a.b.dev/\u00e4"},
		"dots":              {"https://a.b.dev/x/../mcp", "https://a.b.dev/./mcp", "https://a.b.dev/%2e/mcp"},
		"fragment":          {"https://a.b.dev/mcp#docs", "https://a.b.dev/mcp"},
		"tracking":          {"https://a.b.dev/mcp-pay?src=toolsdk", "https://a.b.dev/mcp-pay", "https://a.b.dev/mcp-pay?utm_source=x&ref=y"},
		"final dot":         {"https://a.b.dev./mcp", "https://a.b.dev/mcp"},
		"spaces around":     {" https://a.b.dev/mcp\n", "https://a.b.dev/mcp"},
		"IPv6":              {"https://[2606:4700:0:0:0:0:0:1]/mcp", "https://[2606:4700::1]/mcp"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, form := range forms {
				got, want := of(form), of(forms[0])
				if got.Key != want.Key || got.Kind != uptime.EndpointRemote {
					t.Errorf("%q is %s (%s, %s), want the endpoint of %q, %s", form, got.URL, got.Kind, got.Why, forms[0], want.URL)
				}
			}
		})
	}
}

// TestDiffer checks that what a server may tell apart stays apart.
func TestDiffer(t *testing.T) {
	for name, two := range map[string][2]string{
		"query":            {"https://huggingface.co/mcp?login", "https://huggingface.co/mcp"},
		"case of path":     {"https://a.b.dev/MCP", "https://a.b.dev/mcp"},
		"scheme":           {"http://a.b.dev/mcp", "https://a.b.dev/mcp"},
		"port":             {"https://a.b.dev:8443/mcp", "https://a.b.dev/mcp"},
		"two slashes":      {"https://a.b.dev//mcp", "https://a.b.dev/mcp"},
		"escaped slash":    {"https://a.b.dev/a%2Fmcp", "https://a.b.dev/a/mcp"},
		"order of a query": {"https://a.b.dev/mcp?a=1&b=2", "https://a.b.dev/mcp?b=2&a=1"},
		"look-alike":       {"https://\u0440aypal.com/mcp", "https://paypal.com/mcp"},
	} {
		t.Run(name, func(t *testing.T) {
			if a, b := of(two[0]), of(two[1]); a.Key == b.Key {
				t.Errorf("%q and %q are one endpoint, %s", two[0], two[1], a.URL)
			}
		})
	}
}

func TestTransports(t *testing.T) {
	key := func(url, word string) uptime.Endpoint {
		return endpoint.Of(&uptime.Listing{URL: url, Transport: word})
	}
	const url = "https://a.b.dev/mcp"
	for _, word := range []string{"streamable-http", "streamable_http", "streamableHttp", "http", "Streamable HTTP"} {
		if e := key(url, word); e.Transport != uptime.StreamableHTTP {
			t.Errorf("%q is %q, want streamable-http", word, e.Transport)
		}
	}
	for _, word := range []string{"", "ws", "stdio", "carrier pigeon"} {
		if e := key(url, word); e.Transport != "" || e.Key != key(url, "http").Key {
			t.Errorf("%q is %q with key %s, want an unknown transport and the key of the path's habit", word, e.Transport, e.Key)
		}
	}
	if a, b := key("https://a.b.dev/sse", ""), key("https://a.b.dev/sse", "sse"); a.Key != b.Key || a.Transport != "" {
		t.Errorf("an address that ends in /sse is %+v, want the key of %+v", a, b)
	}
	if a, b := key("https://a.b.dev/x/sse", "sse"), key("https://a.b.dev/x/mcp", "http"); a.Key == b.Key || a.Service != b.Service || a.Service != "a.b.dev/x" {
		t.Errorf("two transports of one server are %+v and %+v, want two endpoints of the service a.b.dev/x", a, b)
	}
}

func TestKinds(t *testing.T) {
	for url, want := range map[string]struct {
		kind uptime.EndpointKind
		why  string
	}{
		"https://a.b.dev/{tenant_id}/mcp":                         {uptime.EndpointTemplated, "customer"},
		"https://{shop}.myshopify.com/api/mcp":                    {uptime.EndpointTemplated, "customer"},
		"https://mcp.firecrawl.dev/{FIRECRAWL_API_KEY}/v2/mcp":    {uptime.EndpointTemplated, "customer"},
		"https://support.foqal.io/api/mcp/[YOUR_GENERATED_TOKEN]": {uptime.EndpointTemplated, "customer"},
		"https://a.b.dev/mcp?key=<YOUR_TOKEN>":                    {uptime.EndpointTemplated, "customer"},
		"https://a.b.dev/mcp?key=[TOKEN]":                         {uptime.EndpointTemplated, "customer"},
		"https://a.b.dev/%7Baccount_id%7D/mcp":                    {uptime.EndpointTemplated, "customer"},
		"https://${HOST}/mcp":                                     {uptime.EndpointTemplated, "customer"},
		"${DATABRICKS_WORKSPACE_URL}/api/2.0/mcp/genie":           {uptime.EndpointJunk, "variable"},
		"{baseUrl}/mcp":                      {uptime.EndpointJunk, "variable"},
		"http":                               {uptime.EndpointJunk, "no address"},
		"https://":                           {uptime.EndpointJunk, "no address"},
		"mcp.a.dev/mcp":                      {uptime.EndpointJunk, "no address"},
		"ftp://a.b.dev/mcp":                  {uptime.EndpointJunk, "https"},
		"wss://a.b.dev/mcp":                  {uptime.EndpointJunk, "WebSocket"},
		"https://github.com/acme/mcp-server": {uptime.EndpointJunk, "page"},
		"https://glama.ai/mcp/servers/@acme/thing":                                   {uptime.EndpointJunk, "page"},
		"https://a.b.dev/docs/index.html":                                            {uptime.EndpointJunk, "page"},
		"https://user:pw@a.b.dev/mcp":                                                {uptime.EndpointJunk, "user name or password"},
		"https://a.b.dev/" + strings.Repeat("x", 3000):                               {uptime.EndpointJunk, "2,048"},
		"https://a b.dev/mcp":                                                        {uptime.EndpointJunk, "space"},
		"https://0x7f.1/mcp":                                                         {uptime.EndpointJunk, "IPv4"},
		"https://2130706433/mcp":                                                     {uptime.EndpointJunk, "IPv4"},
		"https://a.b.dev:99999/mcp":                                                  {uptime.EndpointJunk, "port"},
		"http://localhost:3000/mcp":                                                  {uptime.EndpointLocal, "own machine"},
		"http://127.0.0.1:8080/sse":                                                  {uptime.EndpointLocal, "public internet"},
		"https://10.0.0.5/":                                                          {uptime.EndpointLocal, "public internet"},
		"https://169.254.169.254/latest/meta-data":                                   {uptime.EndpointLocal, "public internet"},
		"https://[::ffff:127.0.0.1]/mcp":                                             {uptime.EndpointLocal, "public internet"},
		"https://[2001:db8::1]/mcp":                                                  {uptime.EndpointLocal, "public internet"},
		"http://metadata.google.internal/":                                           {uptime.EndpointLocal, "metadata"},
		"http://host.docker.internal:8811/sse":                                       {uptime.EndpointLocal, "private networks"},
		"https://server/mcp":                                                         {uptime.EndpointLocal, "without a domain"},
		"https://nas.local/mcp":                                                      {uptime.EndpointLocal, "private networks"},
		"https://mcp.example.com/mcp":                                                {uptime.EndpointPlaceholder, "example"},
		"https://your-domain.com/mcp":                                                {uptime.EndpointPlaceholder, "example"},
		"https://your-worker.acme.workers.dev/mcp":                                   {uptime.EndpointPlaceholder, "example"},
		"https://a.b.dev/YOUR_TOKEN/mcp":                                             {uptime.EndpointPlaceholder, "replaced"},
		"https://a.b.dev/mcp?api_key=abc123def":                                      {uptime.EndpointTemplated, "somebody's key"},
		"https://a.b.dev/mcp?k=9f86d081884c7d659a2feaa0c55ad015":                     {uptime.EndpointTemplated, "somebody's key"},
		"https://a.b.dev/s/sk-live_4eC39HqLyjWDarjtT1zdp7dc/mcp":                     {uptime.EndpointTemplated, "somebody's key"},
		"https://a.b.dev/mcp?utm_source=ghp_16C7e42F292c6912E7710c838347Ae178B4a":    {uptime.EndpointTemplated, "somebody's key"},
		"https://8.8.8.8/mcp":                                                        {uptime.EndpointRemote, ""},
		"https://a.b.dev/9b2f5c9e-1c4c-4b55-9c1c-5b8a8f7a2c11/mcp":                   {uptime.EndpointRemote, ""},
		"https://docs.a.dev/~gitbook/mcp":                                            {uptime.EndpointRemote, ""},
		"https://acme-very-long-name-of-a-server.a.dev/wp-json/mcp/mcp-oauth-server": {uptime.EndpointRemote, ""},
		"https://myserver-things.dev/mcp":                                            {uptime.EndpointRemote, ""},
	} {
		e := of(url)
		if e.Kind != want.kind || !strings.Contains(e.Why, want.why) || (e.Kind == uptime.EndpointRemote) != (e.Why == "") {
			t.Errorf("%q is %s (%s), want %s (... %s ...)", url, e.Kind, e.Why, want.kind, want.why)
		}
		if (e.Probe != "") != (e.Kind == uptime.EndpointRemote) {
			t.Errorf("%q would be dialled at %q, though it is %s", url, e.Probe, e.Kind)
		}
	}
}

// TestVariables fills in what a listing gives.
func TestVariables(t *testing.T) {
	l := &uptime.Listing{URL: "https://{region}.a.dev/${space}/mcp", Variables: map[string]string{"region": "eu", "space": "default"}}
	if e := endpoint.Of(l); e.URL != "https://eu.a.dev/default/mcp" || e.Kind != uptime.EndpointRemote {
		t.Errorf("the endpoint is %+v, want https://eu.a.dev/default/mcp", e)
	}
	l.Variables["space"] = "{more}"
	if e := endpoint.Of(l); e.Kind != uptime.EndpointTemplated {
		t.Errorf("the endpoint is %+v, want a template", e)
	}
	l.Variables = map[string]string{"region": "evil.com/x?", "space": "s"}
	if e := endpoint.Of(l); e.Host != "evil.com" {
		t.Errorf("the host is %q, want the one that would be dialled", e.Host)
	}
}

func TestPlatforms(t *testing.T) {
	for url, want := range map[string]string{
		"https://server.smithery.ai/@acme/thing/mcp":        "smithery.ai",
		"https://thing--acme.run.tools":                     "smithery.ai",
		"https://acme.workers.dev/mcp":                      "workers.dev",
		"https://thing.acme.workers.dev/mcp":                "workers.dev",
		"https://acme.zendesk.com/mcp":                      "zendesk.com",
		"https://x.execute-api.eu-west-1.amazonaws.com/mcp": "amazonaws.com",
		"https://abc.lambda-url.us-east-1.on.aws/mcp":       "lambda-url.on.aws",
		"https://thing-abc-uc.a.run.app/mcp":                "run.app",
		"https://mcp.service.gov.uk/mcp":                    "service.gov.uk",
		"https://acme.co.uk/mcp":                            "acme.co.uk",
		"https://8.8.8.8/mcp":                               "8.8.8.8",
		"https://{shop}.myshopify.com/api/mcp":              "myshopify.com",
	} {
		if e := of(url); e.Platform != want {
			t.Errorf("the platform of %s is %q, want %q", url, e.Platform, want)
		}
	}
	if e := of("https://red-fox.trycloudflare.com/mcp"); !e.Tunnel {
		t.Errorf("%+v is no tunnel", e)
	}
}

func TestSignIn(t *testing.T) {
	for name, c := range map[string]struct {
		listing uptime.Listing
		want    bool
	}{
		"nothing said":                  {uptime.Listing{}, false},
		"a header that is not needed":   {uptime.Listing{Headers: []uptime.ListedHeader{{Name: "Authorization"}}}, false},
		"authorization":                 {uptime.Listing{Headers: []uptime.ListedHeader{{Name: "authorization", Required: true}}}, true},
		"authentication, as some write": {uptime.Listing{Headers: []uptime.ListedHeader{{Name: "Authentication", Required: true}}}, true},
		"any secret":                    {uptime.Listing{Headers: []uptime.ListedHeader{{Name: "X-Mcp-Acme", Required: true, Secret: true}}}, true},
		"a header for a purpose":        {uptime.Listing{Headers: []uptime.ListedHeader{{Name: "X-Region", Required: true}}}, false},
		"the registry says so":          {uptime.Listing{Access: uptime.AccessWalled}, true},
		"the registry says it is open":  {uptime.Listing{Access: uptime.AccessOpen}, false},
	} {
		c.listing.URL = "https://a.b.dev/mcp"
		if e := endpoint.Of(&c.listing); e.SignIn != c.want {
			t.Errorf("%s: sign-in is %t, want %t", name, e.SignIn, c.want)
		}
	}
}

func TestTake(t *testing.T) {
	l := &uptime.Listing{
		URL:       "https://ann:hunter2@a.b.dev/mcp?api_key=abc123&x=1#token=zzz",
		Variables: map[string]string{"api_key": "abc", "region": "eu"},
	}
	e := endpoint.Take(l)
	if l.URL != "https://a.b.dev/mcp?api_key={api_key}&x=1" || l.Endpoint != e.Key || len(l.Variables) != 1 {
		t.Errorf("the listing is %+v, want one without secrets that names %s", l, e.Key)
	}
	if none := endpoint.Take(&uptime.Listing{Name: "a lead"}); none.Key != "" {
		t.Errorf("a listing without an address is %+v, want none", none)
	}
}
