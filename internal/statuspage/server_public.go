package statuspage

import (
	"regexp"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// What stands where something stood that is not for the public.
const (
	addressHidden = "[address]"
	headerHidden  = "[hidden]"
	traceHidden   = "[stack trace]"
)

// Evidence comes here without secrets, but with whatever a server's proxies and
// error pages tell about the network and the code behind it. The public sees
// none of that: these expressions name it. Being wrong hides a version number,
// which is the better mistake.
var (
	ipv4     = regexp.MustCompile(`\b(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?\b`)
	ipv6     = regexp.MustCompile(`(?i)\[?(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{0,4}\]?(?::\d{1,5}\b)?|(?i)\[?(?:[0-9a-f]{1,4}:){0,6}:(?:[0-9a-f]{1,4}:){0,5}[0-9a-f]{1,4}\]?(?::\d{1,5}\b)?`)
	asNumber = regexp.MustCompile(`\bASN? ?\d{2,10}\b`)
	// Headers that name machines, points of presence or what lies behind.
	routeHeader = regexp.MustCompile(`(?im)^((?:cf-ray|cf-[a-z-]*|x-amz-cf-[a-z]*|x-amzn?-[a-z-]*|x-served-by|x-cache[a-z-]*|x-timer|via|server-timing|x-vercel-[a-z-]*|fly-request-id|x-fly-[a-z-]*|x-azure-ref|x-msedge-ref|x-railway-[a-z-]*|x-render-[a-z-]*|rndr-id|x-request-id|x-backend[a-z-]*|x-forwarded-[a-z]*|x-real-ip|forwarded|x-envoy-[a-z-]*|x-upstream[a-z-]*|x-host(?:name)?|x-pod[a-z-]*|x-node[a-z-]*|x-instance[a-z-]*|x-powered-by|x-runtime|traceparent|x-cloud-trace-context|x-datadog-[a-z-]*|akamai-[a-z-]*|x-akamai-[a-z-]*|x-iinfo|x-cdn[a-z-]*|x-pop|x-edge[a-z-]*|alt-svc|nel|report-to)[ \t]*:)[^\r\n]*`)
	// Lines, or escaped lines inside JSON strings, of the stack traces of common
	// languages.
	traceText = regexp.MustCompile(`(?s)Traceback \(most recent call last\).*|goroutine \d+ \[.*|Exception in thread .*|panic: runtime error.*|Fatal error: Uncaught .*`)
	traceLine = regexp.MustCompile(`(?m)(?:^|\\n|\\r\\n)[ \t]*(?:\\t)*(?:at [^\n\\]{1,200}[:(][^\n\\]{0,200}\d\)?|File \\?"[^"\n]{1,300}\\?", line \d+[^\n\\]*|#\d+ [^\n\\]{1,300}\(\d+\)[^\n\\]*|from [^\n\\]{1,200}:\d+:in [^\n\\]*|[^\s"\\]{1,200}\.(?:go|rs|rb|py|php|java|js|ts):\d+[^\n\\]{0,200})`)
)

// publicText returns s without network addresses, AS numbers and stack traces.
func publicText(s string) string {
	s = traceText.ReplaceAllString(s, traceHidden)
	s = traceLine.ReplaceAllString(s, "\n"+traceHidden)
	s = ipv4.ReplaceAllString(s, addressHidden)
	s = ipv6.ReplaceAllStringFunc(s, hideAddress)
	return asNumber.ReplaceAllString(s, "[network]")
}

// hideAddress hides what looks like an IPv6 address, unless it is a time of day
// or a namespace of code.
func hideAddress(match string) string {
	if strings.Count(match, ":") < 2 || !strings.ContainsAny(match, "0123456789") {
		return match
	}
	return addressHidden
}

// publicExchange returns x as the public may see it.
func publicExchange(x uptime.Exchange) uptime.Exchange {
	x.Request = publicText(routeHeader.ReplaceAllString(x.Request, "$1 "+headerHidden))
	x.Response = publicText(routeHeader.ReplaceAllString(x.Response, "$1 "+headerHidden))
	return x
}

// publicDetail returns what a failure says in particular. About the monitor's
// own troubles and sign-in the public learns nothing but the cause.
func publicDetail(f uptime.Failure) string {
	switch {
	case f.Reason() == uptime.NoReason, f.Cause == uptime.CredentialRefused:
		return ""
	}
	return publicText(f.Detail)
}
