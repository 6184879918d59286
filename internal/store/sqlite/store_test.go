package sqlite_test

import (
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/store/storetest"
)

func TestStore(t *testing.T) {
	storetest.Run(t, func(t *testing.T, now func() time.Time) storetest.Database {
		// A path may hold what means something in a URI.
		dir := t.TempDir() + "/da ta?#%41é"
		return func() storetest.Store {
			s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir, Now: now})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
	})
}
