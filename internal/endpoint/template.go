package endpoint

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// variables finds the parts of an address that somebody must fill in, in all the
// ways in which registries write them: {x}, ${x}, <x>, %7Bx%7D, and [X] anywhere
// but where an IPv6 address stands.
var variables = regexp.MustCompile(`(?i)[{}<>]|%7b\$?[a-z_]|[^/]/\[|[=&?.-]\[[a-z_]`)

// shouted finds words in capitals that ask to be replaced.
var shouted = regexp.MustCompile(`(?:^|[^A-Za-z])(?:YOUR|MY|INSERT|REPLACE|CHANGE)[_-]?[A-Z]{2,}`)

// hasVariables is quick about texts that have none.
func hasVariables(text string) bool {
	return strings.ContainsAny(text, "{}<>[%") && variables.MatchString(text)
}

// shouts is quick about texts that do not.
func shouts(text string) bool {
	for _, word := range []string{"YOUR", "MY", "INSERT", "REPLACE", "CHANGE"} {
		if strings.Contains(text, word) {
			return shouted.MatchString(text)
		}
	}
	return false
}

// atFirstSight judges what cannot, or need not, be parsed. No kind means that it
// has to be.
func atFirstSight(raw string) (uptime.EndpointKind, string) {
	scheme, rest, ok := strings.Cut(raw, "://")
	switch {
	case len(raw) > maxURL:
		return uptime.EndpointJunk, "it is longer than 2,048 bytes"
	case strings.HasPrefix(raw, "{"), strings.HasPrefix(raw, "$"), strings.HasPrefix(raw, "<"):
		return uptime.EndpointJunk, "the whole address is a variable"
	case !ok || rest == "":
		return uptime.EndpointJunk, "it is no address"
	case strings.EqualFold(scheme, "ws"), strings.EqualFold(scheme, "wss"):
		return uptime.EndpointJunk, "WebSocket is no transport of MCP"
	case hasVariables(rest):
		return uptime.EndpointTemplated, "it has variables that only a customer can fill in"
	case shouts(rest):
		return uptime.EndpointPlaceholder, "it has a word that asks to be replaced"
	}
	return "", ""
}

// fill puts the values that a listing gives into its address, in the order of their
// names; what is too long already stays as it is.
func fill(raw string, values map[string]string) string {
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values[name]
		if value == "" || hasVariables(value) || len(raw) > maxURL {
			continue
		}
		raw = strings.ReplaceAll(raw, "${"+name+"}", value)
		raw = strings.ReplaceAll(raw, "{"+name+"}", value)
	}
	return raw
}

// hostOfTemplate returns the host of an address that is not parsed, and its
// platform, when no variable decides about them.
func hostOfTemplate(shown string) (host, known string) {
	_, rest, ok := strings.Cut(shown, "://")
	if !ok || len(shown) > maxURL {
		return "", ""
	}
	host = strings.ToLower(rest[:authority(rest)])
	if i := strings.LastIndexAny(host, "{}<>[]$% "); i >= 0 {
		// {shop}.myshopify.com is one of that platform's all the same.
		i = strings.IndexByte(host[i:], '.') + i + 1
		if known, _ = platform(host[i:]); i == 0 || !strings.Contains(host[i:], ".") {
			known = ""
		}
		return "", known
	}
	known, _ = platform(host)
	return host, known
}

// authority returns where the host part of an address without its scheme ends.
func authority(rest string) int {
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		return i
	}
	return len(rest)
}
