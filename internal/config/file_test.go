package config_test

import (
	"testing"

	"github.com/alivemcp/alivemcp/internal/config"
)

// TestExample loads the example that is shipped: it must be without fault.
func TestExample(t *testing.T) {
	f, problems := config.Load("../../deploy/alivemcp.example.yaml", config.Options{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if got := len(f.ServersOf("default")); got != 5 {
		t.Errorf("%d servers, want 5", got)
	}
}
