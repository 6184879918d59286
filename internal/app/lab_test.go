package app_test

import (
	"testing"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/lab"
)

// TestEveryScenarioOfTheLab holds the probe against every fault that the lab
// knows: state, cause, step, wording, findings.
func TestEveryScenarioOfTheLab(t *testing.T) {
	for _, s := range lab.Scenarios() {
		t.Run(s.Group+"/"+s.Name, func(t *testing.T) {
			t.Parallel()
			results, err := app.CheckLab(t.Context(), []lab.Scenario{s}, 1, func() {})
			if err != nil {
				t.Fatal(err)
			}
			if r := results[0]; r.Problem != "" {
				t.Errorf("%s\n%s\ngot state %s cause %q", s.About, r.Problem, r.Got, r.GotCause)
			}
		})
	}
}
