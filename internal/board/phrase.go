package board

import "github.com/alivemcp/alivemcp/internal/uptime"

// CausePhrase says in plain words what is wrong, for people who use the server
// and did not build it: a clause that can follow "Down:" or stand in a sentence
// after "because". It tells nothing that is the monitor's or its operator's own
// business, such as which credential expired. It is empty for the empty cause; a
// cause that nobody knows any more is its own name.
func CausePhrase(c uptime.Cause) string {
	if c == "" {
		return ""
	}
	for _, phrase := range []func(uptime.Cause) string{connectPhrase, httpPhrase, messagePhrase, toolPhrase, ourPhrase} {
		if s := phrase(c); s != "" {
			return s
		}
	}
	return string(c)
}

func connectPhrase(c uptime.Cause) string {
	switch c {
	case uptime.DNSNXDomain:
		return "its name does not exist"
	case uptime.DNSFailed:
		return "its name cannot be looked up"
	case uptime.ConnectRefused:
		return "the connection is refused"
	case uptime.ConnectTimeout:
		return "the connection is not answered"
	case uptime.ConnectReset:
		return "the connection is cut off"
	case uptime.TLSExpired:
		return "its certificate has expired"
	case uptime.TLSNotYetValid:
		return "its certificate is not valid yet"
	case uptime.TLSHostname:
		return "its certificate is for another name"
	case uptime.TLSUntrusted:
		return "its certificate is not trusted"
	case uptime.TLSFailed:
		return "a secure connection cannot be made"
	case uptime.FirstByteTimeout:
		return "it accepts requests and does not answer"
	case uptime.AttemptTimeout:
		return "it takes too long to answer"
	case uptime.SSENoAnswer:
		return "its event stream stays silent"
	default:
		return ""
	}
}

func httpPhrase(c uptime.Cause) string {
	switch c {
	case uptime.HTTPNotFound:
		return "there is no MCP endpoint at its address"
	case uptime.HTTPMethod:
		return "it does not take requests at its address"
	case uptime.HTTPClientError:
		return "it refuses correct requests"
	case uptime.HTTPServerError:
		return "it answers with a server error"
	case uptime.HTTPRedirect:
		return "it redirects to where clients cannot follow"
	case uptime.MisdirectedHost:
		return "it does not answer for its own name"
	case uptime.NotMCP:
		return "it answers with something else than MCP"
	case uptime.EmptyBody:
		return "its answers are empty"
	case uptime.ContentType:
		return "its answers have the wrong content type"
	case uptime.BodyTooLarge:
		return "its answers are larger than clients accept"
	case uptime.AuthRequired:
		return "it has begun to require sign-in"
	case uptime.AuthBroken:
		return "its sign-in cannot be completed"
	case uptime.CredentialRefused:
		return "it refuses the monitor's sign-in: that was withdrawn, or its keys have changed"
	default:
		return ""
	}
}

func messagePhrase(c uptime.Cause) string {
	switch c {
	case uptime.BadJSON:
		return "its answers are not valid JSON"
	case uptime.BadEnvelope:
		return "its answers are not valid JSON-RPC"
	case uptime.IDMismatch:
		return "its answers belong to other questions"
	case uptime.RPCError:
		return "it answers the handshake or the list of tools with an error"
	case uptime.VersionUnsupported:
		return "it speaks an unknown protocol version"
	case uptime.VersionRefused:
		return "it refuses every protocol version"
	case uptime.HandshakeShape:
		return "its handshake is incomplete"
	case uptime.InitializedRefused:
		return "it does not let clients complete the handshake"
	case uptime.SessionLost:
		return "it forgets sessions that it has just opened"
	case uptime.SSEEndpoint:
		return "its event stream does not say where to send requests"
	case uptime.SSEUnterminated:
		return "its event stream breaks off"
	default:
		return ""
	}
}

func toolPhrase(c uptime.Cause) string {
	switch c {
	case uptime.CapabilityLie:
		return "it does not do what it says it can"
	case uptime.ToolsEmpty:
		return "it offers no tools although it says that it has some"
	case uptime.ToolsMalformed:
		return "its tool list cannot be used"
	case uptime.PaginationLoop:
		return "its tool list never ends"
	case uptime.DriftDetected:
		return "its tools changed in a way that breaks clients"
	case uptime.CanaryFailed:
		return "a test call of a tool gave the wrong answer"
	case uptime.CanaryError:
		return "a test call of a tool failed"
	case uptime.HealthFailed:
		return "it reports itself as unhealthy"
	case uptime.ErrorRate:
		return "too many requests fail"
	default:
		return ""
	}
}

// ourPhrase is for causes that are no evidence against the server.
func ourPhrase(c uptime.Cause) string {
	switch c {
	case uptime.RateLimited:
		return "it asks the monitor to slow down"
	case uptime.BotChallenge:
		return "a bot check keeps the monitor out"
	case uptime.CredentialExpired:
		return "the monitor cannot sign in at the moment"
	case uptime.BlockedTarget:
		return "its address is one that the monitor must not visit"
	case uptime.AgentLost:
		return "nobody could look"
	case uptime.SelfOverload:
		return "the monitor itself was not fit to judge"
	default:
		return ""
	}
}

// StateWord is the word that people see beside a state's colour.
func StateWord(s uptime.State) string {
	switch s {
	case uptime.Live:
		return "Live"
	case uptime.Degraded:
		return "Degraded"
	case uptime.Down:
		return "Down"
	default:
		return "Unknown"
	}
}

// AccessPhrase says how a server treats strangers, as a clause; empty when that
// is not known.
func AccessPhrase(a uptime.Access) string {
	switch a {
	case uptime.AccessOpen:
		return "open to anyone"
	case uptime.AccessWalled:
		return "sign-in required"
	case uptime.AccessCustom:
		return "API key or similar required"
	case uptime.AccessBroken:
		return "sign-in is broken"
	default:
		return ""
	}
}

// DriftPhrase says what a class of changes means for a client.
func DriftPhrase(c uptime.DriftClass) string {
	switch c {
	case uptime.DriftBreaking:
		return "breaks existing clients"
	case uptime.DriftCompatible:
		return "existing clients go on working"
	case uptime.DriftWording:
		return "only words changed"
	default:
		return "no change"
	}
}
