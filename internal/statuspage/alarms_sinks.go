package statuspage

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// sinksView is the list of sinks.
type sinksView struct {
	deskPage
	Lede  string // one sentence first
	Mark  string
	Sinks []sinkView
}

// sinkView is a sink as its owner wants to know it.
type sinkView struct {
	Name, Type, Anchor, Href string
	Mark, Word, Detail       string
	Least                    string
	Sent                     aging
	Waiting, Dead            int
	Error                    string
	Proof                    string // how and when it was verified
	CanTest, CanChallenge    bool
	// Asked means that a code is on its way; Expires is how long it may be entered.
	Asked   bool
	Expires string
}

func (s *Site) sinksPage(w http.ResponseWriter, r *http.Request, by string) error {
	d := s.deskPageOf(r, by)
	sink := r.URL.Query().Get("sink")
	known, err := s.sinkNames(r, "")
	if err != nil {
		return err
	}
	if slices.Contains(known, sink) { // whoever made the address says nothing else
		d.Done = sinkDone(r.URL.Query().Get("did"), visible(sink, 60))
	}
	d.Path = "/operator/sinks"
	return s.showSinks(w, r, http.StatusOK, d)
}

// sinkDone says what was done, in a sentence.
func sinkDone(did, sink string) string {
	switch did {
	case "test":
		return "The test was taken by " + sink + "."
	case "challenge":
		return "A question was sent to " + sink + ". Whoever reads there gives you its code, which you enter here; a mail has a link, too."
	case "prove":
		return sink + " is verified. It is told of what happens from now on."
	}
	return ""
}

func (s *Site) showSinks(w http.ResponseWriter, r *http.Request, status int, d deskPage) error {
	all, err := s.opt.Alarms.Sinks(r.Context(), s.opt.Tenant)
	if err != nil {
		return fmt.Errorf("reading the sinks: %w", err)
	}
	v := sinksView{deskPage: d}
	now := s.opt.Now().UTC()
	for i := range all {
		v.Sinks = append(v.Sinks, sinkOf(&all[i], now))
	}
	v.Mark, v.Lede = sinksSentence(v.Sinks)
	return s.showDesk(w, r, status, "sinks.html", "Sinks", v)
}

// sinksSentence is what to know about all of them.
func sinksSentence(all []sinkView) (mark, text string) {
	n := map[string]int{}
	for _, v := range all {
		n[v.Mark]++
		if v.Word == "Ready" {
			n["ready"]++
			n["live"]--
		}
	}
	var parts []string
	say := func(mark, what string) {
		if k := n[mark]; k > 0 {
			parts = append(parts, fmt.Sprintf("%s %s", board.Count(k), what))
		}
	}
	say("live", "working")
	say("ready", "ready")
	say("down", "failing")
	say("degraded", "failing the weekly check")
	say("new", "not verified")
	switch {
	case n["down"] > 0:
		mark = "down"
	case n["live"]+n["ready"] == 0:
		mark = "degraded"
	default:
		mark = "live"
	}
	return mark, upperFirst(board.Plural(len(all), "sink", "sinks")) + ": " + board.Sentence(parts) + "."
}

func sinkOf(st *uptime.SinkStatus, now time.Time) sinkView {
	v := sinkView{
		Name: visible(st.Name, 60), Type: visible(st.Type, 40), Anchor: "sink-" + slugOf(st.Name), Href: "/operator/sinks/" + url.PathEscape(st.Name),
		Least: leastWords(st.Least), Sent: agingOf(st.LastSent, now), Waiting: st.Waiting, Dead: st.Dead, Error: visible(st.LastError),
	}
	v.Mark, v.Word, v.Detail = sinkState(st, now)
	if v.Mark == "live" {
		v.Error = "" // of what was given up: the link beside its number leads there
	}
	v.Proof = proofWords(st, now)
	v.CanTest, v.CanChallenge = st.Verified, st.Proof.Method != "operator"
	if st.Proof.Code != "" && st.Proof.Expires.After(now) {
		v.Asked, v.Expires = true, board.Span(st.Proof.Expires.Sub(now))
	}
	return v
}

// sinkState is the one thing to know about a sink: its mark, a word, and why.
func sinkState(st *uptime.SinkStatus, now time.Time) (mark, word, detail string) {
	p := &st.Proof
	switch {
	case !p.Stopped.IsZero():
		return "down", "Stopped by its reader", "Whoever reads there said " + passed(p.Stopped, now) + " that nothing more is wanted. That counts also where the configuration " +
			"says verified: operator, until they say yes to a new question or the sink has another address."
	case !st.Verified && p.Verified.IsZero():
		return "new", "Not verified", "It is told nothing until somebody who reads there says that this is wanted."
	case !st.Verified:
		return "new", "Not verified", "Its last verification no longer counts. It is told nothing until it is verified again."
	case st.Open:
		return "down", "Resting until " + board.Clock(st.Retry, now), "It failed too often" + failingWords(st.FailingSince, now) + "; what waits is tried again then."
	case !st.FailingSince.IsZero():
		return "down", "Failing since " + board.Clock(st.FailingSince, now), "It has taken nothing for " + board.Span(now.Sub(st.FailingSince)) + "; what waits is tried again."
	case p.Failed != "" && !p.Due.IsZero():
		return "degraded", "Weekly check fails", "It is tried again by itself. If it fails for a week, the sink is told nothing until it is verified again."
	}
	if st.LastSent.IsZero() {
		return "live", "Ready", "Nothing was sent there yet."
	}
	return "live", "Working", ""
}

