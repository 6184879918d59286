package probe

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// heavyTokens is the estimated weight of a contract that is worth a word: a
// tenth of a common context window.
const heavyTokens = 20_000

// checkManners makes the checks that only grade: none of them can fail a probe.
// They run when Options.Thorough asks for them.
func (a *attempt) checkManners(ctx context.Context) *uptime.Failure {
	if t := a.res.Tools; t != nil && t.Tokens > heavyTokens {
		a.find(findHeavyContract, fmt.Sprintf("about %d tokens", t.Tokens))
	}
	a.tryMadeUpToken(ctx)
	if a.p.opt.Thorough {
		a.listAgain(ctx)
		a.tryMadeUpVersion(ctx)
		a.useDeadSession(ctx)
	}
	return nil
}

// listAgain holds a second listing against the first: same tools, same order
// (2026-07-28 server/tools).
func (a *attempt) listAgain(ctx context.Context) {
	if a.res.Tools == nil || a.res.Tools.Pages != 1 {
		return
	}
	ans, f := a.page(ctx, 0, "")
	if f != nil || sha256.Sum256(ans.Message.Result) == a.known.toolsSum {
		return
	}
	first, second := a.known.order, toolNames(ans.Message.Result)
	switch {
	case slices.Equal(first, second):
	case sameSet(first, second):
		a.find(findToolsOrder, "")
	default:
		a.find(findToolsUnstable, "")
	}
}

// toolNames returns the names of a listing in wire order.
func toolNames(result []byte) []string {
	var r struct {
		Tools []struct {
			Name string `json:"name"`
		} `json:"tools"`
	}
	_ = json.Unmarshal(result, &r)
	out := make([]string, len(r.Tools))
	for i, t := range r.Tools {
		out[i] = t.Name
	}
	return out
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// tryMadeUpVersion names a revision that does not exist. It must be refused with
// 400 since revision 2025-06-18.
func (a *attempt) tryMadeUpVersion(ctx context.Context) {
	method := a.harmlessMethod()
	if a.http == nil || a.hs.version < "2025-06-18" || method == "" {
		return
	}
	agreed := a.http.Version
	a.http.Version = "1999-01-01"
	ans, fault := a.http.Call(ctx, mcpwire.Call{ID: idManners, Method: method})
	a.http.Version = agreed
	if fault == nil && ans.Status < 300 && ans.Message.Result != nil {
		a.find(findBadVersionAccepted, "")
	}
}

// harmlessMethod returns a method that the server says it knows, and that only
// reads. Never ping: many servers do not answer it, and the modern revision has
// none.
func (a *attempt) harmlessMethod() string {
	for _, kind := range []string{"tools", "resources", "prompts"} {
		if a.hs.has(kind) {
			return kind + "/list"
		}
	}
	return ""
}

// useDeadSession ends the session and asks whether it is really gone.
func (a *attempt) useDeadSession(ctx context.Context) {
	if a.http == nil || a.http.Session == "" || !a.hs.has("tools") {
		return
	}
	a.endSession(ctx)
	defer func() { a.http.Session = "" }()
	if a.lastDelete == 0 || a.lastDelete > 299 {
		return
	}
	ans, fault := a.http.Call(ctx, mcpwire.Call{ID: idManners + 1, Method: "tools/list"})
	switch {
	case fault != nil:
	case ans.Status < 300 && ans.Message.Result != nil:
		a.find(findSessionNotDeleted, "")
	case ans.Status != 404:
		a.find(findSessionExpiry, fmt.Sprintf("HTTP %d", ans.Status))
	}
}

// tryMadeUpToken presents a token that nobody issued. It counts as a failed
// login at the server, so it is for owners only.
func (a *attempt) tryMadeUpToken(ctx context.Context) {
	if !a.srv.Profile.Aggressive || a.http == nil || a.res.Access == uptime.AccessOpen && a.srv.Profile.Credential == nil {
		return
	}
	opt := a.wireOpt
	opt.Header = mcpwire.Header{{Name: "Authorization", Value: "Bearer alivemcp-not-a-token"}}
	conn := mcpwire.NewStreamable(opt)
	defer conn.Close()
	ans, fault := conn.Call(ctx, mcpwire.Call{ID: idManners + 2, Method: "initialize", Params: a.initializeParams()})
	switch {
	case fault == nil && ans.Status < 300 && ans.Message.Result != nil:
		a.find(findAuthBypass, "")
	case ans.Status >= 500:
		a.find(findAuthErrorLeak, fmt.Sprintf("HTTP %d", ans.Status))
	}
	if conn.Session = ans.Header.Get("Mcp-Session-Id"); conn.Session != "" {
		_, _ = conn.Delete(ctx)
	}
}

// checkModernResult looks at what revision 2026-07-28 asks of each result. It
// runs in every cycle, so it walks the members and decodes only the small ones.
func (a *attempt) checkModernResult(result []byte) {
	var kind, scope *string
	var ttl *json.Number
	readable := true
	mcpwire.EachMember(result, func(key string, value []byte) bool {
		switch key {
		case "resultType":
			readable = readable && json.Unmarshal(value, &kind) == nil
		case "ttlMs":
			readable = readable && json.Unmarshal(value, &ttl) == nil
		case "cacheScope":
			readable = readable && json.Unmarshal(value, &scope) == nil
		}
		return readable
	})
	if readable && kind == nil {
		a.find(findResultType, "")
	}
	if readable && (ttl == nil || scope == nil || *scope != "public" && *scope != "private") {
		a.find(findCacheHints, "")
	}
}

// checkModernHello looks at what the answer to server/discover should be like.
func (a *attempt) checkModernHello(ans *mcpwire.Answer) {
	a.checkModernResult(ans.Message.Result)
	if a.hs.name == "" {
		a.find(findModernIdentity, "")
	}
	if ans.Header.Has("Mcp-Session-Id") {
		a.find(findModernSession, "")
	}
}
