package config

import (
	"net/url"
	"path"
	"slices"
	"strings"
)

// readTransport reads the transport's word, or tells it from the other fields.
func (r *entryReader) readTransport() {
	m, ok := r.slots[typeOf]
	if !ok || !m.value.is(kindString) {
		if ok && !m.value.is(kindNull) {
			r.problem(m, SeverityError, "%q must be text", shown(m.key))
		}
		r.entry.Transport = r.byShape()
		return
	}
	for _, t := range r.d.types {
		if t[0] == m.value.text {
			r.entry.Transport = t[1]
			return
		}
	}
	r.entry.Transport = r.foreignTransport(m)
}

// foreignTransport reads a transport's word that is not the client's own.
func (r *entryReader) foreignTransport(m member) string {
	transport, known := understood(m)
	if !known {
		transport = r.byShape()
	}
	switch {
	case len(r.d.types) == 0, !r.d.remote() && r.entry.URL != "": // reported with the field itself
	case m.key == "transportType" && folded(m.value.text) == "http": // Cline's former field had this word
	case known && r.d.spelling(transport) != "":
		r.problem(m, SeverityError, "%s writes this transport %q (not %q)", r.d.title, r.d.spelling(transport), shown(m.value.text))
	default:
		r.problem(m, SeverityError, "%s knows the transports %s (not %q)", r.d.title, r.spellings(), shown(m.value.text))
	}
	return transport
}

func understood(m member) (transport string, known bool) {
	switch folded(m.value.text) {
	case "stdio", "local", "command":
		return Stdio, true
	case "http", "streamablehttp", "streamable", "httpstream", "httponly", "remote":
		return StreamableHTTP, true
	case "sse", "httpsse":
		return SSE, true
	}
	return "", false
}

func (r *entryReader) spellings() string {
	var words []string
	for _, t := range r.d.types {
		words = append(words, `"`+t[0]+`"`)
	}
	return strings.Join(words, ", ")
}

func (r *entryReader) byShape() string {
	switch {
	case r.entry.Command != "":
		return Stdio
	case r.entry.URL != "":
		return r.d.bare
	}
	return ""
}

// check looks at the fields together.
func (r *entryReader) check(n *node) {
	e := &r.entry
	switch {
	case e.Command == "" && e.URL == "":
		r.checkNothing(n)
	case e.Command != "" && e.URL != "":
		r.problem(r.slots[urlOf], SeverityWarn, "the server has both a program and a URL: keep one")
		if e.Transport == "" {
			e.Transport = Stdio
		}
	case e.URL != "":
		r.checkRemote()
	}
	if e.URL != "" {
		r.checkURL()
	}
	if e.Command != "" {
		r.checkLocal()
	}
}

func (r *entryReader) checkNothing(n *node) {
	elsewhere := n.get("uses") != nil || n.get("namespace") != nil || n.get("settings") != nil || n.get("source") != nil
	if elsewhere && (r.d.knows("uses") || r.d.knows("source")) {
		r.problem(r.whole(), SeverityInfo, "the server is defined elsewhere and cannot be checked from this file")
		return
	}
	r.problem(r.whole(), SeverityError, "the server needs \"command\"%s", r.orURL())
}

// checkRemote looks at the transport of a server with a URL only.
func (r *entryReader) checkRemote() {
	m, typed := r.slots[typeOf]
	switch {
	case r.entry.Transport == Stdio && typed:
		r.problem(m, SeverityError, "a server with a URL is not stdio: %s", r.adviseType())
		r.entry.Transport = r.d.bare
	case typed:
		r.checkSSEPath(m)
	case r.d.typed:
		r.problem(r.slots[urlOf], SeverityError, "%s takes a server without \"type\" for a local program: %s", r.d.title, r.adviseType())
	case r.d.bare == SSE:
		r.problem(r.slots[urlOf], SeverityWarn, "%s takes a URL without \"type\" for SSE: %s, unless SSE is meant", r.d.title, r.adviseType())
	}
}

func (r *entryReader) adviseType() string {
	if word := r.d.spelling(StreamableHTTP); word != "" {
		return `write "type": "` + word + `"`
	}
	return "remove the transport"
}

func (r *entryReader) checkSSEPath(m member) {
	if u, err := url.Parse(r.entry.URL); err == nil && r.entry.Transport == StreamableHTTP && strings.HasSuffix(u.Path, "/sse") {
		r.problem(m, SeverityWarn, "the URL ends in /sse, where servers speak SSE, but the transport says Streamable HTTP")
	}
}

// checkURL never shows the URL: its query and user often hold a token.
func (r *entryReader) checkURL() {
	m, text := r.slots[urlOf], r.entry.URL
	if strings.HasPrefix(text, "${") {
		return
	}
	u, err := url.Parse(text)
	switch {
	case err != nil && !strings.Contains(text, "${"):
		r.problem(m, SeverityError, "%q is not a valid URL", shown(m.key))
	case err != nil:
	case r.d.title == "VS Code" && (u.Scheme == "unix" || u.Scheme == "pipe"):
	case (u.Scheme == "ws" || u.Scheme == "wss") && r.slots[typeOf].value.is(kindString) && r.slots[typeOf].value.text == "ws":
	case u.Scheme != "http" && u.Scheme != "https":
		r.problem(m, SeverityError, "%q must begin with https:// or http://", shown(m.key))
	case u.Host == "":
		r.problem(m, SeverityError, "%q has no host", shown(m.key))
	case u.User != nil:
		r.problem(m, SeverityWarn, "%q holds a user or password, which not every client sends: use a header", shown(m.key))
	}
}

