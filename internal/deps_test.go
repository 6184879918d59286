package internal_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/alivemcp/alivemcp/"

// allowed is the architecture: which package may import which other package of
// the module. A package that has no row may not exist. The reason for a row is
// in docs/design.md.
var allowed = map[string]string{
	"internal/uptime":                  "",
	"internal/board":                   "internal/uptime internal/public",
	"internal/public":                  "internal/uptime",
	"internal/schedule":                "internal/uptime",
	"internal/verdict":                 "internal/uptime",
	"internal/probe":                   "internal/uptime internal/mcpwire internal/drift internal/guard",
	"internal/show":                    "internal/uptime internal/drift",
	"internal/app":                     "internal/uptime internal/probe internal/verdict internal/show internal/drift internal/config internal/lab internal/schedule internal/archive internal/board internal/demo internal/live/memory internal/store/sqlite internal/statuspage internal/embed internal/feed internal/web internal/api internal/guard internal/secret internal/alert internal/alert/post internal/alert/outbox internal/alert/proof internal/alert/heartbeat internal/alert/repeat internal/alert/webhook internal/alert/template internal/alert/command internal/alert/alertmanager internal/alert/incidentio internal/alert/slack internal/alert/discord internal/alert/teams internal/alert/telegram internal/alert/ntfy internal/alert/pagerduty internal/alert/jsm internal/alert/email internal/alert/reader internal/drill internal/endpoint internal/registry internal/registry/fake internal/audit internal/audit/shelf internal/findings",
	"cmd/alivemcp":                     "internal/uptime internal/probe internal/show internal/app internal/drift internal/lab internal/config internal/drill internal/audit",
	"internal/demo":                    "internal/uptime internal/registry/fake",
	"internal/drill":                   "internal/uptime internal/lab",
	"internal/drift":                   "internal/uptime",
	"internal/config":                  "internal/uptime",
	"internal/guard":                   "",
	"internal/endpoint":                "internal/uptime internal/guard",
	"internal/registry":                "internal/uptime internal/endpoint internal/guard",
	"internal/findings":                "internal/uptime internal/endpoint internal/board internal/public",
	"internal/audit":                   "internal/uptime",
	"internal/audit/audittest":         "internal/uptime internal/audit",
	"internal/audit/shelf":             "internal/uptime internal/audit",
	"internal/mcpwire":                 "",
	"internal/lab":                     "internal/uptime",
	"internal/web":                     "internal/uptime",
	"internal/board/boardtest":         "internal/uptime internal/board internal/drift",
	"internal/statuspage":              "internal/uptime internal/board internal/web internal/drift internal/show internal/embed internal/statuspage/draw internal/public internal/audit/shelf internal/findings",
	"internal/statuspage/draw":         "internal/uptime internal/board internal/web",
	"internal/embed":                   "internal/uptime internal/board internal/web",
	"internal/feed":                    "internal/uptime internal/board internal/public internal/web internal/audit/shelf internal/findings",
	"internal/live/memory":             "internal/uptime",
	"internal/live/livetest":           "internal/uptime",
	"internal/api":                     "internal/uptime internal/board internal/public internal/web internal/audit/shelf internal/findings",
	"internal/archive":                 "internal/uptime",
	"internal/alert":                   "internal/uptime",
	"internal/store/sqlite":            "internal/uptime",
	"internal/store/storetest":         "internal/uptime",
	"internal/alert/reader":            "internal/uptime",
	"internal/alert/outbox":            "internal/uptime",
	"internal/alert/alerttest":         "",
	"internal/alert/proof":             "internal/uptime",
	"internal/alert/heartbeat":         "internal/uptime",
	"internal/alert/repeat":            "internal/uptime",
	"internal/alert/post":              "internal/uptime internal/guard",
	"internal/alert/pagerduty":         "internal/uptime internal/alert/card internal/alert/post",
	"internal/alert/jsm":               "internal/uptime internal/alert/card internal/alert/post",
	"internal/alert/email":             "internal/uptime internal/alert/card internal/guard",
	"internal/alert/sinktest":          "internal/uptime internal/guard internal/alert/post",
	"internal/statuspage/alarmtest":    "internal/uptime internal/statuspage",
	"internal/statuspage/registrytest": "internal/uptime internal/endpoint internal/audit/shelf internal/store/sqlite internal/findings internal/board",
	"internal/secret":                  "internal/uptime",
	"internal/alert/webhook":           "internal/uptime internal/alert/card internal/alert/post internal/guard",
	"internal/alert/template":          "internal/uptime internal/alert/card internal/alert/post internal/guard",
	"internal/alert/command":           "internal/uptime",
	"internal/alert/alertmanager":      "internal/uptime internal/alert/card internal/alert/post internal/guard",
	"internal/alert/incidentio":        "internal/uptime internal/alert/card internal/alert/post internal/guard",
	"internal/alert/card":              "internal/uptime",
	"internal/alert/slack":             "internal/uptime internal/alert/post internal/alert/card",
	"internal/alert/discord":           "internal/uptime internal/alert/post internal/alert/card",
	"internal/alert/teams":             "internal/uptime internal/alert/post internal/alert/card",
	"internal/alert/telegram":          "internal/uptime internal/alert/post internal/alert/card",
	"internal/alert/ntfy":              "internal/uptime internal/alert/post internal/alert/card",
	"internal/registry/fake":           "",
}

