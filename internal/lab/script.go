package lab

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// Protocol revisions that the scripted servers speak.
const (
	revision2024   = "2024-11-05"
	revision2025   = "2025-11-25"
	revisionModern = "2026-07-28"
)

// call is a request and where it arrived. The JSON-RPC members are empty when
// the body is no JSON-RPC message.
type call struct {
	*http.Request
	stage  *stage
	id     string // as on the wire
	method string
	params json.RawMessage
}

// answer writes the answer to one call. It may hang until the call's context
// ends or take the connection over.
type answer func(http.ResponseWriter, *call)

// on says how a scripted server differs from a correct one. A key is a
// JSON-RPC method, an HTTP method (POST stands for every POST, whatever it
// says), a path with its slash, or * for everything without a key of its own.
type on map[string]answer

// legacy is a correct server of the 2025 revisions, with sessions, except for
// what o says.
func legacy(o on) func(*stage) http.Handler { return script(legacyBase(), o) }

// modern is a correct server of revision 2026-07-28 alone, except for what o
// says.
func modern(o on) func(*stage) http.Handler { return script(modernBase(), o) }

// always gives one answer to everything.
func always(a answer) func(*stage) http.Handler { return script(on{}, on{"*": a}) }

// script answers from o first and from base otherwise.
func script(base, o on) func(*stage) http.Handler {
	return func(s *stage) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c := newCall(s, r)
			for _, table := range []on{o, base} {
				if a := table.find(c); a != nil {
					a(w, c)
					return
				}
			}
			refuse(http.StatusNotFound, "no such page")(w, c)
		})
	}
}

func newCall(s *stage, r *http.Request) *call {
	c := &call{Request: r, stage: s}
	if r.Method != http.MethodPost {
		return c
	}
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body)) // for who reads it again
	var msg struct {
		ID     json.RawMessage
		Method string
		Params json.RawMessage
	}
	if json.Unmarshal(body, &msg) == nil {
		c.id, c.method, c.params = string(msg.ID), msg.Method, msg.Params
	}
	return c
}

// find returns the answer for a call, most particular key first; nil when the
// table has none. The endpoint's methods do not count on other paths.
func (o on) find(c *call) answer {
	path := c.stage.rel(c.Request)
	keys := []string{path}
	if path == "/mcp" || path == "/"+c.stage.path {
		keys = append(keys, c.method, c.Method)
	}
	for _, k := range append(keys, "*") {
		if a := o[k]; a != nil && k != "" {
			return a
		}
	}
	return nil
}

// Refused by default: what is asked of the wrong kind of server.
const (
	notInitialized = `{"jsonrpc":"2.0","error":{"code":-32000,"message":"Bad Request: Server not initialized"},"id":null}`
	noSuchSession  = `{"jsonrpc":"2.0","error":{"code":-32001,"message":"Session not found"},"id":null}`
	noSuchMethod   = `{"jsonrpc":"2.0","error":{"code":-32601,"message":"Method not found"},"id":$ID}`
)

func legacyBase() on {
	return on{
		"server/discover":           reply(http.StatusBadRequest, "application/json", notInitialized),
		"initialize":                session(initialize),
		"notifications/initialized": inSession(accepted),
		"tools/list":                inSession(result(`{"tools":` + tools + `}`)),
		"tools/call":                inSession(callTool),
		"ping":                      inSession(result(`{}`)),
		http.MethodPost:             inSession(reply(http.StatusOK, "application/json", noSuchMethod)),
		http.MethodDelete:           inSession(reply(http.StatusOK, "", "")),
		http.MethodGet:              refuse(http.StatusMethodNotAllowed, "no stream here"),
	}
}

func modernBase() on {
	return on{
		"server/discover": consistent(result(discovered)),
		"tools/list":      consistent(result(modernTools)),
		"tools/call":      consistent(callTool),
		http.MethodPost:   reply(http.StatusNotFound, "application/json", noSuchMethod),
		http.MethodDelete: refuse(http.StatusMethodNotAllowed, "no sessions here"),
		http.MethodGet:    refuse(http.StatusMethodNotAllowed, "no stream here"),
	}
}

