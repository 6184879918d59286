package probe

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/drift"
	"github.com/alivemcp/alivemcp/internal/mcpwire"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Bounds of one listing.
const (
	maxPages = 50
	maxTools = 10_000
)

// guestCycles is how often the tools of a server that nobody here owns are
// listed: every fifteenth cycle.
const guestCycles = 15

// listing is tools/list being read, page after page.
type listing struct {
	pages   int
	sum     [sha256.Size]byte // over all raw pages
	raw     [][]byte          // the result of each page
	took    time.Duration
	cursors map[string]bool
}

// listTools runs tools/list to its end.
func (a *attempt) listTools(ctx context.Context) *uptime.Failure {
	switch {
	case !a.hs.has("tools"):
		a.skip(uptime.StepTools, "the server declares no tools")
		return nil
	case a.mayWait():
		a.skip(uptime.StepTools, "as a guest, the list is asked for only now and then")
		return nil
	}
	l := listing{cursors: map[string]bool{}}
	f := a.readPages(ctx, &l)
	a.res.Timings.Tools = l.took
	if f != nil && a.lazyWall {
		a.skip(uptime.StepTools, "the list wants a sign-in, and says how")
		return nil
	}
	if f == nil {
		f = a.weigh(&l)
	}
	if f == nil {
		a.known.listedAfter, a.known.listedFor = 0, a.hs
	}
	return a.step(uptime.StepTools, l.took, f, a.toolsDetail())
}

// mayWait reports whether a guest can leave the list for another cycle: it was
// read lately, and the server says the same of itself as then.
func (a *attempt) mayWait() bool {
	k := &a.known
	if !a.srv.Guest || k.tools.Count == 0 || k.listedAfter >= guestCycles-1 || !k.listedFor.sameServer(a.hs) {
		return false // and again, until a listing succeeds
	}
	a.known.listedAfter++
	return true
}

func (a *attempt) toolsDetail() string {
	t := a.res.Tools
	if t == nil {
		return ""
	}
	detail := fmt.Sprintf("%d tools, %s, about %d tokens", t.Count, kilobytes(t.Bytes), t.Tokens)
	if t.Count == 1 {
		detail = fmt.Sprintf("1 tool, %s, about %d tokens", kilobytes(t.Bytes), t.Tokens)
	}
	if t.Pages > 1 {
		detail += fmt.Sprintf(", %d pages", t.Pages)
	}
	return detail
}

func kilobytes(n int) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f kB", float64(n)/1000)
}

// readPages follows nextCursor until it is gone, repeats itself, or the bounds
// are reached.
func (a *attempt) readPages(ctx context.Context, l *listing) *uptime.Failure {
	h := sha256.New()
	for cursor, more := "", true; more; {
		ans, f := a.page(ctx, l.pages, cursor)
		l.took += ans.Took
		if f != nil {
			return f
		}
		if a.res.Era == uptime.Modern {
			a.checkModernResult(ans.Message.Result)
		}
		l.raw = append(l.raw, ans.Message.Result)
		if l.pages++; l.pages > maxPages {
			return fail(uptime.PaginationLoop, "tools/list goes on after %d pages", maxPages)
		}
		if a.sameSingle(ans.Message.Result, l) {
			return nil
		}
		if cursor, more = a.nextCursor(ans.Message.Result); more && l.cursors[cursor] {
			return fail(uptime.PaginationLoop, "tools/list gives the same nextCursor again on page %d", l.pages)
		}
		l.cursors[cursor] = true
		h.Write(ans.Message.Result)
	}
	l.sum = [sha256.Size]byte(h.Sum(nil))
	return nil
}

// sameSingle reports whether the first page is, byte for byte, the single page
// of the last look, so that there is no cursor in it to be looked for.
func (a *attempt) sameSingle(result []byte, l *listing) bool {
	if l.pages != 1 || a.known.tools.Pages != 1 {
		return false
	}
	l.sum = sha256.Sum256(result)
	return l.sum == a.known.toolsSum
}

