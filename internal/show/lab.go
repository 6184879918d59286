package show

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// LabScenario is one server of the lab.
type LabScenario struct {
	Name  string `json:"name"`
	Group string `json:"group"`
	About string `json:"about"`
	// State, Access and Cause are what a right check says; the latter two may be
	// empty.
	State  uptime.State  `json:"state"`
	Access uptime.Access `json:"access"`
	Cause  uptime.Cause  `json:"cause"`
	// URL and Command are known while the lab runs.
	URL     string `json:"url,omitempty"`
	Command string `json:"command,omitempty"`
}

// LabResult is how a check of one scenario compared with what is expected.
type LabResult struct {
	Name, Group         string
	Want, Got           uptime.State
	WantCause, GotCause uptime.Cause
	Took                time.Duration
	Problem             string // empty when they match
}

// labResultJSON is a LabResult on the wire.
type labResultJSON struct {
	Name      string       `json:"name"`
	Group     string       `json:"group"`
	OK        bool         `json:"ok"`
	Want      uptime.State `json:"want_state"`
	WantCause uptime.Cause `json:"want_cause"`
	Got       uptime.State `json:"state"`
	GotCause  uptime.Cause `json:"cause"`
	MS        float64      `json:"ms"`
	Problem   string       `json:"problem"`
}

// WriteLab lists scenarios as text or JSON. Text shows commands when the lab
// runs, else what each scenario is about.
func WriteLab(w io.Writer, f Format, scenarios []LabScenario, st Style) error {
	if f == JSON {
		if scenarios == nil {
			scenarios = []LabScenario{}
		}
		return encode(w, scenarios)
	}
	var b bytes.Buffer
	p := pen{&b, st}
	group := ""
	for _, s := range scenarios {
		if s.Group != group {
			group = s.Group
			p.line("%s", p.paint(bold, group))
		}
		p.scenario(s)
	}
	_, err := w.Write(b.Bytes())
	return err
}

func (p pen) scenario(s LabScenario) {
	sign, color := stateSign(s.State)
	word := join(" ", s.State.String(), string(s.Cause))
	p.line("  %s %s %s", p.paint(color, p.say(sign)), pad(s.Name, 32), p.paint(color, word))
	p.wrapped("      ", 6, p.say(s.About))
	if s.Command != "" {
		p.line("      %s", p.paint(grey, s.Command))
	}
}

// WriteLabResults writes a table, or JSON, of how the checks compared.
func WriteLabResults(w io.Writer, f Format, results []LabResult, st Style) error {
	if f == JSON {
		out := make([]labResultJSON, len(results))
		for i, r := range results {
			out[i] = labResultJSON{
				Name: r.Name, Group: r.Group, OK: r.Problem == "", Want: r.Want, WantCause: r.WantCause,
				Got: r.Got, GotCause: r.GotCause, MS: ms(r.Took), Problem: Clean(r.Problem, maxLine),
			}
		}
		return encode(w, out)
	}
	var b bytes.Buffer
	p := pen{&b, st}
	bad := 0
	for _, r := range results {
		p.labResult(r)
		if r.Problem != "" {
			bad++
		}
	}
	p.line("%s: %d as expected, %d not", plural(len(results), "scenario"), len(results)-bad, bad)
	_, err := w.Write(b.Bytes())
	return err
}

func (p pen) labResult(r LabResult) {
	sign, color := severitySign(uptime.SeverityFail)
	if r.Problem == "" {
		sign, color = stepSign(uptime.StepPass)
	}
	p.line("%s %s %s %9s  %s", p.paint(color, p.say(sign)), pad(r.Group, 10), pad(r.Name, 32), span(r.Took),
		strings.TrimSpace(fmt.Sprintf("%s %s", r.Got, r.GotCause)))
	if r.Problem != "" {
		p.wrapped("    ", 4, p.say(Clean(r.Problem, maxLine)))
	}
}
