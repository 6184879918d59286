package show_test

import (
	"bytes"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/alivemcp/alivemcp/internal/show"
)

func TestBoard(t *testing.T) {
	board := show.NewBoard([]string{"https://a.example/mcp", "https://b.example/\x1b[2Jmcp"}, show.Style{Unicode: true, Width: 110})
	now := started()
	for range 30 {
		board.Add(0, live(), now)
		now = now.Add(time.Minute)
	}
	board.Add(0, down(), now)
	var first, second bytes.Buffer
	if err := board.Draw(&first, now.Add(90*time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := board.Draw(&second, now.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := strings.TrimPrefix(second.String(), "\x1b[2A"); strings.ReplaceAll(got, "for 2h", "for 1m") != first.String() {
		t.Errorf("the second drawing is not over the first:\n%q\n%q", first.String(), second.String())
	}
	golden(t, "board.txt", bytes.ReplaceAll(first.Bytes(), []byte("\r\x1b[K"), nil))
	for l := range strings.Lines(strings.ReplaceAll(first.String(), "\r\x1b[K", "")) {
		if n := utf8.RuneCountInString(l); n > 110 || strings.ContainsRune(l, 0x1b) {
			t.Errorf("%d columns: %q", n, l)
		}
	}
}

func TestPercentile(t *testing.T) {
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(i+1))
	}
	for p, want := range map[int]time.Duration{0: 1, 50: 50, 95: 95, 99: 99, 100: 100} {
		if got := show.Percentile(hundred, p); got != want {
			t.Errorf("p%d = %d, want %d", p, got, want)
		}
	}
	if show.Percentile(nil, 95) != 0 || show.Percentile(hundred[:1], 50) != 1 {
		t.Error("few values")
	}
}

func TestWriteLine(t *testing.T) {
	var b bytes.Buffer
	for _, f := range []show.Format{show.Text, show.JSON} {
		for _, c := range []show.Check{live(), hostile()} {
			if err := show.WriteLine(&b, f, c, show.Style{Unicode: true}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := bytes.Count(b.Bytes(), []byte("\n")); n != 4 {
		t.Errorf("%d lines for 4 looks:\n%s", n, b.Bytes())
	}
	if want := "2026-08-01T12:00:00Z ● live        62.7 ms"; !strings.Contains(strings.Join(strings.Fields(b.String()), " "), "2026-08-01T12:00:00Z ● live https://example.com/mcp 62.7 ms") {
		t.Errorf("no line like %q:\n%s", want, b.Bytes())
	}
}
