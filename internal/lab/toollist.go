package lab

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// toolsScenarios complete the handshake and get the list of tools wrong, or
// change it.
func toolsScenarios() []Scenario {
	const group = "tools"
	lists := func(name, about string, expect Expect, res string) Scenario {
		return Scenario{
			Name: name, Group: group, About: about, Expect: expect,
			handler: legacy(on{"tools/list": inSession(result(res))}),
		}
	}
	malformed := fails(uptime.ToolsMalformed, uptime.StepTools, "tools")
	out := []Scenario{
		lists("tools-empty", "Tools are declared and the list is empty: the registration crashed after start.",
			fails(uptime.ToolsEmpty, uptime.StepTools, "empty"), `{"tools":[]}`),
		lists("tools-null", "The list of tools is null.", malformed, `{"tools":null}`),
		lists("tools-missing", "The result has no list of tools.", malformed, `{}`),
		lists("tools-object", "The tools are an object by name instead of a list.", malformed, `{"tools":{"search_docs":`+searchTool+`}}`),
		lists("tools-garbage", "The list holds nothing that is a tool.", malformed, `{"tools":[null,42,"search",[],{"title":"no name"}]}`),
		lists("tool-null-entry", "One entry of the list is null: strict clients drop all of it.",
			live(Unlisted).found("tool_entry_invalid"), `{"tools":[`+searchTool+`,null,`+weatherTool+`]}`),
		lists("tool-schema-untyped", "One tool's schema lacks its type: strict clients drop the whole list.",
			live(2).found("tool_schema_invalid"), `{"tools":[`+searchTool+`,{"name":"broken","description":"b","inputSchema":{"properties":{}}}]}`),
		lists("tool-schema-missing", "One tool has no schema.",
			live(2).found("tool_schema_invalid"), `{"tools":[`+searchTool+`,{"name":"broken","description":"b"}]}`),
		lists("tool-schema-is-text", "One tool's schema is a text.",
			live(2).found("tool_schema_invalid"), `{"tools":[`+searchTool+`,{"name":"broken","description":"b","inputSchema":"object"}]}`),
		lists("tool-output-is-list", "One tool's output schema is a list at the top, which this revision does not allow.",
			live(2).found("tool_schema_invalid"), `{"tools":[`+searchTool+`,{"name":"broken","description":"b","inputSchema":{"type":"object"},"outputSchema":{"type":"array"}}]}`),
		lists("tool-names-twice", "Two tools have the same name.",
			live(Unlisted).found("tool_name_duplicate"), `{"tools":[`+searchTool+`,`+searchTool+`]}`),
		lists("tool-name-unfit", "A tool's name has spaces and slashes, which model providers refuse.",
			live(2).found("tool_name_invalid"), `{"tools":[`+searchTool+`,`+strings.Replace(weatherTool, "get_weather", "get / weather", 1)+`]}`),
		lists("tool-undescribed", "A tool has no description: no model will know when to use it.",
			live(2).found("tool_description_missing"), `{"tools":[`+searchTool+`,{"name":"mystery","inputSchema":{"type":"object"}}]}`),
	}
	return append(append(out, pagingScenarios(group)...), driftScenarios(group)...)
}

func pagingScenarios(group string) []Scenario {
	return []Scenario{
		{
			Name: "tools-not-there", Group: group,
			About:   "Tools are declared and tools/list is an unknown method.",
			Expect:  fails(uptime.CapabilityLie, uptime.StepTools, "tools"),
			handler: legacy(on{"tools/list": inSession(rpcError(-32601, "Method not found"))}),
		},
		{
			Name: "tools-not-there-modern", Group: group,
			About:   "The same under revision 2026-07-28, with status 404.",
			Expect:  fails(uptime.CapabilityLie, uptime.StepTools, "tools"),
			handler: modern(on{"tools/list": reply(http.StatusNotFound, "application/json", noSuchMethod)}),
		},
		{
			Name: "tools-paged", Group: group,
			About:   "A correct server with three pages of tools.",
			Expect:  live(6),
			handler: legacy(on{"tools/list": inSession(pages(3))}),
		},
		{
			Name: "tools-cursor-loop", Group: group,
			About:   "Every page names the same next page.",
			Expect:  fails(uptime.PaginationLoop, uptime.StepTools, "cursor"),
			handler: legacy(on{"tools/list": inSession(result(`{"tools":` + tools + `,"nextCursor":"page2"}`))}),
		},
		{
			Name: "tools-endless-pages", Group: group,
			About:   "There is always one more page.",
			Expect:  fails(uptime.PaginationLoop, uptime.StepTools, "pages"),
			handler: legacy(on{"tools/list": inSession(pages(1 << 30))}),
		},
		{
			Name: "tools-second-page-fails", Group: group,
			About:  "The first page comes and the second one fails: half of the tools are gone.",
			Expect: fails(uptime.HTTPServerError, uptime.StepTools, "500"),
			handler: legacy(on{"tools/list": inSession(func(w http.ResponseWriter, c *call) {
				if c.cursor() == 0 {
					pages(2)(w, c)
					return
				}
				refuse(http.StatusInternalServerError, "out of memory")(w, c)
			})}),
		},
		{
			Name: "tools-500", Group: group,
			About:   "The handshake works and listing the tools fails with status 500.",
			Expect:  fails(uptime.HTTPServerError, uptime.StepTools, "500"),
			handler: legacy(on{"tools/list": refuse(http.StatusInternalServerError, "out of memory")}),
		},
		{
			Name: "tools-html", Group: group,
			About:   "The handshake works and listing the tools shows a web page.",
			Expect:  fails(uptime.NotMCP, uptime.StepTools, "html"),
			handler: legacy(on{"tools/list": page(http.StatusOK, "Something went wrong")}),
		},
		{
			Name: "tools-202", Group: group,
			About:   "Listing the tools is accepted with 202 and never answered.",
			Expect:  fails(uptime.EmptyBody, uptime.StepTools, "").or(uptime.SSENoAnswer, uptime.NotMCP),
			handler: legacy(on{"tools/list": accepted}),
		},
	}
}

