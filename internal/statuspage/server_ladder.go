package statuspage

import (
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/public"
	"github.com/alivemcp/alivemcp/internal/show"
	"github.com/alivemcp/alivemcp/internal/statuspage/draw"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// Bounds of what is shown of one probe.
const (
	maxDetail     = 400
	maxTranscript = 32
	maxLines      = 400
)

// ladder is one probe, rung by rung: what was tried, how far it came, and what
// was said on the wire.
type ladder struct {
	Started draw.Moment
	Ago     string
	Total   string
	Passed  bool
	// Full says that nothing but secrets was taken out; Named that one of the
	// steps explains the failure.
	Full, Named bool
	Steps       []rung
	// Cause is what went wrong in words; Advice is the next thing to do about it.
	Cause, Detail, Advice string
	Transcript            []exchange
	// Findings are remarks apart from being up; Protocol what was negotiated.
	Findings []finding
	Protocol string
}

// rung is one step of a ladder.
type rung struct {
	// Status is pass, fail, skip or unreached.
	Status string
	Word   string // the status in words
	Name   string // what the step does, for people
	Term   string // what it is called
	Took   string
	Detail string
	// First marks the first step that failed: the explanation.
	First bool
}

// exchange is one request with its answer.
type exchange struct {
	At, Took          string
	Request, Response string
}

type finding struct{ Severity, Message, Spec string }

// ladderOf shows a probe. What an operator sees in full, the public sees
// without addresses, routes and stack traces.
func ladderOf(res uptime.Result, secure, operator bool, now time.Time) ladder {
	l := ladder{
		Started: draw.Exact(res.Started), Ago: board.Span(now.Sub(res.Started)) + " ago", Total: draw.Millis(res.Timings.Total),
		Passed: res.Failure == nil, Full: operator, Protocol: protocolOf(res),
	}
	if len(res.Steps) > 0 { // else only the judgement is known
		l.Steps = rungs(res, secure, operator)
	}
	if res.Timings.Total <= 0 {
		l.Total = ""
	}
	if f := res.Failure; f != nil {
		l.Cause, l.Advice, l.Detail = upperFirst(inWords(f.Cause)), upperFirst(show.Advice(f.Cause)), f.Detail
		if !operator {
			l.Detail = public.Detail(*f)
		}
		l.Detail = web.Visible(l.Detail, maxDetail)
	}
	if !operator && res.Failure != nil && res.Failure.Reason() == uptime.NoReason {
		l.Advice = "" // it is about the monitor, not about the server
	}
	l.Named = slices.ContainsFunc(l.Steps, func(r rung) bool { return r.First })
	l.Transcript = transcriptOf(res.Transcript, operator)
	for _, f := range res.Findings {
		message := f.Message
		if !operator {
			message = public.Text(message)
		}
		l.Findings = append(l.Findings, finding{string(f.Severity), web.Visible(message, maxDetail), web.Visible(f.Spec, 80)})
	}
	return l
}

func protocolOf(res uptime.Result) string {
	return web.Visible(strings.Join(sensible(transportWords(res.Transport), prefixed("protocol ", res.Version)), ", "), 120)
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

func transportWords(t uptime.Transport) string {
	switch t {
	case uptime.StreamableHTTP:
		return "Streamable HTTP"
	case uptime.HTTPSSE:
		return "HTTP+SSE"
	case uptime.Stdio:
		return "stdio"
	}
	return ""
}

// rungs are the steps that ran, then those that a probe would have come to.
func rungs(res uptime.Result, secure, operator bool) []rung {
	var out []rung
	ran := map[uptime.Step]bool{}
	failed := false
	for _, s := range res.Steps {
		r := rungOf(s, failed, operator)
		r.First = s.Status == uptime.StepFail && !failed && res.Failure != nil
		failed = failed || r.First
		ran[s.Name] = true
		out = append(out, r)
	}
	if res.Failure == nil || len(out) == 0 { // of a probe that left no steps nobody knows how far it came
		return out
	}
	for _, name := range expectedSteps(res, secure) {
		if !ran[name] {
			out = append(out, rung{Status: "unreached", Word: "not reached", Name: stepWords(name), Term: stepTerm(name)})
		}
	}
	return out
}

// expectedSteps are those that every probe of such a server comes to. The
// handshake has two forms: when one was tried, the other is not expected.
func expectedSteps(res uptime.Result, secure bool) []uptime.Step {
	steps := []uptime.Step{uptime.StepDNS, uptime.StepTCP}
	if res.Transport == uptime.Stdio {
		steps = []uptime.Step{uptime.StepSpawn}
	} else if secure {
		steps = append(steps, uptime.StepTLS)
	}
	if !triedHandshake(res.Steps) {
		steps = append(steps, uptime.StepInitialize)
	}
	return append(steps, uptime.StepTools)
}

func triedHandshake(steps []uptime.StepResult) bool {
	for _, s := range steps {
		switch s.Name {
		case uptime.StepDiscover, uptime.StepStream, uptime.StepInitialize, uptime.StepInitialized:
			return true
		default:
		}
	}
	return false
}

// rungOf shows a step; what was left out after a failure was not reached.
func rungOf(s uptime.StepResult, failed, operator bool) rung {
	detail := s.Detail
	if !operator {
		detail = public.Text(detail)
	}
	r := rung{Status: string(s.Status), Word: statusWord(s.Status), Name: stepWords(s.Name), Term: stepTerm(s.Name), Detail: web.Visible(detail, maxDetail)}
	if failed && s.Status == uptime.StepSkip {
		r.Status, r.Word, r.Detail = "unreached", "not reached", ""
	} else if s.Status != uptime.StepSkip {
		r.Took = draw.Millis(s.Took)
	}
	return r
}

func statusWord(s uptime.StepStatus) string {
	switch s {
	case uptime.StepPass:
		return "passed"
	case uptime.StepFail:
		return "failed"
	case uptime.StepSkip:
		return "left out"
	}
	return "not known"
}

// stepWords says what a step does.
func stepWords(s uptime.Step) string {
	words := map[uptime.Step]string{
		uptime.StepDNS: "Find the server", uptime.StepTCP: "Connect", uptime.StepTLS: "Encrypt",
		uptime.StepSpawn: "Start the process", uptime.StepDiscover: "Shake hands (modern)", uptime.StepStream: "Open the event stream",
		uptime.StepInitialize: "Shake hands", uptime.StepInitialized: "Finish the handshake", uptime.StepTools: "List the tools",
		uptime.StepAuth: "Find out how to sign in", uptime.StepCanary: "Call a tool", uptime.StepResources: "List the resources",
		uptime.StepPrompts: "Expand a prompt", uptime.StepCompletion: "Complete an argument",
		uptime.StepHealth: "Ask its health report", uptime.StepClose: "Close the session",
	}
	if w, ok := words[s]; ok {
		return w
	}
	return "Another check"
}

// stepTerm is the name that specifications have for a step.
func stepTerm(s uptime.Step) string {
	terms := map[uptime.Step]string{
		uptime.StepDNS: "DNS", uptime.StepTCP: "TCP", uptime.StepTLS: "TLS", uptime.StepSpawn: "stdio",
		uptime.StepDiscover: "server/discover", uptime.StepStream: "SSE", uptime.StepInitialize: "initialize",
		uptime.StepInitialized: "notifications/initialized", uptime.StepTools: "tools/list", uptime.StepAuth: "OAuth discovery",
		uptime.StepCanary: "tools/call", uptime.StepResources: "resources/list", uptime.StepPrompts: "prompts/get",
		uptime.StepCompletion: "completion/complete", uptime.StepHealth: "health URL", uptime.StepClose: "DELETE",
	}
	return terms[s]
}

func transcriptOf(all []uptime.Exchange, operator bool) []exchange {
	var out []exchange
	for _, x := range all[:min(len(all), maxTranscript)] {
		if !operator {
			x = public.Exchange(x)
		}
		out = append(out, exchange{At: draw.Millis(x.At), Took: draw.Millis(x.Took), Request: visibleBlock(x.Request), Response: visibleBlock(x.Response)})
	}
	return out
}

// visibleBlock is web.Visible for text of many lines, which keep their
// indentation.
func visibleBlock(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	for i, line := range lines {
		text := strings.TrimLeft(line, " \t")
		lines[i] = strings.Repeat(" ", min(40, len(line)-len(text))) + web.Visible(text, 2000)
	}
	if len(lines) > maxLines {
		lines = append(lines[:maxLines], "…")
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n")
}

// placeView is one region's cell at a glance, with an address for its ladder.
type placeView struct {
	city
	State, Word, Shape string
	Latency, Ago       string
	At                 draw.Moment
	Words              string // what is wrong; empty when nothing is
	Retried            bool
	Chosen             bool
	Href               string
}

// placesOf shows the cells of all regions.
func placesOf(v *board.View, cities []city, chosen string, h here, now time.Time) []placeView {
	out := make([]placeView, len(v.Regions))
	for i, r := range v.Regions {
		p := placeView{city: cities[i], State: "unknown", Word: "not looked yet", Latency: "–", Href: h.with("region", cities[i].Slug, "probe")}
		p.Chosen = p.Slug == chosen
		if r.Report != nil {
			p.fill(r.Report, now)
		}
		out[i] = p
	}
	if sameWords(out) {
		for i := range out {
			out[i].Words = ""
		}
	}
	return out
}

// sameWords reports whether all cities say the same: then the headline says it.
func sameWords(places []placeView) bool {
	for _, p := range places {
		if p.Words != places[0].Words {
			return false
		}
	}
	return len(places) > 1
}

func (p *placeView) fill(r *uptime.Report, now time.Time) {
	p.State, p.Word = r.State.String(), strings.ToLower(board.StateWord(r.State))
	p.Latency, p.Ago, p.At = draw.Millis(r.Latency), board.Span(now.Sub(r.Started))+" ago", draw.Exact(r.Started)
	p.Retried = r.Attempts > 1 && r.State != uptime.Down
	switch {
	case r.Failure != nil && r.State != uptime.Live:
		p.Words = inWords(r.Failure.Cause)
	case r.State == uptime.Degraded:
		p.Words = visible(public.Text(r.Why))
	}
}

// chooseRegion returns the index of the region whose ladder is shown: the one
// that was asked for by the slug of its city, else the one that is worst off,
// else the first; -1 when there is none. Found is false when a slug was asked
// for that is none of the server's.
func chooseRegion(v *board.View, cities []city, slug string) (index int, found bool) {
	index = -1
	worst := uptime.Unknown
	for i, r := range v.Regions {
		if slug != "" && cities[i].Slug == slug {
			return i, true
		}
		if state := reported(r); index < 0 || state > worst {
			index, worst = i, state
		}
	}
	return index, slug == ""
}

func reported(r board.RegionView) uptime.State {
	if r.Report == nil {
		return uptime.Unknown
	}
	return r.Report.State
}
