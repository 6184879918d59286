package config

import (
	"crypto/tls"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// checkServer checks what a server says itself.
func (d *decoder) checkServer(s *Server) {
	u := d.url(&s.URL, d.of(&s.URL, s))
	d.checkReach(s)
	d.checkSettings(&s.Settings)
	s.baseline = d.baseline(&s.Baseline, d.f.Defaults.baseline)
	switch {
	case s.Slug == "":
		s.Slug = slugOf(orElse(s.Name, addressOf(u)))
		if s.Slug == "" && (s.Name != "" || u != nil) {
			d.add(d.of(&s.Name, s), SeverityError, "no slug can be made of the name; add one, such as slug: weather")
		}
	case !slugForm.MatchString(s.Slug):
		d.add(d.of(&s.Slug), SeverityError, "a slug has lower-case letters, digits and hyphens, at most 64%s", such(slugOf(s.Slug)))
	}
	s.Name = orElse(s.Name, s.Slug)
	d.checkOneLine(s)
}

func such(example string) string {
	if example == "" {
		return ""
	}
	return ", such as " + shown(example)
}

// checkReach wants one way to the server.
func (d *decoder) checkReach(s *Server) {
	switch {
	case d.wrote(&s.URL) && d.wrote(&s.Command):
		d.add(d.of(&s.Command), SeverityError, "a server has a url or a command, not both; remove one")
	case !d.wrote(&s.URL) && !d.wrote(&s.Command):
		d.add(d.of(s), SeverityError, "it is missing where the server is; add url: https://example.com/mcp, or command and args")
	case d.wrote(&s.Command) && s.Slug+s.Name == "":
		d.add(d.of(s), SeverityError, "a server with a command needs a name; add one, such as name: Files")
	case d.wrote(&s.URL):
		for _, v := range []any{&s.Args, &s.Env, &s.Dir} {
			if d.wrote(v) {
				d.add(d.of(v), SeverityError, "this is for a command, and the server has a url; remove it")
			}
		}
	case d.wrote(&s.Transport):
		d.add(d.of(&s.Transport), SeverityError, "a command speaks over stdio; remove transport")
	case s.Credential != nil && d.wrote(&s.Credential) || len(s.Headers) > 0 && d.wrote(&s.Headers):
		d.add(d.of(&s.Credential, &s.Headers), SeverityError, "a command is given secrets by env; credential and headers are for a url")
	}
	for name := range s.Env {
		if !variableName.MatchString(name) {
			d.add(d.of(entryOf{&s.Env, name}), SeverityError, "this is no name of an environment variable")
		}
	}
}

// checkOneLine keeps what pages show in one line, and short.
func (d *decoder) checkOneLine(s *Server) {
	for _, t := range []*string{&s.Name, &s.Description, &s.Group} {
		if len(*t) > 500 || strings.ContainsAny(*t, "\n\t") {
			d.add(d.of(t, s), SeverityError, "here must be one line of at most 500 bytes")
		}
	}
}

// addressOf is what a server without slug and name is called after. The path
// may hold a secret only where the file has the URL in clear anyway.
func addressOf(u *url.URL) string {
	if u == nil {
		return ""
	}
	return strings.TrimSuffix(u.Hostname()+u.Path, "/mcp")
}

// slugOf makes a slug of a name; empty when nothing is left of it.
func slugOf(name string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r < unicode.MaxASCII && isAlphanumeric(byte(r)):
			b.WriteRune(r)
		case b.Len() > 0 && !strings.HasSuffix(b.String(), "-"):
			b.WriteByte('-')
		}
		if b.Len() == 64 {
			break
		}
	}
	return strings.Trim(b.String(), "-")
}

func (d *decoder) checkSlugs() {
	first := map[string]place{}
	for i := range d.f.Servers {
		s := &d.f.Servers[i]
		at := d.of(&s.Slug, &s.Name, s)
		before, ok := first[s.Slug]
		switch {
		case s.Slug == "":
		case ok && before.file != at.file:
			d.add(at, SeverityError, "the slug %s is that of another server already, in line %d of %s; give each its own", shown(s.Slug), before.line, before.file)
		case ok:
			d.add(at, SeverityError, "the slug %s is that of the server in line %d already; give each its own", shown(s.Slug), before.line)
		default:
			first[s.Slug] = at
		}
	}
}

// checkSettings checks what is written in one place. What a server has from the
// defaults has no place in it and was checked there.
func (d *decoder) checkSettings(s *Settings) {
	d.checkServerRegions(s)
	d.url(&s.RunbookURL, d.of(&s.RunbookURL))
	if s.Interval > 0 && d.wrote(&s.Interval) && s.Interval%(100*time.Millisecond) != 0 {
		d.add(d.of(&s.Interval), SeverityError, "an interval is a multiple of 100ms")
	}
	if c := s.Credential; c != nil {
		d.checkCredential(c, d.of(&s.Credential))
	}
	d.checkHeaders(&s.Headers)
	d.checkChecks(s)
}

