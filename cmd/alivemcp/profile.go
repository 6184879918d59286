package main

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// maxSnapshot bounds a contract that is read from a file.
const maxSnapshot = 32 << 20

// profileFlags say what a probe does besides handshake and tools/list.
type profileFlags struct {
	canaryTool, canaryArgs string
	canaryExpect           []string
	canaryDowns            bool
	healthURL              []string
	healthExpect           []string
	healthDowns            bool
	prompts, resources     bool
	completion             string
	baseline               string
	aggressive             bool
}

func (f *profileFlags) declare(flags *pflag.FlagSet) {
	flags.StringVar(&f.canaryTool, "canary-tool", "", "call this read-only `tool`")
	flags.StringVar(&f.canaryArgs, "canary-args", "", "its arguments, a `JSON` object")
	flags.StringArrayVar(&f.canaryExpect, "canary-expect", nil,
		"what must hold: contains:TEXT, regex:RE, json:$.path=VALUE, not_empty, no_error, max_ms:500 (repeatable)")
	flags.BoolVar(&f.canaryDowns, "canary-downs", false, "a failing canary means down, not degraded")
	flags.StringArrayVar(&f.healthURL, "health-url", nil, "also look at this health `URL` (repeatable)")
	flags.StringArrayVar(&f.healthExpect, "health-expect", nil, "what must hold of its answer, as with --canary-expect (repeatable)")
	flags.BoolVar(&f.healthDowns, "health-downs", false, "a failing health URL means down, not degraded")
	flags.BoolVar(&f.prompts, "prompts", false, "expand one prompt")
	flags.BoolVar(&f.resources, "resources", false, "list the resources")
	flags.StringVar(&f.completion, "completion", "", "ask for a completion: `prompt:NAME#ARG=VALUE` or resource:TEMPLATE#ARG=VALUE")
	flags.StringVar(&f.baseline, "baseline", "", "compare the tools with the snapshot in this `file`")
	flags.BoolVar(&f.aggressive, "aggressive", false, "also send bad requests; for your own servers only, it can break them")
}

// profile reads the flags, with what signs in.
func (f *profileFlags) profile(sign *signFlags, sh Shell) (p uptime.Profile, err error) {
	if err := sign.profile(sh, &p); err != nil {
		return p, err
	}
	if p.Canary, err = f.canary(); err != nil {
		return p, err
	}
	if p.Health, err = f.health(); err != nil {
		return p, err
	}
	if p.Completion, err = f.completionCheck(); err != nil {
		return p, err
	}
	p.Resources, p.Aggressive = f.resources, f.aggressive
	if f.prompts {
		p.Prompts = &uptime.PromptCheck{}
	}
	if f.baseline != "" {
		p.Baseline, err = readFile(f.baseline, maxSnapshot)
	}
	return p, err
}

func (f *profileFlags) canary() (*uptime.Canary, error) {
	if f.canaryTool == "" {
		if f.canaryArgs != "" || f.canaryExpect != nil || f.canaryDowns {
			return nil, usageError{"--canary-args, --canary-expect and --canary-downs need a tool", "try: --canary-tool search"}
		}
		return nil, nil
	}
	var object map[string]json.RawMessage
	if f.canaryArgs != "" && json.Unmarshal([]byte(f.canaryArgs), &object) != nil {
		return nil, usageError{"--canary-args wants a JSON object", `try: --canary-args '{"q":"x"}'`}
	}
	expect, err := parseAssertions("--canary-expect", f.canaryExpect)
	return &uptime.Canary{Tool: f.canaryTool, Arguments: []byte(f.canaryArgs), Expect: expect, Downs: f.canaryDowns}, err
}

func (f *profileFlags) health() ([]uptime.HealthCheck, error) {
	if len(f.healthURL) == 0 && (f.healthExpect != nil || f.healthDowns) {
		return nil, usageError{"--health-expect and --health-downs need a URL", "try: --health-url https://example.com/healthz"}
	}
	expect, err := parseAssertions("--health-expect", f.healthExpect)
	if err != nil {
		return nil, err
	}
	var checks []uptime.HealthCheck
	for i, u := range f.healthURL {
		if !strings.HasPrefix(u, "https://") && !strings.HasPrefix(u, "http://") {
			return nil, usageError{"--health-url wants an http or https URL", "try: --health-url https://example.com/healthz"}
		}
		checks = append(checks, uptime.HealthCheck{Name: "health " + strconv.Itoa(i+1), URL: u, Expect: expect, Downs: f.healthDowns})
	}
	return checks, nil
}

func (f *profileFlags) completionCheck() (*uptime.CompletionCheck, error) {
	if f.completion == "" {
		return nil, nil
	}
	kind, rest, _ := strings.Cut(f.completion, ":")
	at := strings.LastIndex(rest, "#")
	if at <= 0 || kind != "prompt" && kind != "resource" {
		return nil, usageError{"--completion wants prompt:NAME#ARG=VALUE or resource:TEMPLATE#ARG=VALUE", "try: --completion prompt:greet#name=A"}
	}
	c := &uptime.CompletionCheck{}
	c.Argument, c.Value, _ = strings.Cut(rest[at+1:], "=")
	if kind == "prompt" {
		c.Prompt = rest[:at]
	} else {
		c.Resource = rest[:at]
	}
	return c, nil
}

func parseAssertions(flag string, words []string) ([]uptime.Assertion, error) {
	var list []uptime.Assertion
	for _, w := range words {
		a, err := probe.ParseAssertion(w)
		if err != nil {
			return nil, usageError{flag + ": " + err.Error(), "try: " + flag + " 'json:$.status=\"ok\"'"}
		}
		list = append(list, a)
	}
	return list, nil
}
