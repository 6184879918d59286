package statuspage_test

import (
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/internal/statuspage"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestEveryCauseHasWords(t *testing.T) {
	seen := map[string]uptime.Cause{}
	for _, c := range uptime.Causes() {
		words := statuspage.InWords(c)
		if words == "something is wrong" || strings.HasSuffix(words, ".") || strings.Contains(words, string(c)) {
			t.Errorf("%s: %q does not say what it means", c, words)
		}
		if other, ok := seen[words]; ok {
			t.Errorf("%s and %s both say %q", c, other, words)
		}
		seen[words] = c
	}
	for _, c := range []uptime.Cause{uptime.CredentialExpired, uptime.CredentialRefused, uptime.AgentLost, uptime.SelfOverload} {
		for _, private := range []string{"expire", "credential", "token", "agent", "CPU", "overload"} {
			if strings.Contains(statuspage.InWords(c), private) {
				t.Errorf("%s tells the public about the monitor: %q", c, statuspage.InWords(c))
			}
		}
	}
}
