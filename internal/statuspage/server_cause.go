package statuspage

import "github.com/alivemcp/alivemcp/internal/uptime"

// inWords says what a cause means to somebody who uses the server: a clause
// without a full stop, that stands after a colon. It tells nothing that is the
// monitor's or the operator's own business, such as which credential expired.
// A cause that is not in uptime.Causes is "something is wrong".
func inWords(c uptime.Cause) string {
	var words string
	switch c.Reason() {
	case uptime.ConnectionRefused:
		words = connectionWords(c)
	case uptime.Timeout:
		words = timeoutWords(c)
	case uptime.ProtocolError:
		words = answerWords(c) + contractWords(c)
	case uptime.ErrorRateElevated, uptime.SchemaDrift:
		words = toolWords(c)
	case uptime.NoReason:
		words = ourWords(c)
	}
	if words == "" {
		return "something is wrong"
	}
	return words
}

func connectionWords(c uptime.Cause) string {
	return map[uptime.Cause]string{
		uptime.DNSNXDomain:    "its name does not exist in DNS",
		uptime.DNSFailed:      "its name cannot be resolved",
		uptime.ConnectRefused: "connections are refused",
		uptime.ConnectTimeout: "connections are not answered",
		uptime.ConnectReset:   "connections are cut off",
		uptime.TLSExpired:     "its certificate has expired",
		uptime.TLSNotYetValid: "its certificate is not valid yet",
		uptime.TLSHostname:    "its certificate is for another name",
		uptime.TLSUntrusted:   "its certificate is not trusted",
		uptime.TLSFailed:      "no encrypted connection comes about",
	}[c]
}

func timeoutWords(c uptime.Cause) string {
	return map[uptime.Cause]string{
		uptime.FirstByteTimeout: "it accepts requests and does not answer in time",
		uptime.AttemptTimeout:   "it takes too long to answer",
		uptime.SSENoAnswer:      "its event stream opens and stays silent",
	}[c]
}

// answerWords speaks of answers over HTTP that are none of MCP.
func answerWords(c uptime.Cause) string {
	return map[uptime.Cause]string{
		uptime.HTTPNotFound:      "there is no MCP endpoint at its address",
		uptime.HTTPMethod:        "its endpoint refuses POST requests",
		uptime.HTTPClientError:   "it rejects correct requests",
		uptime.HTTPServerError:   "it answers with a server error",
		uptime.HTTPRedirect:      "it redirects in a way that clients cannot follow",
		uptime.MisdirectedHost:   "it rejects its own host name",
		uptime.NotMCP:            "something answers that does not speak MCP",
		uptime.EmptyBody:         "its answers are empty",
		uptime.ContentType:       "its answers have the wrong content type",
		uptime.BodyTooLarge:      "its answer is larger than clients accept",
		uptime.BadJSON:           "its answers are not valid JSON",
		uptime.BadEnvelope:       "its answers are not JSON-RPC",
		uptime.IDMismatch:        "it answers one request with the answer to another",
		uptime.SSEEndpoint:       "its event stream names an address that does not work",
		uptime.SSEUnterminated:   "its event stream breaks off in the middle",
		uptime.AuthRequired:      "it asks for sign-in where it did not before",
		uptime.AuthBroken:        "its sign-in cannot be completed",
		uptime.CredentialRefused: "it refused the monitor's sign-in",
	}[c]
}

// contractWords speaks of answers in MCP that break its rules.
func contractWords(c uptime.Cause) string {
	return map[uptime.Cause]string{
		uptime.RPCError:           "it answers the handshake or the list of tools with an error",
		uptime.VersionUnsupported: "it speaks no released protocol revision",
		uptime.VersionRefused:     "it refuses the protocol revision that it offered",
		uptime.HandshakeShape:     "its handshake lacks what clients need",
		uptime.InitializedRefused: "it refuses to finish the handshake",
		uptime.SessionLost:        "it forgets sessions between two requests",
		uptime.CapabilityLie:      "it announces a capability that it does not serve",
		uptime.ToolsEmpty:         "its list of tools is empty",
		uptime.ToolsMalformed:     "its list of tools is malformed",
		uptime.PaginationLoop:     "its list of tools never ends",
	}[c]
}

func toolWords(c uptime.Cause) string {
	return map[uptime.Cause]string{
		uptime.DriftDetected: "its tools changed in a way that breaks clients",
		uptime.CanaryFailed:  "a test call gets an unexpected answer",
		uptime.CanaryError:   "a test call fails",
		uptime.HealthFailed:  "its own health report says that it is not well",
		uptime.ErrorRate:     "too many calls fail",
	}[c]
}

// ourWords speaks of what is no evidence against the server. What is the matter
// with the monitor in particular is nobody's business.
func ourWords(c uptime.Cause) string {
	return map[uptime.Cause]string{
		uptime.RateLimited:       "it asked the monitor to slow down",
		uptime.BotChallenge:      "a bot filter stands in front of it",
		uptime.CredentialExpired: "the monitor cannot sign in at the moment",
		uptime.BlockedTarget:     "its address is one that the monitor does not contact",
		uptime.AgentLost:         "nobody could look",
		uptime.SelfOverload:      "the monitor itself had trouble, so this says nothing about the server",
	}[c]
}
