package show

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

func writeText(b *bytes.Buffer, checks []Check, st Style) {
	p := pen{b, st}
	if len(checks) == 1 {
		p.check(checks[0])
		return
	}
	p.table(checks)
	for _, c := range checks {
		if c.State != uptime.Live || st.Transcript {
			p.line("")
			p.check(c)
		}
	}
	p.line("")
	p.line("%s", summary(checks))
}

// check writes all that is known about one target.
func (p pen) check(c Check) {
	p.headline(c)
	if about := p.say(strings.Join(about(c.Result), " · ")); about != "" {
		p.line("  %s", about)
	}
	for _, s := range c.Result.Steps {
		p.step(s, c)
	}
	p.total(c)
	p.verdict(c)
	for _, f := range c.Result.Findings {
		p.finding(f)
	}
	p.authChain(c.Result.Auth)
	if t := c.Result.Tools; t != nil && t.ContractHash != "" {
		p.line("  contract %s", t.ContractHash)
	}
	if p.Transcript {
		p.transcript(c.Result.Transcript)
	}
	if next := Next(c); next != "" {
		p.wrapped("  "+p.paint(bold, p.say("→ next:"))+" ", runes(p.say("  → next: ")), p.say(next))
	}
}

func (p pen) headline(c Check) {
	sign, color := stateSign(c.State)
	left := p.say(fmt.Sprintf("%s %s  %s", sign, strings.ToUpper(c.State.String()), c.Target))
	right := ""
	if c.Grade != "" {
		right = "grade " + c.Grade
	}
	gap := max(2, min(p.width(), 80)-runes(left)-runes(right))
	head, rest, _ := strings.Cut(left, "  ")
	p.line("%s", strings.TrimRight(p.paint(color, head)+"  "+p.paint(bold, rest)+strings.Repeat(" ", gap)+right, " "))
}

// about lists who the server is and how it speaks.
func about(r uptime.Result) []string {
	var parts []string
	for _, s := range []string{
		strings.TrimSpace(r.ServerName + " " + r.ServerVer),
		string(r.Transport),
		strings.TrimSpace(string(r.Era) + " " + r.Version),
		accessWords(r),
	} {
		if s != "" {
			parts = append(parts, s)
		}
	}
	return parts
}

// accessWords says how strangers are treated, and whether we were one.
func accessWords(r uptime.Result) string {
	verified := ", tools not verified"
	if r.Tools != nil {
		verified = ", signed in"
	}
	switch r.Access {
	case uptime.AccessOpen:
		return "open"
	case uptime.AccessWalled:
		return "sign-in required" + verified
	case uptime.AccessCustom:
		return "asks for a key in its own way" + verified
	case uptime.AccessBroken:
		return "sign-in is broken"
	}
	return string(r.Access)
}

func (p pen) step(s uptime.StepResult, c Check) {
	sign, color := stepSign(s.Status)
	took := span(s.Took)
	if s.Status == uptime.StepSkip {
		took = "skipped"
	}
	head := fmt.Sprintf("  %s %s %9s", p.paint(color, p.say(sign)), pad(string(s.Name), 12), took)
	detail := stepDetail(s, c.Result)
	if c.Failure != nil && s.Status == uptime.StepFail && detail == c.Failure.Detail {
		detail = "failed, see below"
	}
	if detail == "" {
		p.line("%s", head)
		return
	}
	p.wrapped(head+"   ", 29, p.say(detail))
}

// stepDetail is the step's own word, or what is known from elsewhere about it.
func stepDetail(s uptime.StepResult, r uptime.Result) string {
	switch {
	case s.Status != uptime.StepPass:
		return s.Detail
	case s.Name == uptime.StepTLS && r.TLS != nil:
		return certificate(*r.TLS, r.Started)
	case s.Name == uptime.StepTools && r.Tools != nil:
		return toolSet(*r.Tools)
	}
	return s.Detail
}

