package probe

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"github.com/alivemcp/alivemcp/internal/guard"
	"github.com/alivemcp/alivemcp/internal/mcpwire"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// fetch gets a document beside the MCP endpoint, such as OAuth metadata, over a
// connection of its own that the same address guard watches.
//
// One document gets a third of the time that is left, so that a link that hangs
// can be told from one that is slow.
func (a *attempt) fetch(ctx context.Context, req fetchRequest) (fetched, error) {
	if deadline, ok := ctx.Deadline(); ok {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(deadline)/3)
		defer cancel()
	}
	ans, fault := a.get(ctx, req)
	if fault != nil && fault.Kind == mcpwire.Blocked {
		return fetched{}, fmt.Errorf("%w: %s", errBlocked, fault.Detail)
	}
	if fault != nil {
		return fetched{}, fault
	}
	out := fetched{Status: ans.Status, Body: ans.Body, Took: ans.Took}
	for _, f := range ans.Header {
		out.Header = append(out.Header, headerField(f))
	}
	if len(out.Body) > req.Limit {
		return fetched{}, fmt.Errorf("the document is longer than %d KiB", req.Limit>>10)
	}
	return out, nil
}

func (a *attempt) get(ctx context.Context, req fetchRequest) (*mcpwire.Answer, *mcpwire.Fault) {
	target, err := a.checkedTarget(req.URL)
	if err != nil {
		return nil, &mcpwire.Fault{Kind: mcpwire.Blocked, Detail: err.Error(), Err: err}
	}
	opt := a.wireOpt
	opt.Target, opt.Header = target, nil
	if !target.SameOrigin(a.wireOpt.Target) {
		opt.Certificate = nil
	}
	conn := mcpwire.NewStreamable(opt)
	defer func() {
		a.res.BytesRead += conn.BytesRead()
		conn.Close()
	}()
	h := make(mcpwire.Header, 0, len(req.Header))
	for _, f := range req.Header {
		h = append(h, mcpwire.Field(f))
	}
	return conn.Fetch(ctx, req.Method, h, req.Body)
}

func (a *attempt) checkedTarget(raw string) (mcpwire.Target, error) {
	u, err := guard.CheckURL(raw, true)
	if err != nil {
		return mcpwire.Target{}, err
	}
	return mcpwire.ParseTarget(u)
}

// endpoint returns the MCP endpoint as a URL.
func (a *attempt) endpoint() (*url.URL, error) { return url.Parse(a.wireOpt.Target.URL()) }

// checkHealth asks the URLs that the owner exposes beside MCP.
func (a *attempt) checkHealth(ctx context.Context) *uptime.Failure {
	for _, hc := range a.srv.Profile.Health {
		if f := a.checkOneHealth(ctx, hc); f != nil {
			return f
		}
	}
	return nil
}

func (a *attempt) checkOneHealth(ctx context.Context, hc uptime.HealthCheck) *uptime.Failure {
	req := fetchRequest{Method: "GET", URL: hc.URL, Limit: 256 << 10}
	req.Header = append(req.Header, headerField{"Accept", "application/json, */*"})
	for _, h := range hc.Headers {
		req.Header = append(req.Header, headerField{h.Name, h.Value.Reveal()})
	}
	name := hc.Name
	if name == "" {
		name = SafeURL(hc.URL)
	}
	ans, fault := a.get(ctx, req)
	if fault != nil {
		return a.healthFault(hc, name, fault)
	}
	ok, degradedOnly, why := judgeHealth(hc, ans.Status, ans.Body, ans.Took)
	if ok {
		return a.step(uptime.StepHealth, ans.Took, nil, name+" is well")
	}
	f := fail(uptime.HealthFailed, "%s: %s", name, why)
	if hc.Downs && !degradedOnly {
		f.Effect = uptime.Down
	}
	return a.step(uptime.StepHealth, ans.Took, f, "")
}

// healthFault judges a health URL that did not answer. An address that must not
// be contacted says nothing about the server, and neither does our own trouble.
func (a *attempt) healthFault(hc uptime.HealthCheck, name string, fault *mcpwire.Fault) *uptime.Failure {
	why := name + ": " + fault.Detail
	switch cause := causeOf(fault.Kind); {
	case cause == uptime.BlockedTarget:
		a.find(findHealthBlocked, why)
		a.stepWarn(uptime.StepHealth, 0, why)
		return nil
	case cause.Effect() == uptime.Unknown:
		return a.step(uptime.StepHealth, 0, fail(cause, "%s", why), "")
	}
	f := fail(uptime.HealthFailed, "%s", why)
	if hc.Downs {
		f.Effect = uptime.Down
	}
	return a.step(uptime.StepHealth, 0, f, "")
}
