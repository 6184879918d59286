package config

import (
	"slices"
	"strings"
)

// A concept is what a field of an entry means, however a client spells it.
type concept string

const (
	noConcept   concept = ""
	urlOf       concept = "url"
	typeOf      concept = "type"
	commandOf   concept = "command"
	argsOf      concept = "args"
	envOf       concept = "env"
	envFileOf   concept = "envFile"
	headersOf   concept = "headers"
	dirOf       concept = "cwd"
	disabledOf  concept = "disabled"
	approvalsOf concept = "autoApprove"
)

// conceptOf tells what a field was meant to be from the spellings that the
// clients use and that people carry from one to another.
func conceptOf(field string) concept {
	switch folded(field) {
	case "url", "serverurl", "httpurl", "sseurl", "baseurl", "uri", "endpoint", "href":
		return urlOf
	case "type", "transport", "transporttype", "protocol":
		return typeOf
	case "command", "cmd", "exec", "executable", "program":
		return commandOf
	case "args", "arg", "arguments", "argv", "params", "parameters":
		return argsOf
	case "env", "envs", "environment", "envvars", "environmentvariables", "variables":
		return envOf
	case "envfile", "dotenv":
		return envFileOf
	case "headers", "header", "httpheaders", "requestheaders":
		return headersOf
	case "cwd", "dir", "directory", "workdir", "workingdir", "workingdirectory":
		return dirOf
	case "disabled", "disable", "enabled", "enable", "isactive":
		return disabledOf
	case "autoapprove", "alwaysallow", "autoallow":
		return approvalsOf
	}
	return noConcept
}

// folded is a field name without case and without separators.
func folded(field string) string {
	return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "", ".", "").Replace(field))
}

// tolerance says whether a client reads comments and trailing commas in JSON.
type tolerance int

const (
	refused tolerance = iota
	undocumented
	accepted
)

// A dialect is what one client reads: the facts of the table in doc.go.
type dialect struct {
	title string
	root  string // the field that holds the servers
	list  bool   // the servers are a list with names, not a map by name
	// names spells each concept that the client knows.
	names map[concept]string
	// also lists the other fields of an entry that the client knows.
	also []string
	// types spells the transports; the first spelling of a word is the advised one.
	types [][2]string
	// bare is the transport of a URL without a type; "" when the client tries.
	bare string
	// typed says that a URL without a type is refused.
	typed bool
	// json says whether comments and trailing commas are read.
	json tolerance
	// forms lists the placeholders of environment variables that are expanded.
	forms []form
	// strictForms says that those forms are all, so that others go out as text.
	strictForms bool
	// anyEnv says that numbers and null are good values of env.
	anyEnv bool
}

func named(extra ...concept) map[concept]string {
	names := map[concept]string{}
	for _, c := range append([]concept{commandOf, argsOf, envOf}, extra...) {
		names[c] = string(c)
	}
	return names
}

// dialectOf returns what a client reads; YAML matters to Continue alone.
func dialectOf(c Client, yaml bool) (dialect, bool) {
	switch c {
	case ClaudeDesktop:
		return claudeDesktopDialect(), true
	case ClaudeCode:
		return claudeCodeDialect(), true
	case Cursor:
		return cursorDialect(), true
	case Cline:
		return clineDialect(), true
	case Windsurf:
		return windsurfDialect(), true
	case VSCode:
		return vscodeDialect(), true
	case Continue:
		return continueDialect(yaml), true
	case Zed:
		return zedDialect(), true
	case Unknown:
		return unknownDialect(), true
	}
	return dialect{}, false
}

func claudeDesktopDialect() dialect {
	return dialect{
		title: "Claude Desktop", root: "mcpServers",
		names:       named(typeOf),
		types:       [][2]string{{"stdio", Stdio}},
		strictForms: true,
	}
}

func claudeCodeDialect() dialect {
	return dialect{
		title: "Claude Code", root: "mcpServers",
		names:       named(urlOf, typeOf, headersOf, dirOf),
		also:        []string{"headersHelper", "oauth", "timeout", "alwaysLoad"},
		types:       [][2]string{{"stdio", Stdio}, {"http", StreamableHTTP}, {"streamable-http", StreamableHTTP}, {"sse", SSE}, {"ws", ""}},
		typed:       true,
		forms:       []form{plainForm},
		strictForms: true,
	}
}

