package main

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/show"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Bounds of what names the targets.
const (
	maxTargets    = 10_000
	maxTargetLine = 8 << 10
	maxClientFile = 4 << 20
)

const tryCheck = "check https://example.com/mcp"

// targets returns what the arguments name. dash is how many came before --, or
// -1.
func (f *checkFlags) targets(sh Shell, args []string, dash int) ([]app.Target, error) {
	if err := f.checkTransport("check"); err != nil {
		return nil, err
	}
	profile, err := f.profile(&f.sign, sh)
	switch {
	case err != nil:
		return nil, err
	case f.lab != nil:
		return f.lab.Targets(), nil
	case f.clientConfig != "":
		return f.clientTargets(sh, args)
	case f.client != "":
		return nil, usage("check --client-config mcp.json --client cursor", "--client says how to read --client-config, which is not given")
	case f.stdio:
		return f.stdioTarget(sh, args, dash, profile)
	}
	urls, err := f.urls(sh, args)
	if err != nil {
		return nil, err
	}
	return f.urlTargets(urls, profile)
}

func (f *checkFlags) stdioTarget(sh Shell, args []string, dash int, profile uptime.Profile) ([]app.Target, error) {
	if f.sign.given() {
		return nil, usage("check --env API_KEY --stdio -- node server.js", "a stdio server is given secrets by its environment, not by HTTP flags")
	}
	srv, err := f.server(sh, args, dash, "check")
	if err != nil {
		return nil, err
	}
	srv.Profile = profile
	return app.Targets(srv), nil
}

// clientTargets reads a client's file and says on stderr what belongs to no
// server of it.
func (f *checkFlags) clientTargets(sh Shell, args []string) ([]app.Target, error) {
	if len(args) > 0 || f.sign.given() || f.stdio {
		return nil, usage("check --client-config mcp.json", "--client-config names targets and credentials itself; leave out the others")
	}
	data, err := readFile(f.clientConfig, maxClientFile)
	if err != nil {
		return nil, err
	}
	targets, remarks, err := app.ReadClientFile(f.clientConfig, data, f.client, sh.LookupEnv)
	if err != nil {
		return nil, err
	}
	for _, r := range remarks {
		sh.remark(r)
	}
	if len(targets) == 0 {
		return nil, fmt.Errorf("%s names no server that is switched on; servers stand in mcpServers, servers or context_servers", f.clientConfig)
	}
	for i := range targets {
		targets[i].Server.Private = !f.public
	}
	return targets, nil
}

// remark tells on stderr what is no part of the result.
func (sh Shell) remark(text string) {
	_, _ = fmt.Fprintln(sh.Err, "note: "+show.Clean(text, 1000)) // nobody else could be told
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

// readTargets reads one URL a line; empty lines and lines that begin with # are
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

// urlTargets parses urls. Errors name a target by its number: it may be a
// secret that slipped out of its quotes.
func (f *checkFlags) urlTargets(urls []string, profile uptime.Profile) ([]app.Target, error) {
	servers := make([]uptime.Server, len(urls))
	for i, raw := range urls {
		srv, err := f.at(raw, profile)
		if err != nil {
			return nil, usage(tryCheck, "target %d is %v", i+1, err)
		}
		servers[i] = srv
	}
	return app.Targets(servers...), f.sign.oneOrigin("check", servers)
}

// oneOrigin refuses to show one credential to several origins.
func (s *signFlags) oneOrigin(command string, servers []uptime.Server) error {
	origins := map[string]bool{}
	for _, srv := range servers {
		origins[app.Origin(srv)] = true
	}
	if s.given() && len(origins) > 1 {
		return usage(command+" --bearer-env TOKEN https://example.com/mcp", "one credential is never sent to %d different origins", len(origins))
	}
	return nil
}