// initialize answers with the revision that was asked for when it is one of
// the legacy era (specification, 2025-11-25, lifecycle).
func initialize(w http.ResponseWriter, c *call) {
	var p struct{ ProtocolVersion string }
	_ = json.Unmarshal(c.params, &p)
	if !strings.HasPrefix(p.ProtocolVersion, "2024-") && !strings.HasPrefix(p.ProtocolVersion, "2025-") {
		p.ProtocolVersion = revision2025
	}
	result(strings.Replace(greeting, revision2025, p.ProtocolVersion, 1))(w, c)
}

// session gives out a session with the answer.
func session(a answer) answer {
	return func(w http.ResponseWriter, c *call) {
		w.Header().Set(sessionHeader, sessionID())
		a(w, c)
	}
}

// inSession turns away calls that do not name their session, as the 2025
// revisions ask (specification, 2025-11-25, transports, session management).
func inSession(a answer) answer {
	return func(w http.ResponseWriter, c *call) {
		switch {
		case c.stage.knows(c.Request):
			a(w, c)
		case c.Header.Get(sessionHeader) == "":
			reply(http.StatusBadRequest, "application/json", notInitialized)(w, c)
		default:
			reply(http.StatusNotFound, "application/json", noSuchSession)(w, c)
		}
	}
}

// consistent turns away calls whose headers and body disagree, as revision
// 2026-07-28 demands (specification, streamable HTTP).
func consistent(a answer) answer {
	return func(w http.ResponseWriter, c *call) {
		var p struct {
			Meta map[string]any `json:"_meta"`
		}
		_ = json.Unmarshal(c.params, &p)
		asked := c.Header.Get(revisionHeader)
		switch {
		case asked != p.Meta["io.modelcontextprotocol/protocolVersion"] || c.Header.Get("Mcp-Method") != c.method:
			reply(http.StatusBadRequest, "application/json", headerMismatch)(w, c)
		case asked != revisionModern:
			reply(http.StatusBadRequest, "application/json", unknownRevision)(w, c)
		default:
			a(w, c)
		}
	}
}

const (
	headerMismatch  = `{"jsonrpc":"2.0","id":$ID,"error":{"code":-32020,"message":"header mismatch"}}`
	unknownRevision = `{"jsonrpc":"2.0","id":$ID,"error":{"code":-32022,"message":"unsupported protocol version","data":{"supported":["2026-07-28"]}}}`
)

// toolCount is how many tools the scripted servers list.
const toolCount = 3

// What the scripted servers say of themselves. The order of greeting's members
// is relied upon by scenarios that leave one out.
const (
	greeting = `{"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true}},"serverInfo":{"name":"lab","version":"1.0.0"}}`

	serverMeta = `"_meta":{"io.modelcontextprotocol/serverInfo":{"name":"lab","version":"1.0.0"}}`
	cacheable  = `"resultType":"complete","ttlMs":0,"cacheScope":"public"`

	discovered  = `{` + cacheable + `,` + serverMeta + `,"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}}}`
	modernTools = `{` + cacheable + `,` + serverMeta + `,"tools":` + tools + `}`

	tools = `[` + searchTool + `,` + weatherTool + `,` + convertTool + `]`

	searchTool = `{"name":"search_docs","description":"Search the documentation.",` +
		`"inputSchema":{"type":"object","properties":{"query":{"type":"string"},"limit":{"type":"integer"}},"required":["query"]},` +
		`"annotations":{"readOnlyHint":true}}`
	weatherTool = `{"name":"get_weather","description":"Tell the weather of a city.",` +
		`"inputSchema":{"type":"object","properties":{"city":{"type":"string"},"unit":{"type":"string","enum":["celsius","fahrenheit"]}},"required":["city"]},` +
		`"annotations":{"readOnlyHint":true}}`
	convertTool = `{"name":"convert_units","description":"Convert a length.",` +
		`"inputSchema":{"type":"object","properties":{"metres":{"type":"number"}},"required":["metres"]},` +
		`"annotations":{"readOnlyHint":true}}`
)

// searchHit is what the canary of the scripted servers finds when all is well.
const searchHit = `{"total":1,"results":["how to monitor an MCP server"],"fresh":true}`

// callTool finds something.
func callTool(w http.ResponseWriter, c *call) { said(searchHit)(w, c) }
