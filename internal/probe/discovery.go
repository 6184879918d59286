package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Bounds of one discovery. The documents come from strangers.
const (
	maxAuthFetches  = 6
	maxAuthDocument = 256 << 10 // bytes
	maxAuthDepth    = 32
	maxAuthURL      = 2048 // bytes
	maxAuthList     = 64   // scopes, servers, methods
)

// The sections that findings rest upon.
const (
	specChallenge = "2025-11-25 basic/authorization, Protected Resource Metadata Discovery Requirements"
	specLocation  = "2025-11-25 basic/authorization, Authorization Server Location"
	specMetadata  = "2025-11-25 basic/authorization, Authorization Server Metadata Discovery"
	specPKCE      = "2025-11-25 basic/authorization, Authorization Code Protection"
	specResource  = "RFC 9728 section 3.3, Protected Resource Metadata Validation"
	specIssuer    = "RFC 8414 section 3.3, Authorization Server Metadata Validation"
	specScopes    = "2026-07-28 basic/authorization, Scope Selection Strategy"
	specSecurity  = "2025-11-25 basic/authorization, Communication Security"
	specErrors    = "2025-11-25 basic/authorization, Error Handling"
	specRegister  = "2025-11-25 basic/authorization, Client Registration Approaches"
)

// fetcher gets one document over a guarded, bounded connection of its own.
// Implementations never follow redirects, never send credentials that the
// request does not carry and read at most Limit bytes of the body, cutting or
// refusing what is longer. An address that the guard refuses gives an error
// that wraps errBlocked. An answer of any HTTP status is no error. Calls may
// overlap.
type fetcher interface {
	fetch(ctx context.Context, req fetchRequest) (fetched, error)
}

type fetchRequest struct {
	Method, URL string
	Header      []headerField
	Body        []byte
	Limit       int // bytes of the answer's body
}

type headerField struct{ Name, Value string }

type fetched struct {
	Status int
	Header []headerField
	Body   []byte
	Took   time.Duration
}

// get returns the first value of a header field, whatever the case of its name.
func (f fetched) get(name string) string {
	for _, h := range f.Header {
		if strings.EqualFold(h.Name, name) {
			return h.Value
		}
	}
	return ""
}

// values returns all values of a header field in the order of the wire.
func (f fetched) values(name string) []string {
	var all []string
	for _, h := range f.Header {
		if strings.EqualFold(h.Name, name) {
			all = append(all, h.Value)
		}
	}
	return all
}

// refusal is what a client without credentials got in place of a handshake.
type refusal struct {
	Status     int
	Challenges []challenge
	Body       []byte
}

// challenge is one challenge of WWW-Authenticate (RFC 9110 section 11.6.1). The
// names of Params are in lower case.
type challenge struct {
	Scheme, Token68 string
	Params          map[string]string
}

// authChain adds to the public chain what signing in needs.
type authChain struct {
	uptime.AuthChain
	// secretPost says that the token endpoint takes client_secret_post and not
	// client_secret_basic, which is the default (RFC 8414 section 2).
	secretPost bool
}

// How a discovery can end besides an intact chain and a brokenLink.
var (
	errBlocked       = errors.New("the address is refused")
	errOpen          = errors.New("the server did not refuse")
	errNotAdvertised = errors.New("no sign-in is advertised")
	errInconclusive  = errors.New("the question could not be answered")
)

// brokenLink is the link of the chain that stops a client from signing in.
type brokenLink struct{ id, words, spec string }

func (b *brokenLink) Error() string { return b.words }

// discoverAuth follows the way that a client would take from a refusal to the
// endpoints where it signs in: RFC 9728 metadata at the announced URL, else at
// the two well-known places; then the authorization server's RFC 8414 or OpenID
// metadata; without any RFC 9728 metadata, the rule of revision 2025-03-26. It
// makes at most six requests and remembers nothing. An empty Access means that
// the question could not be answered: ctx ended, our own network failed,
// someone limited our rate, or the status was no refusal.
func discoverAuth(ctx context.Context, f fetcher, endpoint *url.URL, r refusal) (authChain, uptime.Access, []uptime.Finding) {
	w := &authWalk{fetcher: f, endpoint: endpoint, left: maxAuthFetches}
	w.chain.Status = r.Status
	access := w.access(w.follow(ctx, r))
	w.chain.Unfinished = access == ""
	return w.chain, access, w.findings
}

