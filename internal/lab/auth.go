package lab

import (
	"net/http"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// authScenarios want a sign-in, in every way that was met: well described,
// badly described, half, and not at all.
func authScenarios() []Scenario {
	return append(append(append(walledScenarios(), customScenarios()...), brokenScenarios()...), credentialScenarios()...)
}

// walledScenarios turn strangers away as the specification asks.
func walledScenarios() []Scenario {
	const group = "auth"
	walls := func(name, about string, expect Expect, w wall) Scenario {
		return Scenario{Name: name, Group: group, About: about, Expect: expect, handler: w.around(legacy(nil))}
	}
	walledOK := walled(uptime.AccessWalled)
	root := walls("auth-root-metadata", "The metadata lie at the root of the host only.", walledOK, wall{
		challenge: "Bearer", prm: refuse(http.StatusNotFound, "no"),
		prmRoot: document(strings.Replace(goodPRM, "$BASE/mcp", "$BASE", 1)),
	})
	root.own = true
	optional := walls("auth-optional", "The server lets strangers in and mentions in passing how to sign in.",
		live(toolCount).found("auth_optional"), wall{admits: func(*http.Request) bool { return true }})
	optional.handler = mentioning(legacy(nil))
	mixed := walls("auth-on-calls-only", "Everybody may list the tools and nobody may call one without signing in: some clients never ask for it.",
		fails(uptime.CanaryError, uptime.StepCanary, "401").or(uptime.AuthRequired, uptime.CanaryFailed).found("auth_mixed"),
		wall{guards: []string{"tools/call"}})
	mixed.profile = canary()
	tightened := walls("auth-suddenly", "A server that must be open asks for a sign-in since the last release.",
		Expect{State: uptime.Down, Cause: uptime.AuthRequired, Detail: "open", Tools: Unlisted}, wall{})
	tightened.profile = func(*stage) uptime.Profile { return uptime.Profile{Access: uptime.AccessOpen} }
	return []Scenario{
		walls("auth-good", "A correct server behind OAuth: challenge, resource metadata, server metadata, PKCE.", walledOK, wall{}),
		walls("auth-no-challenge", "No challenge is sent; the metadata lie where they should.", walledOK, wall{challenge: "-"}),
		walls("auth-bare-challenge", "The challenge does not name the metadata, which lie where they should.",
			walledOK, wall{challenge: `Bearer error="invalid_token"`}),
		walls("auth-openid", "The authorization server describes itself as OpenID Connect does.", walledOK, wall{oidc: true}),
		walls("auth-several-schemes", "The challenge names several schemes at once.", walledOK, wall{
			challenge: `Basic realm="x, y", Bearer scope="a,b" , resource_metadata="$ORIGIN/.well-known/oauth-protected-resource/auth-several-schemes/mcp"`,
		}),
		walls("auth-rpc-body", "The refusal has a JSON-RPC error for a body, with a code that means something else elsewhere.",
			walledOK, wall{body: reply(http.StatusUnauthorized, "application/json", `{"jsonrpc":"2.0","error":{"code":-32001,"message":"Unauthorized"},"id":null}`)}),
		walls("auth-issuer-slash", "The issuer ends in a slash, on both sides alike.", walledOK, wall{
			prm: document(strings.Replace(goodPRM, `["$BASE/as"]`, `["$BASE/as/"]`, 1)),
			as:  document(strings.Replace(goodAS, `"issuer":"$BASE/as"`, `"issuer":"$BASE/as/"`, 1)),
		}),
		walls("auth-resource-prefix", "The metadata are for the path above the endpoint: some clients refuse that, others do not.",
			walledOK.or(uptime.AuthBroken), wall{prm: document(strings.Replace(goodPRM, `"$BASE/mcp"`, `"$BASE"`, 1))}),
		walls("auth-manual-client", "No way to register is offered: clients need an id made by hand.", walledOK, wall{
			as: document(strings.NewReplacer(`"registration_endpoint":"$BASE/as/register",`, "", `,"client_id_metadata_document_supported":true`, "").Replace(goodAS)),
		}),
		root, optional, mixed, tightened,
		walls("auth-tools-walled", "The handshake is open and the list of tools wants a sign-in that is well described.",
			walledOK.found("auth_mixed"), wall{guards: []string{"tools/list", "tools/call"}}),
		walls("auth-initialized-walled", "Only initialize is open: its notification is refused already, and a good sign-in is described.",
			walledOK.found("auth_mixed"), wall{guards: []string{"notifications/initialized", "tools/list", "tools/call"}}),
	}
}

// mentioning sends a challenge with good answers.
func mentioning(inner func(*stage) http.Handler) func(*stage) http.Handler {
	return func(s *stage) http.Handler {
		h := inner(s)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("WWW-Authenticate", "Bearer")
			h.ServeHTTP(w, r)
		})
	}
}