// page asks for one page.
func (a *attempt) page(ctx context.Context, n int, cursor string) (*mcpwire.Answer, *uptime.Failure) {
	var params []byte
	if n > 0 {
		params, _ = json.Marshal(map[string]string{"cursor": cursor})
	}
	ans, fault := a.conv.Call(ctx, mcpwire.Call{ID: idTools + n, Method: "tools/list", Params: params, Size: a.known.listSize})
	a.noteAll(ans)
	f := judgeAnswer(ans, fault)
	if f == nil {
		return ans, nil
	}
	return ans, a.refineToolsFailure(ctx, ans, f)
}

// refineToolsFailure says what a failed tools/list means right after a good
// handshake.
func (a *attempt) refineToolsFailure(ctx context.Context, ans *mcpwire.Answer, f *uptime.Failure) *uptime.Failure {
	e := ans.Message.Error
	switch {
	case e != nil && e.Code == -32601 && f.Effect == uptime.Down:
		f.Cause, f.Detail = uptime.CapabilityLie, "the server declares tools and does not know tools/list: "+f.Detail
	case (ans.Status == 404 || ans.Status == 400 || ans.Status < 300 && e != nil) && speaksOf(ans, "session"):
		f.Cause, f.Detail = uptime.SessionLost, "the session was lost between the handshake and tools/list: "+f.Detail
	case refusesVersion(ans):
		f.Cause, f.Detail = uptime.VersionRefused, "the server refuses revision "+a.hs.version+", which it had agreed to: "+f.Detail
	case ans.Status == 401 || ans.Status == 403 && f.Cause == uptime.AuthRequired:
		return a.wallBehindHandshake(ctx, ans)
	}
	f.Effect = f.Cause.Effect()
	return f
}

// wallBehindHandshake handles a server that opens to strangers and lists nothing
// without a sign-in. That is legal, and some clients never start to sign in
// there; a wall that says how to sign in is as good there as in front.
func (a *attempt) wallBehindHandshake(ctx context.Context, ans *mcpwire.Answer) *uptime.Failure {
	a.find(findAuthMixed, "tools/list wants a sign-in that initialize did not ask for")
	if a.srv.Profile.Credential != nil {
		return a.credentialRefused(ans)
	}
	a.discoverWall(ctx, ans)
	if a.res.Access == uptime.AccessBroken {
		return fail(uptime.AuthBroken, "sign-in cannot be completed: %s", a.res.Auth.Broken)
	}
	a.lazyWall = a.res.Access == uptime.AccessWalled
	return fail(uptime.AuthRequired, "the handshake is open, but tools/list answers HTTP %d", ans.Status)
}

// nextCursor returns the cursor of the page behind a result. An empty cursor
// means the end in legacy revisions, where servers send it so; in the modern one
// it is a cursor like any other (2026-07-28 server/utilities/pagination).
func (a *attempt) nextCursor(result []byte) (string, bool) {
	var next *string
	if raw := mcpwire.Member(result, "nextCursor"); raw == nil || json.Unmarshal(raw, &next) != nil || next == nil {
		return "", false
	}
	if *next == "" && a.res.Era != uptime.Modern {
		a.find(findEmptyCursor, "")
		return "", false
	}
	return *next, true
}

// weigh turns the pages into a ToolSet. When not a byte has changed since the
// last attempt, its outcome stands.
func (a *attempt) weigh(l *listing) *uptime.Failure {
	k := &a.known
	if k.tools.Count > 0 && k.toolsSum == l.sum && k.tools.Pages == l.pages && !a.wantsRaw() {
		set := k.tools
		a.res.Tools = &set
		a.adopt(k.toolFindings)
		return nil
	}
	tools, f := a.elements(l)
	if f != nil {
		return f
	}
	before := len(a.res.Findings)
	if f := a.setTools(tools, l.pages); f != nil {
		return f
	}
	k.order = toolNames(l.raw[0])
	k.listSize = len(l.raw[0]) + 1024
	k.toolsSum, k.tools, k.toolFindings = l.sum, *a.res.Tools, slices.Clone(a.res.Findings[before:])
	k.tools.Raw = nil
	return nil
}

