package probe

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// authorizationServer finds the issuer's metadata and judges it.
func (w *authWalk) authorizationServer(ctx context.Context, issuer string) error {
	w.chain.AuthorizationServer = issuer
	at, err := w.checkURL(issuer)
	if err != nil {
		return brokenURL("as_url_invalid", "The authorization server", issuer, specLocation, err)
	}
	var tried []string
	for _, candidate := range issuerMetadata(at) {
		doc, err := w.document(ctx, candidate)
		if err != nil {
			return err
		}
		if doc.holds("issuer", "token_endpoint") {
			return w.judgeServer(doc, issuer)
		}
		tried = append(tried, shownURL(candidate)+" "+doc.failure())
	}
	return &brokenLink{"as_metadata_missing", fmt.Sprintf("The authorization server %s publishes no metadata: %s.",
		shownURL(issuer), strings.Join(tried, "; ")), specMetadata}
}

// judgeServer applies the rules for the authorization server's metadata.
func (w *authWalk) judgeServer(doc authDocument, issuer string) error {
	got := memberText(doc.members, "issuer")
	if strings.TrimSuffix(got, "/") != strings.TrimSuffix(issuer, "/") {
		return &brokenLink{"as_issuer_mismatch", fmt.Sprintf("The metadata at %s is for the issuer %s, but the MCP server names %s. "+
			"Clients refuse it: make both the same.", shownURL(doc.url), shownURL(got), shownURL(issuer)), specIssuer}
	}
	if got != issuer {
		w.note("as_issuer_not_exact", uptime.SeverityWarn, specIssuer,
			"The issuer %s and the authorization server %s differ in the final slash; strict clients refuse that.", shownURL(got), shownURL(issuer))
	}
	if err := w.endpoints(doc); err != nil {
		return err
	}
	w.registration(doc)
	return w.pkce(doc)
}

// endpoints checks the URLs that a client will visit.
func (w *authWalk) endpoints(doc authDocument) error {
	names := []string{"token_endpoint", "authorization_endpoint"}
	if !interactive(doc) {
		names = names[:1]
	}
	for _, name := range names {
		raw := memberText(doc.members, name)
		if raw == "" {
			return &brokenLink{"as_endpoint_missing", fmt.Sprintf("The metadata at %s has no %s. Add it.", shownURL(doc.url), name), specMetadata}
		}
		if _, err := w.checkURL(raw); err != nil {
			return brokenURL("as_endpoint_invalid", "The "+name, raw, specMetadata, err)
		}
	}
	w.chain.TokenEndpoint = memberText(doc.members, "token_endpoint")
	return nil
}

// pkce wants S256 wherever people sign in with a browser.
func (w *authWalk) pkce(doc authDocument) error {
	w.chain.PKCE = slices.Contains(memberTexts(doc.members, "code_challenge_methods_supported"), "S256")
	if w.chain.PKCE || !interactive(doc) {
		return nil
	}
	return &brokenLink{"no_pkce_advertised", fmt.Sprintf("The authorization server does not offer PKCE with S256 in its metadata at %s, so clients "+
		"must refuse it. Add S256 to code_challenge_methods_supported.", shownURL(doc.url)), specPKCE}
}

func interactive(doc authDocument) bool {
	grants := memberTexts(doc.members, "grant_types_supported")
	return len(grants) == 0 || slices.Contains(grants, "authorization_code")
}

// registration notes the ways for a client to become known, and whether
// machines may sign in by themselves.
func (w *authWalk) registration(doc authDocument) {
	w.chain.Registration = nil
	if string(doc.members["client_id_metadata_document_supported"]) == "true" {
		w.chain.Registration = append(w.chain.Registration, "cimd")
	}
	if _, err := w.checkURL(memberText(doc.members, "registration_endpoint")); err == nil {
		w.chain.Registration = append(w.chain.Registration, "dcr")
	}
	if len(w.chain.Registration) == 0 {
		w.chain.Registration = []string{"manual"}
		w.note("registration_manual_only", uptime.SeverityInfo, specRegister,
			"Clients cannot register by themselves: neither client id metadata documents nor dynamic registration are offered.")
	}
	methods := memberTexts(doc.members, "token_endpoint_auth_methods_supported")
	w.chain.secretPost = slices.Contains(methods, "client_secret_post") && !slices.Contains(methods, "client_secret_basic")
	w.chain.ClientCredentials = machines(memberTexts(doc.members, "grant_types_supported"), methods)
}

// machines says whether the client credentials grant is offered. Without a list
// of grants, the methods that the extension
// io.modelcontextprotocol/oauth-client-credentials wants speak for it.
func machines(grants, methods []string) bool {
	able := slices.Contains(methods, "private_key_jwt") || slices.Contains(methods, "client_secret_basic")
	if len(grants) == 0 {
		return able
	}
	return slices.Contains(grants, "client_credentials") &&
		(able || len(methods) == 0 || slices.Contains(methods, "client_secret_post"))
}

// oldServer tries the rule of revision 2025-03-26, where the MCP server's origin
// is the authorization server. It ends in errNotAdvertised unless the whole
// chain holds: nothing was promised, so nothing can be broken.
func (w *authWalk) oldServer(ctx context.Context) error {
	doc, err := w.document(ctx, wellKnown(w.endpoint, "oauth-authorization-server", ""))
	if err != nil {
		return err
	}
	if !doc.holds("issuer", "token_endpoint") || w.endpoints(doc) != nil || w.pkce(doc) != nil {
		w.chain.TokenEndpoint, w.chain.PKCE = "", false
		return errNotAdvertised
	}
	w.chain.AuthorizationServer = clipText(memberText(doc.members, "issuer"), maxAuthURL)
	w.registration(doc)
	w.note("prm_missing", uptime.SeverityWarn, specChallenge,
		"Sign-in is found only by the rule of revision 2025-03-26. Newer clients want protected resource metadata (RFC 9728): publish it.")
	return nil
}