// cursor returns the page that is asked for; 0 is the first.
func (c *call) cursor() int {
	var p struct{ Cursor string }
	_ = json.Unmarshal(c.params, &p)
	n, _ := strconv.Atoi(p.Cursor)
	return n
}

// pages lists two tools a page, last pages in all.
func pages(last int) answer {
	return func(w http.ResponseWriter, c *call) {
		n, next := c.cursor(), ""
		if n+1 < last {
			next = fmt.Sprintf(`,"nextCursor":"%d"`, n+1)
		}
		result(fmt.Sprintf(`{"tools":[{"name":"a%d","description":"a","inputSchema":{"type":"object"}},`+
			`{"name":"b%d","description":"b","inputSchema":{"type":"object"}}]%s}`, n, n, next))(w, c)
	}
}

// listing lists n tools of about size bytes each. They are written one by one,
// so that no scenario holds its megabytes.
func listing(n, size int) answer {
	padding := strings.Repeat("x", max(0, size-80))
	return func(w http.ResponseWriter, c *call) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, c.fill(`{"jsonrpc":"2.0","id":$ID,"result":{"tools":[`))
		for i := range n {
			if i > 0 {
				_, _ = io.WriteString(w, ",")
			}
			_, _ = fmt.Fprintf(w, `{"name":"tool_%06d","description":"%s","inputSchema":{"type":"object"}}`, i, padding)
		}
		_, _ = io.WriteString(w, "]}}")
	}
}

// driftScenarios are correct servers whose tools are no longer those that were
// accepted.
func driftScenarios(group string) []Scenario {
	drifted := func(name, about string, expect Expect, before, after string) Scenario {
		return Scenario{
			Name: name, Group: group, About: about, Expect: expect,
			handler: legacy(on{"tools/list": inSession(result(`{"tools":[` + searchTool + `,` + after + `]}`))}),
			profile: baseline(searchTool, before),
		}
	}
	breaking := func(detail string) Expect { return fails(uptime.DriftDetected, uptime.StepTools, detail) }
	lenient := strings.Replace(weatherTool, `,"required":["city"]`, "", 1)
	return []Scenario{
		drifted("drift-tool-renamed", "A tool was renamed: every agent that knew it by its old name fails.",
			breaking("get_weather"), weatherTool, strings.Replace(weatherTool, "get_weather", "weather_get", 1)),
		drifted("drift-parameter-renamed", "A parameter was renamed.",
			breaking("city"), weatherTool, strings.ReplaceAll(weatherTool, `"city"`, `"town"`)),
		drifted("drift-parameter-required", "An optional parameter is required now.",
			breaking("city"), lenient, weatherTool),
		drifted("drift-type-changed", "A parameter has another type.",
			breaking("city"), weatherTool, strings.Replace(weatherTool, `"city":{"type":"string"}`, `"city":{"type":"object"}`, 1)),
		drifted("drift-enum-narrowed", "A value that used to be allowed is refused now.",
			breaking("unit"), weatherTool, strings.Replace(weatherTool, `["celsius","fahrenheit"]`, `["celsius"]`, 1)),
		{
			Name: "drift-tool-removed", Group: group,
			About:   "A tool is gone, and the rest of the list looks well.",
			Expect:  breaking("convert_units"),
			handler: legacy(on{"tools/list": inSession(result(`{"tools":[` + searchTool + `,` + weatherTool + `]}`))}),
			profile: baseline(searchTool, weatherTool, convertTool),
		},
		drifted("drift-compatible", "An enumeration was widened, which hurts no caller.",
			live(2), weatherTool, strings.Replace(weatherTool, `["celsius","fahrenheit"]`, `["celsius","fahrenheit","kelvin"]`, 1)),
		drifted("drift-wording", "A description was rewritten, which hurts no caller.",
			live(2), weatherTool, strings.Replace(weatherTool, "Tell the weather of a city.", "Say how warm it is.", 1)),
		{
			Name: "drift-tool-added", Group: group,
			About:   "A tool was added, which hurts no caller.",
			Expect:  live(toolCount),
			handler: legacy(nil),
			profile: baseline(searchTool, weatherTool),
		},
		{
			Name: "drift-none", Group: group,
			About:   "The same tools in another order, with their members in another order.",
			Expect:  live(toolCount),
			handler: legacy(nil),
			profile: baseline(convertTool, weatherTool, strings.Replace(searchTool,
				`"name":"search_docs","description":"Search the documentation."`, `"description":"Search the documentation.","name":"search_docs"`, 1)),
		},
	}
}
