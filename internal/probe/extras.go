package probe

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// callCanary makes the one read-only tool call whose answer is known.
func (a *attempt) callCanary(ctx context.Context) *uptime.Failure {
	c := a.srv.Profile.Canary
	if c == nil {
		return nil
	}
	params, err := canaryParams(*c)
	if err != nil {
		return a.step(uptime.StepCanary, 0, fail(uptime.CanaryError, "the canary's arguments are no JSON object: %s", err), "")
	}
	ans, fault := a.conv.Call(ctx, mcpwire.Call{ID: idCanary, Method: "tools/call", Params: params, Name: c.Tool})
	f := a.judgeCanary(*c, ans, fault)
	if f != nil && c.Downs && f.Effect == uptime.Degraded {
		f.Effect = uptime.Down
	}
	return a.step(uptime.StepCanary, ans.Took, f, fmt.Sprintf("%s answered as expected", clip(c.Tool, 60)))
}

func canaryParams(c uptime.Canary) ([]byte, error) {
	args := json.RawMessage(c.Arguments)
	if len(args) == 0 {
		args = json.RawMessage("{}")
	}
	return json.Marshal(map[string]any{"name": c.Tool, "arguments": args})
}

// judgeCanary tells a tool that failed (canary_failed: the answer is there and
// wrong) from a call that failed (canary_error: there is no answer).
func (a *attempt) judgeCanary(c uptime.Canary, ans *mcpwire.Answer, fault *mcpwire.Fault) *uptime.Failure {
	if f := judgeAnswer(ans, fault); f != nil {
		if f.Effect == uptime.Unknown {
			return f
		}
		if ans.Status == 401 || ans.Status == 403 || f.Cause == uptime.AuthRequired {
			a.find(findAuthMixed, "the tool call wants a sign-in that the handshake did not ask for")
		}
		return fail(uptime.CanaryError, "calling %s failed: %s", clip(c.Tool, 60), f.Detail)
	}
	if mcpwire.Member(ans.Message.Result, "content") == nil && mcpwire.Member(ans.Message.Result, "structuredContent") == nil {
		return fail(uptime.CanaryError, "calling %s brought a result without content", clip(c.Tool, 60))
	}
	expect := c.Expect
	if len(expect) == 0 {
		expect = []uptime.Assertion{{Kind: uptime.AssertNoError}}
	}
	got := toolAnswer(ans.Message.Result, ans.Took)
	if ok, why := checkAssertions(expect, got); !ok {
		return fail(uptime.CanaryFailed, "%s: %s", clip(c.Tool, 60), why)
	}
	return nil
}

// listResources lists the resources when the profile wants that.
func (a *attempt) listResources(ctx context.Context) *uptime.Failure {
	if !a.srv.Profile.Resources {
		return nil
	}
	if !a.hs.has("resources") {
		a.skip(uptime.StepResources, "the server declares no resources")
		return nil
	}
	n, took, why := a.count(ctx, idResources, "resources/list", "resources")
	if why != "" {
		a.find(findResourcesBroken, why)
		a.stepWarn(uptime.StepResources, took, why)
		return nil
	}
	return a.step(uptime.StepResources, took, nil, fmt.Sprintf("%d resources", n))
}

// stepWarn records a step that failed without failing the probe.
func (a *attempt) stepWarn(name uptime.Step, took time.Duration, why string) {
	a.res.Steps = append(a.res.Steps, uptime.StepResult{Name: name, Status: uptime.StepFail, Took: took, Detail: why})
}

// count lists something and counts the first page of it.
func (a *attempt) count(ctx context.Context, id int, method, member string) (n int, took time.Duration, why string) {
	ans, fault := a.conv.Call(ctx, mcpwire.Call{ID: id, Method: method})
	if f := judgeAnswer(ans, fault); f != nil {
		return 0, ans.Took, method + ": " + f.Detail
	}
	var r map[string]json.RawMessage
	if json.Unmarshal(ans.Message.Result, &r) != nil || !mcpwire.EachElement(r[member], func([]byte) bool { n++; return true }) {
		return 0, ans.Took, method + ": the result has no list of " + member
	}
	return n, ans.Took, ""
}

// promptTime bounds the expansion of a prompt.
const promptTime = 5 * time.Second

