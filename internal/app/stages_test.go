package app_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alivemcp/alivemcp/internal/app"
)

func TestStagesEndInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var order []string
		live := func(name string, drain time.Duration) func(context.Context) error {
			return func(ctx context.Context) error {
				<-ctx.Done()
				time.Sleep(drain)
				order = append(order, name)
				return ctx.Err()
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := app.RunStages(ctx, live("take", 3*time.Second), live("work", time.Second), live("keep", 0))
		if got := strings.Join(order, " "); err != nil || got != "take work keep" {
			t.Errorf("ended %q with %v, want take work keep", got, err)
		}
	})
}

func TestAPartThatFailsEndsAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("disk full")
		ended := false
		err := app.RunStages(t.Context(),
			func(ctx context.Context) error { <-ctx.Done(); ended = true; return nil },
			func(context.Context) error { time.Sleep(time.Second); return broken })
		if !errors.Is(err, broken) || !ended {
			t.Errorf("RunStages = %v, others ended: %v", err, ended)
		}
	})
}