// customScenarios turn strangers away in a way that no client can act upon by
// itself. That is no fault of the server's, only a wall without a door bell.
func customScenarios() []Scenario {
	const group, unadvertised = "auth", "auth_required_but_not_advertised"
	absent := refuse(http.StatusNotFound, "no")
	custom := func(name, about string, w wall, ids ...string) Scenario {
		w.prm, w.prmRoot = absent, absent
		return Scenario{
			Name: name, Group: group, About: about, Expect: walled(uptime.AccessCustom).found(ids...),
			handler: w.around(legacy(nil)),
		}
	}
	careless := custom("auth-bypass", "Any token at all is let in: nobody looks at it before the data are fetched.",
		wall{challenge: `Bearer realm="mcp"`, admits: func(r *http.Request) bool { return r.Header.Get("Authorization") != "" }}, "auth_bypass")
	leak := custom("auth-error-leak", "A token that cannot be read crashes the server with 500.",
		wall{challenge: `Bearer realm="mcp"`, denies: refuse(http.StatusInternalServerError, "TypeError: fetch failed")}, "auth_error_leak")
	for _, s := range []*Scenario{&careless, &leak} {
		s.profile = func(*stage) uptime.Profile { return uptime.Profile{Aggressive: true} }
	}
	return []Scenario{
		custom("auth-api-key", "The server wants an API key and says so in a text for people.",
			wall{challenge: "-", body: reply(http.StatusUnauthorized, "application/json", `{"error":"missing X-API-Key header"}`)}, unadvertised),
		custom("auth-basic", "The server wants a user and a password.", wall{challenge: `Basic realm="mcp"`}),
		custom("auth-bearer-only", "A challenge without any metadata: no client can find out where to sign in.",
			wall{challenge: `Bearer realm="mcp"`}, unadvertised),
		custom("auth-bare-401", "A bare 401 and nothing else.", wall{challenge: "-"}, unadvertised),
		custom("auth-403", "Strangers are turned away with 403.", wall{challenge: "-", status: http.StatusForbidden}, unadvertised),
		careless, leak,
	}
}

// brokenScenarios announce a sign-in that cannot be completed.
func brokenScenarios() []Scenario {
	const group = "auth"
	broken := func(name, about, detail string, w wall) Scenario {
		return Scenario{
			Name: name, Group: group, About: about,
			Expect:  fails(uptime.AuthBroken, uptime.StepAuth, detail).access(uptime.AccessBroken),
			handler: w.around(legacy(nil)),
		}
	}
	edit := func(text, from, to string) answer { return document(strings.Replace(text, from, to, 1)) }
	inBody := Scenario{
		Name: "auth-in-200", Group: group,
		About:   "The refusal is a JSON-RPC error with status 200: no client starts to sign in.",
		Expect:  fails(uptime.AuthRequired, "", "unauthorized").access(uptime.AccessBroken),
		handler: legacy(on{"initialize": rpcError(-32001, "Unauthorized"), "server/discover": rpcError(-32001, "Unauthorized")}),
	}
	insecure := broken("auth-insecure-server", "The metadata send clients to an authorization server without TLS.", "",
		wall{prm: edit(goodPRM, `["$BASE/as"]`, `["http://as`+zone+`/as"]`)})
	insecure.Setup.NeedsResolver = true
	return []Scenario{
		broken("auth-metadata-404", "The challenge names metadata that are not there.", "404",
			wall{prm: refuse(http.StatusNotFound, "no")}),
		broken("auth-metadata-500", "The metadata cannot be served.", "500", wall{prm: refuse(http.StatusInternalServerError, "oops")}),
		broken("auth-metadata-html", "The metadata are a web page.", "", wall{prm: page(http.StatusOK, "Welcome")}),
		broken("auth-metadata-walled", "The metadata want a sign-in themselves.", "401",
			wall{prm: refuse(http.StatusUnauthorized, "who are you?")}),
		broken("auth-metadata-hang", "The metadata are never served.", "", wall{prm: hang}).within(3 * time.Second),
		broken("auth-metadata-huge", "The metadata never end.", "", wall{prm: endless}).within(5 * time.Second),
		broken("auth-no-server", "The metadata name no authorization server.", "authorization",
			wall{prm: edit(goodPRM, `"authorization_servers":["$BASE/as"],`, "")}),
		broken("auth-empty-server", "The authorization server's address is empty: a variable was not set.", "",
			wall{prm: edit(goodPRM, `["$BASE/as"]`, `[""]`)}),
		broken("auth-resource-mismatch", "The metadata are for another server: clients refuse to go on.", "resource",
			wall{prm: edit(goodPRM, "$BASE/mcp", "https://staging.example.com/mcp")}),
		broken("auth-server-404", "The authorization server has no metadata.", "404", wall{as: refuse(http.StatusNotFound, "no")}),
		broken("auth-server-500", "The authorization server is down.", "500", wall{as: refuse(http.StatusInternalServerError, "oops")}),
		broken("auth-server-html", "The authorization server's metadata are a web page.", "", wall{as: page(http.StatusOK, "Sign in")}),
		broken("auth-server-redirects", "The authorization server's metadata redirect for ever.", "",
			wall{as: redirect(http.StatusFound, "$ORIGIN/.well-known/oauth-authorization-server/auth-server-redirects/as")}),
		broken("auth-issuer-mismatch", "The authorization server calls itself something else: clients refuse it.", "issuer",
			wall{as: edit(goodAS, `"issuer":"$BASE/as"`, `"issuer":"https://login.example.com"`)}),
		broken("auth-no-pkce", "The authorization server does not offer PKCE with S256.", "s256",
			wall{as: edit(goodAS, `"code_challenge_methods_supported":["S256"],`, "")}),
		broken("auth-no-token-endpoint", "The authorization server names no token endpoint.", "token",
			wall{as: edit(goodAS, `"token_endpoint":"$BASE/as/token",`, "")}),
		insecure, inBody,
	}
}

