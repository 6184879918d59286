package mcpwire_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
)

type params = map[string]string

func TestParseChallenges(t *testing.T) {
	tests := map[string]struct {
		values []string
		want   []mcpwire.Challenge
	}{
		"nothing": {},
		"as an MCP server sends it": {
			[]string{`Bearer resource_metadata="http://localhost:31070/.well-known/oauth-protected-resource", scope="read"`},
			[]mcpwire.Challenge{{Scheme: "Bearer", Params: params{
				"resource_metadata": "http://localhost:31070/.well-known/oauth-protected-resource", "scope": "read",
			}}},
		},
		"as a proxy with an API key sends it": {
			[]string{`Bearer error="invalid_token", error_description="Unauthorized: Invalid or missing API key"`},
			[]mcpwire.Challenge{{Scheme: "Bearer", Params: params{
				"error": "invalid_token", "error_description": "Unauthorized: Invalid or missing API key",
			}}},
		},
		"a realm alone": {
			[]string{`Bearer realm="n8n-mcp"`},
			[]mcpwire.Challenge{{Scheme: "Bearer", Params: params{"realm": "n8n-mcp"}}},
		},
		"a missing scope": {
			[]string{`Bearer error="insufficient_scope", scope="files:read files:write", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource"`},
			[]mcpwire.Challenge{{Scheme: "Bearer", Params: params{
				"error": "insufficient_scope", "scope": "files:read files:write",
				"resource_metadata": "https://mcp.example.com/.well-known/oauth-protected-resource",
			}}},
		},
		"RFC 9110's example": {
			[]string{`Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\""`},
			[]mcpwire.Challenge{
				{Scheme: "Basic", Params: params{"realm": "simple"}},
				{Scheme: "Newauth", Params: params{"realm": "apps", "type": "1", "title": `Login to "apps"`}},
			},
		},
		"several fields and tokens": {
			[]string{"Negotiate oYGzMIGwoAMKAQE=, NTLM", "Digest qop=\"auth,auth-int\" ,\tNonce = \"a=b\""},
			[]mcpwire.Challenge{
				{Scheme: "Negotiate", Token68: "oYGzMIGwoAMKAQE="},
				{Scheme: "NTLM"},
				{Scheme: "Digest", Params: params{"qop": "auth,auth-int", "nonce": "a=b"}},
			},
		},
		"a dangling comma": {[]string{"Bearer,", ", ,"}, []mcpwire.Challenge{{Scheme: "Bearer"}}},
		"a stray quote":    {[]string{"'Bearer", `"Bearer"`}, []mcpwire.Challenge{{Scheme: "'Bearer"}, {Scheme: "Bearer"}}},
		"a word":           {[]string{"Key"}, []mcpwire.Challenge{{Scheme: "Key"}}},
		"a URL":            {[]string{"https://example.com/.well-known/oauth-protected-resource?a=b"}, nil},
		"a colon":          {[]string{"Bearer: realm=x"}, []mcpwire.Challenge{{Scheme: "Bearer", Params: params{"realm": "x"}}}},
		"semicolons": {
			[]string{`Bearer realm="a"; scope=b;error='c d'`},
			[]mcpwire.Challenge{{Scheme: "Bearer", Params: params{"realm": "a", "scope": "b", "error": "c d"}}},
		},
		"the scheme forgotten": {
			[]string{"NTLM", `resource_metadata="https://example.com/x"`},
			[]mcpwire.Challenge{{Scheme: "NTLM"}, {Params: params{"resource_metadata": "https://example.com/x"}}},
		},
		"quotes forgotten": {
			[]string{`Bearer resource_metadata=https://example.com/x?y=z, error_description=No token given scope=read, realm=a b`},
			[]mcpwire.Challenge{{Scheme: "Bearer", Params: params{
				"resource_metadata": "https://example.com/x?y=z", "error_description": "No token given", "scope": "read", "realm": "a b",
			}}},
		},
		"commas forgotten": {
			[]string{`Basic realm=one Bearer realm="two" scope="three"`},
			[]mcpwire.Challenge{
				{Scheme: "Basic", Params: params{"realm": "one"}},
				{Scheme: "Bearer", Params: params{"realm": "two", "scope": "three"}},
			},
		},
		"a quote never closed": {
			[]string{`Bearer realm="a, scope=b\`, `Basic realm="c"d, x="y`},
			[]mcpwire.Challenge{
				{Scheme: "Bearer", Params: params{"realm": `a, scope=b\`}},
				{Scheme: "Basic", Params: params{"realm": "c", "x": "y"}},
			},
		},
		"the first of a repeated name": {
			[]string{`Bearer Realm="a", REALM="b"`},
			[]mcpwire.Challenge{{Scheme: "Bearer", Params: params{"realm": "a"}}},
		},
		"an empty value": {
			[]string{`Bearer realm="", scope=, error=`},
			[]mcpwire.Challenge{{Scheme: "Bearer", Params: params{"realm": "", "scope": "", "error": ""}}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, mcpwire.ParseChallenges(test.values)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestChallengesAreBounded(t *testing.T) {
	if got := mcpwire.ParseChallenges([]string{strings.Repeat("A,", 1000)}); len(got) != 32 {
		t.Errorf("got %d challenges, want 32", len(got))
	}
	var b strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&b, "p%d=v,", i)
	}
	if got := mcpwire.ParseChallenges([]string{"Bearer " + b.String()}); len(got) != 1 || len(got[0].Params) != 64 {
		t.Errorf("got %d challenges, want one with 64 parameters", len(got))
	}
	long := strings.Repeat("x", 60<<10)
	got := mcpwire.ParseChallenges([]string{`Bearer a="` + long, `Bearer b="` + long, "Basic"})
	if len(got) != 2 || len(got[1].Params["b"]) > 4<<10 {
		t.Errorf("got %d challenges of more than 64 KiB", len(got))
	}
}

// FuzzChallenges: whatever is sent, the result is bounded, and written down
// properly it is read as the same again.
func FuzzChallenges(f *testing.F) {
	for _, s := range []string{
		`Bearer resource_metadata="http://localhost/.well-known/oauth-protected-resource", scope="read"`,
		`Basic realm="simple", Newauth realm="apps", type=1, title="Login to \"apps\""`,
		"Negotiate oYGzMIGwoAMKAQE=, NTLM", "'Bearer", "Bearer,", `Bearer a=b c d=e Basic x="y`, `a==b`, `"\`, "= =",
	} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		got := mcpwire.ParseChallenges([]string{a, b})
		if len(got) > 32 {
			t.Errorf("%d challenges", len(got))
		}
		var again []string
		for _, c := range got {
			if len(c.Params) > 64 {
				t.Errorf("%d parameters", len(c.Params))
			}
			again = append(again, format(c))
		}
		if diff := cmp.Diff(got, mcpwire.ParseChallenges(again)); diff != "" && len(a)+len(b) < 16<<10 {
			t.Errorf("%q (-first +again):\n%s", again, diff)
		}
	})
}

// format writes c as RFC 9110 wants it.
func format(c mcpwire.Challenge) string {
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`)
	var list []string
	if c.Token68 != "" {
		list = append(list, c.Token68)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Params)) {
		list = append(list, name+`="`+quote.Replace(c.Params[name])+`"`)
	}
	return strings.TrimLeft(c.Scheme+" "+strings.Join(list, ", "), " ")
}