func (d *decoder) checkServerRegions(s *Settings) {
	var ids []string
	for _, r := range d.f.Regions {
		ids = append(ids, r.ID)
	}
	if !d.wrote(&s.Regions) {
		return
	}
	for i, id := range s.Regions {
		at := d.of(&s.Regions[i])
		switch near := nearest(id, ids); {
		case slices.Contains(s.Regions[:i], id):
			d.add(at, SeverityError, "the region stands here twice; keep one")
		case slices.Contains(ids, id):
		case near != "":
			d.add(at, SeverityError, "there is no region %q; did you mean %s?", shown(id), near)
		default:
			d.add(at, SeverityError, "there is no region %q; regions has %s", shown(id), alternatives(ids))
		}
	}
}

// checkCredential wants what the type needs, and nothing else.
func (d *decoder) checkCredential(c *Credential, at place) {
	keys := []struct {
		key   string
		value any
		given bool
	}{
		{"token", &c.Token, c.Token != ""},
		{"header", &c.Header, c.Header != ""},
		{"token_url", &c.TokenURL, c.TokenURL != ""},
		{"client_id", &c.ClientID, c.ClientID != ""},
		{"client_secret", &c.ClientSecret, c.ClientSecret != ""},
		{"scopes", &c.Scopes, len(c.Scopes) > 0},
		{"certificate", &c.Certificate, c.Certificate != ""},
		{"key", &c.Key, c.Key != ""},
	}
	needs, may := credentialKeys(uptime.CredentialKind(c.Type))
	for _, k := range keys {
		switch {
		case needs == nil: // the type is wrong, and was named
		case slices.Contains(needs, k.key) && !d.wrote(k.value):
			d.add(at, SeverityError, "a credential of type %s needs %s", c.Type, alternatives(needs)+" to be there: "+k.key+" is missing")
		case d.wrote(k.value) && !slices.Contains(needs, k.key) && !slices.Contains(may, k.key):
			d.add(d.of(k.value), SeverityError, "a credential of type %s does not use this; remove it", c.Type)
		}
	}
	d.url(&c.TokenURL, d.of(&c.TokenURL))
	if c.Header != "" && !fieldName.MatchString(c.Header) {
		d.add(d.of(&c.Header), SeverityError, "this is no name of a header, such as X-API-Key")
	}
	if c.Certificate != "" && c.Key != "" {
		if _, err := tls.X509KeyPair([]byte(c.Certificate), []byte(c.Key)); err != nil {
			d.add(d.of(&c.Certificate), SeverityError, "certificate and key are not a pair in PEM (-----BEGIN CERTIFICATE----- and -----BEGIN ... PRIVATE KEY-----)")
		}
	}
}

func credentialKeys(kind uptime.CredentialKind) (needs, may []string) {
	switch kind {
	case uptime.CredentialBearer:
		return []string{"token"}, nil
	case uptime.CredentialHeader:
		return []string{"header", "token"}, nil
	case uptime.CredentialClient:
		return []string{"client_id", "client_secret"}, []string{"token_url", "scopes"}
	case uptime.CredentialMTLS:
		return []string{"certificate", "key"}, nil
	}
	return nil, nil
}

func (d *decoder) checkHeaders(headers *map[string]uptime.Secret) {
	for name := range *headers {
		if !fieldName.MatchString(name) {
			d.add(d.of(entryOf{headers, name}, headers), SeverityError, "this is no name of a header, such as X-API-Key")
		}
	}
}

func (d *decoder) checkChecks(s *Settings) {
	for i := range s.Health {
		h := &s.Health[i]
		d.url(&h.URL, d.of(&h.URL, h))
		d.checkHeaders(&h.Headers)
	}
	if c := s.Completion; c != nil && (c.Prompt == "") == (c.Resource == "") {
		d.add(d.of(&s.Completion, c), SeverityError, "give prompt or resource, and not both")
	}
	if len(s.Health) > 16 {
		d.add(d.of(&s.Health), SeverityError, "there are %d health URLs, the most is 16", len(s.Health))
	}
}

// baseline reads the snapshot at name, if it is named here.
func (d *decoder) baseline(name *string, inherited []byte) []byte {
	if !d.wrote(name) {
		return inherited
	}
	if *name == "" {
		return nil
	}
	d.source(*name)
	data, err := readBounded(*name, maxBaseline)
	if err == nil && d.o.Snapshot != nil {
		err = d.o.Snapshot(data)
	}
	if err != nil {
		d.add(d.of(name), SeverityError, "the baseline %s: %v; alivemcp snapshot URL > FILE writes one", *name, err)
	}
	return data
}