func cursorDialect() dialect {
	return dialect{
		title: "Cursor", root: "mcpServers",
		names:       named(urlOf, typeOf, headersOf, dirOf, envFileOf, disabledOf),
		also:        []string{"auth"},
		types:       [][2]string{{"stdio", Stdio}, {"http", StreamableHTTP}, {"streamable-http", StreamableHTTP}, {"streamableHttp", StreamableHTTP}, {"sse", SSE}},
		json:        undocumented,
		forms:       []form{envForm},
		strictForms: true,
	}
}

func clineDialect() dialect {
	return dialect{
		title: "Cline", root: "mcpServers",
		names: named(urlOf, typeOf, headersOf, dirOf, disabledOf, approvalsOf),
		also:  []string{"transportType", "timeout", "oauth", "remoteConfigured", "metadata"},
		types: [][2]string{{"stdio", Stdio}, {"streamableHttp", StreamableHTTP}, {"sse", SSE}},
		bare:  SSE,
		forms: []form{envForm, plainForm},
	}
}

func windsurfDialect() dialect {
	names := named(urlOf, headersOf, disabledOf)
	names[urlOf] = "serverUrl"
	return dialect{
		title: "Windsurf", root: "mcpServers",
		names: names,
		also:  []string{"disabledTools", "alwaysAllow", "registry", "oauth"},
		json:  undocumented,
		forms: []form{envForm, plainForm},
	}
}

func vscodeDialect() dialect {
	return dialect{
		title: "VS Code", root: "servers",
		names:       named(urlOf, typeOf, headersOf, dirOf, envFileOf),
		also:        []string{"dev", "oauth", "gallery", "version", "sandbox", "sandboxEnabled"},
		types:       [][2]string{{"stdio", Stdio}, {"http", StreamableHTTP}, {"sse", SSE}},
		json:        accepted,
		forms:       []form{envForm},
		strictForms: true,
		anyEnv:      true,
	}
}

func continueDialect(yaml bool) dialect {
	d := dialect{
		title: "Continue", root: "mcpServers", list: yaml,
		names: named(urlOf, typeOf, headersOf, dirOf, envFileOf),
		also:  []string{"connectionTimeout", "serverName", "faviconUrl", "sourceFile", "timeout"},
		types: [][2]string{{"stdio", Stdio}, {"http", StreamableHTTP}, {"streamable-http", StreamableHTTP}, {"sse", SSE}},
		json:  undocumented,
		forms: []form{envForm, plainForm},
	}
	if yaml {
		d.names[headersOf] = nestedHeaders
		delete(d.names, envFileOf)
		d.also = append(d.also, "name", "requestOptions", "apiKey", "uses", "with", "override", "namespace")
		d.types = [][2]string{{"stdio", Stdio}, {"streamable-http", StreamableHTTP}, {"sse", SSE}}
	}
	return d
}

// nestedHeaders is the place of the headers in Continue's YAML.
const nestedHeaders = "requestOptions.headers"

func zedDialect() dialect {
	names := named(urlOf, headersOf, disabledOf)
	names[disabledOf] = "enabled"
	return dialect{
		title: "Zed", root: "context_servers",
		names: names,
		also:  []string{"source", "settings", "timeout", "remote", "oauth"},
		json:  accepted,
		forms: []form{envForm, plainForm},
	}
}

// unknownDialect accepts what any client accepts.
func unknownDialect() dialect {
	return dialect{
		title: "the client", root: "mcpServers",
		names: named(urlOf, typeOf, headersOf, dirOf, envFileOf, disabledOf, approvalsOf),
		also: []string{
			"serverUrl", "httpUrl", "transport", "transportType", "enabled", "alwaysAllow", "name", "description",
			"timeout", "oauth", "auth", "requestOptions", "disabledTools", "tools", "trust", "cwd",
		},
		types:  [][2]string{{"stdio", Stdio}, {"http", StreamableHTTP}, {"streamable-http", StreamableHTTP}, {"streamableHttp", StreamableHTTP}, {"sse", SSE}},
		json:   accepted,
		forms:  []form{envForm, plainForm},
		anyEnv: true,
	}
}

// knows reports whether the client reads a field of this exact name.
func (d dialect) knows(field string) bool {
	return slices.Contains(d.fields(), field)
}

func (d dialect) fields() []string {
	fields := append([]string(nil), d.also...)
	for _, name := range d.names {
		fields = append(fields, name)
	}
	return fields
}

// spelling is how the client writes a transport; empty when it cannot.
func (d dialect) spelling(transport string) string {
	for _, t := range d.types {
		if t[1] == transport {
			return t[0]
		}
	}
	return ""
}

// remote reports whether the client connects to URLs at all.
func (d dialect) remote() bool { return d.names[urlOf] != "" }
