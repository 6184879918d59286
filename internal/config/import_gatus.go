package config

import (
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// gatus takes the endpoints of a Gatus configuration that have an http or https
// URL.
func (m *importer) gatus(root *node) error {
	for _, part := range root.members {
		switch part.key {
		case "endpoints", "services": // the name of old
			for _, n := range part.value.items {
				if err := m.endpoint(n); err != nil {
					return err
				}
			}
		case "alerting":
			m.note("alerting is not imported: notices are set up anew")
		case "maintenance":
			m.note("maintenance is not imported: here windows have dates; write them to windows")
		default:
			m.note("%s is not imported", shown(part.key))
		}
	}
	return nil
}

func (m *importer) endpoint(n *node) error {
	name := oneLine(word(n, "name"))
	s := m.begin(name, "")
	if !m.address(&s, word(n, "url")) {
		scheme, _, _ := strings.Cut(word(n, "url"), "://")
		m.note("%s is no endpoint with an http or https URL (%s), and is left out", orElse(name, "one"), shown(scheme))
		return nil
	}
	s.group = oneLine(word(n, "group"))
	s.paused = word(n, "enabled") == "false"
	if interval, ok := parseDuration(word(n, "interval")); ok && interval > 0 {
		m.every(&s, interval)
	}
	if headers := n.get("headers"); headers != nil {
		for _, h := range headers.members {
			if h.value.scalar() {
				m.header(&s, h.key, h.value.text)
			}
		}
	}
	m.gatusClient(&s, n.get("client"))
	m.gatusLeft(&s, n)
	return m.add(s)
}

func (m *importer) gatusClient(s *imported, client *node) {
	if oauth := client.get("oauth2"); oauth != nil {
		s.credential = []pair{
			{"type", string(uptime.CredentialClient)},
			{"token_url", word(oauth, "token-url")},
			{"client_id", word(oauth, "client-id")},
			{"client_secret", m.hide(s, "client secret", word(oauth, "client-secret"), "")},
		}
		if scopes := oauth.get("scopes"); scopes != nil {
			for _, scope := range scopes.items {
				s.scopes = append(s.scopes, scope.text)
			}
		}
	}
	if client == nil {
		return
	}
	for _, c := range client.members {
		if c.key != "oauth2" {
			m.note("%s: client.%s is not imported", s.name, shown(c.key))
		}
	}
}

// gatusLeft names what has no counterpart here.
func (m *importer) gatusLeft(s *imported, n *node) {
	for _, left := range []struct{ key, why string }{
		{"conditions", "the handshake decides; a canary or a health URL with expect, and slow, can take their place"},
		{"alerts", "notices are set up anew"},
		{"body", "the probe speaks MCP and has no body of its own"},
		{"method", "the probe knows how to ask"},
		{"dns", "only MCP servers are asked"},
		{"ssh", "only MCP servers are asked"},
	} {
		if n.get(left.key) != nil {
			m.note("%s: %s is not imported: %s", s.name, left.key, left.why)
		}
	}
}
