package uptime

// Reason is the word that alerts are routed by.
type Reason string

// The five reasons. NoReason belongs to causes that are no evidence against the
// server.
const (
	NoReason          Reason = ""
	ConnectionRefused Reason = "connection_refused"
	Timeout           Reason = "timeout"
	ProtocolError     Reason = "protocol_error"
	SchemaDrift       Reason = "schema_drift"
	ErrorRateElevated Reason = "error_rate_elevated"
)

// Cause is what exactly was wrong, with the layer in its name. The list is
// closed: Causes returns all of them.
type Cause string

// Causes whose reason is connection_refused: no connection came about.
const (
	DNSNXDomain    Cause = "dns_nxdomain"
	DNSFailed      Cause = "dns_failed"
	ConnectRefused Cause = "connect_refused"
	ConnectTimeout Cause = "connect_timeout"
	ConnectReset   Cause = "connect_reset"
	TLSExpired     Cause = "tls_expired"
	TLSNotYetValid Cause = "tls_not_yet_valid"
	TLSHostname    Cause = "tls_hostname"
	TLSUntrusted   Cause = "tls_untrusted"
	TLSFailed      Cause = "tls_failed"
)

// Causes whose reason is timeout: connected, but no answer in time.
const (
	FirstByteTimeout Cause = "first_byte_timeout"
	AttemptTimeout   Cause = "attempt_timeout"
	SSENoAnswer      Cause = "sse_no_answer"
)

// Causes whose reason is protocol_error: an answer that no client can use.
const (
	HTTPNotFound       Cause = "http_not_found"
	HTTPMethod         Cause = "http_method"
	HTTPClientError    Cause = "http_client_error"
	HTTPServerError    Cause = "http_server_error"
	HTTPRedirect       Cause = "http_redirect"
	MisdirectedHost    Cause = "misdirected_host"
	NotMCP             Cause = "not_mcp"
	EmptyBody          Cause = "empty_body"
	ContentType        Cause = "content_type"
	BodyTooLarge       Cause = "body_too_large"
	BadJSON            Cause = "bad_json"
	BadEnvelope        Cause = "bad_envelope"
	IDMismatch         Cause = "id_mismatch"
	RPCError           Cause = "rpc_error"
	VersionUnsupported Cause = "version_unsupported"
	VersionRefused     Cause = "version_refused"
	HandshakeShape     Cause = "handshake_shape"
	InitializedRefused Cause = "initialized_refused"
	SessionLost        Cause = "session_lost"
	CapabilityLie      Cause = "capability_lie"
	ToolsEmpty         Cause = "tools_empty"
	ToolsMalformed     Cause = "tools_malformed"
	PaginationLoop     Cause = "pagination_loop"
	SSEEndpoint        Cause = "sse_endpoint"
	SSEUnterminated    Cause = "sse_unterminated"
	AuthRequired       Cause = "auth_required"
	AuthBroken         Cause = "auth_broken"
	CredentialRefused  Cause = "credential_refused"
)

// DriftDetected is the only cause whose reason is schema_drift.
const DriftDetected Cause = "drift_breaking"

// Causes whose reason is error_rate_elevated: the protocol works, the tools do
// not.
const (
	CanaryFailed Cause = "canary_failed"
	CanaryError  Cause = "canary_error"
	HealthFailed Cause = "health_failed"
	ErrorRate    Cause = "error_rate"
)

// Causes without a reason: they speak of us or of the way between, and are no
// evidence that the server is down.
const (
	RateLimited       Cause = "rate_limited"
	BotChallenge      Cause = "bot_challenge"
	CredentialExpired Cause = "credential_expired"
	BlockedTarget     Cause = "blocked_target"
	AgentLost         Cause = "agent_lost"
	SelfOverload      Cause = "self_overload"
)

// Causes returns every cause, grouped by reason in the order of the constants.
func Causes() []Cause {
	return []Cause{
		DNSNXDomain, DNSFailed, ConnectRefused, ConnectTimeout, ConnectReset,
		TLSExpired, TLSNotYetValid, TLSHostname, TLSUntrusted, TLSFailed,
		FirstByteTimeout, AttemptTimeout, SSENoAnswer,
		HTTPNotFound, HTTPMethod, HTTPClientError, HTTPServerError, HTTPRedirect, MisdirectedHost,
		NotMCP, EmptyBody, ContentType, BodyTooLarge, BadJSON, BadEnvelope, IDMismatch, RPCError,
		VersionUnsupported, VersionRefused, HandshakeShape, InitializedRefused, SessionLost,
		CapabilityLie, ToolsEmpty, ToolsMalformed, PaginationLoop, SSEEndpoint, SSEUnterminated,
		AuthRequired, AuthBroken, CredentialRefused,
		DriftDetected,
		CanaryFailed, CanaryError, HealthFailed, ErrorRate,
		RateLimited, BotChallenge, CredentialExpired, BlockedTarget, AgentLost, SelfOverload,
	}
}

// Reason returns the word that alerts route this cause by; NoReason for causes
// that are no evidence against the server and for the empty cause.
func (c Cause) Reason() Reason {
	switch c {
	case DNSNXDomain, DNSFailed, ConnectRefused, ConnectTimeout, ConnectReset,
		TLSExpired, TLSNotYetValid, TLSHostname, TLSUntrusted, TLSFailed:
		return ConnectionRefused
	case FirstByteTimeout, AttemptTimeout, SSENoAnswer:
		return Timeout
	case DriftDetected:
		return SchemaDrift
	case CanaryFailed, CanaryError, HealthFailed, ErrorRate:
		return ErrorRateElevated
	case "", RateLimited, BotChallenge, CredentialExpired, BlockedTarget, AgentLost, SelfOverload:
		return NoReason
	default:
		return ProtocolError
	}
}

// Effect returns the state that a cell with this cause argues for, unless the
// server's profile says otherwise (a canary or health URL may be told to down
// a server).
func (c Cause) Effect() State {
	switch c {
	case "":
		return Live
	case AuthBroken, AuthRequired, CredentialRefused, DriftDetected,
		CanaryFailed, CanaryError, HealthFailed, ErrorRate:
		return Degraded
	default:
		if c.Reason() == NoReason {
			return Unknown
		}
		return Down
	}
}
