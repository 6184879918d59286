package config_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/internal/config"
)

// TestImport: what comes out holds no secret, says what is to do, and loads.
func TestImport(t *testing.T) {
	for _, name := range []string{"kuma.json", "gatus.yaml", "mcp.json"} {
		t.Run(name, func(t *testing.T) {
			data, err := os.ReadFile(filepath.Join("testdata/import", name))
			if err != nil {
				t.Fatal(err)
			}
			found, err := config.ImportFiles(config.Source{Name: name, Data: data})
			if err != nil {
				t.Fatal(err)
			}
			out := report(found)
			if bytes.Contains(out, []byte("s3cr3t")) || bytes.Contains(out, []byte("AbCdEf")) {
				t.Errorf("a secret is written:\n%s", out)
			}
			golden(t, filepath.Join("testdata/import", name+".golden"), out)
			loads(t, found)
		})
	}
}

func report(found config.Imported) []byte {
	b := bytes.NewBuffer(found.YAML)
	for _, v := range found.Variables {
		fmt.Fprintf(b, "# %s: %s\n", v.Name, v.What)
	}
	for _, n := range found.Notes {
		fmt.Fprintf(b, "# note: %s\n", n)
	}
	return b.Bytes()
}

// loads loads what was imported, with all its variables set.
func loads(t *testing.T, found config.Imported) {
	t.Helper()
	set := map[string]string{}
	for _, v := range found.Variables {
		set[v.Name] = "x"
		if strings.HasPrefix(v.What, "url ") {
			set[v.Name] = "https://a.example/mcp"
		}
	}
	lookup := func(name string) (string, bool) { v, ok := set[name]; return v, ok }
	f, problems := config.Parse("x.yaml", found.YAML, config.Options{Lookup: lookup})
	if problems.Broken() || len(f.Servers) != found.Servers {
		t.Errorf("it does not load: %v\n%s", problems, found.YAML)
	}
}

func TestImportTogether(t *testing.T) {
	one := config.Source{Name: "a.json", Data: []byte(`{"mcpServers":{"a":{"url":"https://a.example/mcp"}}}`)}
	found, err := config.ImportFiles(one, one)
	if err != nil || !strings.Contains(string(found.YAML), "slug: a-2") {
		t.Errorf("%v\n%s", err, found.YAML)
	}
	if _, err := config.ImportFiles(one, config.Source{Name: "b.json", Data: []byte("{")}); err == nil || !strings.Contains(err.Error(), "b.json") {
		t.Errorf("error %v names no file", err)
	}
}

// FuzzImport: whatever is imported can be loaded.
func FuzzImport(f *testing.F) {
	for _, name := range []string{"kuma.json", "gatus.yaml", "mcp.json"} {
		data, err := os.ReadFile(filepath.Join("testdata/import", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(name, data)
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		if len(data) > 1<<16 {
			t.Skip()
		}
		found, err := config.ImportFiles(config.Source{Name: name, Data: data})
		if err != nil {
			return
		}
		set := func(string) (string, bool) { return "https://a.example/mcp", true }
		_, problems := config.Parse("x.yaml", found.YAML, config.Options{Lookup: set})
		for _, p := range problems {
			// What the other program allowed may be wrong here; it must be YAML of ours.
			if p.Field == "" && p.Severity == config.SeverityError || strings.Contains(p.Message, "no such key") {
				t.Errorf("%v\n%s", p, found.YAML)
			}
		}
	})
}

// FuzzLoad: no input panics, hangs, or is taken with an error among its problems.
func FuzzLoad(f *testing.F) {
	for _, name := range []string{"../../deploy/alivemcp.example.yaml", "starter.yaml"} {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte("servers: [{url: env:TOKEN, canary: {tool: x, arguments: {a: [1, 0x1, .inf]}, expect: [contains: a]}}]"))
	f.Add([]byte("x-a: &a {b: 1}\nservers: [{<<: *a, url: https://a.example}]\nwindows: [{name: w, from: 2026-10-01T00:00:00Z, for: 1h}]"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 1<<16 {
			t.Skip()
		}
		file, problems := config.Parse(filepath.Join(dir, "alivemcp.yaml"), data, config.Options{Lookup: surroundings})
		if (file == nil) != problems.Broken() {
			t.Errorf("file %v with %v", file, problems)
		}
		if file != nil {
			file.ServersOf("t")
			file.WindowsOf("t")
		}
		if strings.Contains(fmt.Sprint(problems), "s3cr3t") {
			t.Errorf("a secret is told: %v", problems)
		}
	})
}
