package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// client takes the servers of an MCP client's file.
func (m *importer) client(f Source) error {
	file, err := ReadClientConfig(f.Name, f.Data, ClientOptions{})
	if err != nil {
		return err
	}
	for _, p := range file.Problems {
		m.note("line %d: %s", p.Line, p.Message)
	}
	if len(file.Entries) == 0 {
		m.note("there are no servers in it")
	}
	for _, e := range file.Entries {
		if err := m.entry(e); err != nil {
			return err
		}
	}
	return nil
}

func (m *importer) entry(e Entry) error {
	s := m.begin(e.Name, "")
	s.paused = e.Disabled
	address := orElse(e.Bridge, e.URL)
	switch {
	case address == "" && e.Command == "":
		m.note("%s has neither an address nor a command, and is left out", s.name)
		return nil
	case address == "":
		m.command(&s, e)
	case !m.address(&s, address):
		m.note("%s has an address that is no http or https URL, and is left out", s.name)
		return nil
	default:
		if e.Bridge == "" {
			s.transport = e.Transport
		}
		for _, name := range slices.Sorted(maps.Keys(e.Headers)) {
			m.header(&s, name, e.Headers[name])
		}
	}
	return m.add(s)
}

func (m *importer) command(s *imported, e Entry) {
	s.command, s.dir = e.Command, e.Dir
	if strings.Contains(e.Command+e.Dir, "${") {
		m.note("%s: the placeholder in its command or folder means nothing here; write the path", s.name)
	}
	for i, arg := range e.Args {
		flag := ""
		if i > 0 {
			flag = e.Args[i-1]
		}
		s.args = append(s.args, m.arg(s, arg, flag))
	}
	for _, name := range slices.Sorted(maps.Keys(e.Env)) {
		if !variableName.MatchString(name) {
			m.note("%s: a variable has a name that is none, and is left out", s.name)
			continue
		}
		s.env = append(s.env, pair{name, m.hide(s, name, e.Env[name], "")})
	}
	if e.EnvFile != "" {
		m.note("%s: its file of variables is not read; add what it needs to env", s.name)
	}
}

// secretFlag matches flags and variables that are given secrets.
var secretFlag = regexp.MustCompile(`(?i)(key|token|secret|passw|pwd|auth|credential|signature|bearer|cookie|header|\bpat\b)`)

// arg replaces an argument that looks like a secret: the value of a flag that
// takes one, a word that looks like a key, and a URL with a secret in it.
func (m *importer) arg(s *imported, arg, flag string) string {
	name, value, assigned := strings.Cut(arg, "=")
	switch {
	case strings.HasPrefix(flag, "-") && !strings.Contains(flag, "=") && secretFlag.MatchString(flag) && !strings.HasPrefix(arg, "-"),
		assigned && (secretFlag.MatchString(name) || opaque(value)),
		opaque(arg) && !strings.HasPrefix(arg, "-"),
		strings.Contains(arg, "://") && strings.ContainsAny(arg, "@?"),
		strings.Contains(arg, "${"),
		strings.HasPrefix(strings.ToLower(arg), "bearer "),
		strings.HasPrefix(arg, "env:"), strings.HasPrefix(arg, "file:"):
		return m.hide(s, "argument", arg, "")
	}
	return arg
}
