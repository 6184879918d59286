package app_test

import (
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/app"
)

// TestAskingChangesNothing: how often somebody scrapes us does not decide whether
// a supervisor learns that verdicts cannot be stored.
func TestAskingChangesNothing(t *testing.T) {
	t.Parallel()
	var trouble app.Trouble
	now := time.Now()
	for i, step := range []struct {
		after time.Duration
		count uint64
		want  bool
	}{
		{0, 0, false}, {0, 1, true}, {0, 1, true}, {20 * time.Second, 1, true},
		{time.Minute, 1, false}, {2 * time.Minute, 2, true}, {2 * time.Minute, 2, true},
	} {
		if got := trouble.Recently(step.count, now.Add(step.after)); got != step.want {
			t.Errorf("question %d: %v, want %v", i, got, step.want)
		}
	}
}
