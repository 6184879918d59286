package config_test

import (
	"flag"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/config"
)

var update = flag.Bool("update", false, "write docs/config.md and the expectations in testdata anew")

// golden compares got with the content of a file.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is stale, write it anew with -update (-file +now):\n%s", name, diff)
	}
}

func TestManual(t *testing.T) {
	text, err := config.Manual()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "../../docs/config.md", text)
}
