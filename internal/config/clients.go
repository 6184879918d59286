package config

import (
	"errors"
	"fmt"
	"path"
	"strings"
)

// Bounds on a client configuration file. YAML is bounded more tightly because
// its parser costs more than the size of its input.
const (
	maxClientFile  = 4 << 20
	maxClientYAML  = 1 << 20
	maxEntries     = 1000
	maxListItems   = 1000
	maxValues      = 400_000
	maxDepth       = 64
	maxProblems    = 1000
	maxShownLength = 32
)

// Client names a program that reads MCP servers from a file.
type Client string

// The clients whose files are understood. Unknown accepts the spellings of all.
const (
	ClaudeDesktop Client = "claude-desktop"
	ClaudeCode    Client = "claude-code"
	Cursor        Client = "cursor"
	Cline         Client = "cline"
	Windsurf      Client = "windsurf"
	VSCode        Client = "vscode"
	Continue      Client = "continue"
	Zed           Client = "zed"
	Unknown       Client = "unknown"
)

// Clients lists every client that a file can be read as.
func Clients() []Client {
	return []Client{ClaudeDesktop, ClaudeCode, Cursor, Cline, Windsurf, VSCode, Continue, Zed, Unknown}
}

// The words of [Entry.Transport].
const (
	StreamableHTTP = "streamable-http"
	SSE            = "sse"
	Stdio          = "stdio"
)

// Severity says what a problem does to the client: an error keeps the server
// from starting as meant, a warn may, an info does not.
type Severity string

// The severities, worst first.
const (
	SeverityError Severity = "error"
	SeverityWarn  Severity = "warn"
	SeverityInfo  Severity = "info"
)

// Problem is one thing that is wrong in a file for the program that reads it:
// an MCP client, or AliveMCP itself.
type Problem struct {
	File     string   // only in problems of AliveMCP's own files
	Line     int      // 1-based; 0 when unknown
	Column   int      // 1-based; 0 when unknown
	Field    string   // the field as the file spells it; empty for the whole entry or file
	Message  string   // one sentence with the right spelling; never holds a value that may be secret
	Severity Severity // error, warn or info
}

// Entry is one server of a client's file, as the client would use it. Fields
// with a wrong name are read all the same, and reported in Problems.
type Entry struct {
	Name      string
	Line      int    // 1-based line of the entry; 0 when unknown
	Transport string // "streamable-http", "sse", "stdio"; "" when the client finds it by trying
	URL       string
	Headers   map[string]string // also of a bridge: what it sends to the remote server
	Command   string
	Args      []string
	Env       map[string]string
	EnvFile   string // a file of further environment, which is not read here
	Dir       string
	Disabled  bool
	// Bridge is the remote URL behind a stdio bridge such as mcp-remote.
	Bridge string
	// Unresolved lists the placeholders left in place, sorted, without defaults.
	Unresolved []string
	Problems   []Problem
}

// ClientFile is a client's file as read.
type ClientFile struct {
	Client   Client
	Path     string
	Entries  []Entry   // in the order of the file
	Problems []Problem // those that belong to no entry
}

// ClientOptions says how to read a client's file. The zero value detects the
// client and resolves no placeholder.
type ClientOptions struct {
	// As is the client to read the file as; empty means detect it.
	As Client
	// Lookup gives the value of an environment variable. It is asked only for
	// placeholders that the client itself would expand.
	Lookup func(name string) (string, bool)
}

// ReadClientConfig reads the MCP servers from data, the content of the client
// configuration file at name. A file that can be read but is wrong for its
// client is a value with Problems; an error means that it could not be read at
// all: over 4 MiB (1 MiB of YAML), over 1,000 servers, nested too deeply, not
// JSON or YAML, or options.As unknown. Errors and problems hold no values.
func ReadClientConfig(name string, data []byte, options ClientOptions) (ClientFile, error) {
	file, err := readClientConfig(name, data, options)
	if err != nil {
		return ClientFile{}, fmt.Errorf("reading client configuration %s: %w", name, err)
	}
	return file, nil
}

func readClientConfig(name string, data []byte, options ClientOptions) (ClientFile, error) {
	if len(data) > maxClientFile {
		return ClientFile{}, fmt.Errorf("it has %d bytes, the most is %d", len(data), maxClientFile)
	}
	doc, err := parseDocument(name, data)
	if err != nil {
		return ClientFile{}, err
	}
	client := options.As
	if client == "" {
		client = detect(name, doc)
	}
	d, ok := dialectOf(client, doc.yaml)
	if !ok {
		return ClientFile{}, fmt.Errorf("no client is called %q; one of %v is", shown(string(client)), Clients())
	}
	file := ClientFile{Client: client, Path: name}
	file.Problems = append(file.Problems, syntaxProblems(d, doc)...)
	err = readServers(&file, d, doc.root, options)
	return file, err
}

// parseDocument reads JSON or YAML, by the name's ending, else by the first byte.
func parseDocument(name string, data []byte) (document, error) {
	text := strings.TrimSpace(strings.TrimPrefix(string(data), bom))
	if text == "" {
		return document{}, errors.New("the file is empty")
	}
	switch strings.ToLower(path.Ext(slashed(name))) {
	case ".yaml", ".yml":
		return parseYAML(data)
	case ".json", ".jsonc":
		return parseJSON(data)
	}
	if strings.ContainsAny(text[:1], "{[/") {
		return parseJSON(data)
	}
	return parseYAML(data)
}

// shown makes a name from the file fit for a message: names that are long or
// do not look like names may be secrets in the wrong place and are left out.
func shown(name string) string {
	if name == "" || len(name) > maxShownLength || strings.IndexFunc(name, notInName) >= 0 {
		return "..."
	}
	return name
}

func notInName(r rune) bool {
	return r >= 0x80 || !isAlphanumeric(byte(r)) && !strings.ContainsRune("_-.$", r)
}

// slashed is a path in the spelling of Unix, whatever system wrote it.
func slashed(name string) string { return strings.ReplaceAll(name, `\`, "/") }
