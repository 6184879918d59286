package show_test

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/show"
)

func TestProgress(t *testing.T) {
	for _, tc := range []struct {
		name     string
		terminal bool
		lasts    time.Duration
		want     string
	}{
		{"short, appended", false, 1900 * time.Millisecond, ""},
		{"long, appended", false, 13 * time.Second, "2s\n12s\n"},
		{"short, redrawn", true, 100 * time.Millisecond, ""},
		{"long, redrawn", true, 450 * time.Millisecond, "\r\x1b[K0s\r\x1b[K0s\r\x1b[K"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), tc.lasts)
				defer cancel()
				var b bytes.Buffer
				show.Progress(ctx, &b, tc.terminal, func(d time.Duration) string { return fmt.Sprintf("%.0fs", d.Seconds()) })
				if got := b.String(); got != tc.want {
					t.Errorf("%q, want %q", got, tc.want)
				}
			})
		})
	}
}
