package audit

import (
	"strconv"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// bucketName returns a bucket's name for people.
func bucketName(b uptime.AuditBucket) string {
	switch b {
	case uptime.BucketStable:
		return "Healthy, stable"
	case uptime.BucketDrift:
		return "Healthy, with drift"
	case uptime.BucketRegional:
		return "Regionally degraded"
	case uptime.BucketCredentialed:
		return "Published token fails"
	case uptime.BucketAuthProper:
		return "Sign-in, proper"
	case uptime.BucketAuthCustom:
		return "Sign-in, custom"
	case uptime.BucketAuthBroken:
		return "Sign-in, broken"
	case uptime.BucketDead:
		return "Dead"
	case uptime.BucketNotMCP:
		return "Answers, but not MCP"
	case uptime.BucketMalformed:
		return "Malformed tools"
	case uptime.BucketTemplated:
		return "Not an address"
	case uptime.BucketLimited:
		return "Limited or blocked"
	case bucketAbsent:
		return "Not counted"
	default:
		return "Unknown"
	}
}

// kindWords says why an endpoint of a kind is not probed.
func kindWords(k uptime.EndpointKind) string {
	switch k {
	case uptime.EndpointTemplated:
		return "variables without values"
	case uptime.EndpointPlaceholder:
		return "an example or a placeholder"
	case uptime.EndpointLocal:
		return "the reader's own machine or network"
	default:
		return "no address of a server"
	}
}

// crawlWords says how a registry was read.
func crawlWords(c *CrawlRow) string {
	words := crawlStateWords(c)
	if c.Why != "" {
		words += " (" + c.Why + ")"
	}
	return words
}

func crawlStateWords(c *CrawlRow) string {
	switch c.State {
	case uptime.CrawlDone:
		if !c.Since.IsZero() {
			return "changes only"
		}
		return "complete"
	case uptime.CrawlHeld:
		return "held back: far less than before, the last good crawl counts"
	case uptime.CrawlFailed:
		return "incomplete: the last good crawl counts"
	case uptime.CrawlNone:
		return "not crawled"
	default:
		return "not over"
	}
}

// causeWords says in a few words what a cause is.
func causeWords(c uptime.Cause) string {
	if words, ok := causeTable()[c]; ok {
		return words
	}
	return strings.ReplaceAll(plain(string(c)), "_", " ")
}

// causeTable has the causes whose identifiers do not speak for themselves.
func causeTable() map[uptime.Cause]string {
	return map[uptime.Cause]string{
		uptime.DNSNXDomain: "the name does not exist", uptime.DNSFailed: "the name could not be resolved",
		uptime.ConnectRefused: "the connection was refused", uptime.ConnectTimeout: "no connection in time", uptime.ConnectReset: "the connection was reset",
		uptime.TLSExpired: "the certificate has expired", uptime.TLSNotYetValid: "the certificate is not valid yet",
		uptime.TLSHostname: "the certificate is for another name", uptime.TLSUntrusted: "nobody vouches for the certificate", uptime.TLSFailed: "TLS failed",
		uptime.FirstByteTimeout: "connected, and no answer in time", uptime.AttemptTimeout: "not finished in time", uptime.SSENoAnswer: "the event stream brings no answer",
		uptime.HTTPNotFound: "HTTP 404 or 410", uptime.HTTPMethod: "HTTP 405: this is no MCP endpoint", uptime.HTTPClientError: "another HTTP 4xx", uptime.HTTPServerError: "HTTP 5xx",
		uptime.HTTPRedirect: "redirected to where a client cannot follow", uptime.MisdirectedHost: "the server does not know its own name",
		uptime.NotMCP: "a web page, not MCP", uptime.EmptyBody: "an empty answer", uptime.ContentType: "an answer of the wrong type",
		uptime.BodyTooLarge: "an answer without end", uptime.BadJSON: "no valid JSON", uptime.BadEnvelope: "no valid JSON-RPC", uptime.IDMismatch: "the answer to another question",
		uptime.RPCError: "a JSON-RPC error", uptime.VersionUnsupported: "no common revision of the protocol", uptime.VersionRefused: "refuses the revision that it chose",
		uptime.HandshakeShape: "a handshake of the wrong shape", uptime.InitializedRefused: "refuses to begin after the handshake", uptime.SessionLost: "forgets its session",
		uptime.CapabilityLie: "declares what it does not have", uptime.ToolsEmpty: "declares tools and lists none", uptime.ToolsMalformed: "tools that strict clients drop",
		uptime.PaginationLoop: "a list of tools without end", uptime.SSEEndpoint: "the event stream names no endpoint", uptime.SSEUnterminated: "the event stream breaks off",
		uptime.AuthRequired: "wants a sign-in", uptime.AuthBroken: "a sign-in that cannot be completed", uptime.CredentialRefused: "refuses the credential",
		uptime.RateLimited: "HTTP 429: too many requests", uptime.BotChallenge: "a puzzle for browsers", uptime.BlockedTarget: "leads to no public address",
		uptime.AgentLost: "we lost the region that looked", uptime.SelfOverload: "we were overloaded",
	}
}

// reasonWords says in a few words what kind of failure a cause is.
func reasonWords(r uptime.Reason) string {
	switch r {
	case uptime.ConnectionRefused:
		return "no connection"
	case uptime.Timeout:
		return "no answer in time"
	case uptime.ProtocolError:
		return "not as the protocol says"
	default:
		return visible(string(r))
	}
}

// number writes a count with commas.
func number(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// percentage writes a share with one decimal; what is something is not 0.0.
func percentage(p *float64) string {
	switch {
	case p == nil:
		return "–"
	case *p > 0 && *p < 0.05:
		return "< 0.1 %"
	case *p < 100 && *p >= 99.95:
		return "> 99.9 %"
	}
	return strconv.FormatFloat(*p, 'f', 1, 64) + " %"
}

// interval writes an interval; empty when there is none.
func interval(low, high *float64) string {
	if low == nil || high == nil {
		return ""
	}
	return percentage(low) + " to " + percentage(high)
}

// amount writes a count with its noun.
func amount(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return number(n) + " " + many
}

// duration writes a duration as people do: 24 h, 90 min, 30 s.
func duration(d time.Duration) string {
	switch {
	case d >= time.Hour && d%time.Hour == 0:
		return number(int(d/time.Hour)) + " h"
	case d >= time.Minute && d%time.Minute == 0:
		return number(int(d/time.Minute)) + " min"
	case d >= time.Second && d%time.Second == 0:
		return number(int(d/time.Second)) + " s"
	}
	return d.String()
}

// millisWords writes milliseconds: 340 ms, 1.20 s.
func millisWords(ms int) string {
	if ms < 1000 {
		return strconv.Itoa(ms) + " ms"
	}
	return strconv.FormatFloat(float64(ms)/1000, 'f', 2, 64) + " s"
}

// moment writes a time, in UTC; empty for none.
func moment(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04")
}

// day writes a date, in UTC.
func day(t time.Time) string { return t.UTC().Format("2 January 2006") }

// listWords writes a list: a, b and c.
func listWords(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
