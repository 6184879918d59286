package uptime

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// SourceID names a registry that lists servers.
type SourceID string

// The registries that are read. Which of them need a key is known to their
// adapters.
const (
	SourceOfficial SourceID = "official"
	SourceGitHub   SourceID = "github"
	SourcePulseMCP SourceID = "pulsemcp"
	SourceGlama    SourceID = "glama"
	SourceSmithery SourceID = "smithery"
	SourceTopics   SourceID = "github-topics"
	SourceDocker   SourceID = "docker"
	SourceCline    SourceID = "cline"
	SourceToolSDK  SourceID = "toolsdk"
	SourceMCPSo    SourceID = "mcp.so"
)

// Title is what a registry calls itself; the id of one that is not known.
func (s SourceID) Title() string {
	switch s {
	case SourceOfficial:
		return "Official MCP Registry"
	case SourceGitHub:
		return "GitHub MCP Registry"
	case SourcePulseMCP:
		return "PulseMCP"
	case SourceGlama:
		return "Glama"
	case SourceSmithery:
		return "Smithery"
	case SourceTopics:
		return "GitHub topics"
	case SourceDocker:
		return "Docker MCP Catalog"
	case SourceCline:
		return "Cline Marketplace"
	case SourceToolSDK:
		return "ToolSDK"
	case SourceMCPSo:
		return "MCP.so"
	}
	return string(s)
}

// ListingStatus is what a registry says of its own entry.
type ListingStatus string

const (
	// ListingActive is the state of an entry of which nothing else is said.
	ListingActive ListingStatus = "active"
	// ListingDeprecated entries are still listed and still probed.
	ListingDeprecated ListingStatus = "deprecated"
	// ListingDeleted entries were taken down, usually by moderation: they are not
	// shown and no longer a reason to probe.
	ListingDeleted ListingStatus = "deleted"
)

// Listing is one registry's entry for one address. A record that names three
// addresses is three listings; one that names none is a lead, with an empty URL.
// Every text comes from strangers: it is plain, bounded and free of secrets, but
// not to be trusted.
type Listing struct {
	Source SourceID `json:"source"`
	// Key is the registry's own id of the record, at most 300 bytes. Key, URL and the
	// transport of the endpoint are unique together in a source.
	Key     string `json:"key"`
	Name    string `json:"name"`              // at most 200 bytes
	Title   string `json:"title,omitempty"`   // for people; at most 200 bytes
	Version string `json:"version,omitempty"` // of the record; at most 100 bytes
	// Description is at most 500 bytes of plain text.
	Description string `json:"description,omitempty"`
	// URL is the address as it was listed, without user, and with the values of its
	// query that may be secrets replaced; at most 2 KiB.
	URL string `json:"url,omitempty"`
	// Transport is the registry's own word; at most 40 bytes.
	Transport string         `json:"transport,omitempty"`
	Status    ListingStatus  `json:"status"`
	Note      string         `json:"note,omitempty"`       // what the registry says about Status
	Page      string         `json:"page,omitempty"`       // the entry at the registry, https; to be linked where it is shown
	Code      string         `json:"repository,omitempty"` // where the source is, https
	Headers   []ListedHeader `json:"headers,omitempty"`
	// Variables are those of a templated URL for which a value is given, by name.
	Variables map[string]string `json:"variables,omitempty"`
	// Access is what the registry says about signing in; empty when it says nothing.
	Access    Access    `json:"access,omitempty"`
	Published time.Time `json:"published,omitzero"`
	Updated   time.Time `json:"updated,omitzero"`

	// Endpoint is what the address means. The normaliser sets it; empty for a lead.
	Endpoint EndpointKey `json:"endpoint,omitempty"`
	// FirstSeen, LastSeen and Gone are those of crawls; Gone is zero while it is
	// listed. Changed is when anything but those differed last. The store sets them.
	FirstSeen time.Time `json:"first_seen,omitzero"`
	LastSeen  time.Time `json:"last_seen,omitzero"`
	Changed   time.Time `json:"changed,omitzero"`
	Gone      time.Time `json:"gone,omitzero"`
}

