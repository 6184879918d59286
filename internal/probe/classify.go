package probe

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// causeOf returns the cause that a wire fault stands for.
func causeOf(k mcpwire.Kind) uptime.Cause {
	switch k {
	case mcpwire.NXDomain:
		return uptime.DNSNXDomain
	case mcpwire.DNSFailure:
		return uptime.DNSFailed
	case mcpwire.OurNetwork, mcpwire.Canceled:
		return uptime.SelfOverload
	case mcpwire.Blocked:
		return uptime.BlockedTarget
	case mcpwire.Refused, mcpwire.Unreachable, mcpwire.SpawnFailed:
		return uptime.ConnectRefused
	case mcpwire.ConnectTimeout:
		return uptime.ConnectTimeout
	case mcpwire.Reset, mcpwire.Truncated, mcpwire.Exited:
		return uptime.ConnectReset
	case mcpwire.TLSExpired:
		return uptime.TLSExpired
	case mcpwire.TLSNotYetValid:
		return uptime.TLSNotYetValid
	case mcpwire.TLSHostname:
		return uptime.TLSHostname
	case mcpwire.TLSUntrusted:
		return uptime.TLSUntrusted
	case mcpwire.TLSFailure:
		return uptime.TLSFailed
	case mcpwire.FirstByteTimeout:
		return uptime.FirstByteTimeout
	case mcpwire.ReadTimeout:
		return uptime.AttemptTimeout
	case mcpwire.NoAnswer, mcpwire.Accepted:
		return uptime.SSENoAnswer
	case mcpwire.Unterminated:
		return uptime.SSEUnterminated
	case mcpwire.Endpoint, mcpwire.LegacyStream:
		return uptime.SSEEndpoint
	case mcpwire.HeaderLimit, mcpwire.BodyLimit:
		return uptime.BodyTooLarge
	case mcpwire.EmptyBody:
		return uptime.EmptyBody
	case mcpwire.ContentType:
		return uptime.ContentType
	case mcpwire.BadJSON, mcpwire.StdoutNoise:
		return uptime.BadJSON
	case mcpwire.BadEnvelope:
		return uptime.BadEnvelope
	case mcpwire.IDMismatch:
		return uptime.IDMismatch
	case mcpwire.NotHTTP, mcpwire.BadFraming, mcpwire.HTML:
		return uptime.NotMCP
	}
	return uptime.NotMCP
}

// faultFailure turns a wire fault into a failure.
func faultFailure(f *mcpwire.Fault) *uptime.Failure {
	if f == nil {
		return nil
	}
	return fail(causeOf(f.Kind), "%s", f.Detail)
}

// judgeAnswer returns why an answer to a request is no good, nil when it holds a
// result. It knows nothing of the step; callers refine what it says.
func judgeAnswer(ans *mcpwire.Answer, f *mcpwire.Fault) *uptime.Failure {
	switch {
	case f != nil && (ans.Status > 299 || challenged(ans)):
		return judgeStatus(ans) // the status says more than a body that broke off, or is a challenge's
	case f != nil:
		return faultFailure(f)
	case ans.Status > 299:
		return judgeStatus(ans)
	case ans.Message.Error != nil:
		return judgeRPCError(ans.Message.Error)
	}
	return nil
}

// judgeStatus classes an HTTP status that is not 2xx.
func judgeStatus(ans *mcpwire.Answer) *uptime.Failure {
	what := fmt.Sprintf("HTTP %d%s", ans.Status, errorText(ans))
	switch s := ans.Status; {
	case challenged(ans):
		return fail(uptime.BotChallenge, "%s: a bot challenge stands before the server; it may let agents pass", what)
	case s == 429:
		return fail(uptime.RateLimited, "%s%s", what, retryAfter(ans))
	case s == 421 || s == 403 && speaksOfHost(ans.Body):
		return fail(uptime.MisdirectedHost, "%s: the server does not accept its public host name", what)
	case s == 401 || s == 403:
		return fail(uptime.AuthRequired, "%s: the server wants a sign-in", what)
	case s == 404 || s == 410:
		return fail(uptime.HTTPNotFound, "%s: nothing is served at this path", what)
	case s == 405:
		return fail(uptime.HTTPMethod, "%s: the path does not take this method", what)
	case s >= 300 && s < 400:
		return fail(uptime.HTTPRedirect, "%s to %s", what, orNowhere(SafeURL(ans.Header.Get("Location"))))
	case s >= 500:
		return fail(uptime.HTTPServerError, "%s", what)
	default:
		return fail(uptime.HTTPClientError, "%s", what)
	}
}