// within bounds the attempt.
func (s Scenario) within(d time.Duration) Scenario {
	s.Setup.Timeout = d
	return s
}

// credentialScenarios are checked with a credential of the owner's.
func credentialScenarios() []Scenario {
	const group = "auth"
	signsIn := func(name, about string, expect Expect, w wall, cred uptime.Credential) Scenario {
		return Scenario{
			Name: name, Group: group, About: about, Expect: expect, handler: w.around(legacy(nil)),
			profile: func(*stage) uptime.Profile {
				own := cred // each check gets its own
				return uptime.Profile{Credential: &own}
			},
		}
	}
	bearer := uptime.Credential{Kind: uptime.CredentialBearer, Token: labToken}
	client := uptime.Credential{Kind: uptime.CredentialClient, ClientID: labClient, ClientSecret: labSecret, Scopes: []string{"read"}}
	stranger := client
	stranger.ClientSecret = "not the secret"
	absent := refuse(http.StatusNotFound, "no")
	keyed := wall{challenge: "-", prm: absent, admits: func(r *http.Request) bool { return r.Header.Get("X-Api-Key") == labToken }}
	open := live(toolCount).access(uptime.AccessWalled)
	refused := func(detail string) Expect {
		return fails(uptime.CredentialRefused, "", detail)
	}
	rotated := wall{admits: func(*http.Request) bool { return false }}
	direct := signsIn("credential-token-url", "A client id and secret at a token endpoint that the owner named.", open, wall{}, client)
	direct.profile = func(s *stage) uptime.Profile {
		own := client
		own.TokenURL = s.base() + "/as/token"
		return uptime.Profile{Credential: &own}
	}
	return []Scenario{
		signsIn("credential-bearer", "A correct server behind OAuth, checked with a token.", open, wall{}, bearer),
		signsIn("credential-header", "A correct server that wants an API key, checked with one.",
			live(toolCount).access(uptime.AccessCustom), keyed,
			uptime.Credential{Kind: uptime.CredentialHeader, Header: "X-Api-Key", Token: labToken}),
		signsIn("credential-client", "A correct server behind OAuth, checked with a client id and secret at the token endpoint that was discovered.",
			open, wall{}, client),
		direct,
		signsIn("credential-refused", "A token that should still hold is refused: it was revoked, or the signing key was rotated too early.",
			refused("credential"), rotated, uptime.Credential{Kind: uptime.CredentialBearer, Token: labToken}),
		signsIn("credential-scope", "The token is good and lacks a scope.",
			refused("scope"), wall{
				admits: func(*http.Request) bool { return false },
				denies: with("WWW-Authenticate", `Bearer error="insufficient_scope", scope="admin"`, refuse(http.StatusForbidden, "not enough")),
			}, bearer),
		signsIn("credential-invalid-client", "The token endpoint does not accept the client's secret.",
			refused("invalid_client").or(uptime.AuthBroken), wall{}, stranger),
		signsIn("credential-token-endpoint-down", "The token endpoint fails: nobody can sign in.",
			refused("500").or(uptime.AuthBroken), wall{token: refuse(http.StatusInternalServerError, "oops")}, client),
		signsIn("credential-refused-in-tools", "The token passes the handshake and is refused when the tools are listed.",
			refused("credential"), wall{admits: func(*http.Request) bool { return false }, guards: []string{"tools/list"}}, bearer),
	}
}
