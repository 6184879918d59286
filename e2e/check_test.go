package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const checkTakesAtMost = 60 * time.Second

// report is the part of "alivemcp.check/v1" that the tests look at.
type report struct {
	Schema          string `json:"schema"`
	State           string `json:"state"`
	Access          string `json:"access"`
	Transport       string `json:"transport"`
	Era             string `json:"era"`
	ProtocolVersion string `json:"protocol_version"`
	Failure         *struct {
		Reason string `json:"reason"`
		Cause  string `json:"cause"`
		Step   string `json:"step"`
		Detail string `json:"detail"`
	} `json:"failure"`
	Tools *struct {
		Count        int    `json:"count"`
		Hash         string `json:"hash"`
		ContractHash string `json:"contract_hash"`
		Bytes        int    `json:"bytes"`
		Pages        int    `json:"pages"`
	} `json:"tools"`

	exit int
}

func (r report) cause() string {
	if r.Failure == nil {
		return ""
	}
	return r.Failure.Cause
}

func (r report) tools() int {
	if r.Tools == nil {
		return 0
	}
	return r.Tools.Count
}

func (r report) hash() string {
	if r.Tools == nil {
		return ""
	}
	return r.Tools.Hash
}

// check runs `alivemcp check` with one attempt and reads what it prints.
func (r *rig) check(t *testing.T, args ...string) report {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), checkTakesAtMost)
	defer cancel()
	cmd := exec.CommandContext(ctx, r.alivemcp, slices.Concat([]string{"check", "--format", "json", "--attempts", "1"}, args)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if cmd.ProcessState == nil {
		t.Fatalf("running %v: %v", cmd.Args, err)
	}
	var got report
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v printed what is not a report: %v\n%s\n%s", cmd.Args, err, out, stderr.String())
	}
	got.exit = cmd.ProcessState.ExitCode()
	t.Logf("%v: %s", args, bytes.TrimSpace(out))
	return got
}

// expect is what the report on a server must say. An empty text is not looked
// at, and "a|b" admits either word.
type expect struct {
	state, access, transport, era, version, cause string

	tools int
}

func (want expect) verify(t *testing.T, got report) {
	t.Helper()
	want.verifyWords(t, got)
	if got.tools() != want.tools {
		t.Errorf("%d tools, want %d", got.tools(), want.tools)
	}
	if want.tools > 0 && !isHash(got.hash()) {
		t.Errorf("the hash of the tools is %q", got.hash())
	}
	if exit := exitCode(got.State); got.exit != exit {
		t.Errorf("exit code %d with state %q, want %d", got.exit, got.State, exit)
	}
	if got.State == "live" && got.Failure != nil {
		t.Errorf("live, and yet it reports the failure %+v", *got.Failure)
	}
}

func (want expect) verifyWords(t *testing.T, got report) {
	t.Helper()
	for _, w := range []struct{ member, want, got string }{
		{"schema", "alivemcp.check/v1", got.Schema},
		{"state", want.state, got.State},
		{"access", want.access, got.Access},
		{"transport", want.transport, got.Transport},
		{"era", want.era, got.Era},
		{"protocol_version", want.version, got.ProtocolVersion},
		{"failure.cause", want.cause, got.cause()},
	} {
		if w.want != "" && !slices.Contains(strings.Split(w.want, "|"), w.got) {
			t.Errorf("%s is %q, want %s", w.member, w.got, w.want)
		}
	}
}

// exitCode is the code that goes with a state under the default --fail-on=down.
func exitCode(state string) int {
	if state == "down" {
		return 1
	}
	return 0
}

func isHash(s string) bool {
	ok, _ := regexp.MatchString(`^sha256:[0-9a-f]{64}$`, s)
	return ok
}
