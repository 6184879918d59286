package archive

import (
	"slices"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// causeTable lists the causes by their code in packed records, from 1; code 0
// is no cause. The codes are on disk for years: append only, never reorder,
// never remove.
func causeTable() []uptime.Cause {
	return []uptime.Cause{
		uptime.DNSNXDomain, uptime.DNSFailed, uptime.ConnectRefused, uptime.ConnectTimeout, uptime.ConnectReset,
		uptime.TLSExpired, uptime.TLSNotYetValid, uptime.TLSHostname, uptime.TLSUntrusted, uptime.TLSFailed,
		uptime.FirstByteTimeout, uptime.AttemptTimeout, uptime.SSENoAnswer,
		uptime.HTTPNotFound, uptime.HTTPMethod, uptime.HTTPClientError, uptime.HTTPServerError,
		uptime.HTTPRedirect, uptime.MisdirectedHost, uptime.NotMCP, uptime.EmptyBody, uptime.ContentType,
		uptime.BodyTooLarge, uptime.BadJSON, uptime.BadEnvelope, uptime.IDMismatch, uptime.RPCError,
		uptime.VersionUnsupported, uptime.VersionRefused, uptime.HandshakeShape, uptime.InitializedRefused,
		uptime.SessionLost, uptime.CapabilityLie, uptime.ToolsEmpty, uptime.ToolsMalformed,
		uptime.PaginationLoop, uptime.SSEEndpoint, uptime.SSEUnterminated,
		uptime.AuthRequired, uptime.AuthBroken, uptime.CredentialRefused,
		uptime.DriftDetected,
		uptime.CanaryFailed, uptime.CanaryError, uptime.HealthFailed, uptime.ErrorRate,
		uptime.RateLimited, uptime.BotChallenge, uptime.CredentialExpired, uptime.BlockedTarget,
		uptime.AgentLost, uptime.SelfOverload,
	}
}

// causeCode returns the code of a cause; 0 for none and for one that has no
// code, which a test excludes.
func causeCode(c uptime.Cause) byte {
	if c == "" {
		return 0
	}
	return byte(slices.Index(causeTable(), c) + 1)
}

// causeOf returns the cause of a code; empty for codes that are not in the
// table.
func causeOf(code byte) uptime.Cause {
	table := causeTable()
	if code == 0 || int(code) > len(table) {
		return ""
	}
	return table[code-1]
}