// wantsRaw reports whether the tools themselves are needed, and not only what
// is known of an unchanged list: by the caller, or to be held against an accepted
// contract that they are not known to equal.
func (a *attempt) wantsRaw() bool {
	baseline := a.srv.Profile.Baseline
	return a.p.opt.KeepTools || len(baseline) > 0 && a.known.equals != sha256.Sum256(baseline)
}

func (a *attempt) adopt(findings []uptime.Finding) {
	for _, f := range findings {
		if !a.noted[f.ID] {
			a.noted[f.ID] = true
			a.res.Findings = append(a.res.Findings, f)
		}
	}
}

// elements collects the tools of all pages, raw.
func (a *attempt) elements(l *listing) ([]json.RawMessage, *uptime.Failure) {
	var tools []json.RawMessage
	for _, result := range l.raw {
		var r struct {
			Tools json.RawMessage `json:"tools"`
		}
		if json.Unmarshal(result, &r) != nil || r.Tools == nil {
			return nil, fail(uptime.ToolsMalformed, "the result of tools/list has no tools member")
		}
		isArray := mcpwire.EachElement(r.Tools, func(v []byte) bool {
			tools = append(tools, v)
			return len(tools) <= maxTools
		})
		if !isArray {
			return nil, fail(uptime.ToolsMalformed, "tools is no array in the result of tools/list")
		}
		if len(tools) > maxTools {
			return nil, fail(uptime.BodyTooLarge, "the server lists more than %d tools", maxTools)
		}
	}
	return tools, nil
}

// setTools judges the list itself.
func (a *attempt) setTools(tools []json.RawMessage, pages int) *uptime.Failure {
	if len(tools) == 0 {
		return fail(uptime.ToolsEmpty, "the server declares tools and its list is empty")
	}
	contract, problems := drift.Parse(tools, a.hs.version)
	a.reportProblems(problems)
	count := len(contract.Tools) + readable(problems)
	if count == 0 {
		return fail(uptime.ToolsMalformed, "not one entry of the list is a tool: %s", problems[0])
	}
	a.res.Tools = &uptime.ToolSet{
		Count: count, Hash: contract.Hash, ContractHash: contract.ContractHash,
		Bytes: contract.Bytes, Tokens: contract.Tokens, Pages: pages,
	}
	if a.p.opt.KeepTools || a.p.opt.KeepNewTools || len(a.srv.Profile.Baseline) > 0 {
		for _, t := range tools {
			a.res.Tools.Raw = append(a.res.Tools.Raw, t)
		}
	}
	return nil
}

// readable counts the tools that clients can read although they have no
// canonical form to be hashed, such as those with a number beyond all doubles.
func readable(problems []drift.Problem) int {
	n := 0
	for _, p := range problems {
		if p.ID == "json_invalid" && !p.Fatal {
			n++
		}
	}
	return n
}

// reportProblems sums up what is wrong with single tools: one finding a kind.
func (a *attempt) reportProblems(problems []drift.Problem) {
	count := map[string]int{}
	for _, p := range problems {
		count[p.ID]++
	}
	for _, p := range problems {
		detail := p.String()
		if n := count[p.ID]; n > 1 {
			detail += fmt.Sprintf(" (and %d more)", n-1)
		}
		a.findTool(toolFinding(p.ID), p.Fatal, detail)
	}
}

// compareBaseline holds the list against the contract that was accepted.
func (a *attempt) compareBaseline(context.Context) *uptime.Failure {
	if len(a.srv.Profile.Baseline) == 0 || a.res.Tools == nil || len(a.res.Tools.Raw) == 0 {
		return nil // without the raw tools the list is the accepted one: see wantsRaw
	}
	return a.compare(a.srv.Profile.Baseline)
}
