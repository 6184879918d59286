package lab

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Unlisted stands in Expect.Tools when the number of tools is not looked at.
const Unlisted = -1

// Expect is what a right judgement of a scenario says. Empty members, and
// Unlisted tools, are not looked at; State and Cause always are.
type Expect struct {
	State  uptime.State
	Access uptime.Access
	// Cause is the failure's cause; empty means that there is no failure.
	Cause uptime.Cause
	// AnyCause are causes that are right, too. With one of them the state that
	// it argues for takes the place of State, and no tools need be listed.
	AnyCause []uptime.Cause
	// Step is where the failure must be found.
	Step uptime.Step
	// Detail must be in the failure's detail, whatever its case.
	Detail string
	// Findings are ids that must be among the findings.
	Findings  []string
	Era       uptime.Era
	Transport uptime.Transport
	Version   string
	// Tools is how many tools must be listed.
	Tools int
}

// Check compares a judgement with what is expected: the state that was decided
// and the result that decided it. It returns nil when they match, and otherwise
// every difference, joined.
func (e Expect) Check(state uptime.State, r uptime.Result) error {
	cause, detail, step := uptime.Cause(""), "", uptime.Step("")
	if r.Failure != nil {
		cause, detail, step = r.Failure.Cause, r.Failure.Detail, r.Failure.Step
	}
	errs := []error{e.checkCause(state, cause)}
	if cause == e.Cause {
		errs = append(
			errs, differs("step", step, e.Step),
			lacks("detail", strings.ToLower(detail), strings.ToLower(e.Detail)),
		)
	}
	errs = append(
		errs, differs("access", r.Access, e.Access), differs("era", r.Era, e.Era),
		differs("transport", r.Transport, e.Transport), differs("version", r.Version, e.Version),
		e.checkTools(r.Tools, cause), e.checkFindings(r.Findings),
	)
	return errors.Join(errs...)
}

func (e Expect) checkCause(state uptime.State, cause uptime.Cause) error {
	want := e.State
	switch {
	case cause == e.Cause:
	case slices.Contains(e.AnyCause, cause):
		want = cause.Effect()
	default:
		return fmt.Errorf("cause %q (state %s), want %q or one of %q", cause, state, e.Cause, e.AnyCause)
	}
	if state != want {
		return fmt.Errorf("state %s, want %s", state, want)
	}
	return nil
}

func (e Expect) checkTools(set *uptime.ToolSet, cause uptime.Cause) error {
	switch {
	case e.Tools == Unlisted, set == nil && cause != e.Cause:
		return nil
	case set == nil:
		return fmt.Errorf("tools were not listed, want %d", e.Tools)
	case set.Count != e.Tools:
		return fmt.Errorf("%d tools, want %d", set.Count, e.Tools)
	}
	return nil
}

func (e Expect) checkFindings(found []uptime.Finding) error {
	var errs []error
	for _, id := range e.Findings {
		if !slices.ContainsFunc(found, func(f uptime.Finding) bool { return f.ID == id }) {
			errs = append(errs, fmt.Errorf("no finding %q", id))
		}
	}
	return errors.Join(errs...)
}

// differs reports a value that is wanted and not there.
func differs[T ~string](what string, got, want T) error {
	if want == "" || got == want {
		return nil
	}
	return fmt.Errorf("%s %q, want %q", what, got, want)
}

func lacks(what, got, part string) error {
	if strings.Contains(got, part) {
		return nil
	}
	return fmt.Errorf("%s %q does not say %q", what, got, part)
}

// live is the judgement of a good server of the legacy era with this many
// tools.
func live(tools int) Expect {
	return Expect{
		State: uptime.Live, Access: uptime.AccessOpen, Era: uptime.Legacy,
		Transport: uptime.StreamableHTTP, Version: revision2025, Tools: tools,
	}
}

// liveModern is the judgement of a good server of the modern era.
func liveModern(tools int) Expect {
	e := live(tools)
	e.Era, e.Version = uptime.Modern, revisionModern
	return e
}

// liveSSE is the judgement of a good server behind the HTTP+SSE transport.
// The revision depends on what the client offered first.
func liveSSE() Expect {
	e := live(toolCount)
	e.Transport, e.Version = uptime.HTTPSSE, ""
	return e
}

// walled is the judgement of a server that turns strangers away in this way.
// Neither transport nor era can be known.
func walled(a uptime.Access) Expect {
	return Expect{State: uptime.Live, Access: a, Tools: Unlisted}
}

// fails is the judgement of a failure, with the state that its cause argues
// for.
func fails(c uptime.Cause, s uptime.Step, detail string) Expect {
	return Expect{State: c.Effect(), Cause: c, Step: s, Detail: detail, Tools: Unlisted}
}

// slow is the judgement of a server that works and is degraded by no failure,
// but by how long it took or how often it was tried.
func slow() Expect {
	e := live(toolCount)
	e.State = uptime.Degraded
	return e
}

func (e Expect) found(ids ...string) Expect {
	e.Findings = append(slices.Clone(e.Findings), ids...)
	return e
}

func (e Expect) or(causes ...uptime.Cause) Expect {
	e.AnyCause = append(slices.Clone(e.AnyCause), causes...)
	return e
}

func (e Expect) in(s uptime.State) Expect {
	e.State = s
	return e
}

func (e Expect) access(a uptime.Access) Expect {
	e.Access = a
	return e
}

func (e Expect) version(v string) Expect {
	e.Version = v
	return e
}