// judgeRPCError classes a JSON-RPC error that came with a 2xx status.
func judgeRPCError(e *mcpwire.RPCError) *uptime.Failure {
	if speaksOfAuth(e.Message) {
		return fail(uptime.AuthRequired, "HTTP 200 with the JSON-RPC error %d %q: clients start to sign in only on HTTP 401", e.Code, clip(e.Message, 120))
	}
	return fail(uptime.RPCError, "JSON-RPC error %d: %s", e.Code, clip(e.Message, 160))
}

// errorText quotes what an error answer says for itself.
func errorText(ans *mcpwire.Answer) string {
	if e := ans.Message.Error; e != nil {
		return fmt.Sprintf(" (JSON-RPC error %d: %s)", e.Code, clip(e.Message, 120))
	}
	text := bytes.TrimSpace(ans.Body)
	if len(text) == 0 {
		return " with an empty body"
	}
	if text[0] == '<' {
		return " with a web page"
	}
	return fmt.Sprintf(" (%s)", clip(string(text), 100))
}

func retryAfter(ans *mcpwire.Answer) string {
	if v := ans.Header.Get("Retry-After"); v != "" {
		return ", to be tried again after " + clip(v, 40)
	}
	return ""
}

func orNowhere(url string) string {
	if url == "" {
		return "nowhere (no Location)"
	}
	return url
}

// challenged reports whether a bot protection, not the server, answered.
func challenged(ans *mcpwire.Answer) bool {
	h := ans.Header
	switch {
	case h.Has("Cf-Mitigated"), h.Get("X-Vercel-Mitigated") == "challenge",
		strings.EqualFold(h.Get("X-Amzn-Waf-Action"), "challenge"), strings.EqualFold(h.Get("X-Amzn-Waf-Action"), "captcha"):
		return true
	}
	if ans.Status != 403 && ans.Status != 503 && ans.Status != 429 {
		return false
	}
	page := bytes.ToLower(ans.Body[:min(len(ans.Body), 16<<10)])
	for _, sign := range []string{"just a moment", "cf-chl", "challenge-platform", "attention required! | cloudflare", "ddos protection by", "captcha-delivery", "_incapsula_resource", "verify you are human"} {
		if bytes.Contains(page, []byte(sign)) {
			return true
		}
	}
	return false
}

// speaksOfHost reports whether a refusal is about the Host field.
func speaksOfHost(body []byte) bool {
	text := strings.ToLower(string(body[:min(len(body), 2<<10)]))
	for _, sign := range []string{"invalid host", "host header", "host not allowed", "blocked request. this host", "only allowed at", "dns rebinding", "disallowed host", "allowed hosts"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

// speaksOfAuth reports whether an error message asks for a sign-in.
func speaksOfAuth(msg string) bool {
	text := strings.ToLower(msg)
	for _, sign := range []string{"unauthorized", "unauthorised", "unauthenticated", "not authenticated", "authentication required", "authentication is required", "missing api key", "api key required", "missing authorization", "invalid token", "missing token", "access denied", "login required", "not logged in"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}

// speaksOf reports whether an error answer mentions one of the words.
func speaksOf(ans *mcpwire.Answer, words ...string) bool {
	text := string(ans.Body[:min(len(ans.Body), 4<<10)])
	if ans.Message.Error != nil {
		text += " " + ans.Message.Error.Message
	}
	text = strings.ToLower(text)
	for _, w := range words {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}

// refusesVersion reports whether a refusal is about the revision that a request
// names, which had been agreed.
func refusesVersion(ans *mcpwire.Answer) bool {
	return ans.Status == 400 && speaksOf(ans, "protocol version", "protocol-version", "unsupported version")
}

// isWall reports whether a failure is a proper refusal of strangers, and not one
// that hides behind HTTP 200.
func isWall(ans *mcpwire.Answer, f *uptime.Failure) bool {
	return f != nil && f.Cause == uptime.AuthRequired && (ans.Status == 401 || ans.Status == 403)
}

// clip makes hostile text fit for one line: printable, single spaces, n runes.
// An ellipsis follows what was cut; the redactor looks for it.
func clip(s string, n int) string {
	var b strings.Builder
	space, runes := false, 0
	for i, r := range s {
		if i >= 8*n {
			b.WriteString("...")
			break
		}
		if r <= ' ' || r == 0x7f || !unicode.IsPrint(r) {
			space = b.Len() > 0
			continue
		}
		if space {
			b.WriteByte(' ')
			space = false
			runes++
		}
		if runes++; runes > n {
			b.WriteString("...")
			break
		}
		b.WriteRune(r)
	}
	return b.String()
}
