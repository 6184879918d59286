package audit

import (
	"regexp"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// trait is something by which the library behind a server shows. The first that
// is seen decides; those that name a library come before those that name only
// what it usually runs on.
type trait struct {
	sdk  string
	seen func(*spoken) bool
}

// spoken is what a server said, as far as it was kept: lines of answers in lower
// case.
type spoken struct {
	name    string
	answers string
}

var (
	mcpGoSession  = regexp.MustCompile(`mcp-session-id: mcp-session-[0-9a-f-]{36}`)
	goSession     = regexp.MustCompile(`mcp-session-id: [a-z2-7]{26}\s`)
	pythonSession = regexp.MustCompile(`mcp-session-id: [0-9a-f]{32}\s`)
)

// traits returns what is looked for. They come from answers of servers whose
// library was known.
func traits() []trait {
	return []trait{
		{"mcp-go", matches(mcpGoSession)},
		{"go-sdk", matches(goSession)},
		{"FastMCP", named("fastmcp")},
		{"supergateway", named("supergateway")},
		{"mcp-proxy", named("mcp-proxy")},
		{"python-sdk", matches(pythonSession)},
		{"python-sdk", says(`"id":"server-error"`, `"id": "server-error"`)},
		{"mcp-handler", says("x-powered-by: next.js")},
		{"typescript-sdk", says("bad request: server not initialized", "no valid session id provided", "unsupported protocol version: ", "not acceptable: client must accept both application/json and text/event-stream")},
		{"Python (uvicorn)", says("server: uvicorn")},
		{"Node.js (Express)", says("x-powered-by: express")},
		{"ASP.NET", says("server: kestrel")},
	}
}

func matches(r *regexp.Regexp) func(*spoken) bool {
	return func(s *spoken) bool { return r.MatchString(s.answers) }
}

func named(word string) func(*spoken) bool {
	return func(s *spoken) bool { return strings.Contains(s.name, word) }
}

func says(words ...string) func(*spoken) bool {
	return func(s *spoken) bool {
		for _, w := range words {
			if strings.Contains(s.answers, w) {
				return true
			}
		}
		return false
	}
}

// guessSDK returns the library that a server seems to be made with, empty for no
// guess. Without a transcript only the server's own name speaks.
func guessSDK(res *uptime.Result) string {
	s := spoken{name: strings.ToLower(res.ServerName)}
	var answers strings.Builder
	for _, e := range res.Transcript {
		answers.WriteString(strings.ToLower(e.Response))
		answers.WriteString("\n")
	}
	s.answers = answers.String()
	for _, t := range traits() {
		if t.seen(&s) {
			return t.sdk
		}
	}
	return ""
}
