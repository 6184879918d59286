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
	return map[uptime.Cause]string{
		uptime.DNSNXDomain:    "check the spelling, then the DNS record and the domain's renewal date",
		uptime.DNSFailed:      "the name servers gave no answer: ask another one with --resolver 1.1.1.1:53, then look at the zone's delegation and DNSSEC",
		uptime.ConnectRefused: "start the process or container, then check the port and the address it binds to",
		uptime.ConnectTimeout: "packets are dropped on the way: check firewall, security group and load balancer, then the host itself",
		uptime.ConnectReset:   "something closes the connection: look at the proxy's and the process's log for a crash or a limit at this time",
		uptime.TLSExpired:     "renew the certificate, reload the proxy, and look why the automatic renewal did not run",
		uptime.TLSNotYetValid: "the certificate is from the future: check the clocks here and where it was issued",
		uptime.TLSHostname:    "the certificate is for another name: issue one for this host, or fix which one the proxy selects by SNI",
		uptime.TLSUntrusted:   "serve the full chain including intermediates; for a private CA give its certificate with --ca-file",
		uptime.TLSFailed:      "the TLS handshake broke off: check that this port speaks TLS 1.2 or later and, with client certificates, --cert and --key-file",
	}[c]
}

func timeoutAdvice(c uptime.Cause) string {
	return map[uptime.Cause]string{
		uptime.FirstByteTimeout: "the server accepts but does not answer: look at CPU, memory, deadlocks and the services that it waits for",
		uptime.AttemptTimeout:   "the whole sequence takes too long: see which step above is slow, or allow more with --timeout",
		uptime.SSENoAnswer:      "the event stream opens but stays silent: turn off response buffering in the proxy (X-Accel-Buffering: no) and compression of event streams",
	}[c]
}

func httpAdvice(c uptime.Cause) string {
	return map[uptime.Cause]string{
		uptime.HTTPNotFound:      "no MCP endpoint at this path: try /mcp or /sse, then look at the route and the proxy's rewrite rules",
		uptime.HTTPMethod:        "the endpoint refuses POST: point at the MCP endpoint itself and allow POST in the proxy",
		uptime.HTTPClientError:   "the server refuses a correct request: look for a required header or a gateway rule in its log",
		uptime.HTTPServerError:   "the server fails on a correct request: look for an exception in its log; if only the first request works, a transport is being reused",
		uptime.HTTPRedirect:      "give the address that it redirects to; for POST only 307 and 308 keep the request, and https must not become http",
		uptime.MisdirectedHost:   "the server rejects this host name: add it to the allowed hosts of its DNS-rebinding protection",
		uptime.NotMCP:            "something answers, but not MCP: check the path and that no web page, gateway or parking page sits in front",
		uptime.EmptyBody:         "look for a handler that fails silently or a proxy that drops it",
		uptime.ContentType:       "answer with Content-Type application/json or text/event-stream; check what the proxy does to it",
		uptime.BodyTooLarge:      "the answer is larger than clients accept: page tools/list and shorten schemas",
		uptime.AuthRequired:      "the server now asks for sign-in: if that is meant, give a credential with --bearer-env; else undo the change of its access rules",
		uptime.AuthBroken:        "clients cannot complete the sign-in: repair the link of the chain that is named above (RFC 9728, RFC 8414)",
		uptime.CredentialRefused: "our credential was refused before it expired: renew it, or look for a key rotation at the authorization server",
	}[c]
}

func protocolAdvice(c uptime.Cause) string {
	return map[uptime.Cause]string{
		uptime.BadJSON:            "look for log lines or an error page written into the response",
		uptime.BadEnvelope:        "the answer is JSON but no JSON-RPC 2.0 message: check SDK version and any gateway that rewrites bodies",
		uptime.IDMismatch:         "the answer carries another request's id: look for a cache or for state shared between requests",
		uptime.RPCError:           "the server answered with an error: read it above, then the server's log at this time",
		uptime.VersionUnsupported: "the server speaks no revision that is known here: update its SDK",
		uptime.VersionRefused:     "the server refuses the revision that it offered itself: update its SDK, or serve modern and legacy on one endpoint properly",
		uptime.HandshakeShape:     "the handshake's result lacks what the specification requires: check SDK version and recent changes of the configuration",
		uptime.InitializedRefused: "notifications/initialized must get a 2xx: check session affinity behind the load balancer and the session header",
		uptime.SessionLost:        "the session is gone between two requests: use sticky routing, a shared session store, or stateless mode",
		uptime.CapabilityLie:      "a capability is declared but not served: implement it or do not declare it",
		uptime.ToolsEmpty:         "tools are declared but the list is empty: look for a registration that failed at start, or for missing rights",
		uptime.ToolsMalformed:     "clients reject this tools/list: fix the tool that is named above, starting with its name and inputSchema",
		uptime.PaginationLoop:     "nextCursor repeats: return it only when there are more pages",
		uptime.SSEEndpoint:        "the endpoint event names an address that does not work: set the public URL or base path behind the proxy",
		uptime.SSEUnterminated:    "the event stream ends in the middle of an event: look for a crash, or for a proxy that cuts long responses",
	}[c]
}

func toolAdvice(c uptime.Cause) string {
	return map[uptime.Cause]string{
		uptime.DriftDetected: "agents that pinned the old contract will break: look at the last deploy of tool definitions, then restore it or accept a new snapshot",
		uptime.CanaryFailed:  "the tool answers, but not as expected: compare the answer with the assertion above, then look at what the tool depends on",
		uptime.CanaryError:   "the tool returned an error: look at its own log and the services behind it",
		uptime.HealthFailed:  "the health URL reports trouble: open it and follow the component that it names",
		uptime.ErrorRate:     "too many calls fail: look for a pattern in the exceptions of the log, by tool and by time",
	}[c]
}

func ourAdvice(c uptime.Cause) string {
	return map[uptime.Cause]string{
		uptime.RateLimited:       "the server asked us to slow down: check less often, or let this checker's address pass",
		uptime.BotChallenge:      "a bot filter answered instead of the server: exempt the MCP path, since agents cannot solve challenges either",
		uptime.CredentialExpired: "our credential has expired: issue a new one for monitoring",
		uptime.BlockedTarget:     "this address is not contacted: mend the URL, or leave out --public when it is your own network",
		uptime.AgentLost:         "nobody looked: check that this region's agent runs and reaches its queue",
		uptime.SelfOverload:      "this machine is the slow one: lower --concurrency or give it more CPU, then check again",
	}[c]
}
