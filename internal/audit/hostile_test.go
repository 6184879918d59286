package audit_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// evil is what strangers call their servers.
func evil() []string {
	return []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `=HYPERLINK("https://evil.example","x")`, "+1+cmd|' /C calc'!A0", "@SUM(A1)", "-2+3", "\t=1", "＝1+1", `'=1`,
		"[click](javascript:alert(1)) `x` **b** | c", "https://evil.example @somebody www.evil.example", "line\nbreak\r\n| new | row |", "\u202egnp.exe", "&lt;b&gt;", "{{.}}", "```\n# x",
	}
}

func hostile() *planted {
	p := plant(1)
	for i := range p.targets {
		t := &p.targets[i]
		word := evil()[i%len(evil())]
		t.Names, t.Platform, t.Why, t.ListedVersion, t.ListedTransport = []string{word, word + "2"}, word, word, word, word
		t.Sources = []uptime.SourceID{uptime.SourceID(word)}
	}
	for k, l := range p.looks {
		word := evil()[int(l.Endpoint[5])%len(evil())]
		l.ServerName, l.ServerVer, l.SDK, l.Malformed = word, word, word, []string{word}
		if l.Version != "" {
			l.Version = word
		}
		p.looks[k] = l
	}
	p.run.Command, p.run.Version, p.run.Regions[0].City, p.run.Crawls[0].Why = strings.Join(evil(), " "), evil()[0], evil()[1], evil()[9]
	return p
}

func TestStrangersAreEscaped(t *testing.T) {
	p := hostile()
	out := every(t, p, &p.run, p)
	for _, name := range []string{"report.html", "report.fragment.html"} {
		for _, bad := range []string{"<script", "<img", "onerror=alert(1)>", "\u202e", "ZgotmplZ"} {
			if strings.Contains(out[name], bad) {
				t.Errorf("%s contains %q", name, bad)
			}
		}
	}
	for _, inline := range []string{" style=", "<style", "<link", "javascript:"} {
		if strings.Contains(strings.ReplaceAll(out["report.fragment.html"], "[click](javascript:", ""), inline) {
			t.Errorf("the fragment contains %q, which the site's policy forbids", inline)
		}
	}
	outside, _ := splitCode(out["report.md"])
	for _, bad := range []string{"<script", "<img", "[click](", "@SUM", "@somebody", "www.evil", "https://evil", "\u202e"} {
		if strings.Contains(outside, bad) {
			t.Errorf("report.md contains %q", bad)
		}
	}
	for line := range strings.Lines(outside) {
		if strings.HasPrefix(line, "| new") {
			t.Errorf("a stranger began a row: %q", line)
		}
	}
}

// splitCode tells Markdown from the blocks that are shown as they are.
func splitCode(md string) (outside, inside string) {
	fence := ""
	for line := range strings.Lines(md) {
		bare := strings.TrimRight(line, "\n")
		switch {
		case fence == "" && strings.HasPrefix(bare, "```"):
			fence = bare
		case fence != "" && bare == fence:
			fence = ""
		case fence != "":
			inside += line
		default:
			outside += line
		}
	}
	return outside, inside
}

func TestNoCellIsAFormula(t *testing.T) {
	p := hostile()
	out := every(t, p, nil, p)
	for _, name := range []string{"endpoints.csv", "looks.csv"} {
		rows, err := csv.NewReader(strings.NewReader(out[name])).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			for _, cell := range row {
				if bare := strings.TrimLeft(cell, " \t"); bare != "" && strings.ContainsAny(bare[:1], "=+-@") || strings.ContainsAny(cell, "\r\n\t") {
					t.Fatalf("%s has the cell %q", name, cell)
				}
			}
		}
	}
}
