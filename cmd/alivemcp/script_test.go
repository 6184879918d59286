package main_test

import (
	"bufio"
	"context"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	main "github.com/alivemcp/alivemcp/cmd/alivemcp"
	"github.com/alivemcp/alivemcp/internal/lab"
	"github.com/alivemcp/alivemcp/internal/registry/fake"
)

var update = flag.Bool("update", false, "write the expectations in testdata/script anew")

// raceOptions are of the race detector. A process that was built with it waits a
// second before it ends unless it is told not to; the commands of these tests run
// some two hundred.
const raceOptions = "GORACE"

// atOnce is how many of these tests run beside one another: what they do most of
// the time is to wait for the cycles of monitors.
const atOnce = "8"

func TestMain(m *testing.M) {
	_ = flag.Set("test.parallel", atOnce) // it is a number; the command line has the last word
	if os.Getenv(raceOptions) == "" {
		_ = os.Setenv(raceOptions, "atexit_sleep_ms=0") // it takes any text
	}
	testscript.Main(m, map[string]func(){"alivemcp": main.Main, "stdioserver": stdioServer})
}

// TestScripts runs testdata/script. Scripts see the lab at $LAB, a server that
// repeats every header at $ECHO, one that listens nowhere at $NOWHERE, and a
// registry that lists some of the lab by registries.yaml.
func TestScripts(t *testing.T) {
	t.Parallel()
	labURL, ca := startLab(t)
	echo := httptest.NewServer(http.HandlerFunc(echoHeaders))
	t.Cleanup(echo.Close)
	registries := startRegistry(t, labURL)
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Setup: func(env *testscript.Env) error {
			env.Setenv("LAB", labURL)
			env.Setenv("ECHO", echo.URL)
			env.Setenv("NOWHERE", "http://127.0.0.1:1/mcp")
			env.Setenv("LANG", "C.UTF-8")
			env.Setenv(raceOptions, os.Getenv(raceOptions))
			if err := os.WriteFile(env.WorkDir+"/registries.yaml", registries, 0o600); err != nil {
				return err
			}
			return os.WriteFile(env.WorkDir+"/lab-ca.pem", ca, 0o600)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"status": status, "mask": mask},
	})
}

// status CODE COMMAND [ARG...] runs a command that must exit with CODE.
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status CODE COMMAND [ARG...]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d\n%s%s", got, want, ts.ReadFile("stdout"), ts.ReadFile("stderr"))
	}
}

// mask replaces in stdout what differs from run to run and writes it to a file.
func mask(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: mask FILE")
	}
	text := strings.ReplaceAll(ts.ReadFile("stdout"), ts.Getenv("LAB"), "LAB")
	for pattern, with := range map[string]string{
		`("(?:ms|[a-z_0-9]+_ms)": )[0-9.]+`: "${1}0",
		`"(started_at|taken_at)": "[^"]+"`:  `"$1": "TIME"`,
		`sha256:[0-9a-f]{64}`:               "sha256:HEX",
		`"days_left": [0-9]+`:               `"days_left": 0`,
	} {
		text = regexp.MustCompile(pattern).ReplaceAllString(text, with)
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// startRegistry serves a fake registry and returns the configuration that reads it
// and another one that refuses.
func startRegistry(t *testing.T, labURL string) []byte {
	t.Helper()
	var records []fake.Record
	for _, scenario := range []string{"healthy-legacy", "healthy-dual", "http-404", "tools-null"} {
		records = append(records, fake.One("io.github.lab/"+scenario, labURL+"/"+scenario+"/mcp", fake.Epoch()))
	}
	records = append(records, fake.One("io.github.lab/tenant", "https://{tenant}.acme-corp.dev/mcp", fake.Epoch()))
	good, bad := fake.New(records...), fake.New()
	bad.Break(fake.Refuse(1000, http.StatusForbidden, ""))
	var urls []any
	for _, r := range []*fake.Registry{good, bad} {
		s := httptest.NewServer(r)
		t.Cleanup(s.Close)
		urls = append(urls, s.URL)
	}
	return fmt.Appendf(nil, `data: data
registries:
  contact: ops@example.com
  sources:
    official: {url: %q, private: true}
    github: {url: %q, private: true}
    github-topics: false
    docker: false
    cline: false
    toolsdk: false
    mcp.so: false
`, urls...)
}

func startLab(t *testing.T) (url string, ca []byte) {
	t.Helper()
	l := lab.New(lab.Options{})
	if err := l.Listen(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan error, 1)
	go func() { stopped <- l.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-stopped; err != nil {
			t.Error(err)
		}
	})
	if block, _ := pem.Decode(l.CAPEM()); block == nil {
		t.Fatal("the lab has no CA")
	}
	return strings.TrimSuffix(l.URL("healthy-dual"), "/healthy-dual/mcp"), l.CAPEM()
}

// echoHeaders is a server that puts what it was sent into every place where it
// can make itself heard.
func echoHeaders(w http.ResponseWriter, r *http.Request) {
	said := r.Header.Get("Authorization") + " " + r.Header.Get("X-Api-Key") + " " + r.URL.RawQuery
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Said", said)
	switch r.URL.Path {
	case "/refuse":
		w.Header().Set("WWW-Authenticate", fmt.Sprintf("Bearer error=%q, resource_metadata=%q", said, "https://"+said))
		w.WriteHeader(http.StatusUnauthorized)
	case "/fail":
		w.WriteHeader(http.StatusInternalServerError)
	}
	_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{},%q:{}},`+
		`"serverInfo":{"name":%q,"version":%q},"tools":[{"name":"x","description":%q,"inputSchema":{"type":"object"}}]}}`, said, said, said, said)
}

// stdioServer speaks just enough MCP on its standard streams.
func stdioServer() {
	if len(os.Args) > 1 && os.Args[1] == "--crash" {
		fmt.Fprintln(os.Stderr, "cannot open the database")
		os.Exit(3)
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		id := regexp.MustCompile(`"id":\s*("[^"]*"|\d+)`).FindStringSubmatch(lines.Text())
		switch {
		case id == nil:
		case strings.Contains(lines.Text(), `"initialize"`):
			fmt.Printf(`{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"tiny","version":"%s"}}}`+"\n", id[1], os.Getenv("TINY_VERSION"))
		case strings.Contains(lines.Text(), `"tools/list"`):
			fmt.Printf(`{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"one","description":"One.","inputSchema":{"type":"object"}}]}}`+"\n", id[1])
		default:
			fmt.Printf(`{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"Method not found"}}`+"\n", id[1])
		}
	}
}
