package drill

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Seconds is a duration as it is written in JSON: seconds with two decimals.
type Seconds time.Duration

// MarshalJSON writes a number.
func (s Seconds) MarshalJSON() ([]byte, error) {
	return json.Marshal(math.Round(time.Duration(s).Seconds()*100) / 100)
}

// Report is what a drill found.
type Report struct {
	Schema   string    `json:"schema"`
	Kind     Kind      `json:"kind"`
	About    string    `json:"about"`
	Version  string    `json:"version"`
	Passed   bool      `json:"passed"`
	Started  time.Time `json:"started_at"`
	Took     Seconds   `json:"duration_seconds"`
	Cycle    Seconds   `json:"cycle_seconds"`
	Tenants  []Party   `json:"tenants"`
	Steps    []Event   `json:"steps"`
	Arrivals []Arrival `json:"notices"`
	// Remarks are what helps to understand a drill that failed.
	Remarks []string `json:"remarks,omitempty"`
}

// Party is a tenant of a drill.
type Party struct {
	ID      uptime.TenantID `json:"id"`
	Role    string          `json:"role"`
	Servers []string        `json:"servers"`
	Sinks   []string        `json:"sinks"`
}

// Event is what happened in a step, when, and what was found.
type Event struct {
	At     time.Time `json:"at"`
	Text   string    `json:"text"`
	Checks []Check   `json:"checks"`
}

// Check is one thing that was expected.
type Check struct {
	Text   string          `json:"expected"`
	Tenant uptime.TenantID `json:"tenant,omitempty"`
	Sink   string          `json:"sink,omitempty"`
	Passed bool            `json:"passed"`
	Key    string          `json:"incident_key,omitempty"`
	At     time.Time       `json:"arrived_at,omitzero"`
	// Took is how long it took, Allowed how long it might; zero when it is not about
	// a time.
	Took    Seconds `json:"took_seconds,omitzero"`
	Allowed Seconds `json:"allowed_seconds,omitzero"`
	// Problem says what was wrong.
	Problem string `json:"problem,omitempty"`
}

// schema names the form of the report.
const schema = "alivemcp.drill/v1"

func newReport(s *Scene, version string, now time.Time) *Report {
	r := &Report{Schema: schema, Kind: s.Kind, About: s.About, Version: version, Started: now.UTC(), Cycle: Seconds(cycle), Steps: []Event{}, Arrivals: []Arrival{}}
	for i := range s.Tenants {
		t := &s.Tenants[i]
		p := Party{ID: t.ID, Role: t.Role, Sinks: t.Sinks}
		for _, srv := range t.Servers {
			p.Servers = append(p.Servers, srv.Slug)
		}
		r.Tenants = append(r.Tenants, p)
	}
	return r
}

// finish says how it ended.
func (r *Report) finish(now time.Time, came []Arrival) {
	r.Took, r.Arrivals, r.Passed = Seconds(now.Sub(r.Started)), append(r.Arrivals, came...), len(r.Steps) > 0
	for i := range r.Steps {
		for k := range r.Steps[i].Checks {
			c := &r.Steps[i].Checks[k]
			c.Passed = c.Problem == ""
			r.Passed = r.Passed && c.Passed
		}
	}
}

// JSON writes the report for programs.
func (r *Report) JSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// Text writes the report for people.
func (r *Report) Text(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "Drill %s: %s\nTimes are UTC; every server is looked at each %s.\n\n", r.Kind, r.About, time.Duration(r.Cycle))
	for _, t := range r.Tenants {
		fmt.Fprintf(&b, "  %-9s %s; told at %s: %s\n", t.ID, strings.Join(t.Servers, ", "), strings.Join(t.Sinks, ", "), t.Role)
	}
	for _, s := range r.Steps {
		fmt.Fprintf(&b, "\n%s  %s\n", s.At.UTC().Format("15:04:05"), s.Text)
		for i := range s.Checks {
			s.Checks[i].text(&b)
		}
	}
	for _, remark := range r.Remarks {
		fmt.Fprintf(&b, "\nNote: %s\n", remark)
	}
	fmt.Fprintf(&b, "\n%s: %s after %.0f s, with %d notices\n", word(r.Passed), r.Kind, time.Duration(r.Took).Seconds(), len(r.Arrivals))
	_, err := w.Write(b.Bytes())
	return err
}

func (c *Check) text(b *bytes.Buffer) {
	fmt.Fprintf(b, "  %s  %s", word(c.Passed), c.Text)
	if c.Passed && c.Allowed > 0 {
		fmt.Fprintf(b, ": %s, after %.1f s of %.0f, %s", c.At.Format("15:04:05"), time.Duration(c.Took).Seconds(), time.Duration(c.Allowed).Seconds(), c.Key)
	}
	if c.Problem != "" {
		fmt.Fprintf(b, ": %s", c.Problem)
	}
	b.WriteByte('\n')
}

func word(passed bool) string {
	if passed {
		return "PASS"
	}
	return "FAIL"
}
