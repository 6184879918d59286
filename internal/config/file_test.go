package config_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestExamples: what is shipped must be without fault.
func TestExamples(t *testing.T) {
	f, problems := config.Load("../../deploy/alivemcp.example.yaml", config.Options{})
	if len(problems) > 0 || len(f.Servers) != 5 {
		t.Errorf("the example: %v", problems)
	}
	if _, problems = config.Parse("x.yaml", config.Starter(), config.Options{}); len(problems) > 0 {
		t.Errorf("the starter: %v", problems)
	}
}

const full = `
base_url: https://status.example.com/
regions: [{id: eu, city: London}, {id: ap}]
defaults: {interval: 2m, slo: 99.9, headers: {X-Team: a}, regions: [eu]}
servers:
  - name: The Weather
    url: https://weather.example.com/mcp
    regions: [eu, ap]
    slo: {percent: 99.5, window: 7d}
    credential: {type: client_credentials, client_id: m, client_secret: env:TOKEN, scopes: [read], expires: 2027-01-31T02:00:00+02:00}
    access: auth_walled
    canary: {tool: forecast, arguments: {city: London, days: 1, at: [true, null, 1.5]}, expect: [no_error, contains: "15"], downs: true}
    health: [https://weather.example.com/healthz, {name: db, url: https://weather.example.com/db, headers: {A: env:TOKEN}}]
    resources: true
    prompts: true
    completion: {prompt: greet, argument: name, value: A}
    private: false
    guest: true
  - {slug: files, command: npx, args: [-y, 7, env:TOKEN], env: {B: x, A: env:TOKEN}, dir: sub, prompts: {name: p, arguments: {n: Ada}}, group: g}
windows:
  - {name: Upgrade, text: Soon., servers: [files], from: 2026-10-01T22:00:00+02:00, for: 1h30m}
`

// TestWords turns a full configuration into the words of the product.
func TestWords(t *testing.T) {
	dir := t.TempDir()
	f, problems := config.Parse(filepath.Join(dir, "alivemcp.yaml"), []byte(full), config.Options{Lookup: surroundings})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	want := []uptime.Server{
		{
			Tenant: "default", Slug: "files", Name: "files", Group: "g", Transport: uptime.Stdio, Private: true,
			Command:  uptime.Command{Path: "npx", Args: []string{"-y", "7", "s3cr3t"}, Env: []string{"A=s3cr3t", "B=x"}, Dir: filepath.Join(dir, "sub"), Secrets: []uptime.Secret{"s3cr3t"}},
			Interval: 2 * time.Minute, Regions: []string{"eu"}, Slow: 5 * time.Second,
			Objective: &uptime.Objective{Percent: 99.9, Window: 30 * 24 * time.Hour},
			Profile:   uptime.Profile{Prompts: &uptime.PromptCheck{Name: "p", Arguments: map[string]string{"n": "Ada"}}},
		},
		{
			Tenant: "default", Slug: "the-weather", Name: "The Weather", URL: "https://weather.example.com/mcp", Guest: true,
			Interval: 2 * time.Minute, Regions: []string{"ap", "eu"}, Slow: 5 * time.Second,
			Objective: &uptime.Objective{Percent: 99.5, Window: 7 * 24 * time.Hour},
			Profile: uptime.Profile{
				Headers: []uptime.Header{{Name: "X-Team", Value: "a"}},
				Credential: &uptime.Credential{
					Kind: uptime.CredentialClient, ClientID: "m", ClientSecret: "s3cr3t", Scopes: []string{"read"},
					Expires: time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC), Certificate: []byte{},
				},
				Access: uptime.AccessWalled,
				Canary: &uptime.Canary{
					Tool: "forecast", Arguments: []byte(`{"at":[true,null,1.5],"city":"London","days":1}`),
					Expect: []uptime.Assertion{{Kind: uptime.AssertNoError}, {Kind: uptime.AssertContains, Value: "15"}}, Downs: true,
				},
				Health: []uptime.HealthCheck{
					{Name: "health 1", URL: "https://weather.example.com/healthz"},
					{Name: "db", URL: "https://weather.example.com/db", Headers: []uptime.Header{{Name: "A", Value: "s3cr3t"}}},
				},
				Resources: true, Prompts: &uptime.PromptCheck{},
				Completion: &uptime.CompletionCheck{Prompt: "greet", Argument: "name", Value: "A"},
			},
		},
	}
	if diff := cmp.Diff(want, f.ServersOf("default")); diff != "" {
		t.Errorf("servers (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]uptime.Region{{ID: "ap", City: "ap"}, {ID: "eu", City: "London"}}, f.Places()); diff != "" {
		t.Errorf("regions (-want +got):\n%s", diff)
	}
	windows := []uptime.Window{{
		ID: "upgrade-20261001t2000", Tenant: "default", Name: "Upgrade", Text: "Soon.", Servers: []string{"files"},
		From: time.Date(2026, 10, 1, 20, 0, 0, 0, time.UTC), To: time.Date(2026, 10, 1, 21, 30, 0, 0, time.UTC),
	}}
	if diff := cmp.Diff(windows, f.WindowsOf("default")); diff != "" {
		t.Errorf("windows (-want +got):\n%s", diff)
	}
	if f.BaseURL != "https://status.example.com" || f.Data != filepath.Join(dir, "data") {
		t.Errorf("base_url %s, data %s", f.BaseURL, f.Data)
	}
}

// TestDefaultsStay: what one server says does not leak into another through the
// block that both were given.
func TestDefaultsStay(t *testing.T) {
	yaml := "defaults: {slo: {percent: 99, window: 7d}, canary: {tool: a}}\nservers:\n  - {url: https://a.example, slo: 95}\n  - {url: https://b.example}\n"
	f, problems := config.Parse("x.yaml", []byte(yaml), config.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	s := f.ServersOf("t")
	if s[0].Objective.Percent != 95 || s[0].Objective.Window != 30*24*time.Hour || s[1].Objective.Percent != 99 || s[1].Profile.Canary.Tool != "a" {
		t.Errorf("objectives %+v and %+v", s[0].Objective, s[1].Objective)
	}
}
