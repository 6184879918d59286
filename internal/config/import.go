package config

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// maxImportNotes bounds what is said about one import.
const maxImportNotes = 500

// Source is a file to import from.
type Source struct {
	Name string
	Data []byte
}

// Variable is an environment variable that an imported configuration refers to.
type Variable struct {
	Name string
	// What says what to put there, and where it stood.
	What string
}

// Imported is what was found in files of others.
type Imported struct {
	// YAML is an alivemcp.yaml without a secret in it.
	YAML []byte
	// Servers is how many servers are in it.
	Servers int
	// Variables are to be set before it can be loaded.
	Variables []Variable
	// Notes say what was not taken over, and why.
	Notes []string
}

// ImportFiles makes one alivemcp.yaml of the files of others: the files of MCP
// clients (mcpServers and its relatives), backups of Uptime Kuma (JSON), and
// configurations of Gatus (YAML). Secrets are replaced by env:NAME. It does no
// I/O. The error names the file that cannot be read.
func ImportFiles(files ...Source) (Imported, error) {
	m := importer{slugs: map[string]bool{}, names: map[string]bool{}}
	for _, f := range files {
		if err := m.file(f); err != nil {
			return Imported{}, fmt.Errorf("importing %s: %w", f.Name, err)
		}
	}
	if m.dropped > 0 {
		m.notes = append(m.notes, fmt.Sprintf("%d more notes are left out", m.dropped))
	}
	return Imported{YAML: render(m.servers), Servers: len(m.servers), Variables: m.variables, Notes: m.notes}, nil
}

// An imported server is what will be written of one.
type imported struct {
	slug, name, group, description string
	url, transport                 string
	command, dir                   string
	args                           []string
	env, headers                   []pair
	credential                     []pair
	scopes                         []string
	interval                       time.Duration
	paused                         bool
}

// A pair is a name and what stands behind it in YAML.
type pair struct{ name, value string }

type importer struct {
	source    string // name of the file that is read
	servers   []imported
	slugs     map[string]bool
	names     map[string]bool // of variables
	variables []Variable
	notes     []string
	dropped   int
}

func (m *importer) file(f Source) error {
	m.source = f.Name
	if len(f.Data) > maxClientFile {
		return fmt.Errorf("it has %d bytes, the most is %d", len(f.Data), maxClientFile)
	}
	doc, err := parseDocument(f.Name, f.Data)
	if err != nil {
		return err
	}
	switch {
	case doc.root.get("monitorList").is(kindList):
		return m.kuma(doc.root)
	case doc.root.get("endpoints").is(kindList) || doc.root.get("services").is(kindList):
		return m.gatus(doc.root)
	}
	return m.client(f)
}

// note says what was not taken over.
func (m *importer) note(format string, args ...any) {
	text := m.source + ": " + fmt.Sprintf(format, args...)
	switch {
	case slices.Contains(m.notes, text):
	case len(m.notes) >= maxImportNotes:
		m.dropped++
	default:
		m.notes = append(m.notes, text)
	}
}

// add keeps a server, under a slug of its own.
func (m *importer) add(s imported) error {
	if len(m.servers) >= maxEntries {
		return fmt.Errorf("there are more than %d servers", maxEntries)
	}
	m.servers = append(m.servers, s)
	return nil
}

// begin names a server. Slugs are unique over all files.
func (m *importer) begin(name, fallback string) imported {
	name = oneLine(name)
	base := orElse(slugOf(name), orElse(slugOf(fallback), "server"))
	slug := base
	for n := 2; m.slugs[slug]; n++ {
		slug = fmt.Sprintf("%.60s-%d", base, n)
	}
	m.slugs[slug] = true
	return imported{slug: slug, name: orElse(name, slug)}
}

// oneLine makes of a text what a page can show in one line.
func oneLine(text string) string {
	text = strings.Join(strings.FieldsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '\ufffd' }), " ")
	return strings.TrimSpace(strings.ToValidUTF8(fmt.Sprintf("%.300s", text), ""))
}

