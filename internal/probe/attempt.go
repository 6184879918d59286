package probe

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// conversation is an MCP transport once it is connected.
type conversation interface {
	// Call sends a request and waits for its answer. A fault means that none came
	// that could be used; the answer then holds what there was.
	Call(ctx context.Context, c mcpwire.Call) (*mcpwire.Answer, *mcpwire.Fault)
	// Notify sends a notification.
	Notify(ctx context.Context, method string) (*mcpwire.Answer, *mcpwire.Fault)
}

// attempt is one run of the steps against one server. It is for one goroutine.
type attempt struct {
	p       *Prober
	srv     *uptime.Server // shared with nobody
	dialer  *mcpwire.Dialer
	known   knowledge // what earlier attempts learned; a copy
	res     uptime.Result
	rec     *mcpwire.Recorder
	red     *redactor
	wireOpt mcpwire.Options
	noted   map[string]bool // findings that are already there

	// One of these carries the conversation; conv is whichever it is.
	http   *mcpwire.Streamable
	stream *mcpwire.EventStream
	stdio  *mcpwire.Stdio
	conv   conversation

	hs         handshake
	redirects  int
	strayed    bool     // a redirect led to another origin: credentials stayed behind
	knocked    bool     // this cycle's one request as a stranger has been made
	lazyWall   bool     // tools/list stands behind a wall that is as it should be
	lastDelete int      // status of the answer to our DELETE
	tokenKey   tokenKey // of the token that is presented
}

// handshake is what the server said of itself.
type handshake struct {
	raw          []byte
	version      string
	name         string
	serverVer    string
	capabilities []string
	instructions int // bytes
}

// sameServer reports whether two handshakes describe the same server.
func (h handshake) sameServer(o handshake) bool {
	return h.version == o.version && h.name == o.name && h.serverVer == o.serverVer &&
		slices.Equal(h.capabilities, o.capabilities)
}

func (h handshake) has(capability string) bool { return slices.Contains(h.capabilities, capability) }

func (p *Prober) newAttempt(srv *uptime.Server) *attempt {
	now := time.Now()
	a := &attempt{
		p: p, srv: srv, dialer: p.public, known: p.known.get(srv),
		res:   uptime.Result{Started: now, Region: p.opt.Region, Transport: srv.Transport},
		rec:   &mcpwire.Recorder{Began: now},
		red:   newRedactor(*srv),
		noted: map[string]bool{},
	}
	if srv.Private {
		a.dialer = p.open
	}
	return a
}

// look runs the attempt within its bounds: its own time, and the cell's until
// wall. Its frame and those below stay small: while a server hangs, the stack is
// a good part of what a probe weighs.
func (a *attempt) look(ctx context.Context, wall time.Time) {
	end := a.res.Started.Add(a.p.opt.Timeout)
	if wall.Before(end) {
		end = wall
	}
	ctx, cancel := context.WithDeadline(ctx, end)
	defer cancel()
	f := a.run(ctx)
	a.close(ctx)
	a.finish(f)
}

// fileInto adds the result to the cell. It writes in place: append would put a
// copy of the result into the frame of Cell, which waits for hanging servers.
func (a *attempt) fileInto(cell *uptime.Cell) {
	n := len(cell.Attempts)
	cell.Attempts = slices.Grow(cell.Attempts, 1)[:n+1]
	cell.Attempts[n] = a.res
}

// run runs the steps until one fails.
func (a *attempt) run(ctx context.Context) *uptime.Failure {
	if a.srv.Transport == uptime.Stdio {
		return a.runStdio(ctx)
	}
	if f := a.prepare(); f != nil {
		return f
	}
	if f := a.connect(ctx); f != nil {
		return f
	}
	if f := a.signIn(ctx); f != nil {
		return f
	}
	if done, f := a.shakeHands(ctx); done || f != nil {
		return f
	}
	return a.work(ctx)
}

// work runs what follows a handshake.
func (a *attempt) work(ctx context.Context) *uptime.Failure {
	for _, step := range []func(context.Context) *uptime.Failure{
		a.listTools, a.compareBaseline, a.callCanary, a.listResources, a.expandPrompt, a.complete, a.checkHealth, a.checkManners,
	} {
		if f := step(ctx); f != nil {
			return f
		}
	}
	return nil
}

// step records how a step went and passes its failure on.
func (a *attempt) step(name uptime.Step, took time.Duration, f *uptime.Failure, detail string) *uptime.Failure {
	r := uptime.StepResult{Name: name, Status: uptime.StepPass, Took: took, Detail: detail}
	if f != nil {
		f.Step = name
		r.Status, r.Detail = uptime.StepFail, f.Detail
	}
	a.res.Steps = append(a.res.Steps, r)
	return f
}

