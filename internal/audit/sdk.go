package audit

import (
	"regexp"
	"slices"
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

// spoken is what a server said, as far as it was kept: its name and its answers in
// lower case, and what is left of session ids, of which transcripts keep the first
// four characters.
type spoken struct {
	name, answers string
	sessions      []string
}

var sessionLine = regexp.MustCompile(`(?im)^mcp-session-id: *(.{1,40})…`)

// traits returns what is looked for. They come from answers of servers whose
// library was known.
func traits() []trait {
	return []trait{
		{"mcp-go", session(func(id string) bool { return id == "mcp-" })},
		{"go-sdk", says("bad request: unsupported protocol version (supported versions:")},
		{"go-sdk", session(base32)},
		{"FastMCP", named("fastmcp")},
		{"supergateway", named("supergateway")},
		{"mcp-proxy", named("mcp-proxy")},
		{"python-sdk", says(`"id":"server-error"`, `"id": "server-error"`)},
		{"mcp-handler", says("x-powered-by: next.js")},
		{"typescript-sdk", says("bad request: server not initialized", "no valid session id provided", "bad request: unsupported protocol version: ", "not acceptable: client must accept both application/json and text/event-stream")},
		{"Python (uvicorn)", says("server: uvicorn")},
		{"Node.js (Express)", says("x-powered-by: express")},
		{"ASP.NET", says("server: kestrel")},
	}
}

func session(like func(id string) bool) func(*spoken) bool {
	return func(s *spoken) bool { return slices.ContainsFunc(s.sessions, like) }
}

// base32 reports whether an id begins as those of the Go SDK do: capitals and the
// digits 2 to 7, not digits alone.
func base32(id string) bool {
	return len(id) == 4 && strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == "" && strings.Trim(id, "234567") != ""
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
		for _, id := range sessionLine.FindAllStringSubmatch(e.Response, -1) {
			s.sessions = append(s.sessions, id[1])
		}
	}
	s.answers = answers.String()
	for _, t := range traits() {
		if t.seen(&s) {
			return t.sdk
		}
	}
	return ""
}