// hide replaces a secret by a variable. A value that is nothing but a
// placeholder names its variable itself.
func (m *importer) hide(s *imported, what, value, how string) string {
	if name, ok := onlyVariable(value); ok {
		if !m.names[name] {
			m.variables = append(m.variables, Variable{name, fmt.Sprintf("as before: %s of %s", what, s.name)})
		}
		m.names[name] = true
		return "env:" + name
	}
	base := strings.ToUpper(strings.ReplaceAll(s.slug+"-"+orElse(slugOf(what), "secret"), "-", "_"))
	if base[0] >= '0' && base[0] <= '9' {
		base = "MCP_" + base
	}
	name := base
	for n := 2; m.names[name]; n++ {
		name = fmt.Sprintf("%s_%d", base, n)
	}
	m.names[name] = true
	m.variables = append(m.variables, Variable{name, fmt.Sprintf("%s of %s, as in %s%s", what, s.name, m.source, how)})
	return "env:" + name
}

var soleVariable = regexp.MustCompile(`^\$(?:\{(?:env:)?([A-Za-z_][A-Za-z0-9_]{0,99})\}|\{\{\s*secrets\.([A-Za-z_][A-Za-z0-9_]{0,99})\s*\}\}|([A-Za-z_][A-Za-z0-9_]{0,99}))$`)

func onlyVariable(value string) (string, bool) {
	match := soleVariable.FindStringSubmatch(value)
	if match == nil || predefined(match[1]) {
		return "", false
	}
	return match[1] + match[2] + match[3], true
}

// address takes an http or https URL. A secret in it is taken out as far as
// there is another place for it; else the whole URL becomes a variable.
func (m *importer) address(s *imported, raw string) bool {
	u, err := url.Parse(strings.TrimSpace(raw))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || len(raw) > 8<<10 {
		return false
	}
	if u.User != nil {
		m.basic(s, "user and password of the URL")
		u.User = nil
	}
	u.Fragment, u.RawFragment = "", ""
	s.url = u.String()
	if secretInURL(u) {
		s.url = m.hide(s, "url", raw, "")
	}
	return true
}

// secretInURL errs on the side of secrecy: a parameter with the name of a
// secret, or a word in path or query that nobody would have chosen.
func secretInURL(u *url.URL) bool {
	for name, values := range u.Query() {
		if secretKey.MatchString(name) || slices.ContainsFunc(values, opaque) {
			return true
		}
	}
	return slices.ContainsFunc(strings.Split(u.Path, "/"), opaque) || strings.ContainsAny(u.String(), "${}")
}

var opaqueWord = regexp.MustCompile(`^[A-Za-z0-9_+=.~-]{20,}$`)

// opaque reports a word that looks like a key: long, with digits and letters.
func opaque(word string) bool {
	return opaqueWord.MatchString(word) && strings.ContainsAny(word, "0123456789") && strings.ContainsFunc(word, notDigit)
}

func notDigit(r rune) bool { return r < '0' || r > '9' }

// basic signs in with HTTP basic authentication (RFC 7617), which is a header.
func (m *importer) basic(s *imported, what string) {
	ref := m.hide(s, "authorization", "", ": the word Basic, a space, and base64 of USER:PASSWORD ("+what+")")
	s.headers = append(s.headers, pair{"Authorization", ref})
}

// header takes a header. A bearer token becomes a credential; what the probe
// says itself is left out.
func (m *importer) header(s *imported, name, value string) {
	word, token, _ := strings.Cut(value, " ")
	switch lower := strings.ToLower(name); {
	case slices.Contains([]string{"accept", "accept-encoding", "connection", "content-length", "content-type", "host", "user-agent", "mcp-protocol-version", "mcp-session-id"}, lower):
		m.note("%s: the header %s is left out, the probe says it itself", s.name, lower)
	case !fieldName.MatchString(name):
		m.note("%s: a header has a name that is none, and is left out", s.name)
	case lower == "authorization" && strings.EqualFold(word, "bearer") && s.credential == nil:
		s.credential = []pair{{"type", string(uptime.CredentialBearer)}, {"token", m.hide(s, "token", strings.TrimSpace(token), ", without the word Bearer")}}
	default:
		s.headers = append(s.headers, pair{name, m.hide(s, name, value, "")})
	}
}

// every takes an interval as far as it is allowed.
func (m *importer) every(s *imported, interval time.Duration) {
	s.interval = min(max(interval.Truncate(100*time.Millisecond), uptime.MinInterval), uptime.MaxInterval)
	if s.interval != interval {
		m.note("%s: the interval becomes %s", s.name, shortDuration(s.interval))
	}
}
