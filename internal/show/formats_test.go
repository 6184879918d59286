package show_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/internal/show"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestJUnitIsXMLWhateverTheServerSays(t *testing.T) {
	dec := xml.NewDecoder(bytes.NewReader(render(t, show.JUnit, show.Style{Transcript: true}, hostile(), live())))
	cases := 0
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if el, ok := tok.(xml.StartElement); ok && el.Name.Local == "testcase" {
			cases++
		}
	}
	if cases != 2 {
		t.Errorf("%d test cases for 2 targets", cases)
	}
}

func TestBadDecidesWhatFails(t *testing.T) {
	strict := show.Style{Bad: func(c show.Check) bool { return c.State != uptime.Live }}
	for _, tc := range []struct {
		st     show.Style
		f      show.Format
		needle string
		want   int
	}{
		{show.Style{}, show.JUnit, "<failure", 0},
		{show.Style{}, show.JUnit, "<skipped", 1},
		{strict, show.JUnit, "<failure", 1},
		{show.Style{}, show.GitHub, "::error", 0},
		{show.Style{}, show.GitHub, "::warning", 1},
		{strict, show.GitHub, "::error", 1},
	} {
		if got := strings.Count(string(render(t, tc.f, tc.st, unknown())), tc.needle); got != tc.want {
			t.Errorf("%s: %d times %s, want %d", tc.f, got, tc.needle, tc.want)
		}
	}
}

func TestNoServerWritesAWorkflowCommand(t *testing.T) {
	ours := regexp.MustCompile(`^::(error|warning) title=[^:]*::[^\r\n]*$`)
	out := render(t, show.GitHub, show.Style{}, hostile(), live())
	for line := range strings.Lines(string(out)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(strings.TrimSpace(line), "::") && !ours.MatchString(line) {
			t.Errorf("%.200q is not a command of ours", line)
		}
	}
}

func TestMarkdownKeepsServersInCode(t *testing.T) {
	c := hostile()
	c.Failure.Detail, c.Why = "@everyone <b>x</b> | `y` ```z", ""
	out := string(render(t, show.Markdown, show.Style{}, c))
	fenceless := regexp.MustCompile("(?s)```+text\n.*?\n```+\n").ReplaceAllString(out, "")
	bare := regexp.MustCompile("`[^`]*`|<code>[^\n]*</code>").ReplaceAllString(fenceless, "")
	for _, bad := range []string{"@everyone", "@all", "<b>", "<script"} {
		if strings.Contains(bare, bad) {
			t.Errorf("%s stands outside of code:\n%s", bad, bare)
		}
	}
}
