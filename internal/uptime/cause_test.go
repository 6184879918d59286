package uptime_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestCauseReasonsAndEffects(t *testing.T) {
	want := map[uptime.Reason]int{
		uptime.ConnectionRefused: 10, uptime.Timeout: 3, uptime.ProtocolError: 28,
		uptime.SchemaDrift: 1, uptime.ErrorRateElevated: 4, uptime.NoReason: 6,
	}
	got := map[uptime.Reason]int{}
	seen := map[uptime.Cause]bool{}
	for _, c := range uptime.Causes() {
		if seen[c] {
			t.Errorf("%s is listed twice", c)
		}
		seen[c] = true
		got[c.Reason()]++
		if c.Effect() == uptime.Live {
			t.Errorf("%s argues for Live", c)
		}
		if (c.Reason() == uptime.NoReason) != (c.Effect() == uptime.Unknown) {
			t.Errorf("%s: reason %q with effect %s", c, c.Reason(), c.Effect())
		}
	}
	for r, n := range want {
		if got[r] != n {
			t.Errorf("%d causes with reason %q, want %d", got[r], r, n)
		}
	}
}

func TestSecretIsNeverShown(t *testing.T) {
	h := uptime.Header{Name: "X-Key", Value: "hunter2"}
	j, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{fmt.Sprint(h), fmt.Sprintf("%+v %#v %s %q", h, h, h.Value, h.Value), string(j)} {
		if want := "hunter2"; strings.Contains(s, want) {
			t.Errorf("%s shows the secret", s)
		}
	}
	if h.Value.Reveal() != "hunter2" {
		t.Error("Reveal lost the secret")
	}
}

func TestStateText(t *testing.T) {
	for _, s := range []uptime.State{uptime.Unknown, uptime.Live, uptime.Degraded, uptime.Down} {
		text, _ := s.MarshalText()
		var back uptime.State
		if err := back.UnmarshalText(text); err != nil || back != s {
			t.Errorf("%s came back as %s, %v", s, back, err)
		}
	}
	if uptime.State(0) != uptime.Unknown {
		t.Error("the zero State is not Unknown")
	}
}
