package app

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/show"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// ClientFinding is the id of findings about a client's configuration file.
const ClientFinding = "client_config"

// ReadClientFile reads the servers of an MCP client's configuration file as
// targets, and says in words what is wrong with the file as a whole and which
// entries are switched off. client may be empty: it is found out. lookup gives
// the variables that the client itself would expand, and those that every
// server sees.
func ReadClientFile(name string, data []byte, client string, lookup func(string) (string, bool)) (targets []Target, remarks []string, err error) {
	file, err := config.ReadClientConfig(name, data, config.ClientOptions{As: config.Client(client), Lookup: lookup})
	if err != nil {
		return nil, nil, err
	}
	for _, p := range file.Problems {
		remarks = append(remarks, fmt.Sprintf("%s, as %s reads it: %s", name, file.Client, problemText(p)))
	}
	for _, e := range file.Entries {
		if e.Disabled {
			remarks = append(remarks, fmt.Sprintf("%s is switched off and was not checked", e.Name))
			continue
		}
		targets = append(targets, entryTarget(e, MinimalEnv(lookup)))
	}
	return targets, remarks, nil
}

// ClientNames returns the clients whose files are understood.
func ClientNames() []string {
	var names []string
	for _, c := range config.Clients() {
		names = append(names, string(c))
	}
	return names
}

// Misconfigured reports whether a client would fail because of its own file.
func Misconfigured(c show.Check) bool {
	return slices.ContainsFunc(c.Result.Findings, func(f uptime.Finding) bool {
		return f.ID == ClientFinding && f.Severity == uptime.SeverityFail
	})
}

func entryTarget(e config.Entry, env []string) Target {
	srv, broken := entryServer(e, env)
	t := Target{Server: srv, Broken: broken}
	t.Server.Name = strings.TrimSuffix(e.Name+": "+srv.Name, ": ")
	t.Server.ID, t.Server.Private = uptime.ServerID(t.Server.Name), true
	for _, p := range e.Problems {
		t.Notes = append(t.Notes, uptime.Finding{ID: ClientFinding, Severity: noteSeverity(p.Severity), Message: problemText(p)})
	}
	if len(e.Unresolved) > 0 {
		t.Notes = append(t.Notes, uptime.Finding{
			ID: ClientFinding, Severity: uptime.SeverityWarn,
			Message: "placeholders without a value here: " + strings.Join(e.Unresolved, ", "),
		})
	}
	if broken != "" {
		t.Notes = append(t.Notes, uptime.Finding{ID: ClientFinding, Severity: uptime.SeverityFail, Message: broken})
	}
	return t
}

// entryServer returns the server that an entry means. Of a bridge such as
// mcp-remote the remote end is taken: the bridge itself may open a browser.
func entryServer(e config.Entry, env []string) (srv uptime.Server, broken string) {
	address := e.URL
	if e.Bridge != "" {
		address = e.Bridge
	}
	if address == "" {
		return commandServer(e, env)
	}
	srv, err := ParseURL(address)
	if err != nil {
		return srv, "its address is " + err.Error()
	}
	if e.Bridge == "" {
		srv.Transport = uptime.Transport(e.Transport)
	}
	for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
		srv.Profile.Headers = append(srv.Profile.Headers, uptime.Header{Name: name, Value: uptime.Secret(e.Headers[name])})
	}
	return srv, ""
}

func commandServer(e config.Entry, env []string) (srv uptime.Server, broken string) {
	if e.Command == "" {
		return srv, "the entry names neither an address nor a command"
	}
	for _, name := range slices.Sorted(maps.Keys(e.Env)) {
		env = append(env, name+"="+e.Env[name])
	}
	srv = ParseCommand(append([]string{e.Command}, e.Args...), env)
	srv.Command.Dir = e.Dir
	return srv, ""
}

func problemText(p config.Problem) string {
	text := p.Message
	if p.Field != "" {
		text = fmt.Sprintf("%s: %s", p.Field, text)
	}
	if p.Line > 0 {
		text = fmt.Sprintf("line %d, %s", p.Line, text)
	}
	return text
}

func noteSeverity(s config.Severity) uptime.Severity {
	switch s {
	case config.SeverityError:
		return uptime.SeverityFail
	case config.SeverityWarn:
		return uptime.SeverityWarn
	case config.SeverityInfo:
	}
	return uptime.SeverityInfo
}