// checkLocal looks at the program and its arguments.
func (r *entryReader) checkLocal() {
	e, command := &r.entry, r.slots[commandOf]
	if m, typed := r.slots[typeOf]; typed && e.URL == "" && (e.Transport == StreamableHTTP || e.Transport == SSE) {
		r.problem(m, SeverityError, "a server with a program is stdio: write \"type\": \"stdio\" or leave it out")
		e.Transport = Stdio
	}
	if m, ok := r.slots[headersOf]; ok && e.URL == "" && r.d.names[headersOf] != "" {
		r.problem(m, SeverityWarn, "headers are not sent to a local program: give it environment variables")
	}
	if first, _, ok := strings.Cut(e.Command, " "); ok && isRunner(first) {
		r.problem(command, SeverityError, "%q must be the program alone: put what follows it into \"args\"", shown(command.key))
		words := strings.Fields(e.Command)
		e.Command, e.Args = words[0], append(words[1:], e.Args...)
	}
	r.checkRunner(command)
}

// isRunner knows the programs that start most servers.
func isRunner(word string) bool {
	return slices.Contains([]string{"npx", "bunx", "pnpm", "uvx", "uv", "pipx", "node", "deno", "bun", "python", "python3", "docker", "podman", "cmd"}, programName(word))
}

func programName(command string) string {
	base := strings.ToLower(path.Base(slashed(command)))
	return strings.TrimSuffix(strings.TrimSuffix(base, ".exe"), ".cmd")
}

func (r *entryReader) checkRunner(command member) {
	program, args := r.program()
	switch program {
	case "npx":
		if !slices.ContainsFunc(args, isYes) {
			r.problem(r.argsOr(command), SeverityWarn, "npx without \"-y\" may wait for a confirmation that nobody can give")
		}
	case "docker", "podman":
		r.checkContainer(command, args)
	}
}

// program is the program that really runs: on Windows often behind cmd /c.
func (r *entryReader) program() (string, []string) {
	name, args := programName(r.entry.Command), r.entry.Args
	if name == "cmd" && len(args) > 1 && strings.EqualFold(args[0], "/c") {
		return programName(args[1]), args[2:]
	}
	return name, args
}

func (r *entryReader) argsOr(m member) member {
	if args, ok := r.slots[argsOf]; ok {
		return args
	}
	return m
}

func isYes(arg string) bool { return arg == "-y" || arg == "--yes" || arg == "--no-install" }

// checkContainer looks at docker run: without -i it has no standard input, with
// -t it wants a terminal, with -d it has neither.
func (r *entryReader) checkContainer(command member, args []string) {
	if len(args) == 0 || args[0] != "run" {
		return
	}
	var letters strings.Builder
	for _, arg := range args[1:] {
		if strings.HasPrefix(arg, "-") && !strings.HasPrefix(arg, "--") && !strings.Contains(arg, "=") && len(arg) <= 5 {
			letters.WriteString(arg[1:])
		}
	}
	at := r.argsOr(command)
	if !strings.Contains(letters.String(), "i") && !slices.Contains(args, "--interactive") && !slices.Contains(args, "--interactive=true") {
		r.problem(at, SeverityError, "docker run needs \"-i\", or the server has no standard input")
	}
	if slices.Contains(args, "--tty") || slices.Contains(args, "-t") || slices.Contains(args, "-it") || slices.Contains(args, "-ti") {
		r.problem(at, SeverityError, "docker run must not have \"-t\": there is no terminal")
	}
	if slices.Contains(args, "--detach") || slices.Contains(args, "-d") {
		r.problem(at, SeverityError, "docker run must not have \"-d\": the server must stay in the foreground")
	}
}

// checkControl finds what single backslashes of a Windows path turn into.
func (r *entryReader) checkControl(m member, text string) {
	if strings.ContainsAny(text, "\a\b\f\n\r\t\v\x00") {
		r.problem(m, SeverityWarn, `%q holds a control character: write Windows paths with \\ or /`, shown(m.key))
	}
}

// bridge recognises a local program that only forwards to a remote server.
func (r *entryReader) bridge() {
	i := slices.IndexFunc(r.entry.Args, isBridge)
	args := r.entry.Args[i+1:]
	if i < 0 && !isBridge(path.Base(slashed(r.entry.Command))) || r.entry.Command == "" {
		return
	}
	for j, arg := range args {
		if r.entry.Bridge == "" && (strings.HasPrefix(arg, "https://") || strings.HasPrefix(arg, "http://")) {
			r.entry.Bridge = arg
		}
		if arg == "--header" && j+1 < len(args) {
			r.bridgeHeader(args[j+1])
		}
	}
	if r.entry.Bridge != "" {
		r.problem(r.argsOr(r.slots[commandOf]), SeverityInfo, "this program bridges to a remote server, which can also be checked directly")
	}
}

func isBridge(arg string) bool {
	name, _, _ := strings.Cut(arg, "@")
	return name == "mcp-remote" || name == "mcp-proxy"
}

// bridgeHeader keeps a header that the bridge sends. The bridge itself takes
// ${NAME} in it from its environment, which the entry's env adds to.
func (r *entryReader) bridgeHeader(text string) {
	name, value, ok := strings.Cut(text, ":")
	if !ok {
		return
	}
	value = placeholder.ReplaceAllStringFunc(value, func(match string) string {
		if v, ok := r.entry.Env[strings.Trim(match, "${}")]; ok && *r.growth >= len(v) {
			*r.growth -= len(v)
			return v
		}
		return match
	})
	if r.entry.Headers == nil {
		r.entry.Headers = map[string]string{}
	}
	r.entry.Headers[strings.TrimSpace(name)] = strings.TrimSpace(value)
}
