package show

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// The JUnit shape that CI systems read: one suite, one case a target.
type (
	junitSuites struct {
		XMLName xml.Name   `xml:"testsuites"`
		Suite   junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name      string      `xml:"name,attr"`
		Tests     int         `xml:"tests,attr"`
		Failures  int         `xml:"failures,attr"`
		Skipped   int         `xml:"skipped,attr"`
		Time      string      `xml:"time,attr"`
		Timestamp string      `xml:"timestamp,attr,omitempty"`
		Cases     []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name      string        `xml:"name,attr"`
		Class     string        `xml:"classname,attr"`
		Time      string        `xml:"time,attr"`
		Failure   *junitMessage `xml:"failure"`
		Skipped   *junitMessage `xml:"skipped"`
		SystemOut string        `xml:"system-out"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// writeJUnit writes one testcase a target. What the style calls bad is a
// failure; another Unknown is skipped.
func writeJUnit(b *bytes.Buffer, checks []Check, st Style) error {
	suite := junitSuite{Name: "alivemcp check", Tests: len(checks)}
	var total time.Duration
	for _, c := range checks {
		one := junitOf(c, st)
		if one.Failure != nil {
			suite.Failures++
		}
		if one.Skipped != nil {
			suite.Skipped++
		}
		total += c.Result.Timings.Total
		suite.Cases = append(suite.Cases, one)
	}
	if len(checks) > 0 {
		suite.Timestamp = checks[0].Result.Started.UTC().Format("2006-01-02T15:04:05")
	}
	suite.Time = seconds(total)
	b.WriteString(xml.Header)
	e := xml.NewEncoder(b)
	e.Indent("", "  ")
	if err := e.Encode(junitSuites{Suite: suite}); err != nil {
		return fmt.Errorf("writing junit: %w", err)
	}
	b.WriteByte('\n')
	return nil
}

func junitOf(c Check, st Style) junitCase {
	one := junitCase{Name: c.Target, Class: "alivemcp." + c.State.String(), Time: seconds(c.Result.Timings.Total), SystemOut: plain(c, st)}
	message := &junitMessage{Message: Clean(c.State.String()+": "+Reason(c), maxLine), Text: Next(c)}
	if c.Failure != nil {
		message.Type = string(c.Failure.Cause)
	}
	switch {
	case st.bad(c):
		one.Failure = message
	case c.State == uptime.Unknown:
		message.Type = ""
		one.Skipped = message
	}
	return one
}

// plain is the text rendering without colour, as it stands in a report.
func plain(c Check, st Style) string {
	var b bytes.Buffer
	p := pen{&b, Style{Unicode: true, Transcript: st.Transcript}}
	p.check(c)
	return b.String()
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
