package draw_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/statuspage/draw"
)

func TestSideBySide(t *testing.T) {
	got := sides(
		[]string{"{", `"max": 200,`, "a", "b", "c", "d", "e", "f", "g", "h", "gone", "}"},
		[]string{"{", `"max": 50,`, "a", "b", "c", "d", "e", "f", "g", "h", "}", "new"},
	)
	want := [][3]string{
		{"same", "{", "{"},
		{"changed", `"max": [200],`, `"max": [50],`},
		{"same", "a", "a"},
		{"same", "b", "b"},
		{"same", "c", "c"},
		{"skip", "", ""},
		{"same", "f", "f"},
		{"same", "g", "g"},
		{"same", "h", "h"},
		{"removed", "gone", ""},
		{"same", "}", "}"},
		{"added", "", "new"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("side by side (-want +got):\n%s", diff)
	}
}

func FuzzSideBySideLosesNothing(f *testing.F) {
	f.Add("a\nb\nc", "a\nc\nd")
	f.Add("", "x")
	f.Fuzz(func(t *testing.T, a, b string) {
		old, now := strings.Split(a, "\n"), strings.Split(b, "\n")
		if len(old) > 60 || len(now) > 60 {
			return
		}
		left, right := draw.Aligned(old, now)
		if !slices.Equal(left, old) || !slices.Equal(right, now) {
			t.Errorf("%q and %q came back as %q and %q", old, now, left, right)
		}
	})
}

// sides are the lines of a comparison as kind, old and new; marked
// parts are in brackets.
func sides(old, now []string) [][3]string {
	var out [][3]string
	for _, p := range draw.Sides(old, now) {
		out = append(out, [3]string{p.Kind, flat(p.Old), flat(p.New)})
	}
	return out
}

// flat is a line whose marked parts are in brackets.
func flat(parts []draw.Part) string {
	var b strings.Builder
	for _, p := range parts {
		if p.Marked {
			b.WriteString("[" + p.Text + "]")
		} else {
			b.WriteString(p.Text)
		}
	}
	return b.String()
}
