package probe

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
)

// Why a URL from a document is not visited; the words follow the URL.
var (
	errURLShape  = errors.New("is not an absolute http or https URL: write it in full, such as https://example.com/path")
	errURLUser   = errors.New("carries a user name or a password: remove it")
	errDowngrade = errors.New("leads from https to http: serve it over https")
)

// checkURL admits what a client may visit: absolute, without userinfo, and http
// only where the MCP server itself is reached by http, as in development.
func (w *authWalk) checkURL(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil || len(raw) > maxAuthURL || u.Hostname() == "" || u.Opaque != "":
		return nil, errURLShape
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errURLShape
	case u.User != nil:
		return nil, errURLUser
	case u.Scheme == "http" && w.endpoint.Scheme != "http":
		return nil, errDowngrade
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

func brokenURL(id, what, raw, spec string, err error) error {
	if errors.Is(err, errDowngrade) {
		id, spec = "auth_downgrade", specSecurity
	}
	return &brokenLink{id, what + " " + shownURL(raw) + " " + err.Error() + ".", spec}
}

// unreached says in words why a document did not come. A fault of the wire is
// fit for people; the texts of other errors may name addresses and do not appear.
func unreached(err error) string {
	var wire *mcpwire.Fault
	switch {
	case errors.Is(err, errBlocked):
		return "leads to an address that is not public"
	case errors.As(err, &wire):
		return "could not be fetched (" + clipText(wire.Detail, 120) + ")"
	case errors.Is(err, context.DeadlineExceeded):
		return "did not answer in time"
	}
	return "could not be fetched"
}

// oursToBlame says that a failed fetch is no evidence against anyone else.
func oursToBlame(err error) bool {
	var wire *mcpwire.Fault
	return errors.As(err, &wire) && (wire.Kind == mcpwire.OurNetwork || wire.Kind == mcpwire.Canceled)
}

// wellKnown inserts /.well-known/name before path (RFC 8615, RFC 9728 section
// 3.1, RFC 8414 section 3.1).
func wellKnown(u *url.URL, name, path string) string {
	return webOrigin(u) + "/.well-known/" + name + strings.TrimSuffix(path, "/")
}

// insertWellKnown returns the form with the path of u and the one at the root.
func insertWellKnown(u *url.URL, name string) []string {
	root, inserted := wellKnown(u, name, ""), wellKnown(u, name, u.EscapedPath())
	if root == inserted {
		return []string{root}
	}
	return []string{inserted, root}
}

// issuerMetadata returns where an issuer's metadata may be, in the order of
// 2025-11-25 basic/authorization, Authorization Server Metadata Discovery.
func issuerMetadata(issuer *url.URL) []string {
	path := strings.TrimSuffix(issuer.EscapedPath(), "/")
	all := []string{
		wellKnown(issuer, "oauth-authorization-server", path),
		wellKnown(issuer, "openid-configuration", path),
	}
	if path != "" {
		all = append(all, webOrigin(issuer)+path+"/.well-known/openid-configuration")
	}
	return all
}

// webOrigin returns scheme, host and port in one spelling (RFC 6454).
func webOrigin(u *url.URL) string {
	scheme, host, port := strings.ToLower(u.Scheme), strings.ToLower(u.Hostname()), u.Port()
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port == "" || scheme == "https" && port == "443" || scheme == "http" && port == "80" {
		return scheme + "://" + host
	}
	return scheme + "://" + host + ":" + port
}

// asFolder ends a path in exactly one slash, so that prefixes end at segments.
func asFolder(path string) string { return strings.TrimRight(path, "/") + "/" }

// shownURL makes a URL from a document fit for people's eyes.
func shownURL(raw string) string {
	if raw == "" {
		return `""`
	}
	return clipText(safeURL(raw), 160)
}

// jsonMembers reads one JSON object without trusting its size, depth or names.
// The problem is in words that follow the document's URL.
func jsonMembers(body []byte) (members map[string]json.RawMessage, problem string) {
	if len(body) > maxAuthDocument {
		return nil, "is larger than 256 KiB"
	}
	if depth, _ := jsonShape(body); depth > maxAuthDepth {
		return nil, "is nested too deeply"
	}
	if err := json.Unmarshal(body, &members); err != nil || members == nil {
		return nil, "is not a JSON object"
	}
	return members, ""
}

// memberText returns a string member; empty when it is missing or of another type.
func memberText(members map[string]json.RawMessage, name string) string {
	var s string
	if json.Unmarshal(members[name], &s) != nil {
		return ""
	}
	return s
}

// memberTexts returns the strings of an array member, at most maxAuthList of them.
func memberTexts(members map[string]json.RawMessage, name string) []string {
	var all []any
	if json.Unmarshal(members[name], &all) != nil {
		return nil
	}
	var out []string
	for _, v := range all[:min(len(all), maxAuthList)] {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
