package sqlite_test

import (
	"testing"

	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestOpenAgain(t *testing.T) {
	dir := t.TempDir() + "/da ta?#%41é"
	s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	before, err := s.SyncServers(t.Context(), "acme", []uptime.Server{{Slug: "weather", Name: "Weather"}})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err = sqlite.Open(t.Context(), sqlite.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	after, err := s.SyncServers(t.Context(), "acme", []uptime.Server{{Slug: "weather", Name: "Weather"}})
	if err != nil || before[0].ID != after[0].ID || before[0].ID == "" || before[0].Num == 0 {
		t.Fatalf("%+v, %+v: %v", before, after, err)
	}
}
