package lab

import (
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// httpScenarios speak HTTP and say no, or say something that is not MCP.
func httpScenarios() []Scenario {
	const group = "http"
	out := []Scenario{
		{
			Name: "http-404", Group: group,
			About:   "Every path answers 404: the route was moved in a release and nobody left a redirect.",
			Expect:  fails(uptime.HTTPNotFound, "", "404"),
			handler: always(page(http.StatusNotFound, "Not Found")),
		},
		{
			Name: "http-405", Group: group,
			About:   "The path exists and allows neither POST nor GET.",
			Expect:  fails(uptime.HTTPMethod, "", "405"),
			handler: always(refuse(http.StatusMethodNotAllowed, "method not allowed")),
		},
		{
			Name: "misdirected-421", Group: group,
			About:   "The server behind the proxy does not know its public name and answers 421.",
			Expect:  fails(uptime.MisdirectedHost, "", "421"),
			handler: always(refuse(http.StatusMisdirectedRequest, "Invalid Host header")),
		},
		{
			Name: "misdirected-403", Group: group,
			About:   "The guard against DNS rebinding takes the public name for an attack.",
			Expect:  fails(uptime.MisdirectedHost, "", "host"),
			handler: always(reply(http.StatusForbidden, "application/json", `{"error":"Invalid Host header: mcp.example.com"}`)),
		},
		{
			Name: "misdirected-localhost", Group: group,
			About:   "The server lets in only those who call it localhost.",
			Expect:  fails(uptime.MisdirectedHost, "", "localhost"),
			handler: always(refuse(http.StatusForbidden, "Access is only allowed at localhost:31023")),
		},
		{
			Name: "misdirected-sdk", Group: group, host: "ok" + zone, Setup: Setup{NeedsResolver: true},
			About:   "A server of the official SDK was started on loopback and is reached by name through a tunnel.",
			Expect:  fails(uptime.MisdirectedHost, "", "host"),
			handler: sdk(nil, nil, threeTools),
		},
	}
	for _, status := range []int{400, 406, 415, 422} {
		out = append(out, refusing(group, status, uptime.HTTPClientError))
	}
	out = append(out, refusing(group, 410, uptime.HTTPNotFound))
	for _, status := range []int{500, 502, 503, 504, 520} {
		out = append(out, refusing(group, status, uptime.HTTPServerError))
	}
	return append(append(append(out, redirectScenarios()...), foreignScenarios()...), encodedScenarios()...)
}

// refusing answers everything with one status.
func refusing(group string, status int, cause uptime.Cause) Scenario {
	text := http.StatusText(status)
	if text == "" {
		text = "Web server is returning an unknown error"
	}
	return Scenario{
		Name: fmt.Sprintf("http-%d", status), Group: group,
		About:   fmt.Sprintf("Everything is answered with status %d (%s).", status, text),
		Expect:  fails(cause, "", fmt.Sprint(status)),
		handler: always(page(status, text)),
	}
}

// redirectScenarios send the client elsewhere. Only 307 and 308 keep a POST a
// POST (RFC 9110, section 15.4).
func redirectScenarios() []Scenario {
	const group = "http"
	return []Scenario{
		{
			Name: "redirect-307", Group: group,
			About:   "A correct server that sends clients to the same path with a slash at the end.",
			Expect:  live(toolCount).found("redirected"),
			handler: movedBy(http.StatusTemporaryRedirect, "/mcp/"),
		},
		{
			Name: "redirect-308", Group: group,
			About:   "A correct server that has moved for good, with a redirect that keeps the method.",
			Expect:  live(toolCount).found("redirected"),
			handler: movedBy(http.StatusPermanentRedirect, "/v2/mcp"),
		},
		{
			Name: "redirect-301", Group: group,
			About:   "A redirect that turns each POST into a GET.",
			Expect:  fails(uptime.HTTPRedirect, "", "301"),
			handler: movedBy(http.StatusMovedPermanently, "/mcp/"),
		},
		{
			Name: "redirect-302", Group: group,
			About:   "A redirect to a login page, before anything could say how to sign in.",
			Expect:  fails(uptime.HTTPRedirect, "", "302"),
			handler: script(on{"/login": page(200, "Sign in")}, on{"/mcp": redirect(302, "$BASE/login")}),
		},
		{
			Name: "redirect-303", Group: group,
			About:   "A redirect that asks for a GET.",
			Expect:  fails(uptime.HTTPRedirect, "", "303"),
			handler: movedBy(http.StatusSeeOther, "/mcp/"),
		},
		{
			Name: "redirect-loop", Group: group,
			About:   "A redirect to itself.",
			Expect:  fails(uptime.HTTPRedirect, "", ""),
			handler: always(redirect(http.StatusTemporaryRedirect, "$BASE/mcp")),
		},
		{
			Name: "redirect-chain", Group: group,
			About:   "More redirects in a row than any client should follow.",
			Expect:  fails(uptime.HTTPRedirect, "", ""),
			handler: always(redirectOn),
		},
		{
			Name: "redirect-nowhere", Group: group,
			About:   "A redirect that does not say where to.",
			Expect:  fails(uptime.HTTPRedirect, "", "location"),
			handler: always(refuse(http.StatusTemporaryRedirect, "moved")),
		},
		{
			Name: "redirect-to-file", Group: group,
			About:   "A redirect to something that is not HTTP.",
			Expect:  fails(uptime.HTTPRedirect, "", ""),
			handler: always(redirect(http.StatusTemporaryRedirect, "file:///etc/passwd")),
		},
		{
			Name: "redirect-downgrade", Group: group, Setup: Setup{NeedsCA: true},
			About:   "The redirect leads from https to http: the proxy in front hides TLS from the server.",
			Expect:  fails(uptime.HTTPRedirect, "", "http"),
			handler: always(redirect(http.StatusTemporaryRedirect, "http://127.0.0.1:1/mcp/")), tls: certified(nil),
		},
		{
			Name: "redirect-cross-origin", Group: group,
			About:   "The redirect leads to another origin, which must never see the credentials meant for this one.",
			Expect:  live(toolCount).found("redirected"),
			handler: elsewhere,
			profile: func(*stage) uptime.Profile {
				return uptime.Profile{Headers: []uptime.Header{{Name: "X-Api-Key", Value: "lab-secret"}}}
			},
		},
	}
}

func redirect(status int, to string) answer { return with("Location", to, reply(status, "", "")) }

// movedBy redirects the endpoint to another path, where a correct server
// answers.
func movedBy(status int, to string) func(*stage) http.Handler {
	return func(s *stage) http.Handler {
		here, there := always(redirect(status, "$BASE"+to))(s), legacy(nil)(s)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if s.rel(r) == to {
				r.URL.Path = s.prefix() + "/mcp"
				there.ServeHTTP(w, r)
				return
			}
			here.ServeHTTP(w, r)
		})
	}
}

// redirectOn leads from /mcp to /mcp/1, /mcp/11 and so on.
func redirectOn(w http.ResponseWriter, c *call) {
	redirect(http.StatusTemporaryRedirect, "$BASE/mcp/1"+strings.TrimPrefix(c.stage.rel(c.Request), "/mcp/"))(w, c)
}

// elsewhere redirects to localhost, which is another origin than its address,
// and fails there when it is shown the secret.
func elsewhere(s *stage) http.Handler {
	there := legacy(nil)(s)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := &call{Request: r, stage: s}
		switch {
		case r.Host == s.port:
			_, port, _ := net.SplitHostPort(s.port)
			redirect(http.StatusTemporaryRedirect, strings.Replace(s.url(), s.port, "localhost:"+port, 1))(w, c)
		case r.Header.Get("X-Api-Key") != "":
			refuse(http.StatusTeapot, "a credential has crossed origins")(w, c)
		default:
			there.ServeHTTP(w, r)
		}
	})
}