// expandPrompt expands one prompt: a prompt whose data is broken is still
// listed, and comes out empty.
func (a *attempt) expandPrompt(ctx context.Context) *uptime.Failure {
	pc := a.srv.Profile.Prompts
	if pc == nil {
		return nil
	}
	if !a.hs.has("prompts") {
		a.skip(uptime.StepPrompts, "the server declares no prompts")
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, promptTime)
	defer cancel()
	began := time.Now()
	name, why := a.choosePrompt(ctx, *pc)
	id := findPromptFailed
	if why == "" && name != "" {
		id, why = a.expand(ctx, name, pc.Arguments)
	}
	if why != "" {
		a.find(id, why)
		a.stepWarn(uptime.StepPrompts, time.Since(began), why)
		return nil
	}
	return a.step(uptime.StepPrompts, time.Since(began), nil, promptDetail(name))
}

func promptDetail(name string) string {
	if name == "" {
		return "listed; none can be expanded without arguments"
	}
	return clip(name, 60) + " expands"
}

// choosePrompt returns the named prompt, or the first that needs no arguments.
func (a *attempt) choosePrompt(ctx context.Context, pc uptime.PromptCheck) (name, why string) {
	ans, fault := a.conv.Call(ctx, mcpwire.Call{ID: idPrompts, Method: "prompts/list"})
	if f := judgeAnswer(ans, fault); f != nil {
		return "", "prompts/list: " + f.Detail
	}
	var r struct {
		Prompts []struct {
			Name      string `json:"name"`
			Arguments []struct {
				Required bool `json:"required"`
			} `json:"arguments"`
		} `json:"prompts"`
	}
	if err := json.Unmarshal(ans.Message.Result, &r); err != nil {
		return "", "prompts/list: " + shapeError(err)
	}
	for _, p := range r.Prompts {
		needs := false
		for _, arg := range p.Arguments {
			needs = needs || arg.Required
		}
		if p.Name == pc.Name || pc.Name == "" && !needs {
			return p.Name, ""
		}
	}
	if pc.Name != "" {
		return "", "the prompt " + clip(pc.Name, 60) + " is not listed"
	}
	return "", ""
}

// expand gets a prompt and looks whether anything came out. Otherwise it returns
// the finding's id and why.
func (a *attempt) expand(ctx context.Context, name string, args map[string]string) (id, why string) {
	params, _ := json.Marshal(map[string]any{"name": name, "arguments": args})
	if args == nil {
		params, _ = json.Marshal(map[string]string{"name": name})
	}
	ans, fault := a.conv.Call(ctx, mcpwire.Call{ID: idPrompt, Method: "prompts/get", Params: params, Name: name})
	if f := judgeAnswer(ans, fault); f != nil {
		return findPromptFailed, "expanding " + clip(name, 60) + ": " + f.Detail
	}
	var r struct {
		Messages []struct {
			Content json.RawMessage `json:"content"`
		} `json:"messages"`
	}
	if json.Unmarshal(ans.Message.Result, &r) != nil || len(r.Messages) == 0 {
		return findPromptEmpty, "the prompt " + clip(name, 60) + " expands to nothing"
	}
	for _, m := range r.Messages {
		var text struct {
			Type string `json:"type"`
			Text string `json:"text"`
		}
		if json.Unmarshal(m.Content, &text) == nil && text.Type == "text" && clip(text.Text, 1) == "" {
			return findPromptEmpty, "the prompt " + clip(name, 60) + " expands to an empty message"
		}
	}
	return "", ""
}

// completionBudget is the time after which a completion comes too late for
// somebody who is typing.
const completionBudget = 100 * time.Millisecond

// complete asks for one completion.
func (a *attempt) complete(ctx context.Context) *uptime.Failure {
	cc := a.srv.Profile.Completion
	if cc == nil {
		return nil
	}
	if !a.hs.has("completions") {
		a.skip(uptime.StepCompletion, "the server declares no completions")
		return nil
	}
	ans, fault := a.conv.Call(ctx, mcpwire.Call{ID: idCompletion, Method: "completion/complete", Params: completionParams(*cc)})
	if f := judgeAnswer(ans, fault); f != nil {
		a.find(findCompletionBroken, f.Detail)
		a.stepWarn(uptime.StepCompletion, ans.Took, f.Detail)
		return nil
	}
	if ans.Took > completionBudget {
		a.find(findCompletionSlow, fmt.Sprintf("it took %d ms", ans.Took.Milliseconds()))
	}
	return a.step(uptime.StepCompletion, ans.Took, nil, "completed")
}

func completionParams(cc uptime.CompletionCheck) []byte {
	ref := map[string]string{"type": "ref/prompt", "name": cc.Prompt}
	if cc.Prompt == "" {
		ref = map[string]string{"type": "ref/resource", "uri": cc.Resource}
	}
	params, _ := json.Marshal(map[string]any{"ref": ref, "argument": map[string]string{"name": cc.Argument, "value": cc.Value}})
	return params
}
