package show_test

import (
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/internal/show"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestAccessSaysWhetherWeSignedIn pins that a wall is not held against a check
// that passed it.
func TestAccessSaysWhetherWeSignedIn(t *testing.T) {
	walled := show.Check{Target: "https://a.example/mcp", State: uptime.Live, Result: uptime.Result{Access: uptime.AccessWalled}}
	inside := walled
	inside.Result.Tools = &uptime.ToolSet{Count: 1}
	for name, tc := range map[string]struct {
		check      show.Check
		want, lack string
	}{
		"stranger":  {walled, "tools not verified", "signed in"},
		"signed in": {inside, "signed in", "not verified"},
	} {
		var out strings.Builder
		if err := show.Write(&out, show.Text, []show.Check{tc.check}, show.Style{}); err != nil {
			t.Fatal(err)
		}
		advice := strings.Contains(show.Next(tc.check), "--bearer-env")
		if !strings.Contains(out.String(), tc.want) || strings.Contains(out.String(), tc.lack) || advice != (name == "stranger") {
			t.Errorf("%s: %s", name, out.String())
		}
	}
}