func (a *attempt) skip(name uptime.Step, why string) {
	a.res.Steps = append(a.res.Steps, uptime.StepResult{Name: name, Status: uptime.StepSkip, Detail: why})
}

// fail makes a failure with the effect that its cause has by default.
func fail(c uptime.Cause, format string, args ...any) *uptime.Failure {
	return &uptime.Failure{Cause: c, Detail: fmt.Sprintf(format, args...), Effect: c.Effect()}
}

// find adds a finding once.
func (a *attempt) find(id, detail string) {
	if a.noted[id] {
		return
	}
	a.noted[id] = true
	a.res.Findings = append(a.res.Findings, a.p.finding(id, detail))
}

// noteAll turns what was sloppy about an answer into findings.
func (a *attempt) noteAll(ans *mcpwire.Answer) {
	for _, n := range ans.Notes {
		a.find(n.ID, n.Detail)
	}
}

// finish completes the result.
func (a *attempt) finish(f *uptime.Failure) {
	a.blameOurselves(f)
	a.noteRefusal(f)
	a.res.Failure = f
	a.res.Timings.Total = time.Since(a.res.Started)
	if a.hs.version != "" {
		a.res.Version = a.red.text(clip(a.hs.version, 40))
		a.res.ServerName, a.res.ServerVer = a.red.text(a.hs.name), a.red.text(a.hs.serverVer)
		for _, c := range a.hs.capabilities {
			a.res.Capabilities = append(a.res.Capabilities, a.red.text(c))
		}
	}
	if f != nil {
		f.Detail = a.red.text(f.Detail)
	}
	a.redactDetails()
	if f != nil || a.p.opt.KeepTranscript {
		a.res.Transcript = a.transcript()
	}
	slices.SortStableFunc(a.res.Findings, func(x, y uptime.Finding) int {
		return severityRank(x.Severity) - severityRank(y.Severity)
	})
	a.p.known.put(a.srv, a.known)
}

// blameOurselves turns a failure into Unknown when this process ran late: a
// saturated prober times out healthy servers.
func (a *attempt) blameOurselves(f *uptime.Failure) {
	if f == nil || f.Effect == uptime.Unknown {
		return
	}
	if lag := a.p.opt.Lag(); lag > MaxLag {
		f.Detail = fmt.Sprintf("this monitor ran %s late, so the failure says nothing about the server (it was %s: %s)", lag.Round(10*time.Millisecond), f.Cause, f.Detail)
		f.Cause, f.Effect = uptime.SelfOverload, uptime.Unknown
	}
}

func (a *attempt) redactDetails() {
	for i := range a.res.Steps {
		a.res.Steps[i].Detail = a.red.text(a.res.Steps[i].Detail)
	}
	for i := range a.res.Findings {
		a.res.Findings[i].Message = a.red.text(a.res.Findings[i].Message)
	}
}

// transcript returns what was said, redacted.
func (a *attempt) transcript() []uptime.Exchange {
	out := make([]uptime.Exchange, 0, len(a.rec.Exchanges))
	for _, r := range a.rec.Exchanges {
		answer := r.Response()
		if r.Fault != "" {
			answer = strings.TrimSpace(answer + "\n[" + r.Fault + "]")
		}
		out = append(out, uptime.Exchange{At: r.At, Took: r.Took, Request: a.red.text(r.Request()), Response: a.red.text(answer)})
	}
	return out
}

// close ends our own session and drops the connections. It has time of its own,
// because a session left behind costs the server memory.
func (a *attempt) close(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	a.endSession(ctx)
	if a.http != nil {
		a.res.BytesRead += a.http.BytesRead()
		a.http.Close()
	}
	if a.stream != nil {
		a.res.BytesRead += a.stream.BytesRead()
		a.stream.Close()
	}
	a.closeStdio()
}

// closeTime is what ending our session may take: it must not make a check slow.
const closeTime = 3 * time.Second

// endSession deletes the session that the server made for us, and gives up
// after closeTime, whoever calls.
func (a *attempt) endSession(ctx context.Context) {
	if a.http == nil || a.http.Session == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, closeTime)
	defer cancel()
	began := time.Now()
	ans, f := a.http.Delete(ctx)
	a.lastDelete = ans.Status
	detail := "session deleted"
	switch {
	case f != nil:
		a.find(findDeleteFailed, f.Detail)
		detail = "the session could not be deleted"
	case ans.Status == 405:
		detail = "the server ends sessions by itself (405)"
	case ans.Status == 404:
		detail = "the session was already gone (404)"
	case ans.Status > 299:
		a.find(findDeleteFailed, fmt.Sprintf("DELETE was answered %d", ans.Status))
		detail = fmt.Sprintf("DELETE was answered %d", ans.Status)
	}
	_ = a.step(uptime.StepClose, time.Since(began), nil, detail)
}
