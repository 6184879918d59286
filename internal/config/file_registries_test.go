package config_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestRegistries(t *testing.T) {
	const yaml = `registries:
  enabled: true
  contact: ops@example.com
  every: 2h
  sources:
    official: {url: http://127.0.0.1:9, private: true}
    docker: false
    pulsemcp: {key: env:TOKEN, tenant: ours}
  serve: {enabled: true, per_host: 3}
`
	f, problems := config.Parse("alivemcp.yaml", []byte(yaml), config.Options{Lookup: surroundings})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	r := &f.Registries
	if r.Every != 2*time.Hour || r.Serve.Interval != time.Minute || r.Serve.PerHost != 3 || f.Whom() != "ops@example.com" {
		t.Errorf("read %+v", r)
	}
	if r.Sources.PulseMCP.Key.Reveal() != "s3cr3t" {
		t.Error("the key was not read")
	}
	all := r.Sources.All()
	want := config.SourceSetting{ID: uptime.SourceOfficial, Enabled: true, URL: "http://127.0.0.1:9", Private: true}
	if diff := cmp.Diff(want, all[0]); diff != "" {
		t.Error(diff)
	}
	for _, s := range all {
		if s.Enabled == (s.ID == uptime.SourceDocker) {
			t.Errorf("%s: enabled %v", s.ID, s.Enabled)
		}
	}
	if len(all) != 10 {
		t.Errorf("there are %d registries", len(all))
	}
}

func TestRegistryProblems(t *testing.T) {
	tests := []struct{ name, yaml, want string }{
		{"nobody answers", "registries: {enabled: true}\n", "registries are read under a name: add contact"},
		{"no contact", "registries: {contact: us}\n", "here must be a URL or a mail address"},
		{"too often", "registries: {every: 1m}\n", "here must be a duration from 15m to 7d"},
		{"no such source", "registries: {sources: {oficial: true}}\n", "did you mean official?"},
		{"url", "registries: {sources: {official: {url: ftp://s3cr3t}}}\n", "here must be an http or https URL"},
		{"key without tenant", "registries: {sources: {pulsemcp: {key: env:TOKEN}}}\n", "both a key and a tenant"},
		{"no key", "registries: {sources: {glama: {key: env:NONE}}}\n", "the environment variable NONE is not set"},
		{"serve without crawl", "registries: {serve: {enabled: true}}\n", "warning: registries.serve.enabled: nothing new is served"},
		{"listen", "registries: {serve: {listen: nowhere}}\n", "here must be HOST:PORT"},
		{"one port twice", "registries: {enabled: true, contact: a@b.example, serve: {enabled: true, listen: \"127.0.0.1:8080\"}}\n", "give the listed servers another port"},
		{"too many", "registries: {serve: {max_servers: 0}}\n", "a whole number from 1 to 50000"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "alivemcp.yaml")
			_, problems := config.Parse(name, []byte(tt.yaml+oneServer), config.Options{Lookup: surroundings})
			if text := said(problems, name); !strings.Contains(text, tt.want) || strings.Contains(text, "s3cr3t") {
				t.Errorf("said:\n%swant: %s", text, tt.want)
			}
		})
	}
}

// TestContactOfProbes: whoever answers for the probes answers for reading, too.
func TestContactOfProbes(t *testing.T) {
	f, problems := config.Parse("a.yaml", []byte("registries: {enabled: true}\nprobe: {contact: https://a.example}\n"+oneServer), config.Options{})
	if len(problems) > 0 || f.Whom() != "https://a.example" {
		t.Errorf("%v", problems)
	}
}
