package probe

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// resourceMetadata finds the RFC 9728 document; errNotAdvertised when there is
// none anywhere.
func (w *authWalk) resourceMetadata(ctx context.Context, r refusal, ch challenge) (authDocument, error) {
	if announced := ch.Params["resource_metadata"]; announced != "" {
		return w.announced(ctx, announced)
	}
	var closed, failed authDocument
	for _, at := range insertWellKnown(w.endpoint, "oauth-protected-resource") {
		doc, err := w.document(ctx, at)
		if err != nil {
			return doc, err
		}
		if doc.holds("resource", "authorization_servers") {
			w.noteUnannounced(ch)
			return doc, nil
		}
		switch {
		case doc.status == 401 || doc.status == 403:
			closed = doc
		case doc.status == 0 || doc.status >= 500:
			failed = doc
		}
	}
	w.noteUnavailable(failed)
	if closed.status != 0 && ch.Scheme != "" && !namesAPIKey(r, ch) {
		return closed, prmBehindAuth(closed)
	}
	return authDocument{}, errNotAdvertised
}

func (w *authWalk) announced(ctx context.Context, raw string) (authDocument, error) {
	at, err := w.checkURL(raw)
	if err != nil {
		return authDocument{}, brokenURL("prm_url_invalid", "The resource_metadata of the challenge,", raw, specChallenge, err)
	}
	doc, err := w.document(ctx, at.String())
	switch {
	case err != nil:
		return doc, err
	case doc.status == 401 || doc.status == 403:
		return doc, prmBehindAuth(doc)
	case doc.problem != "":
		return doc, &brokenLink{"prm_not_served", fmt.Sprintf("The challenge announces protected resource metadata at %s, which %s. "+
			"Serve the RFC 9728 document there with status 200.", shownURL(raw), doc.problem), specChallenge}
	}
	return doc, nil
}

func prmBehindAuth(doc authDocument) error {
	return &brokenLink{"prm_behind_auth", fmt.Sprintf("The protected resource metadata at %s asks for sign-in itself (HTTP %d). "+
		"It tells strangers how to sign in: serve it without.", shownURL(doc.url), doc.status), specChallenge}
}

func (w *authWalk) noteUnannounced(ch challenge) {
	if ch.Scheme != "" {
		w.note("challenge_without_resource_metadata", uptime.SeverityInfo, specChallenge,
			"The metadata is found at a well-known place only; revision 2025-06-18 wants resource_metadata in WWW-Authenticate, too.")
	}
}

func (w *authWalk) noteUnavailable(doc authDocument) {
	if doc.problem != "" {
		w.note("prm_unavailable", uptime.SeverityWarn, specChallenge,
			"Whether sign-in is advertised is not certain: %s %s.", shownURL(doc.url), doc.problem)
	}
}

// namesAPIKey says that the refusal asks for a key in so many words: a server
// that locks every path with one has no broken OAuth, it has none.
func namesAPIKey(r refusal, ch challenge) bool {
	said := string(r.Body[:min(len(r.Body), 4096)]) + ch.Params["error_description"] + ch.Params["realm"]
	return strings.Contains(normalName(said), "apikey")
}

// judgeResource applies the rules for RFC 9728 metadata and returns the issuer
// to follow.
func (w *authWalk) judgeResource(doc authDocument) (string, error) {
	w.chain.ResourceMetadata = doc.url
	w.scopes(memberTexts(doc.members, "scopes_supported"), "prm_scope_offline_access", "The protected resource metadata")
	issuer, err := w.pickIssuer(doc)
	if err != nil {
		return "", err
	}
	resource := memberText(doc.members, "resource")
	if !w.resourceMatches(resource) {
		return "", &brokenLink{"prm_resource_mismatch", fmt.Sprintf("The protected resource metadata at %s is for the resource %s, not for %s. "+
			"Clients refuse it: set resource to the server's URL.", shownURL(doc.url), shownURL(resource), shownURL(w.endpoint.String())), specResource}
	}
	w.noteInexact(doc, resource)
	return issuer, nil
}

// pickIssuer takes the first authorization server that a client may visit, as
// clients do.
func (w *authWalk) pickIssuer(doc authDocument) (string, error) {
	servers := slices.DeleteFunc(memberTexts(doc.members, "authorization_servers"), func(s string) bool { return strings.TrimSpace(s) == "" })
	if len(servers) == 0 {
		return "", &brokenLink{"prm_no_authorization_server", fmt.Sprintf("The protected resource metadata at %s names no authorization server. "+
			"List its issuer URL in authorization_servers.", shownURL(doc.url)), specLocation}
	}
	var first error
	for _, raw := range servers {
		at, err := w.checkURL(raw)
		if err == nil {
			w.noteOtherHost(at)
			return raw, nil
		}
		if first == nil {
			first = brokenURL("as_url_invalid", "The authorization server", raw, specLocation, err)
		}
	}
	return "", first
}

func (w *authWalk) noteOtherHost(issuer *url.URL) {
	if !strings.EqualFold(issuer.Host, w.endpoint.Host) {
		w.note("as_other_host", uptime.SeverityInfo, specLocation,
			"The authorization server %s is on another host than the MCP server. That is allowed, yet some clients do not follow it.", shownURL(issuer.String()))
	}
}

// resourceMatches accepts the canonical URL of the server and, as the
// TypeScript SDK does, any parent of it at the same origin.
func (w *authWalk) resourceMatches(resource string) bool {
	u, err := url.Parse(resource)
	if err != nil || u.Host == "" || webOrigin(u) != webOrigin(w.endpoint) {
		return false
	}
	return strings.HasPrefix(asFolder(w.endpoint.EscapedPath()), asFolder(u.EscapedPath()))
}

// noteInexact speaks up where the Go SDK refuses: it wants the URL of the server
// to the letter, or its origin in the document at the root.
func (w *authWalk) noteInexact(doc authDocument, resource string) {
	exact := w.endpoint.String()
	if resource == exact || doc.url == wellKnown(w.endpoint, "oauth-protected-resource", "") && resource == webOrigin(w.endpoint) {
		return
	}
	w.note("resource_not_exact", uptime.SeverityInfo, specResource,
		"The resource %s is not exactly the server's URL %s; clients that compare them to the letter refuse it.", shownURL(resource), shownURL(exact))
}