// authWalk is one discovery under way.
type authWalk struct {
	fetcher  fetcher
	endpoint *url.URL
	left     int // requests
	chain    authChain
	findings []uptime.Finding
}

func (w *authWalk) note(id string, s uptime.Severity, spec, format string, args ...any) {
	w.findings = append(w.findings, uptime.Finding{
		ID: id, Severity: s, Spec: spec, Message: clipText(fmt.Sprintf(format, args...), 500),
	})
}

// access turns the end of the walk into the verdict, with its finding.
func (w *authWalk) access(err error) uptime.Access {
	var broken *brokenLink
	switch {
	case err == nil:
		return uptime.AccessWalled
	case errors.Is(err, errOpen):
		return uptime.AccessOpen
	case errors.Is(err, errNotAdvertised):
		w.note("auth_required_but_not_advertised", uptime.SeverityWarn, specChallenge,
			"The server asks for sign-in but does not say how, so clients cannot start OAuth by themselves. "+
				"Publish protected resource metadata and name it in WWW-Authenticate, or document which header to send.")
		return uptime.AccessCustom
	case errors.As(err, &broken):
		w.chain.Broken = clipText(broken.words, 500)
		w.note(broken.id, uptime.SeverityFail, broken.spec, "%s", broken.words)
		return uptime.AccessBroken
	}
	return ""
}

func (w *authWalk) follow(ctx context.Context, r refusal) error {
	bearer, err := w.refused(r)
	if err != nil {
		return err
	}
	prm, err := w.resourceMetadata(ctx, r, bearer)
	if errors.Is(err, errNotAdvertised) {
		return w.oldServer(ctx)
	}
	if err != nil {
		return err
	}
	issuer, err := w.judgeResource(prm)
	if err != nil {
		return err
	}
	return w.authorizationServer(ctx, issuer)
}

// refused returns the challenge to act upon, which is empty for a bare 401, or
// how the walk ends before its first request.
func (w *authWalk) refused(r refusal) (challenge, error) {
	ch, usable := pickChallenge(r.Challenges)
	w.chain.Challenge = clipText(ch.Scheme, 32)
	w.scopes(strings.Fields(ch.Params["scope"]), "challenge_scope_offline_access", "The challenge")
	switch {
	case r.Status >= 200 && r.Status < 300:
		return ch, w.notRefused(r)
	case r.Status == 403 && (ch.Params["error"] == "insufficient_scope" || ch.Params["resource_metadata"] != ""):
		w.note("auth_403_without_token", uptime.SeverityWarn, specErrors,
			"A client without a token got HTTP 403; 403 says that a token's scope is too small. Answer 401, which makes clients sign in.")
	case r.Status == 403:
		return ch, errNotAdvertised
	case r.Status != 401:
		return ch, errInconclusive
	}
	if !usable {
		return ch, errNotAdvertised
	}
	return ch, nil
}

// pickChallenge returns the first challenge that OAuth can answer, else the
// first of all. A bare 401 leaves OAuth possible.
func pickChallenge(all []challenge) (ch challenge, oauth bool) {
	for _, c := range all {
		if strings.EqualFold(c.Scheme, "Bearer") || strings.EqualFold(c.Scheme, "DPoP") {
			return c, true
		}
	}
	if len(all) == 0 {
		return challenge{}, true
	}
	return all[0], false
}

func (w *authWalk) notRefused(r refusal) error {
	if saysUnauthorized(r.Body) {
		w.note("auth_error_on_200", uptime.SeverityWarn, specErrors,
			"The server says \"unauthorized\" in a JSON-RPC error with HTTP 200, so clients never start to sign in. Answer 401.")
		return errNotAdvertised
	}
	if len(r.Challenges) > 0 {
		w.note("auth_optional", uptime.SeverityInfo, specChallenge,
			"The server answers without sign-in and sends WWW-Authenticate all the same; most clients ignore it on HTTP 200.")
	}
	return errOpen
}

