package lab

import (
	"net/http"
	"slices"
	"strings"
)

// What signs in at the scenarios that want it.
const (
	labToken  = "lab-token"
	labClient = "lab-client"
	labSecret = "lab-client-secret"
)

// wall turns strangers away and describes, well or badly, how to sign in. The
// zero value is a wall that does everything right (RFC 9728, RFC 8414,
// specification 2026-07-28, authorization). Texts are filled like answers.
type wall struct {
	// status answers strangers; zero means 401.
	status int
	// challenge is WWW-Authenticate; empty means Bearer with the address of the
	// metadata, a dash that it is not sent.
	challenge string
	// body answers strangers; empty means a plain refusal.
	body answer
	// prm answers at the path form of the metadata, prmRoot at the root form,
	// as at the authorization server's; nil means good metadata at the first
	// and third and nothing at the second.
	prm, prmRoot, as answer
	// oidc puts the authorization server's metadata where OpenID Connect does.
	oidc bool
	// token answers at the token endpoint; nil means client credentials.
	token answer
	// guards are the methods that want a token; empty means all.
	guards []string
	// admits says who is let in; nil means those with labToken.
	admits func(*http.Request) bool
	// denies answers those who show a token that is not admitted; nil means
	// like strangers.
	denies answer
}

// Good metadata of both kinds.
const (
	goodPRM = `{"resource":"$BASE/mcp","authorization_servers":["$BASE/as"],"scopes_supported":["read"],"bearer_methods_supported":["header"]}`
	goodAS  = `{"issuer":"$BASE/as","authorization_endpoint":"$BASE/as/authorize","token_endpoint":"$BASE/as/token",` +
		`"registration_endpoint":"$BASE/as/register","response_types_supported":["code"],"code_challenge_methods_supported":["S256"],` +
		`"grant_types_supported":["authorization_code","client_credentials"],"token_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post"],` +
		`"client_id_metadata_document_supported":true}`
)

// document answers with JSON.
func document(text string) answer { return reply(http.StatusOK, "application/json", text) }

// around puts the wall before a correct server.
func (wa wall) around(inner func(*stage) http.Handler) func(*stage) http.Handler {
	return func(s *stage) http.Handler {
		signin := script(on{}, wa.documents())(s)
		server := inner(s)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c := newCall(s, r)
			switch {
			case s.rel(r) != "/mcp":
				signin.ServeHTTP(w, r)
			case wa.lets(c):
				server.ServeHTTP(w, r)
			case r.Header.Get("Authorization") != "" && wa.denies != nil:
				wa.denies(w, c)
			default:
				wa.challenges(w, c)
			}
		})
	}
}

func (wa wall) lets(c *call) bool {
	if len(wa.guards) > 0 && !slices.Contains(wa.guards, c.method) {
		return true
	}
	if wa.admits != nil {
		return wa.admits(c.Request)
	}
	return c.Header.Get("Authorization") == "Bearer "+labToken
}

// challenges turns a stranger away.
func (wa wall) challenges(w http.ResponseWriter, c *call) {
	switch wa.challenge {
	case "-":
	case "":
		w.Header().Set("WWW-Authenticate", c.fill(
			`Bearer resource_metadata="$ORIGIN/.well-known/oauth-protected-resource`+c.stage.prefix()+`/mcp", scope="read"`,
		))
	default:
		w.Header().Set("WWW-Authenticate", c.fill(wa.challenge))
	}
	status := wa.status
	if status == 0 {
		status = http.StatusUnauthorized
	}
	if wa.body == nil {
		refuse(status, "who are you?")(w, c)
		return
	}
	wa.body(w, c)
}

// documents are the answers beside the endpoint.
func (wa wall) documents() on {
	or := func(a, otherwise answer) answer {
		if a == nil {
			return otherwise
		}
		return a
	}
	absent := refuse(http.StatusNotFound, "no such document")
	asPath := "/.well-known/oauth-authorization-server/as"
	if wa.oidc {
		asPath = "/as/.well-known/openid-configuration"
	}
	return on{
		"/.well-known/oauth-protected-resource/mcp": or(wa.prm, document(goodPRM)),
		"/.well-known/oauth-protected-resource":     or(wa.prmRoot, absent),
		asPath:                                      or(wa.as, document(goodAS)),
		"/as/token":                                 or(wa.token, grant),
		"/health":                                   refuse(http.StatusOK, "ok"),
	}
}

// grant is a token endpoint for client credentials. It insists on the resource
// (RFC 8707), as an authorization server that checks audiences does.
func grant(w http.ResponseWriter, c *call) {
	w.Header().Set("Cache-Control", "no-store")
	id, secret, ok := c.BasicAuth()
	if !ok {
		id, secret = c.PostFormValue("client_id"), c.PostFormValue("client_secret")
	}
	oauthError := func(status int, code string) {
		reply(status, "application/json", `{"error":"`+code+`"}`)(w, c)
	}
	switch {
	case id != labClient || secret != labSecret:
		oauthError(http.StatusUnauthorized, "invalid_client")
	case c.PostFormValue("grant_type") != "client_credentials":
		oauthError(http.StatusBadRequest, "unsupported_grant_type")
	case strings.TrimSuffix(c.PostFormValue("resource"), "/") != c.stage.url():
		oauthError(http.StatusBadRequest, "invalid_target")
	default:
		document(`{"access_token":"`+labToken+`","token_type":"Bearer","expires_in":600,"scope":"read"}`)(w, c)
	}
}