func certificate(t uptime.TLSInfo, now time.Time) string {
	left := daysLeft(t.NotAfter, now)
	words := "certificate for " + plural(left, "more day")
	if left < 0 {
		words = "certificate expired on " + t.NotAfter.UTC().Format(time.DateOnly)
	}
	if t.Issuer != "" {
		words += " (" + t.Issuer + ")"
	}
	return strings.TrimPrefix(t.Version+", "+words, ", ")
}

func toolSet(t uptime.ToolSet) string {
	words := plural(t.Count, "tool")
	if t.Bytes > 0 {
		words += ", " + size(t.Bytes)
	}
	if t.Tokens > 0 {
		words += " ≈ " + plural(t.Tokens, "token")
	}
	if t.Pages > 1 {
		words += ", " + plural(t.Pages, "page")
	}
	return words
}

func (p pen) total(c Check) {
	if c.Result.Timings.Total <= 0 {
		return
	}
	words := fmt.Sprintf("    %s %9s", pad("total", 12), span(c.Result.Timings.Total))
	if c.Attempts > 1 {
		words += fmt.Sprintf("   the last of %d attempts", c.Attempts)
	}
	p.line("%s", p.paint(grey, words))
}

// verdict says in words why the state is not Live.
func (p pen) verdict(c Check) {
	if text := Reason(c); text != "" {
		sign, color := stateSign(c.State)
		p.wrapped("  "+p.paint(color, p.say(sign))+" ", 4, p.say(text))
	}
}

func (p pen) finding(f uptime.Finding) {
	sign, color := severitySign(f.Severity)
	text := f.ID + ": " + f.Message
	if f.Spec != "" {
		text += " (" + f.Spec + ")"
	}
	p.wrapped("  "+p.paint(color, p.say(sign))+" ", 4, p.say(text))
}

func (p pen) authChain(a *uptime.AuthChain) {
	if a == nil {
		return
	}
	for _, link := range [][2]string{
		{"metadata", a.ResourceMetadata},
		{"issuer", a.AuthorizationServer},
		{"token at", a.TokenEndpoint},
		{"scopes", strings.Join(a.Scopes, " ")},
		{"register", strings.Join(a.Registration, ", ")},
		{"broken", a.Broken},
	} {
		if link[1] != "" {
			p.wrapped("    "+pad("sign-in "+link[0], 18), 22, p.say(link[1]))
		}
	}
}

func (p pen) transcript(list []uptime.Exchange) {
	for i, x := range list {
		p.line("  %s", p.paint(grey, fmt.Sprintf("-- exchange %d, at %s, took %s", i+1, span(x.At), span(x.Took))))
		p.block("> ", x.Request)
		p.block("< ", x.Response)
	}
}

func (p pen) block(mark, text string) {
	for l := range strings.Lines(text) {
		p.line("  %s%s", mark, p.say(strings.TrimRight(l, "\n")))
	}
}

// Next returns the one thing to do after this check; empty when nothing is
// known that would help.
func Next(c Check) string {
	switch {
	case c.Failure != nil:
		return Advice(c.Failure.Cause)
	case c.State == uptime.Degraded:
		return "see which step above is slow; alivemcp bench shows whether it always is"
	case c.Result.Tools == nil && (c.Result.Access == uptime.AccessWalled || c.Result.Access == uptime.AccessCustom):
		return "to verify the tools as well, sign in: --bearer-env NAME, --header 'X-API-Key: env:NAME' or --client-id"
	case count(c.Result.Findings, uptime.SeverityFail, uptime.SeverityWarn) > 0:
		return "mend the findings above, worst first; --fail-on warn keeps them mended in CI"
	case c.State == uptime.Live && c.Result.Tools != nil && c.Result.Transport != uptime.Stdio:
		return "pin the contract: alivemcp snapshot URL > tools.json, and in CI: alivemcp diff tools.json URL"
	}
	return ""
}

func count(findings []uptime.Finding, severities ...uptime.Severity) int {
	n := 0
	for _, f := range findings {
		for _, s := range severities {
			if f.Severity == s {
				n++
			}
		}
	}
	return n
}
