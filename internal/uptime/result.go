package uptime

import "time"

// Step names a part of a probe that is timed and judged apart.
type Step string

// The steps in the order in which they run. Which of them run depends on era,
// transport and profile.
const (
	StepDNS         Step = "dns"
	StepTCP         Step = "tcp"
	StepTLS         Step = "tls"
	StepSpawn       Step = "spawn" // stdio: start the process
	StepDiscover    Step = "discover"
	StepStream      Step = "stream" // HTTP+SSE: open the stream, read the endpoint event
	StepInitialize  Step = "initialize"
	StepInitialized Step = "initialized"
	StepTools       Step = "tools"
	StepAuth        Step = "auth"
	StepCanary      Step = "canary"
	StepResources   Step = "resources"
	StepPrompts     Step = "prompts"
	StepCompletion  Step = "completion"
	StepHealth      Step = "health"
	StepClose       Step = "close"
)

// StepStatus says how a step ended.
type StepStatus string

const (
	// StepPass means that the step's rule held.
	StepPass StepStatus = "pass"
	// StepFail means that it did not.
	StepFail StepStatus = "fail"
	// StepSkip means that the step did not apply; its detail says why.
	StepSkip StepStatus = "skip"
)

// StepResult is how one step went.
type StepResult struct {
	Name   Step
	Status StepStatus
	Took   time.Duration
	Detail string // for people; never an address, never a secret
}

// Failure is what was wrong with one attempt.
type Failure struct {
	Cause  Cause  `json:"cause"`
	Step   Step   `json:"step,omitempty"`
	Detail string `json:"detail,omitempty"`
	// Effect is the state that this failure argues for: Down, Degraded or
	// Unknown. It is Cause.Effect unless the profile says otherwise.
	Effect State `json:"effect"`
}

// Reason returns the word that alerts route by.
func (f *Failure) Reason() Reason { return f.Cause.Reason() }

// Severity grades a finding.
type Severity string

const (
	// SeverityFail breaks clients or the specification's MUST.
	SeverityFail Severity = "fail"
	// SeverityWarn breaks some clients or the specification's SHOULD.
	SeverityWarn Severity = "warn"
	// SeverityInfo is worth knowing.
	SeverityInfo Severity = "info"
)

// Finding is something that a probe noticed about a server, apart from whether
// it is up.
type Finding struct {
	ID       string // snake_case, stable
	Severity Severity
	Message  string
	Spec     string // the section of the specification that it rests upon
}

// ToolSet describes what tools/list brought.
type ToolSet struct {
	Count        int
	Hash         string // "sha256:" and hex; see package drift
	ContractHash string
	Bytes        int // what an agent loads, in canonical form
	Tokens       int // estimate
	Pages        int
	// Raw are the tool objects as they came, in wire order. Empty when the probe
	// found the list unchanged and was not asked to keep it.
	Raw [][]byte
}

// TLSInfo describes the certificate that the server showed.
type TLSInfo struct {
	NotAfter time.Time
	Issuer   string
	Version  string // such as TLS 1.3
}

// AuthChain is what OAuth discovery found, link by link.
type AuthChain struct {
	// Status is the HTTP status that a client without credentials got.
	Status int
	// Challenge is the scheme of WWW-Authenticate; empty when it was not sent.
	Challenge string
	// ResourceMetadata is the URL where RFC 9728 metadata was found.
	ResourceMetadata string
	// AuthorizationServer is the issuer that was followed.
	AuthorizationServer string
	// TokenEndpoint is where tokens are had.
	TokenEndpoint string
	Scopes        []string
	// PKCE says that S256 is offered.
	PKCE bool
	// Registration lists the ways for a client to register: cimd, dcr, manual.
	Registration []string
	// ClientCredentials says that machines can sign in by themselves.
	ClientCredentials bool
	// Broken says which link broke; empty when the chain holds.
	Broken string
	// Unfinished says that the chain was not followed to its end, and that this is
	// not the server's fault: there was no time, or somebody limited us.
	Unfinished bool
}

// Redirect is where a server sends those who ask it.
type Redirect struct {
	// To is the last address that was named, without secrets.
	To string
	// Permanent says that every hop was for good: 301 or 308.
	Permanent bool
	// Refused says that To is not public, and that nobody was contacted there.
	Refused bool
}

// Timings are measured on the attempt's own connection. Zero means not reached.
type Timings struct {
	DNS, TCP, TLS time.Duration
	// FirstByte is from the first request to the first byte of its answer.
	FirstByte time.Duration
	// Handshake is from the first byte of the handshake that succeeded until it
	// was complete: initialize and initialized, or discover.
	Handshake time.Duration
	Tools     time.Duration
	Total     time.Duration
}

// Exchange is one request and its answer, redacted and cut to size.
type Exchange struct {
	At       time.Duration // since the attempt began
	Took     time.Duration
	Request  string
	Response string // or the error that took its place
}

// Result is the evidence of one attempt. A probe that fails is a Result with a
// Failure, never a Go error.
type Result struct {
	Started   time.Time
	Region    string
	Transport Transport
	Era       Era
	// Version is the protocol revision that was negotiated.
	Version      string
	ServerName   string
	ServerVer    string
	Capabilities []string // sorted
	Access       Access
	Failure      *Failure // nil: every step passed
	Steps        []StepResult
	Timings      Timings
	Tools        *ToolSet // nil: not listed
	TLS          *TLSInfo
	Auth         *AuthChain
	Redirect     *Redirect // nil: none
	Findings     []Finding
	// Transcript is kept when the attempt failed or was asked to keep it.
	Transcript []Exchange
	// BytesRead counts what was read from the server, for the guest's manners.
	BytesRead int64
}

// Cell is one server, one region, one cycle: up to three attempts.
type Cell struct {
	Tenant TenantID
	Server ServerID
	Region string
	// Cycle is the beginning of the cycle; zero for a look outside of cycles.
	Cycle    time.Time
	Attempts []Result
}

// Last returns the attempt that decides the cell; the zero Result when there is
// none.
func (c Cell) Last() Result {
	if len(c.Attempts) == 0 {
		return Result{}
	}
	return c.Attempts[len(c.Attempts)-1]
}
