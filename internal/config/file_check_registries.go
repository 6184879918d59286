package config

import (
	"reflect"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// SourceSetting is what the file says about one registry.
type SourceSetting struct {
	ID      uptime.SourceID
	Enabled bool
	URL     string // empty for its own
	Private bool   // it may have an address that is not public
}

// All returns the settings of all registries, in the order of the manual.
func (s *ListSources) All() []SourceSetting {
	v := reflect.ValueOf(s).Elem()
	var out []SourceSetting
	for _, f := range keysOf(v.Type()) {
		one := v.FieldByIndex(f.index)
		out = append(out, SourceSetting{
			ID: uptime.SourceID(f.key), Enabled: one.FieldByName("Enabled").Bool(),
			URL: one.FieldByName("URL").String(), Private: one.FieldByName("Private").Bool(),
		})
	}
	return out
}

// Whom returns who answers for reading the registries; empty when nobody is named.
func (f *File) Whom() string { return orElse(f.Registries.Contact, f.Probe.Contact) }

func (d *decoder) checkRegistries() {
	r := &d.f.Registries
	if r.Enabled && d.f.Whom() == "" {
		d.add(d.of(&r.Contact, &r.Enabled), SeverityError, "registries are read under a name: add contact, a URL or mail address such as contact: https://example.com/monitoring")
	}
	if r.Contact != "" && (len(r.Contact) > 200 || strings.ContainsFunc(r.Contact, notInHeader) || !strings.Contains(r.Contact, "://") && !strings.Contains(r.Contact, "@")) {
		d.add(d.of(&r.Contact), SeverityError, "here must be a URL or a mail address, such as https://example.com/monitoring")
	}
	s := &r.Sources
	for _, u := range []*string{
		&s.Official.URL, &s.GitHub.URL, &s.PulseMCP.URL, &s.Glama.URL, &s.Smithery.URL,
		&s.Topics.URL, &s.Docker.URL, &s.Cline.URL, &s.ToolSDK.URL, &s.MCPSo.URL,
	} {
		d.url(u, d.of(u))
	}
	if p := &s.PulseMCP; (p.Key == "") != (p.Tenant == "") {
		d.add(d.of(&p.Key, &p.Tenant), SeverityError, "this registry wants both a key and a tenant; add the other")
	}
	d.checkServeListed()
}

func (d *decoder) checkServeListed() {
	r := &d.f.Registries
	if !hostPort(r.Serve.Listen, true) {
		d.add(d.of(&r.Serve.Listen), SeverityError, "here must be HOST:PORT, such as 127.0.0.1:8081")
	}
	if r.Serve.Enabled && r.Serve.Listen == d.f.Listen && !strings.HasSuffix(r.Serve.Listen, ":0") {
		d.add(d.of(&r.Serve.Listen, &r.Serve), SeverityError, "your own pages are served here already; give the listed servers another port")
	}
	d.url(&r.Serve.BaseURL, d.of(&r.Serve.BaseURL))
	r.Serve.BaseURL = strings.TrimSuffix(r.Serve.BaseURL, "/")
	if r.Serve.Enabled && !r.Enabled {
		d.add(d.of(&r.Serve.Enabled), SeverityWarn, "nothing new is served while the registries are not read; write enabled: true in registries")
	}
}
