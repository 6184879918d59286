package show

import "github.com/alivemcp/alivemcp/internal/uptime"

// Advice returns the next thing to do about a cause, as one line for the person
// who runs the server. It is empty for a cause that is not in uptime.Causes.
func Advice(c uptime.Cause) string {
	switch c.Reason() {
	case uptime.ConnectionRefused:
		return connectionAdvice(c)
	case uptime.Timeout:
		return timeoutAdvice(c)
	case uptime.ErrorRateElevated, uptime.SchemaDrift:
		return toolAdvice(c)
	case uptime.NoReason:
		return ourAdvice(c)
	case uptime.ProtocolError:
		if s := httpAdvice(c); s != "" {
			return s
		}
		return protocolAdvice(c)
	}
	return ""
}

func connectionAdvice(c uptime.Cause) string {
	switch c {
	case uptime.DNSNXDomain:
		return "the name does not exist: check the spelling, then the DNS record and the domain's renewal date"
	case uptime.DNSFailed:
		return "the name servers gave no answer: ask another one with --resolver 1.1.1.1:53, then look at the zone's delegation and DNSSEC"
	case uptime.ConnectRefused:
		return "nothing listens there: start the process or container, then check the port and the address it binds to"
	case uptime.ConnectTimeout:
		return "packets are dropped on the way: check firewall, security group and load balancer, then the host itself"
	case uptime.ConnectReset:
		return "something closes the connection: look at the proxy's and the process's log for a crash or a limit at this time"
	case uptime.TLSExpired:
		return "renew the certificate, reload the proxy, and look why the automatic renewal did not run"
	case uptime.TLSNotYetValid:
		return "the certificate is from the future: check the clocks here and where it was issued"
	case uptime.TLSHostname:
		return "the certificate is for another name: issue one for this host, or fix which one the proxy selects by SNI"
	case uptime.TLSUntrusted:
		return "serve the full chain including intermediates; for a private CA give its certificate with --ca-file"
	case uptime.TLSFailed:
		return "the TLS handshake broke off: check that this port speaks TLS 1.2 or later and, with client certificates, --cert and --key-file"
	}
	return ""
}

func timeoutAdvice(c uptime.Cause) string {
	switch c {
	case uptime.FirstByteTimeout:
		return "the server accepts but does not answer: look at CPU, memory, deadlocks and the services that it waits for"
	case uptime.AttemptTimeout:
		return "the whole sequence takes too long: see which step above is slow, or allow more with --timeout"
	case uptime.SSENoAnswer:
		return "the event stream opens but stays silent: turn off response buffering in the proxy (X-Accel-Buffering: no) and compression of event streams"
	}
	return ""
}

func httpAdvice(c uptime.Cause) string {
	switch c {
	case uptime.HTTPNotFound:
		return "no MCP endpoint at this path: try /mcp or /sse, then look at the route and the proxy's rewrite rules"
	case uptime.HTTPMethod:
		return "the endpoint refuses POST: point at the MCP endpoint itself and allow POST in the proxy"
	case uptime.HTTPClientError:
		return "the server refuses a correct request: look for a required header or a gateway rule in its log"
	case uptime.HTTPServerError:
		return "the server fails on a correct request: look for an exception in its log; if only the first request works, a transport is being reused"
	case uptime.HTTPRedirect:
		return "give the address that it redirects to; for POST only 307 and 308 keep the request, and https must not become http"
	case uptime.MisdirectedHost:
		return "the server rejects this host name: add it to the allowed hosts of its DNS-rebinding protection"
	case uptime.NotMCP:
		return "something answers, but not MCP: check the path and that no web page, gateway or parking page sits in front"
	case uptime.EmptyBody:
		return "the answer has no body: look for a handler that fails silently or a proxy that drops it"
	case uptime.ContentType:
		return "answer with Content-Type application/json or text/event-stream; check what the proxy does to it"
	case uptime.BodyTooLarge:
		return "the answer is larger than clients accept: page tools/list and shorten schemas"
	case uptime.AuthRequired:
		return "the server now asks for sign-in: if that is meant, give a credential with --bearer-env; else undo the change of its access rules"
	case uptime.AuthBroken:
		return "clients cannot complete the sign-in: repair the link of the chain that is named above (RFC 9728, RFC 8414)"
	case uptime.CredentialRefused:
		return "our credential was refused before it expired: renew it, or look for a key rotation at the authorization server"
	}
	return ""
}

func protocolAdvice(c uptime.Cause) string {
	switch c {
	case uptime.BadJSON:
		return "the answer is no JSON: look for log lines or an error page written into the response"
	case uptime.BadEnvelope:
		return "the answer is JSON but no JSON-RPC 2.0 message: check SDK version and any gateway that rewrites bodies"
	case uptime.IDMismatch:
		return "the answer carries another request's id: look for a cache or for state shared between requests"
	case uptime.RPCError:
		return "the server answered with an error: read it above, then the server's log at this time"
	case uptime.VersionUnsupported:
		return "the server speaks no revision that is known here: update its SDK"
	case uptime.VersionRefused:
		return "the server refuses the revision that it offered itself: update its SDK, or serve modern and legacy on one endpoint properly"
	case uptime.HandshakeShape:
		return "the handshake's result lacks what the specification requires: check SDK version and recent changes of the configuration"
	case uptime.InitializedRefused:
		return "notifications/initialized must get a 2xx: check session affinity behind the load balancer and the session header"
	case uptime.SessionLost:
		return "the session is gone between two requests: use sticky routing, a shared session store, or stateless mode"
	case uptime.CapabilityLie:
		return "a capability is declared but not served: implement it or do not declare it"
	case uptime.ToolsEmpty:
		return "tools are declared but the list is empty: look for a registration that failed at start, or for missing rights"
	case uptime.ToolsMalformed:
		return "clients reject this tools/list: fix the tool that is named above, starting with its name and inputSchema"
	case uptime.PaginationLoop:
		return "nextCursor repeats: return it only when there are more pages"
	case uptime.SSEEndpoint:
		return "the endpoint event names an address that does not work: set the public URL or base path behind the proxy"
	case uptime.SSEUnterminated:
		return "the event stream ends in the middle of an event: look for a crash, or for a proxy that cuts long responses"
	}
	return ""
}

func toolAdvice(c uptime.Cause) string {
	switch c {
	case uptime.DriftDetected:
		return "agents that pinned the old contract will break: look at the last deploy of tool definitions, then restore it or accept a new snapshot"
	case uptime.CanaryFailed:
		return "the tool answers, but not as expected: compare the answer with the assertion above, then look at what the tool depends on"
	case uptime.CanaryError:
		return "the tool returned an error: look at its own log and the services behind it"
	case uptime.HealthFailed:
		return "the health URL reports trouble: open it and follow the component that it names"
	case uptime.ErrorRate:
		return "too many calls fail: look for a pattern in the exceptions of the log, by tool and by time"
	}
	return ""
}

func ourAdvice(c uptime.Cause) string {
	switch c {
	case uptime.RateLimited:
		return "the server asked us to slow down: check less often, or let this checker's address pass"
	case uptime.BotChallenge:
		return "a bot filter answered instead of the server: exempt the MCP path, since agents cannot solve challenges either"
	case uptime.CredentialExpired:
		return "our credential has expired: issue a new one for monitoring"
	case uptime.BlockedTarget:
		return "the address is not public: leave out --public when it is your own network"
	case uptime.AgentLost:
		return "nobody looked: check that this region's agent runs and reaches its queue"
	case uptime.SelfOverload:
		return "this machine is the slow one: lower --concurrency or give it more CPU, then check again"
	}
	return ""
}
