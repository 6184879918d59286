package show

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// stamp is how a story writes moments.
const stamp = "2006-01-02 15:04:05"

// Story writes the answer to "why was I (not) told?" of one alert as text: what
// it was, what the router decided, and what was delivered, each oldest first.
func Story(s uptime.Story, st Style) []byte {
	var b bytes.Buffer
	p := pen{&b, st}
	p.storyHead(s)
	p.line("")
	p.line("%s", p.paint(bold, "What was decided"))
	if len(s.Decisions) == 0 {
		p.line("  nothing yet")
	}
	for _, d := range s.Decisions {
		p.decision(d)
	}
	p.line("")
	p.line("%s", p.paint(bold, "What was sent"))
	if len(s.Deliveries) == 0 {
		p.line("  nothing: nobody was to be told")
	}
	for i := range s.Deliveries {
		p.delivery(&s.Deliveries[i])
	}
	return b.Bytes()
}

func (p pen) storyHead(s uptime.Story) {
	a := s.Alert
	words := []string{string(a.Key), string(a.Kind), a.Priority.String(), string(a.Reason), string(a.Cause)}
	words = slices.DeleteFunc(words, func(w string) bool { return w == "" })
	p.line("%s", p.paint(bold, strings.Join(words, "  ")))
	if a.Detail != "" {
		p.line("  %s", p.say(a.Detail))
	}
	p.line("  opened %s, %s", a.Opened.UTC().Format(stamp+" MST"), ended(&a))
	t := s.Thread
	if n := len(t.Members); n > 1 {
		p.line("  told as one with %d others, under the key %s", n-1, t.Key)
	} else if t.Key != "" && t.Key != a.Key {
		p.line("  told as part of %s", t.Key)
	}
	if !t.Acked.IsZero() {
		p.line("  acknowledged %s by %s", t.Acked.UTC().Format(stamp), p.say(cmp.Or(t.AckedBy, "somebody")))
	}
}

func ended(a *uptime.Alert) string {
	if a.Open() {
		return "and lasts"
	}
	return "over after " + a.Resolved.Sub(a.Opened).Round(time.Second).String()
}

func (p pen) decision(d uptime.Decision) {
	whom := ""
	if d.Sink != "" {
		whom = p.say(d.Sink) + ": "
	}
	p.line("  %s  %-11s  %-7s  %s%s", d.At.UTC().Format(stamp), d.Stage, d.Outcome, whom, p.say(d.Text))
}

func (p pen) delivery(d *uptime.Delivery) {
	p.line("  %s  %s  %s  %s, %s", d.Created.UTC().Format(stamp), d.ID, p.say(d.Sink), d.Notice.Type, fate(d))
	p.line("    %s", p.say(d.Notice.Title))
	if d.Error != "" && d.State != uptime.DeliverySent {
		p.line("    %s", p.say(d.Error))
	}
}

// fate says how far a delivery is.
func fate(d *uptime.Delivery) string {
	tries := "at the first try"
	if d.Attempts != 1 {
		tries = fmt.Sprintf("after %d tries", d.Attempts)
	}
	switch d.State {
	case uptime.DeliverySent:
		return "sent " + tries
	case uptime.DeliveryDead:
		return "given up " + tries
	case uptime.DeliverySuperseded:
		return "not sent: a later one says it better"
	case uptime.DeliveryWaiting:
	}
	if d.Attempts == 0 {
		return "waiting"
	}
	return "waiting for the next try " + tries
}