// ListedHeader is a header that a registry says a client must send.
type ListedHeader struct {
	Name     string `json:"name"`
	Required bool   `json:"required,omitempty"`
	Secret   bool   `json:"secret,omitempty"`
}

// EndpointKey names an endpoint: "ep_" and 20 hex digits. The same address has the
// same key in every installation.
type EndpointKey string

// NewEndpointKey returns the key of a canonical address with a transport.
func NewEndpointKey(canonical string, t Transport) EndpointKey {
	sum := sha256.Sum256([]byte(string(t) + "\n" + canonical))
	return EndpointKey("ep_" + hex.EncodeToString(sum[:10]))
}

// EndpointKind says whether an address can be probed, and why not.
type EndpointKind string

const (
	// EndpointRemote can be probed.
	EndpointRemote EndpointKind = "remote"
	// EndpointTemplated has variables without values: only a customer can fill them.
	EndpointTemplated EndpointKind = "templated"
	// EndpointPlaceholder is an example: example.com, your-domain, YOUR_TOKEN.
	EndpointPlaceholder EndpointKind = "placeholder"
	// EndpointLocal is on the reader's own machine or network, or a metadata service.
	EndpointLocal EndpointKind = "local"
	// EndpointJunk is no address of a server at all.
	EndpointJunk EndpointKind = "junk"
)

// Endpoint is a canonical address with a transport; many listings can name one.
type Endpoint struct {
	Key  EndpointKey  `json:"key"`
	Kind EndpointKind `json:"kind"`
	// Why says in a few words why it is not probed; empty for EndpointRemote.
	Why string `json:"why,omitempty"`
	// URL is the canonical address: RFC 3986 section 6, without a trailing slash and
	// without parameters that only track.
	URL string `json:"url"`
	// Probe is the form that is dialled: as most listings have it.
	Probe     string    `json:"probe,omitempty"`
	Transport Transport `json:"transport,omitempty"` // empty: find out
	// Service is what endpoints of one server with different transports share.
	Service string `json:"service,omitempty"`
	Host    string `json:"host,omitempty"` // lower case, punycode, with a port that is not the scheme's own
	// Platform is who runs it for many: the registrable domain, private suffixes
	// counted, or the name of a known platform.
	Platform string `json:"platform,omitempty"`
	// Tunnel marks hosts of tunnels and wildcard DNS, which are expected to be gone.
	Tunnel bool `json:"tunnel,omitempty"`
	// SignIn says that a listing announces that a sign-in is needed.
	SignIn bool `json:"sign_in,omitempty"`
	// Optout says that the owner does not want to be probed.
	Optout    bool      `json:"optout,omitempty"`
	FirstSeen time.Time `json:"first_seen,omitzero"`
	LastSeen  time.Time `json:"last_seen,omitzero"`
	// Gone is since when no listing names it; zero while one does.
	Gone time.Time `json:"gone,omitzero"`
	// Listings is how many listings name it now.
	Listings int `json:"listings"`
	// Server is the monitored server that it is; empty when it is not monitored.
	Server ServerID `json:"server,omitempty"`
}

// OwnersFile is what the owner of a host said there about being probed.
type OwnersFile struct {
	Origin string    // scheme://host
	Asked  time.Time // the last time
	Optout bool
	// Missing is since when the file of a host that opted out is not there; zero while
	// it is.
	Missing time.Time
}

// CrawlState says how a crawl ended.
type CrawlState string