// outside lists the modules, besides the standard library, that a package's
// production code may import. A trailing slash admits the subpackages.
var outside = map[string]string{
	"internal/alert/email":     "github.com/wneessen/go-mail",
	"internal/api":             "github.com/prometheus/client_golang/ github.com/prometheus/client_model/",
	"internal/app":             "golang.org/x/sync/errgroup golang.org/x/net/proxy golang.org/x/net/netutil github.com/prometheus/client_golang/prometheus",
	"cmd/alivemcp":             "github.com/spf13/cobra github.com/spf13/pflag golang.org/x/term",
	"internal/drill":           "golang.org/x/sync/errgroup",
	"internal/drift":           "github.com/go-json-experiment/json/",
	"internal/config":          "github.com/goccy/go-yaml/ github.com/teambition/rrule-go",
	"internal/guard":           "golang.org/x/net/",
	"internal/endpoint":        "golang.org/x/net/",
	"internal/registry":        "golang.org/x/sync/errgroup github.com/goccy/go-yaml/ github.com/goccy/go-yaml",
	"internal/mcpwire":         "golang.org/x/net/",
	"internal/lab":             "github.com/modelcontextprotocol/go-sdk/ golang.org/x/net/",
	"internal/probe":           "github.com/theory/jsonpath",
	"internal/store/sqlite":    "modernc.org/sqlite/ modernc.org/sqlite github.com/pressly/goose/v3 golang.org/x/sys/windows",
	"internal/store/storetest": "github.com/google/go-cmp/",
}

func TestImports(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("listing the packages: %v", err)
	}
	seen := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		pkg, ok := strings.CutPrefix(fields[0], module)
		if !ok || pkg == "internal" || strings.HasPrefix(pkg, "e2e") || strings.HasPrefix(pkg, "bench") {
			continue
		}
		seen[pkg] = true
		checkPackage(t, pkg, fields[1:])
	}
	for pkg := range allowed {
		if !seen[pkg] {
			t.Errorf("the table names %s, which does not exist any more", pkg)
		}
	}
}

func checkPackage(t *testing.T, pkg string, imports []string) {
	t.Helper()
	may, ok := allowed[pkg]
	if !ok {
		t.Errorf("%s has no row in the table: give it one, with a reason in docs/design.md, or fold it into a neighbour", pkg)
		return
	}
	for _, imp := range imports {
		if own, ok := strings.CutPrefix(imp, module); ok {
			if !slices.Contains(strings.Fields(may), own) {
				t.Errorf("%s imports %s; it may import only %q", pkg, own, may)
			}
			continue
		}
		if strings.Contains(strings.Split(imp, "/")[0], ".") && !admitted(imp, outside[pkg]) {
			t.Errorf("%s imports %s from outside the standard library; its row admits %q", pkg, imp, outside[pkg])
		}
	}
}

func admitted(imp, row string) bool {
	return slices.ContainsFunc(strings.Fields(row), func(m string) bool {
		return imp == m || strings.HasSuffix(m, "/") && strings.HasPrefix(imp, m)
	})
}
