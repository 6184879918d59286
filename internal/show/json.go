package show

import (
	"encoding/json"
	"io"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// CheckSchema names the shape of Report. Fields may be added to it; a change
// that breaks a reader gets a new name.
const CheckSchema = "alivemcp.check/v1"

// Report is a Check as JSON. It is a contract: scripts read it. Lists are never
// null; milliseconds have at most three decimals.
type Report struct {
	// Schema is CheckSchema.
	Schema string `json:"schema"`
	// Target is the URL, or the command line of a stdio server, without secrets.
	Target string `json:"target"`
	// State is unknown, live, degraded or down.
	State uptime.State `json:"state"`
	// Access is open, auth_walled, auth_custom, auth_broken, or empty when the
	// server did not get so far.
	Access uptime.Access `json:"access"`
	// Transport is streamable-http, sse, stdio, or empty when not found out.
	Transport uptime.Transport `json:"transport"`
	// Era is legacy, modern, or empty when not found out.
	Era uptime.Era `json:"era"`
	// ProtocolVersion is the revision that was negotiated, such as 2025-11-25.
	ProtocolVersion string `json:"protocol_version"`
	// Server is how the server introduced itself.
	Server ServerReport `json:"server"`
	// Capabilities are the names that the server declared, sorted.
	Capabilities []string `json:"capabilities"`
	// Failure explains a state other than live; null otherwise.
	Failure *FailureReport `json:"failure"`
	// Tools describes what tools/list brought; null when it was not looked at.
	Tools *ToolsReport `json:"tools"`
	// Steps are the parts of the attempt in the order in which they ran.
	Steps []StepReport `json:"steps"`
	// Timings sum the attempt up; 0 means not reached.
	Timings TimingsReport `json:"timings"`
	// TLS describes the certificate; null without TLS.
	TLS *TLSReport `json:"tls"`
	// Auth is the chain of sign-in, link by link; null when there is none.
	Auth *AuthReport `json:"auth"`
	// Findings are what was noticed apart from the state.
	Findings []FindingReport `json:"findings"`
	// Grade is A to F, or empty when nothing could be learned.
	Grade string `json:"grade"`
	// Attempts is how often the server was tried.
	Attempts int `json:"attempts"`
	// StartedAt is when the attempt that decided began: RFC 3339, UTC.
	StartedAt string `json:"started_at"`
	// Region is where the check ran from; local for the command line.
	Region string `json:"region"`
	// Transcript is there when it was asked for.
	Transcript []ExchangeReport `json:"transcript,omitempty"`
}

// ServerReport is serverInfo.
type ServerReport struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// FailureReport is what was wrong.
type FailureReport struct {
	// Reason is one of five words to route by; empty when the cause is no
	// evidence against the server.
	Reason uptime.Reason `json:"reason"`
	// Cause is one of a closed list.
	Cause uptime.Cause `json:"cause"`
	// Step is where it happened.
	Step uptime.Step `json:"step"`
	// Detail is for people.
	Detail string `json:"detail"`
}

// ToolsReport describes a tool contract.
type ToolsReport struct {
	Count int `json:"count"`
	// Hash covers all that an agent reads: names, texts, schemas, annotations.
	Hash string `json:"hash"`
	// ContractHash covers names and schemas only.
	ContractHash string `json:"contract_hash"`
	// Bytes is the size of the contract in canonical form.
	Bytes int `json:"bytes"`
	// Pages is how many answers it took to list them.
	Pages int `json:"pages"`
}

// StepReport is how one step went.
type StepReport struct {
	Name uptime.Step `json:"name"`
	// Status is pass, fail or skip.
	Status uptime.StepStatus `json:"status"`
	MS     float64           `json:"ms"`
	Detail string            `json:"detail"`
}

// TimingsReport sums up an attempt in milliseconds.
type TimingsReport struct {
	DNS       float64 `json:"dns_ms"`
	TCP       float64 `json:"tcp_ms"`
	TLS       float64 `json:"tls_ms"`
	FirstByte float64 `json:"first_byte_ms"`
	Handshake float64 `json:"handshake_ms"`
	Tools     float64 `json:"tools_ms"`
	Total     float64 `json:"total_ms"`
}

// TLSReport describes the server's certificate.
type TLSReport struct {
	// NotAfter is RFC 3339, UTC.
	NotAfter string `json:"not_after"`
	// DaysLeft is in whole days, counted from started_at; negative when expired.
	DaysLeft int    `json:"days_left"`
	Issuer   string `json:"issuer"`
}

// AuthReport is the chain of sign-in (RFC 9728, RFC 8414).
type AuthReport struct {
	// Status is the HTTP status that a client without credentials got.
	Status int `json:"status"`
	// Challenge is the scheme of WWW-Authenticate.
	Challenge           string   `json:"challenge"`
	ResourceMetadata    string   `json:"resource_metadata"`
	AuthorizationServer string   `json:"authorization_server"`
	TokenEndpoint       string   `json:"token_endpoint"`
	Scopes              []string `json:"scopes"`
	PKCE                bool     `json:"pkce"`
	// Registration lists cimd, dcr, manual.
	Registration      []string `json:"registration"`
	ClientCredentials bool     `json:"client_credentials"`
	// Broken says which link broke; empty when the chain holds.
	Broken string `json:"broken"`
}

// FindingReport is one thing that was noticed.
type FindingReport struct {
	ID string `json:"id"`
	// Severity is fail, warn or info.
	Severity uptime.Severity `json:"severity"`
	Message  string          `json:"message"`
	// Spec is the section that the finding rests upon.
	Spec string `json:"spec"`
}

// ExchangeReport is one request and its answer, redacted.
type ExchangeReport struct {
	// AtMS is counted from the beginning of the attempt.
	AtMS     float64 `json:"at_ms"`
	MS       float64 `json:"ms"`
	Request  string  `json:"request"`
	Response string  `json:"response"`
}

// NewReport returns c as JSON readers see it.
func NewReport(c Check) Report {
	r := c.Result
	return Report{
		Schema: CheckSchema, Target: c.Target, State: c.State,
		Access: r.Access, Transport: r.Transport, Era: r.Era, ProtocolVersion: r.Version,
		Server:       ServerReport{Name: r.ServerName, Version: r.ServerVer},
		Capabilities: orEmpty(r.Capabilities),
		Failure:      failureReport(c.Failure), Tools: toolsReport(r.Tools),
		Steps: stepReports(r.Steps), Timings: timingsReport(r.Timings),
		TLS: tlsReport(r.TLS, r.Started), Auth: authReport(r.Auth),
		Findings: findingReports(r.Findings),
		Grade:    c.Grade, Attempts: c.Attempts,
		StartedAt: r.Started.UTC().Format(time.RFC3339Nano), Region: r.Region,
	}
}

func writeJSON(w io.Writer, checks []Check, st Style) error {
	reports := make([]Report, len(checks))
	for i, c := range checks {
		reports[i] = NewReport(c)
		if st.Transcript {
			reports[i].Transcript = exchangeReports(c.Result.Transcript)
		}
	}
	switch {
	case len(reports) != 1:
		return encode(w, reports)
	case st.Compact:
		return json.NewEncoder(w).Encode(reports[0])
	}
	return encode(w, reports[0])
}

// encode writes v as indented JSON and a line feed.
func encode(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func orEmpty(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// ms is d in milliseconds, to the microsecond.
func ms(d time.Duration) float64 { return float64(d.Round(time.Microsecond)) / 1e6 }

func failureReport(f *uptime.Failure) *FailureReport {
	if f == nil {
		return nil
	}
	return &FailureReport{Reason: f.Reason(), Cause: f.Cause, Step: f.Step, Detail: f.Detail}
}

func toolsReport(t *uptime.ToolSet) *ToolsReport {
	if t == nil {
		return nil
	}
	return &ToolsReport{Count: t.Count, Hash: t.Hash, ContractHash: t.ContractHash, Bytes: t.Bytes, Pages: t.Pages}
}

func stepReports(steps []uptime.StepResult) []StepReport {
	out := make([]StepReport, len(steps))
	for i, s := range steps {
		out[i] = StepReport{Name: s.Name, Status: s.Status, MS: ms(s.Took), Detail: s.Detail}
	}
	return out
}

func timingsReport(t uptime.Timings) TimingsReport {
	return TimingsReport{
		DNS: ms(t.DNS), TCP: ms(t.TCP), TLS: ms(t.TLS), FirstByte: ms(t.FirstByte),
		Handshake: ms(t.Handshake), Tools: ms(t.Tools), Total: ms(t.Total),
	}
}

func tlsReport(t *uptime.TLSInfo, now time.Time) *TLSReport {
	if t == nil {
		return nil
	}
	return &TLSReport{NotAfter: t.NotAfter.UTC().Format(time.RFC3339), DaysLeft: daysLeft(t.NotAfter, now), Issuer: t.Issuer}
}

// daysLeft rounds down: with minus half a day left it is -1.
func daysLeft(end, now time.Time) int {
	left := end.Sub(now)
	days := int(left / (24 * time.Hour))
	if left < 0 && left%(24*time.Hour) != 0 {
		days--
	}
	return days
}

func authReport(a *uptime.AuthChain) *AuthReport {
	if a == nil {
		return nil
	}
	return &AuthReport{
		Status: a.Status, Challenge: a.Challenge, ResourceMetadata: a.ResourceMetadata,
		AuthorizationServer: a.AuthorizationServer, TokenEndpoint: a.TokenEndpoint,
		Scopes: orEmpty(a.Scopes), PKCE: a.PKCE, Registration: orEmpty(a.Registration),
		ClientCredentials: a.ClientCredentials, Broken: a.Broken,
	}
}

func findingReports(findings []uptime.Finding) []FindingReport {
	out := make([]FindingReport, len(findings))
	for i, f := range findings {
		out[i] = FindingReport{ID: f.ID, Severity: f.Severity, Message: f.Message, Spec: f.Spec}
	}
	return out
}

func exchangeReports(list []uptime.Exchange) []ExchangeReport {
	out := make([]ExchangeReport, len(list))
	for i, x := range list {
		out[i] = ExchangeReport{AtMS: ms(x.At), MS: ms(x.Took), Request: x.Request, Response: x.Response}
	}
	return out
}