const (
	// CrawlRunning is a crawl that has not ended. What it found is not shown.
	CrawlRunning CrawlState = "running"
	// CrawlDone has been taken over.
	CrawlDone CrawlState = "done"
	// CrawlHeld was complete by itself, but so much less than the last one that it
	// was not taken over: the last known good stays.
	CrawlHeld CrawlState = "held"
	// CrawlFailed could not be brought to its end. The last known good stays.
	CrawlFailed CrawlState = "failed"
	// CrawlNone is a source that is not read; Why says what is missing.
	CrawlNone CrawlState = "not_crawled"
)

// Crawl is one reading of one source.
type Crawl struct {
	ID     string     `json:"id"` // "crawl_" and 16 hex digits
	Source SourceID   `json:"source"`
	State  CrawlState `json:"state"`
	Why    string     `json:"why,omitempty"`
	// Access says how it was read: "open", "key", or empty when it was not.
	Access string    `json:"access,omitempty"`
	Began  time.Time `json:"began"`
	Ended  time.Time `json:"ended,omitzero"`
	// Since is set for a crawl of changes alone: from when.
	Since    time.Time `json:"since,omitzero"`
	Pages    int       `json:"pages"`
	Records  int       `json:"records"`
	Listings int       `json:"listings"` // with an address
	Bytes    int64     `json:"bytes"`
	// Previous is how many listings the last good full crawl had; 0 for none.
	Previous int `json:"previous,omitempty"`
	// Hash is SHA-256, in hex, over the hashes of all pages in order.
	Hash string `json:"hash,omitempty"`
	// Refused counts records that could not be read, by reason.
	Refused map[string]int `json:"refused,omitempty"`
	// Accepted says that somebody took over what would have been held.
	Accepted bool `json:"accepted,omitempty"`
	// Cut says that the process ended before the crawl did: that says nothing of the
	// source.
	Cut bool `json:"cut,omitempty"`
	// Off says that the operator does not want the source to be read any more.
	Off bool `json:"off,omitempty"`
}

// CrawlLoss is what would be gone if a crawl were taken over: of what is listed now,
// and of what was listed when the oldest and the largest of the good full crawls of
// late ended, which may be one.
type CrawlLoss struct{ Now, Oldest, Largest Loss }

// Loss counts addresses of records, whatever their transport.
type Loss struct {
	At           time.Time // zero for now, and when there was no crawl
	Listed, Lost int
}

// SourceStatus is what is known of a source.
type SourceStatus struct {
	ID   SourceID
	Last Crawl // the newest of any state; zero for none yet
	Good Crawl // the newest that was taken over; zero for none
	// Full is when the newest good crawl of everything began; zero for none, also since
	// the source was switched off: nobody knows what it lists.
	Full time.Time
	// Listings and Endpoints are what is listed now.
	Listings, Endpoints int
}

// ListingChange is one thing that became of a listing.
type ListingChange struct {
	At      time.Time `json:"at"`
	What    string    `json:"what"` // added, changed, gone or back
	Source  SourceID  `json:"source"`
	Name    string    `json:"name"`
	Version string    `json:"version,omitempty"`
}

// EndpointCount is how many endpoints have something in common.
type EndpointCount struct {
	Kind      EndpointKind `json:"kind,omitempty"`
	Platform  string       `json:"platform,omitempty"`
	Endpoints int          `json:"endpoints"`
	Listings  int          `json:"listings"`
}

// ListingQuery chooses listings, by name and address. Zero values choose all.
type ListingQuery struct {
	Search   string // words that name, title, address or host contain; at most 100 bytes
	Source   SourceID
	Kind     EndpointKind
	Platform string
	Endpoint EndpointKey
	Gone     bool // also those that are not listed any more
	// After is the place where the page before ended; Limit is 1 to 1,000.
	After string
	Limit int
}

// EndpointQuery chooses endpoints. Zero values choose all.
type EndpointQuery struct {
	Search   string
	Source   SourceID
	Kind     EndpointKind
	Platform string
	Gone     bool
	After    EndpointKey // endpoints are in the order of their keys
	Limit    int         // 1 to 10,000
}
