package probe

import (
	"github.com/alivemcp/alivemcp/internal/mcpwire"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Findings of the probe itself; those of the wire have the ids of mcpwire's
// notes, those of sign-in are made in discovery.go, and those of single tools
// those of toolFinding.
const (
	findSessionExpiry      = "session_expiry_not_404"
	findDeleteFailed       = "session_delete_failed"
	findSessionNotDeleted  = "session_not_deleted"
	findInitializedNot202  = "initialized_not_202"
	findInitializedBody    = "initialized_with_body"
	findDiscover5xx        = "discover_server_error"
	findRedirected         = "redirected"
	findSSEOnly            = "http_sse_only"
	findTLSExpiresSoon     = "tls_expires_soon"
	findTLSSecondHello     = "tls_second_hello"
	findHTTP2Only          = "http2_only"
	findEmptyCursor        = "empty_cursor"
	findAuth200            = "auth_200_error"
	findAuthMixed          = "auth_mixed"
	findAuthOptional       = "auth_optional"
	findAuthNotEnforced    = "auth_not_enforced"
	findAuthBypass         = "auth_bypass"
	findAuthErrorLeak      = "auth_error_leak"
	findResultType         = "result_type_missing"
	findCacheHints         = "cache_fields_invalid"
	findModernIdentity     = "server_info_missing"
	findModernSession      = "modern_session_id"
	findToolsOrder         = "tools_order_unstable"
	findToolsUnstable      = "tools_unstable"
	findBadVersionAccepted = "version_header_ignored"
	findPromptFailed       = "prompt_failed"
	findPromptEmpty        = "prompt_empty"
	findResourcesBroken    = "resources_failed"
	findCompletionSlow     = "completion_slow"
	findCompletionBroken   = "completion_failed"
	findBaselineUnreadable = "baseline_unreadable"
	findDriftHarmless      = "drift_harmless"
	findNoExit             = "no_exit_on_eof"
	findExitWhileOpen      = "exited_early"
	findHeavyContract      = "heavy_contract"
	findHealthBlocked      = "health_blocked"
)

// kindOfFinding is what is always the same about a finding.
type kindOfFinding struct {
	severity uptime.Severity
	message  string
	spec     string
}

const (
	specTransport = "2025-11-25 basic/transports, Streamable HTTP"
	specModern    = "2026-07-28 basic/transports/streamable-http"
	specLifecycle = "2025-11-25 basic/lifecycle"
	specSession   = "2025-11-25 basic/transports, Session Management"
	specStdio     = "2025-11-25 basic/transports, stdio"
	specTools     = "2025-11-25 server/tools"
)

// findingKinds is the catalogue.
func findingKinds() map[string]kindOfFinding {
	const fails, warn, info = uptime.SeverityFail, uptime.SeverityWarn, uptime.SeverityInfo
	return map[string]kindOfFinding{
		findSessionExpiry:      {warn, "a session that has ended must be answered 404; on anything else clients do not start a new one", specSession},
		findDeleteFailed:       {warn, "the server does not let a client end its session: sessions pile up until they time out", specSession},
		findSessionNotDeleted:  {warn, "the session still works after it was deleted; clients cannot rely on its end", specSession},
		findInitializedNot202:  {warn, "a notification should be answered 202 without a body; strict clients stop here", specTransport + ", Sending Messages to the Server"},
		findInitializedBody:    {warn, "the 202 to a notification should have no body; strict clients stop here", specTransport + ", Sending Messages to the Server"},
		findDiscover5xx:        {warn, "the server fails with 5xx on a method that it does not know; some clients of both eras give up there", specModern + ", Backward Compatibility"},
		findRedirected:         {warn, "requests are redirected; many clients do not follow, and some lose their credentials", "RFC 9110 section 15.4"},
		findSSEOnly:            {info, "the server speaks only HTTP+SSE, which is deprecated since revision 2025-03-26", "2025-03-26 basic/transports, Backwards Compatibility"},
		findTLSExpiresSoon:     {warn, "the certificate expires soon", "RFC 5280 section 4.1.2.5"},
		findTLSSecondHello:     {warn, "the TLS handshake succeeds only with a large ClientHello; some clients will fail", "RFC 8446 section 4.1.2"},
		findHTTP2Only:          {info, "the server speaks only HTTP/2", "RFC 9113 section 3.2"},
		findEmptyCursor:        {info, "an empty nextCursor stands for the end; the modern revision takes it for another page", "2026-07-28 server/utilities/pagination"},
		findAuth200:            {fails, "the refusal of strangers comes with HTTP 200, so clients never start to sign in; answer 401 with WWW-Authenticate", "2025-11-25 basic/authorization, Error Handling"},
		findAuthMixed:          {warn, "sign-in is asked for only after the handshake; some clients never start it there", "2025-11-25 basic/authorization, Protocol Requirements"},
		findAuthOptional:       {info, "the server serves strangers and announces a sign-in at the same time; clients ignore the announcement", "RFC 9110 section 11.6.1"},
		findAuthNotEnforced:    {warn, "a credential is configured, and the server serves strangers all the same", "2025-11-25 basic/authorization, Access Token Usage"},
		findAuthBypass:         {fails, "the server accepts a made-up token", "2025-11-25 basic/authorization, Token Handling"},
		findAuthErrorLeak:      {fails, "the server fails with 5xx on a made-up token instead of answering 401", "2025-11-25 basic/authorization, Token Handling"},
		findResultType:         {warn, "a modern result should say its resultType", "2026-07-28 basic/index, Results"},
		findCacheHints:         {warn, "a modern list result must carry ttlMs (0 or more) and cacheScope (public or private)", "2026-07-28 server/utilities/caching"},
		findModernIdentity:     {info, "the server does not name itself in _meta", "2026-07-28 basic/index, serverInfo"},
		findModernSession:      {warn, "a modern server must not hand out a session id", specModern + ", Backward Compatibility"},
		findToolsOrder:         {warn, "the same list came in another order the second time; caches and diffs suffer", "2026-07-28 server/tools, Listing Tools"},
		findToolsUnstable:      {warn, "two listings within a second differ", specTools + ", Listing Tools"},
		findBadVersionAccepted: {warn, "a revision that does not exist is accepted; it must be answered 400", "2025-06-18 basic/transports, Protocol Version Header"},
		findPromptFailed:       {warn, "prompts are declared and do not work", "2025-11-25 server/prompts"},
		findPromptEmpty:        {warn, "a prompt expands to nothing: the data behind it are gone", "2025-11-25 server/prompts"},
		findResourcesBroken:    {warn, "resources are declared and do not work", "2025-11-25 server/resources"},
		findCompletionSlow:     {warn, "a completion took longer than 100 ms; clients that complete while typing give up", "2025-11-25 server/utilities/completion"},
		findCompletionBroken:   {warn, "completions are declared and do not work", "2025-11-25 server/utilities/completion"},
		findBaselineUnreadable: {warn, "the accepted contract cannot be read, so nothing was compared", ""},
		findDriftHarmless:      {info, "the tools changed since the contract was accepted, without breaking it", ""},
		findNoExit:             {warn, "the process does not leave when its standard input closes", specStdio + ", Shutdown"},
		findExitWhileOpen:      {warn, "the process left before its standard input was closed", specStdio},
		findHeavyContract:      {info, "the tools are heavy: every agent loads all of this before its first call", specTools},
		findHealthBlocked:      {warn, "a health URL leads to an address that is not contacted, so it was not looked at", ""},

		mcpwire.NoteCompressed:        {warn, "the answer is compressed although identity was asked for", "RFC 9110 section 12.5.3"},
		mcpwire.NoteNoContentType:     {warn, "the answer has no Content-Type; strict clients refuse it", specTransport + ", Sending Messages to the Server"},
		mcpwire.NoteStreamNotClosed:   {warn, "the event stream stays open after the answer", specTransport + ", Sending Messages to the Server"},
		mcpwire.NoteUnterminatedFrame: {warn, "the last event lacks the blank line that ends it; browsers' and many clients' parsers drop it", "WHATWG HTML section 9.2.6"},
		mcpwire.NoteServerRequest:     {info, "the server sends requests of its own while it answers", specTransport + ", Sending Messages to the Server"},
		mcpwire.NoteForeignAnswer:     {warn, "answers to requests that were not made appear on the stream", "JSON-RPC 2.0 section 5"},
		mcpwire.NoteSessionCharacters: {fails, "the session id holds characters other than visible ASCII", specSession},
	}
}

// finding makes a finding of the catalogue. Detail says what was seen this
// time.
func (p *Prober) finding(id, detail string) uptime.Finding {
	k, ok := p.catalogue[id]
	if !ok {
		k = kindOfFinding{severity: uptime.SeverityInfo}
	}
	return uptime.Finding{ID: id, Severity: k.severity, Message: joinWords(k.message, detail), Spec: k.spec}
}

func joinWords(message, detail string) string {
	switch {
	case detail == "":
		return message
	case message == "":
		return detail
	}
	return message + " (" + detail + ")"
}

// toolFinding sums up drift's problems under the ids that people see.
func toolFinding(problem string) string {
	switch problem {
	case "name_missing", "name_invalid":
		return "tool_name_invalid"
	case "name_duplicate":
		return "tool_name_duplicate"
	case "description_missing", "description_not_string":
		return "tool_description_missing"
	case "json_invalid", "tool_null", "tool_not_object":
		return "tool_entry_invalid"
	case "title_not_string", "annotations_not_object":
		return "tool_wording_invalid"
	}
	return "tool_schema_invalid"
}

// findTool adds a finding about single tools. Fatal ones make strict clients
// drop the whole list.
func (a *attempt) findTool(id string, fatal bool, detail string) {
	if a.noted[id] {
		return
	}
	a.noted[id] = true
	f := uptime.Finding{ID: id, Severity: uptime.SeverityWarn, Message: detail, Spec: specTools + ", Data Types"}
	if fatal {
		f.Severity = uptime.SeverityFail
		f.Message += "; strict clients drop the whole list for it"
	}
	a.res.Findings = append(a.res.Findings, f)
}

func severityRank(s uptime.Severity) int {
	switch s {
	case uptime.SeverityFail:
		return 0
	case uptime.SeverityWarn:
		return 1
	case uptime.SeverityInfo:
	}
	return 2
}
