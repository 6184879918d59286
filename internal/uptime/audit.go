package uptime

import "time"

// AuditRunID names a run of the audit.
type AuditRunID string

// AuditRun is one count of everything that is listed: Rounds looks at every
// endpoint from every region, Gap apart.
type AuditRun struct {
	ID      AuditRunID    `json:"id"` // such as 2026-q4, given by whoever runs it
	Began   time.Time     `json:"began"`
	Ended   time.Time     `json:"ended,omitzero"` // zero while jobs are open
	Rounds  int           `json:"rounds"`
	Gap     time.Duration `json:"gap"`
	Regions []Region      `json:"regions"`
	// Sample is how many endpoints were drawn, with Seed; 0 for all.
	Sample int    `json:"sample,omitempty"`
	Seed   uint64 `json:"seed,omitempty"`
	// Population is how many endpoints there were to draw from, Optouts how many were
	// left out before because their owners do not want to be probed.
	Population int `json:"population,omitempty"`
	Optouts    int `json:"optouts,omitempty"`
	// Endpoints is how many are counted, those that are not probed included.
	Endpoints int     `json:"endpoints"`
	Rate      float64 `json:"rate"` // looks a second
	// Timeout bounds one attempt; zero in older runs.
	Timeout time.Duration `json:"timeout,omitempty"`
	// Version is the program's, Command what was typed, without secrets.
	Version string `json:"version"`
	Command string `json:"command"`
	// Crawls are those that the endpoints came from, and the sources that were not
	// read.
	Crawls []Crawl `json:"crawls"`
}

// AuditTarget is an endpoint as it was when the run began, with what was said of
// it: what the report needs, when the registries have long changed.
type AuditTarget struct {
	Endpoint
	// Sources are the registries that listed it, sorted. Names are the names that
	// it had there, at most ten.
	Sources []SourceID `json:"sources"`
	Names   []string   `json:"names,omitempty"`
	// ListedVersion and ListedTransport are what the newest listing said.
	ListedVersion   string `json:"listed_version,omitempty"`
	ListedTransport string `json:"listed_transport,omitempty"`
	// Disagree are the aspects on which its listings do not agree: transport, sign_in,
	// version, name. Compared says that they were compared; in older runs they were
	// not.
	Disagree []string `json:"listings_disagree,omitempty"`
	Compared bool     `json:"listings_compared,omitempty"`
	// Demo says that a published token was tried in the rounds.
	Demo bool `json:"demo,omitempty"`
}

// AuditLook is what one look at one endpoint from one region in one round showed.
type AuditLook struct {
	Endpoint EndpointKey `json:"endpoint"`
	Round    int         `json:"round"` // from 1
	Region   string      `json:"region"`
	At       time.Time   `json:"at"`
	State    State       `json:"state"`
	Cause    Cause       `json:"cause,omitempty"`
	// Failed is the step that failed. Status is the HTTP status of the answer that
	// decided, 0 for none.
	Failed Step   `json:"failed,omitempty"`
	Status int    `json:"status,omitempty"`
	Access Access `json:"access,omitempty"`
	// AuthBroken says which link of the OAuth chain broke; AuthChain that there was
	// metadata.
	AuthBroken string    `json:"auth_broken,omitempty"`
	AuthChain  bool      `json:"auth_chain,omitempty"`
	Transport  Transport `json:"transport,omitempty"`
	Era        Era       `json:"era,omitempty"`
	Version    string    `json:"version,omitempty"` // the protocol revision
	ServerName string    `json:"server_name,omitempty"`
	ServerVer  string    `json:"server_version,omitempty"`
	// SDK is a guess at the library behind it, from what it answers; empty for none.
	SDK string `json:"sdk,omitempty"`
	// Tools, ToolsHash and ContractHash describe the list. Malformed says what is
	// wrong with it, as finding ids.
	Tools        int      `json:"tools,omitempty"`
	ToolsHash    string   `json:"tools_hash,omitempty"`
	ContractHash string   `json:"contract_hash,omitempty"`
	Malformed    []string `json:"malformed,omitempty"`
	// Handshake and Total are in milliseconds.
	Handshake int `json:"handshake_ms,omitempty"`
	Total     int `json:"total_ms,omitempty"`
	Attempts  int `json:"attempts,omitempty"`
	// Demo is the state that the look with the published token had; empty when
	// there was none.
	Demo State `json:"demo,omitempty"`
}

// AuditBucket is where an endpoint is counted: exactly one each.
type AuditBucket string

// The buckets. The audit's decision table, which the report prints, says which
// looks lead to which.
const (
	BucketStable       AuditBucket = "healthy_stable"
	BucketDrift        AuditBucket = "healthy_drift"
	BucketRegional     AuditBucket = "regionally_degraded"
	BucketCredentialed AuditBucket = "credentialed_degraded"
	BucketAuthProper   AuditBucket = "auth_proper"
	BucketAuthCustom   AuditBucket = "auth_custom"
	BucketAuthBroken   AuditBucket = "auth_broken"
	BucketDead         AuditBucket = "dead"
	BucketNotMCP       AuditBucket = "not_mcp"
	BucketMalformed    AuditBucket = "schema_malformed"
	BucketTemplated    AuditBucket = "templated"
	BucketLimited      AuditBucket = "limited"
	// BucketUnknown is an endpoint that we could not judge through no fault of its
	// own: rounds are missing, or we suspected ourselves. It counts in the unknown
	// share, with BucketLimited.
	BucketUnknown AuditBucket = "unknown"
)