func failingWords(since, now time.Time) string {
	if since.IsZero() {
		return ""
	}
	return " since " + board.Clock(since, now)
}

// leastWords says which severities a sink is told.
func leastWords(p uptime.Priority) string {
	switch p {
	case uptime.P1:
		return "P1 only"
	case uptime.P2:
		return "P1 and P2"
	case uptime.P4:
		return "P1 to P4"
	case uptime.P3:
	}
	return "P1 to P3"
}

func proofWords(st *uptime.SinkStatus, now time.Time) string {
	p := &st.Proof
	var text string
	switch {
	case p.Method == "operator":
		return "by the operator, in the configuration"
	case !p.Stopped.IsZero():
		text = "not any more"
	case p.Verified.IsZero() && !p.Due.IsZero():
		text = "not any more"
	case p.Verified.IsZero():
		text = "not yet"
	default:
		text = methodWords(p.Method) + ", " + board.Clock(p.Verified, now)
		if p.Due.IsZero() {
			text += "; until its reader stops it"
		}
		if in := remaining(p.Due, now); in != "" {
			text += "; checked again " + in
		}
	}
	if p.Failed != "" {
		text += ". The last check failed: " + visible(p.Failed)
	}
	return text
}

func methodWords(method string) string {
	switch method {
	case "code":
		return "by a code"
	case "challenge":
		return "by a signed challenge"
	case "dns":
		return "by a DNS record"
	case "link":
		return "by its reader, who followed a link"
	}
	return "verified"
}

// sinkAct is what an operator does with one sink.
type sinkAct func(ctx context.Context, name, by string) error

func (s *Site) testSink(w http.ResponseWriter, r *http.Request, by string) error {
	return s.doSink(w, r, by, "test", func(ctx context.Context, name, by string) error {
		return s.opt.Alarms.TestSink(ctx, s.opt.Tenant, name, by)
	})
}

func (s *Site) challengeSink(w http.ResponseWriter, r *http.Request, by string) error {
	return s.doSink(w, r, by, "challenge", func(ctx context.Context, name, by string) error {
		return s.opt.Alarms.Challenge(ctx, s.opt.Tenant, name, by)
	})
}

func (s *Site) proveSink(w http.ResponseWriter, r *http.Request, by string) error {
	code := strings.TrimSpace(r.PostFormValue("code"))
	return s.doSink(w, r, by, "prove", func(ctx context.Context, name, by string) error {
		if code == "" || len(code) > 100 {
			return fmt.Errorf("%w: enter the code as it was sent", uptime.ErrInvalid)
		}
		return s.opt.Alarms.Prove(ctx, s.opt.Tenant, name, code, by)
	})
}

// doSink acts and says what came of it. What a sink answered is for operators to
// read; a sink that is not there is not.
func (s *Site) doSink(w http.ResponseWriter, r *http.Request, by, did string, act sinkAct) error {
	name, err := pathPart(r, "name")
	if err != nil {
		return err
	}
	err = act(r.Context(), name, by)
	if err == nil {
		q := url.Values{"did": {did}, "sink": {name}}
		http.Redirect(w, r, "/operator/sinks?"+q.Encode()+"#sink-"+slugOf(name), http.StatusSeeOther)
		return nil
	}
	status := web.StatusOf(err)
	if errors.Is(err, uptime.ErrNotFound) {
		return fmt.Errorf("sink %q: %w", visible(name, 60), err)
	}
	if status == http.StatusInternalServerError {
		status = http.StatusBadGateway
	}
	d := s.deskPageOf(r, by)
	d.Path, d.Wrong = "/operator/sinks", visible(name, 60)+": "+visible(sinkError(err))+"."
	return s.showSinks(w, r, status, d)
}

// sinkError is what a sink answered, or why it was not asked.
func sinkError(err error) string {
	if refusal, ok := errors.AsType[*uptime.Refusal](err); ok {
		return strings.TrimSuffix(refusal.Reason, ".")
	}
	return plainError(err)
}

// plainError is the text of an error without the word of its sentinel, which
// says what StatusOf says, and without its full stop.
func plainError(err error) string {
	text := err.Error()
	for _, sentinel := range []error{uptime.ErrInvalid, uptime.ErrConflict, uptime.ErrForbidden, uptime.ErrNotFound} {
		text = strings.TrimPrefix(text, sentinel.Error()+": ")
	}
	return strings.TrimSuffix(text, ".")
}
