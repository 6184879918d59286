package config

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// ServersOf returns the servers as words, sorted by slug, as those of a tenant.
// ID and Num are empty: the store gives them.
func (f *File) ServersOf(tenant uptime.TenantID) []uptime.Server {
	servers := make([]uptime.Server, len(f.Servers))
	for i := range f.Servers {
		servers[i] = f.server(&f.Servers[i])
		servers[i].Tenant = tenant
	}
	slices.SortFunc(servers, func(a, b uptime.Server) int { return strings.Compare(a.Slug, b.Slug) })
	return servers
}

// WindowsOf returns the windows as words, as those of a tenant: WindowsAt of
// this moment.
func (f *File) WindowsOf(tenant uptime.TenantID) []uptime.Window {
	return f.WindowsAt(tenant, time.Now())
}

// Places returns the regions as words, sorted by id. A region without a city is
// called by its id.
func (f *File) Places() []uptime.Region {
	regions := make([]uptime.Region, len(f.Regions))
	for i, r := range f.Regions {
		regions[i] = uptime.Region{ID: r.ID, City: orElse(r.City, r.ID)}
	}
	slices.SortFunc(regions, func(a, b uptime.Region) int { return strings.Compare(a.ID, b.ID) })
	return regions
}

func (f *File) server(s *Server) uptime.Server {
	srv := uptime.Server{
		Slug: s.Slug, Name: s.Name, Description: s.Description, Group: s.Group,
		URL: s.URL, SecretURL: s.URL != "" && f.refs[s.URL], Transport: uptime.Transport(s.Transport),
		Private: s.Private, Guest: s.Guest, Hidden: s.Hidden, Paused: s.Paused,
		Interval: s.Interval, Regions: f.regionsOf(s), Slow: s.Slow, RunbookURL: s.RunbookURL,
		Profile: s.profile(),
	}
	if s.Command != "" {
		srv.Transport = uptime.Stdio
		srv.Command = uptime.Command{Path: s.Command, Args: s.Args, Env: environ(s.Env), Dir: s.Dir, Secrets: f.secretsOf(s.Args)}
		srv.Profile.Credential, srv.Profile.Headers = nil, nil // of the defaults, perhaps
	}
	if s.SLO != nil {
		srv.Objective = &uptime.Objective{Percent: s.SLO.Percent, Window: s.SLO.Window}
	}
	return srv
}

// secretsOf returns the arguments that were given as references.
func (f *File) secretsOf(args []string) []uptime.Secret {
	var out []uptime.Secret
	for _, arg := range args {
		if f.refs[arg] {
			out = append(out, uptime.Secret(arg))
		}
	}
	return out
}

func (f *File) regionsOf(s *Server) []string {
	ids := slices.Clone(s.Regions)
	if len(ids) == 0 {
		for _, r := range f.Regions {
			ids = append(ids, r.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

func environ(env map[string]uptime.Secret) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(env)) {
		list = append(list, name+"="+env[name].Reveal())
	}
	return list
}

func (s *Settings) profile() uptime.Profile {
	p := uptime.Profile{
		Headers: headerList(s.Headers), Access: uptime.Access(s.Access),
		Resources: s.Resources, Baseline: s.baseline, Aggressive: s.Aggressive,
	}
	if s.Credential != nil {
		p.Credential = s.Credential.word()
	}
	if c := s.Canary; c != nil {
		p.Canary = &uptime.Canary{Tool: c.Tool, Arguments: c.Arguments, Expect: c.Expect, Downs: c.Downs}
	}
	for i, h := range s.Health {
		p.Health = append(p.Health, uptime.HealthCheck{
			Name: orElse(h.Name, "health "+strconv.Itoa(i+1)), URL: h.URL, Headers: headerList(h.Headers), Expect: h.Expect, Downs: h.Downs,
		})
	}
	if c := s.Prompts; c != nil && c.Enabled {
		p.Prompts = &uptime.PromptCheck{Name: c.Name, Arguments: c.Arguments}
	}
	if c := s.Completion; c != nil {
		p.Completion = &uptime.CompletionCheck{Prompt: c.Prompt, Resource: c.Resource, Argument: c.Argument, Value: c.Value}
	}
	return p
}

func (c *Credential) word() *uptime.Credential {
	return &uptime.Credential{
		Kind: uptime.CredentialKind(c.Type), Token: c.Token, Header: c.Header,
		TokenURL: c.TokenURL, ClientID: c.ClientID, ClientSecret: c.ClientSecret, Scopes: c.Scopes,
		Certificate: []byte(c.Certificate.Reveal()), Key: c.Key, Expires: c.Expires,
	}
}

func headerList(values map[string]uptime.Secret) []uptime.Header {
	var headers []uptime.Header
	for _, name := range slices.Sorted(maps.Keys(values)) {
		headers = append(headers, uptime.Header{Name: name, Value: values[name]})
	}
	return headers
}
