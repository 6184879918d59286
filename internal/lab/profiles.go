package lab

import (
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// canary calls search_docs and asserts these things of the answer.
func canary(expect ...uptime.Assertion) func(*stage) uptime.Profile {
	return func(*stage) uptime.Profile {
		return uptime.Profile{Canary: &uptime.Canary{
			Tool: "search_docs", Arguments: []byte(`{"query":"uptime"}`), Expect: expect,
		}}
	}
}

// notEmpty asserts that there is something at a path, or any text at all when
// the path is empty.
func notEmpty(path string) uptime.Assertion {
	return uptime.Assertion{Kind: uptime.AssertNotEmpty, Path: path}
}

// is asserts a JSON value at a path.
func is(path, value string) uptime.Assertion {
	return uptime.Assertion{Kind: uptime.AssertJSONPath, Path: path, Value: value}
}

// says asserts that the text contains a part.
func says(part string) uptime.Assertion {
	return uptime.Assertion{Kind: uptime.AssertContains, Value: part}
}

// downing turns a profile's canary into one whose failure downs the server.
func downing(p func(*stage) uptime.Profile) func(*stage) uptime.Profile {
	return func(s *stage) uptime.Profile {
		profile := p(s)
		profile.Canary.Downs = true
		return profile
	}
}

// health watches the scenario's /health.
func health(downs bool, expect ...uptime.Assertion) func(*stage) uptime.Profile {
	return func(s *stage) uptime.Profile {
		return uptime.Profile{Health: []uptime.HealthCheck{{
			Name: "dependencies", URL: s.base() + "/health", Expect: expect, Downs: downs,
		}}}
	}
}

// baseline accepts these tools, as JSON objects, as the contract.
func baseline(tools ...string) func(*stage) uptime.Profile {
	return func(*stage) uptime.Profile {
		return uptime.Profile{Baseline: []byte(`{"schema":"alivemcp.tools/v1","tools":[` + strings.Join(tools, ",") + `]}`)}
	}
}
