package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Bounds of the targets read from standard input.
const (
	maxTargets    = 10_000
	maxTargetLine = 8 << 10
)

const tryCheck = "check https://example.com/mcp"

// servers returns what the arguments name. dash is how many came before --, or
// -1.
func (f *checkFlags) servers(sh Shell, args []string, dash int) ([]uptime.Server, error) {
	if err := f.checkTransport("check"); err != nil {
		return nil, err
	}
	profile, err := f.profile(&f.sign, sh)
	if err != nil {
		return nil, err
	}
	if f.stdio {
		return f.stdioServer(sh, args, dash, profile)
	}
	urls, err := f.urls(sh, args)
	if err != nil {
		return nil, err
	}
	return f.httpServers(urls, profile)
}

func (f *checkFlags) stdioServer(sh Shell, args []string, dash int, profile uptime.Profile) ([]uptime.Server, error) {
	if dash != 0 || len(args) == 0 {
		return nil, usage("check --stdio -- node server.js", "--stdio wants the command after --, and no other target")
	}
	if f.sign.given() {
		return nil, usage("check --env API_KEY --stdio -- node server.js", "a stdio server is given secrets by its environment, not by HTTP flags")
	}
	env, err := sh.environ(f.env)
	if err != nil {
		return nil, err
	}
	srv := app.CommandTarget(args, env)
	srv.Private, srv.Profile = true, profile
	return []uptime.Server{srv}, nil
}

// environ returns the named variables as KEY=value.
func (sh Shell) environ(names []string) ([]string, error) {
	var env []string
	for _, name := range names {
		value, ok := sh.LookupEnv(name)
		if !ok {
			return nil, usageError{"--env wants the name of a variable that is set", "try: export " + envName(name) + "=... first"}
		}
		env = append(env, name+"="+value)
	}
	return env, nil
}

// envName is the name in what may be NAME=value.
func envName(s string) string {
	name, _, _ := strings.Cut(s, "=")
	return name
}

// urls returns the targets of the arguments, with - replaced by the lines of
// standard input.
func (f *checkFlags) urls(sh Shell, args []string) ([]string, error) {
	if len(args) == 0 {
		return nil, usage(tryCheck, "no target given")
	}
	var urls []string
	for _, arg := range args {
		if arg != "-" {
			urls = append(urls, arg)
			continue
		}
		lines, err := readTargets(sh.In)
		if err != nil {
			return nil, err
		}
		urls = append(urls, lines...)
	}
	if len(urls) == 0 {
		return nil, usage("check - < urls.txt", "standard input names no target")
	}
	return urls, nil
}

// readTargets reads one URL a line; empty lines and comments after # alone are
// passed over.
func readTargets(r io.Reader) ([]string, error) {
	var urls []string
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxTargetLine)
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if urls = append(urls, line); len(urls) > maxTargets {
			return nil, usage("check - < fewer.txt", "more than %d targets on standard input", maxTargets)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading targets, one URL a line, from standard input: %w", err)
	}
	return urls, nil
}

// httpServers parses urls. Errors name a target by its number: it may be a
// secret that slipped out of its quotes.
func (f *checkFlags) httpServers(urls []string, profile uptime.Profile) ([]uptime.Server, error) {
	servers := make([]uptime.Server, len(urls))
	origins := map[string]bool{}
	for i, raw := range urls {
		srv, err := f.server(raw, profile)
		if err != nil {
			return nil, usage(tryCheck, "target %d is %v", i+1, err)
		}
		servers[i] = srv
		origins[app.Origin(srv)] = true
	}
	if f.sign.given() && len(origins) > 1 {
		return nil, usage("check --bearer-env TOKEN https://example.com/mcp", "one credential is never sent to %d different origins", len(origins))
	}
	return servers, nil
}