func saysUnauthorized(body []byte) bool {
	members, problem := jsonMembers(body)
	if problem != "" {
		return false
	}
	failure, _ := jsonMembers(members["error"])
	message := strings.ToLower(memberText(failure, "message"))
	return strings.Contains(message, "unauthorized") || strings.Contains(message, "unauthenticated") ||
		strings.Contains(message, "authentication required")
}

// scopes takes the scopes to ask for; those of the challenge, which come first,
// win.
func (w *authWalk) scopes(scopes []string, id, who string) {
	if slices.Contains(scopes, "offline_access") {
		w.note(id, uptime.SeverityWarn, specScopes,
			"%s asks for offline_access, which is for clients to decide and not a need of the resource. Leave it out.", who)
	}
	if len(w.chain.Scopes) > 0 {
		return
	}
	for _, s := range scopes[:min(len(scopes), maxAuthList)] {
		w.chain.Scopes = append(w.chain.Scopes, clipText(s, 128))
	}
}

// authDocument is one answer on the way.
type authDocument struct {
	url     string
	status  int                        // 0 when there was no answer
	members map[string]json.RawMessage // nil when problem is set
	problem string                     // in words that follow the URL
}

// holds says that the document is a JSON object with one of the members, which
// tells metadata from a friendly page that answers every path.
func (d authDocument) holds(names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return d.members[n] != nil })
}

func (d authDocument) failure() string {
	if d.problem == "" {
		return "is not such metadata"
	}
	return d.problem
}

// document gets one JSON object. The only error is errInconclusive.
func (w *authWalk) document(ctx context.Context, at string) (authDocument, error) {
	doc := authDocument{url: at}
	got, err := w.get(ctx, at)
	switch {
	case errors.Is(err, errInconclusive):
		return doc, err
	case err != nil:
		doc.problem = unreached(err)
		return doc, nil
	}
	doc.status = got.Status
	if got.Status != 200 {
		doc.problem = fmt.Sprintf("answers HTTP %d", got.Status)
		return doc, nil
	}
	doc.members, doc.problem = jsonMembers(got.Body)
	if kind, _, _ := mime.ParseMediaType(got.get("Content-Type")); doc.problem == "" && kind != "application/json" {
		w.note("metadata_content_type", uptime.SeverityWarn, specMetadata,
			"The document at %s is not served as application/json; some clients refuse it.", shownURL(at))
	}
	return doc, nil
}

// get follows one redirect, as clients do, under the same rules for the URL.
func (w *authWalk) get(ctx context.Context, at string) (fetched, error) {
	got, err := w.once(ctx, at)
	if err != nil || got.Status < 301 || got.Status > 308 || got.get("Location") == "" {
		return got, err
	}
	next, err := w.redirected(at, got.get("Location"))
	if err != nil {
		return got, nil //nolint:nilerr // a redirect that cannot be followed is an answer of its status
	}
	w.note("metadata_redirect", uptime.SeverityInfo, specMetadata,
		"The document at %s redirects; clients that do not follow it cannot sign in. Serve it in place.", shownURL(at))
	return w.once(ctx, next)
}

func (w *authWalk) redirected(from, location string) (string, error) {
	base, err := url.Parse(from)
	if err != nil {
		return "", fmt.Errorf("reading the URL before a redirect: %w", err)
	}
	next, err := base.Parse(location)
	if err != nil {
		return "", fmt.Errorf("reading a redirect: %w", err)
	}
	to, err := w.checkURL(next.String())
	if err != nil {
		return "", err
	}
	return to.String(), nil
}

// once spends one request of the budget.
func (w *authWalk) once(ctx context.Context, at string) (fetched, error) {
	if w.left == 0 || ctx.Err() != nil {
		return fetched{}, errInconclusive
	}
	w.left--
	got, err := w.fetcher.fetch(ctx, fetchRequest{
		Method: "GET", URL: at, Header: []headerField{{"Accept", "application/json"}}, Limit: maxAuthDocument,
	})
	if ctx.Err() != nil || oursToBlame(err) || err == nil && got.Status == 429 {
		return fetched{}, errInconclusive
	}
	return got, err
}
