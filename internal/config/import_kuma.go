package config

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// kuma takes the monitors of an Uptime Kuma backup: what asks an http or https
// URL. Groups are monitors themselves, and name the group of those below them.
func (m *importer) kuma(root *node) error {
	groups := map[string]*node{}
	for _, n := range root.get("monitorList").items {
		if word(n, "type") == "group" {
			groups[word(n, "id")] = n
		}
	}
	for _, n := range root.get("monitorList").items {
		if err := m.monitor(n, groups); err != nil {
			return err
		}
	}
	for _, key := range []string{"notificationList", "proxyList"} {
		if list := root.get(key); list.is(kindList) && len(list.items) > 0 {
			m.note("%s with %d entries is not imported: notices and proxies are set up anew", key, len(list.items))
		}
	}
	return nil
}

// word is the text of a scalar below n; empty when there is none.
func word(n *node, key string) string {
	if v := n.get(key); v.scalar() {
		return v.text
	}
	return ""
}

func (m *importer) monitor(n *node, groups map[string]*node) error {
	kind, name := word(n, "type"), oneLine(word(n, "name"))
	if kind == "group" {
		return nil
	}
	if !slices.Contains([]string{"http", "keyword", "json-query"}, kind) {
		m.note("%s is a monitor of type %s, not of an HTTP URL, and is left out", orElse(name, "one"), shown(kind))
		return nil
	}
	s := m.begin(name, "")
	if !m.address(&s, word(n, "url")) {
		m.note("%s has an address that is no http or https URL, and is left out", s.name)
		return nil
	}
	s.description = oneLine(word(n, "description"))
	s.group = m.kumaGroup(n, groups)
	s.paused = slices.Contains([]string{"false", "0"}, word(n, "active"))
	if seconds, err := strconv.ParseFloat(word(n, "interval"), 64); err == nil && seconds > 0 && seconds < 1e8 {
		m.every(&s, time.Duration(seconds*float64(time.Second)))
	}
	m.kumaHeaders(&s, n)
	m.kumaAuth(&s, n)
	m.kumaLeft(&s, n, kind)
	return m.add(s)
}

// kumaGroup is the nearest group above a monitor, or else its first tag.
func (m *importer) kumaGroup(n *node, groups map[string]*node) string {
	if g := groups[word(n, "parent")]; g != nil {
		return oneLine(word(g, "name"))
	}
	tags := n.get("tags")
	if tags == nil || len(tags.items) == 0 {
		return ""
	}
	if len(tags.items) > 1 {
		m.note("%s: of its tags the first becomes the group", oneLine(word(n, "name")))
	}
	tag := tags.items[0]
	if tag.scalar() {
		return oneLine(tag.text)
	}
	return oneLine(strings.TrimSuffix(word(tag, "name")+": "+word(tag, "value"), ": "))
}

// kumaHeaders reads headers, which the backup keeps as JSON in a text.
func (m *importer) kumaHeaders(s *imported, n *node) {
	headers := n.get("headers")
	if headers.is(kindString) && strings.TrimSpace(headers.text) != "" {
		doc, err := parseJSON([]byte(headers.text))
		if err != nil || !doc.root.is(kindMap) {
			m.note("%s: its headers are no JSON object, and are left out", s.name)
			return
		}
		headers = doc.root
	}
	if headers == nil {
		return
	}
	for _, h := range headers.members {
		if h.value.scalar() {
			m.header(s, h.key, h.value.text)
		}
	}
}

func (m *importer) kumaAuth(s *imported, n *node) {
	switch method := word(n, "authMethod"); {
	case method == "oauth2-cc":
		s.credential = []pair{
			{"type", string(uptime.CredentialClient)},
			{"token_url", orElse(word(n, "oauth_token_url"), "")},
			{"client_id", word(n, "oauth_client_id")},
			{"client_secret", m.hide(s, "client secret", word(n, "oauth_client_secret"), "")},
		}
		s.scopes = strings.Fields(word(n, "oauth_scopes"))
	case method == "mtls":
		s.credential = []pair{
			{"type", string(uptime.CredentialMTLS)},
			{"certificate", m.hide(s, "certificate", word(n, "tlsCert"), ", PEM")},
			{"key", m.hide(s, "key", word(n, "tlsKey"), ", PEM")},
		}
	case method == "ntlm":
		m.note("%s: NTLM is not spoken here; it signs in no more", s.name)
	case word(n, "basic_auth_user") != "" && word(n, "basic_auth_user") != "null":
		m.basic(s, "basic_auth_user and basic_auth_pass")
	}
}

// kumaLeft names what has no counterpart here.
func (m *importer) kumaLeft(s *imported, n *node, kind string) {
	if kind != "http" {
		m.note("%s: its condition (%s) is not imported; a canary or a health URL with expect can take its place", s.name, kind)
	}
	for _, left := range []struct{ key, why string }{
		{"upsideDown", "up and down cannot be swapped"},
		{"ignoreTls", "certificates are always verified; trust your own authority on the machine"},
		{"proxyId", "proxies belong to regions, as their egress"},
		{"body", "the probe speaks MCP and has no body of its own"},
	} {
		if v := word(n, left.key); v != "" && v != "false" && v != "0" {
			m.note("%s: %s is not imported: %s", s.name, left.key, left.why)
		}
	}
}
