package sinktest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/internal/alert/sinktest"
)

// recorder is a test that may fail without failing ours.
type recorder struct {
	testing.TB
	failed bool
}

func (*recorder) Helper()                 {}
func (r *recorder) Error(...any)          { r.failed = true }
func (r *recorder) Errorf(string, ...any) { r.failed = true }

func TestCleanFinds(t *testing.T) {
	for _, dirty := range []string{
		"connect to 1.2.3.4 failed", "http://1.2.3.4:8080/mcp", "from [2001:db8::1]:443", "fe80::1", "at ::1.", "seen from eu-west",
		"key " + sinktest.Secret, sinktest.Tenant, "inc_sample_outage and inc_sample_bare", "dial tcp", "http://localhost/x", "Bearer abc", "key whsec_abc", "bad \xff",
	} {
		r := &recorder{TB: t}
		if sinktest.Clean(r, []byte(dirty)); !r.failed {
			t.Errorf("%q passes", dirty)
		}
	}
}

func TestCleanPasses(t *testing.T) {
	for _, clean := range []string{
		"Weather is down since 2026-11-03T09:30:00Z", "version 1.2.3", "<t:1762162200:R>", "inc_sample_outage, inc_sample_outage",
		"09:30:00.123", "sha256:abc:def", "::",
	} {
		sinktest.Clean(t, []byte(clean))
	}
}

// The samples themselves hold in their notices nothing that is denied, and
// around them all of it.
func TestSamples(t *testing.T) {
	for _, s := range sinktest.Samples() {
		notice, err := json.Marshal(s.Delivery.Notice)
		if err != nil {
			t.Fatalf("%s: %v", s.Name, err)
		}
		sinktest.CleanJSON(t, notice)
		if !strings.Contains(s.Delivery.Error, sinktest.Secret) {
			t.Errorf("%s: the delivery holds no canary", s.Name)
		}
	}
}
