package probe

import (
	"context"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// stdioGrace is how long a child is given to leave after its standard input was
// closed, and again after it was asked to end.
const stdioGrace = 2 * time.Second

// runStdio starts the server as a child process and talks to it.
func (a *attempt) runStdio(ctx context.Context) *uptime.Failure {
	if f := a.spawn(); f != nil {
		return f
	}
	modern, f := a.discoverStdio(ctx)
	if f == nil && !modern {
		f = a.initializeStdio(ctx)
	}
	if f != nil {
		return f
	}
	return a.work(ctx)
}

func (a *attempt) spawn() *uptime.Failure {
	began := time.Now()
	c := a.srv.Command
	child, fault := mcpwire.Start(mcpwire.StdioOptions{
		Path: c.Path, Args: c.Args, Env: c.Env, Dir: c.Dir, Client: a.p.client, Record: a.rec,
	})
	if fault == nil {
		a.stdio, a.conv = child, child
	}
	return a.step(uptime.StepSpawn, time.Since(began), faultFailure(fault), "")
}

// discoverStdio asks the modern way first. A server that does not know the
// method answers with an error or not at all; one that dies of it is started
// again (2026-07-28 basic/transports/stdio).
func (a *attempt) discoverStdio(ctx context.Context) (bool, *uptime.Failure) {
	patience := min(discoverPatience, a.p.opt.Timeout/3)
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	a.stdio.Modern, a.stdio.Version = true, ModernVersion
	ans, fault := a.stdio.Call(bounded, mcpwire.Call{ID: idHandshake, Method: "server/discover"})
	a.res.Timings.FirstByte = ans.FirstByte
	f := judgeAnswer(ans, fault)
	if f == nil && judgeOpening(ans, nil) == openedModern {
		return true, a.greetStdio(ans)
	}
	a.stdio.Modern, a.stdio.Version = false, ""
	if fault != nil && fault.Kind == mcpwire.StdoutNoise {
		return false, a.step(uptime.StepDiscover, ans.Took, f, "")
	}
	a.skip(uptime.StepDiscover, "not a modern server: "+brief(f))
	if fault != nil || f == nil {
		return false, a.respawn()
	}
	return false, nil
}

func (a *attempt) greetStdio(ans *mcpwire.Answer) *uptime.Failure {
	hs, f := decodeDiscover(ans.Message.Result)
	if f == nil {
		hs.version = ModernVersion
		a.hs = hs
		a.settle(uptime.Modern, uptime.Stdio)
		a.res.Timings.Handshake = ans.Took
	}
	return a.step(uptime.StepDiscover, ans.Took, f, a.introduction())
}

// respawn starts the process anew, because the first message may have left it in
// a state of its own.
func (a *attempt) respawn() *uptime.Failure {
	a.stdio.Close(stdioGrace / 4)
	a.stdio, a.conv = nil, nil
	return a.spawn()
}

func (a *attempt) initializeStdio(ctx context.Context) *uptime.Failure {
	began := time.Now()
	ans, fault := a.stdio.Call(ctx, mcpwire.Call{ID: idHandshake, Method: "initialize", Params: a.initializeParams()})
	f := judgeAnswer(ans, fault)
	if f == nil {
		f = a.greetLegacy(ans)
	}
	if f != nil {
		f.Detail += a.stderrTail()
	}
	if f = a.step(uptime.StepInitialize, ans.Took, f, a.introduction()); f != nil {
		return f
	}
	f = a.initialized(ctx)
	a.res.Timings.Handshake = time.Since(began)
	if f == nil {
		a.settle(uptime.Legacy, uptime.Stdio)
	}
	return f
}

// stderrTail quotes the last thing that the child said on standard error.
func (a *attempt) stderrTail() string {
	text := a.stdio.Stderr()
	if len(text) > 400 {
		text = text[len(text)-400:]
	}
	if text = clip(text, 300); text == "" {
		return ""
	}
	return "; standard error ends with: " + text
}

// closeStdio closes standard input and sees to it that nothing stays behind.
func (a *attempt) closeStdio() {
	if a.stdio == nil {
		return
	}
	began := time.Now()
	a.res.BytesRead += a.stdio.BytesRead()
	own := a.stdio.Close(stdioGrace)
	detail := "left when standard input closed"
	if !own {
		detail = fmt.Sprintf("had to be ended %s after standard input closed", stdioGrace)
		a.find(findNoExit, "")
	}
	_ = a.step(uptime.StepClose, time.Since(began), nil, detail)
}
