package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/alivemcp/alivemcp/e2e/loopback"
)

const (
	serversAtOnce = 2
	binaries      = ".bin"
	packages      = "npm/node_modules"
)

// rig is what the tests of one top-level test share.
type rig struct {
	alivemcp string
	slots    chan struct{} // one for each server that may run now
	building sync.Mutex
	built    map[string]string // binaries by package, while building is held
	fixed    sync.Mutex        // held while a server runs whose port nobody can choose
	ports    sync.Map          // that were given to servers, which may not listen yet
	hashes   sync.Map          // by server.contract, the first hash that was reported
}

func newRig(t *testing.T) *rig {
	t.Helper()
	if testing.Short() {
		t.Skip("end-to-end tests are not short")
	}
	return &rig{alivemcp: alivemcp(t), slots: make(chan struct{}, serversAtOnce), built: map[string]string{}}
}

// alivemcp is the path of the binary under test.
func alivemcp(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("ALIVEMCP_BIN"); path != "" {
		return path
	}
	if _, err := os.Stat("../cmd/alivemcp"); err != nil {
		t.Skip("cmd/alivemcp does not exist yet: set ALIVEMCP_BIN to test another binary")
	}
	return goBuild(t, "..", "alivemcp", "./cmd/alivemcp")
}

// occupy waits until s may run, and keeps its place until the test ends.
func (r *rig) occupy(t *testing.T, s server) {
	t.Helper()
	r.slots <- struct{}{}
	t.Cleanup(func() { <-r.slots })
	if s.port != 0 {
		r.fixed.Lock()
		t.Cleanup(r.fixed.Unlock)
	}
}

// freePort is a port on which nothing listens, and that no other server was given.
func (r *rig) freePort(t *testing.T) int {
	t.Helper()
	for {
		port := loopback.FreePort(t)
		if _, given := r.ports.LoadOrStore(port, true); !given {
			return port
		}
	}
}

// sameTools checks that the hash depends on the tools alone, not on the era, the
// transport or a wrapper that writes the members in another order.
func (r *rig) sameTools(t *testing.T, contract, hash string) {
	t.Helper()
	if contract == "" || hash == "" {
		return
	}
	if first, _ := r.hashes.LoadOrStore(contract, hash); first != hash {
		t.Errorf("the hash of the tools of %s is %s here, and was %s elsewhere", contract, hash, first)
	}
}

// command resolves the program in argv[0]: "node" is looked up and its script
// must be installed; anything else is a Go package of the module in servers/.
func (r *rig) command(t *testing.T, argv []string) []string {
	t.Helper()
	if argv[0] != "node" {
		r.building.Lock()
		defer r.building.Unlock()
		if r.built[argv[0]] == "" {
			name := strings.NewReplacer("./", "", "/", "_").Replace(argv[0])
			r.built[argv[0]] = goBuild(t, "servers", name, argv[0])
		}
		return append([]string{r.built[argv[0]]}, argv[1:]...)
	}
	if _, err := os.Stat(argv[1]); err != nil {
		missing(t, "%s is not installed", argv[1])
	}
	node, err := exec.LookPath("node")
	if err != nil {
		missing(t, "node is not installed: Node.js 20 or newer is needed")
	}
	return append([]string{node}, argv[1:]...)
}

// goBuild builds a main package of the module in dir and returns where the
// binary is. A binary that is up to date is not linked again.
func goBuild(t *testing.T, dir, name, pkg string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(binaries, name))
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-C", dir, "-o", path, pkg)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	switch {
	case err == nil:
		return path
	case dir == "servers":
		missing(t, "building %s: %v\n%s", pkg, err, out)
	default:
		t.Fatalf("building %s: %v\n%s", pkg, err, out)
	}
	return ""
}

// missing ends the test: something that has to be fetched is not there.
func missing(t *testing.T, format string, args ...any) {
	t.Helper()
	absent(t, format+"\nrun: make e2e-deps", args...)
}

// absent ends the test, for want of something.
func absent(t *testing.T, format string, args ...any) {
	t.Helper()
	if os.Getenv("CI") == "true" || os.Getenv("ALIVEMCP_E2E") == "require" {
		t.Fatalf(format, args...)
	}
	t.Skipf(format, args...)
}
