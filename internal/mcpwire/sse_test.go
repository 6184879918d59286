package mcpwire_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
)

const noLimit = 1 << 20

func message(data string) mcpwire.Event { return mcpwire.Event{Name: "message", Data: data} }

func TestEvents(t *testing.T) {
	long := strings.Repeat("x", 10_000)
	tests := map[string]struct {
		text string
		want []mcpwire.Event
	}{
		"nothing":                 {"", nil},
		"LF":                      {"data: a\n\n", []mcpwire.Event{message("a")}},
		"CRLF":                    {"event: message\r\ndata: a\r\n\r\n", []mcpwire.Event{message("a")}},
		"CR":                      {"data: a\r\rdata: b\r\r", []mcpwire.Event{message("a"), message("b")}},
		"mixed ends":              {"data: a\r\n\ndata: b\n\r\ndata: c\r\n\r", []mcpwire.Event{message("a"), message("b"), message("c")}},
		"no space":                {"data:a\n\n", []mcpwire.Event{message("a")}},
		"one space goes":          {"data:  a\n\n", []mcpwire.Event{message(" a")}},
		"colon in the value":      {"data: {\"a\":1}\n\n", []mcpwire.Event{message(`{"a":1}`)}},
		"field without colon":     {"data\n\n", []mcpwire.Event{message("")}},
		"several data lines":      {"data: a\ndata\ndata: b\n\n", []mcpwire.Event{message("a\n\nb")}},
		"comments":                {": ok\n\n:\n:data: x\ndata: a\n: more\n\n", []mcpwire.Event{message("a")}},
		"unknown fields":          {"retry: 100\nDATA: x\nfoo\ndata : y\ndata: a\n\n", []mcpwire.Event{message("a")}},
		"byte order mark":         {"\ufeffdata: a\n\n", []mcpwire.Event{message("a")}},
		"only the first mark":     {"data: a\n\n\ufeffdata: b\n\n", []mcpwire.Event{message("a")}},
		"mark on a cut line":      {"\ufeffdata: a", []mcpwire.Event{{Name: "message", Data: "a", Cut: true}}},
		"priming event":           {"id: p1\ndata: \n\nid: 2\nevent: message\ndata: a\n\n", []mcpwire.Event{{Name: "message", ID: "p1"}, {Name: "message", ID: "2", Data: "a"}}},
		"retry before the answer": {"retry: 1000\n\ndata: a\n\n", []mcpwire.Event{message("a")}},
		"endpoint":                {"event: endpoint\ndata: /m?sessionId=1\n\n", []mcpwire.Event{{Name: "endpoint", Data: "/m?sessionId=1"}}},
		"name alone":              {"event: ping\n\n", []mcpwire.Event{{Name: "ping"}}},
		"cut in the data":         {"data: {\"a\"", []mcpwire.Event{{Name: "message", Data: `{"a"`, Cut: true}}},
		"cut before the blank":    {"data: a\n", []mcpwire.Event{{Name: "message", Data: "a", Cut: true}}},
		"cut after a good one":    {"data: a\n\ndata: b\nid: 7", []mcpwire.Event{message("a"), {Name: "message", ID: "7", Data: "b", Cut: true}}},
		"cut without data":        {"data: a\n\nevent: x\nid: 1", []mcpwire.Event{message("a")}},
		"a line over the buffer":  {"data: " + long + "\n\n", []mcpwire.Event{message(long)}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for how, src := range map[string]io.Reader{
				"at once": strings.NewReader(test.text), "byte by byte": iotest.OneByteReader(strings.NewReader(test.text)),
			} {
				got, err := mcpwire.ReadEvents(src, noLimit)
				if err != nil {
					t.Errorf("%s: %v", how, err)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", how, diff)
				}
			}
		})
	}
}

func TestEventStreamIsBounded(t *testing.T) {
	tests := map[string]string{
		"one line":      "data: " + strings.Repeat("x", 1<<20),
		"many lines":    strings.Repeat("data: x\n", 1<<17),
		"many events":   strings.Repeat("data: x\n\n", 1<<17),
		"many comments": strings.Repeat(": x\n", 1<<18),
		"blank lines":   strings.Repeat("\n", 1<<20),
	}
	for name, text := range tests {
		t.Run(name, func(t *testing.T) {
			src := strings.NewReader(text)
			events, err := mcpwire.ReadEvents(src, 64<<10)
			var f *mcpwire.Fault
			if !errors.As(err, &f) || f.Kind != mcpwire.BodyLimit {
				t.Errorf("error is %v, want the limit", err)
			}
			for _, ev := range events {
				if ev.Cut {
					t.Errorf("an event beyond the limit is handed out: %.40q", ev.Data)
				}
			}
			if read := len(text) - src.Len(); read > 256<<10 {
				t.Errorf("%d bytes were read", read)
			}
		})
	}
}

func TestEventReaderPassesErrorsOn(t *testing.T) {
	broken := errors.New("broken")
	src := io.MultiReader(strings.NewReader("data: a\n\ndata: b"), iotest.ErrReader(broken))
	got, err := mcpwire.ReadEvents(src, noLimit)
	want := []mcpwire.Event{message("a"), {Name: "message", Data: "b", Cut: true}}
	if diff := cmp.Diff(want, got); diff != "" || !errors.Is(err, broken) {
		t.Errorf("error %v, (-want +got):\n%s", err, diff)
	}
}

// plainEvents is how WHATWG HTML §9.2.6 reads a whole stream, with the
// differences that eventReader documents: a named event needs no data, the id
// belongs to its event, and the event that the end cuts is given.
func plainEvents(text string) []mcpwire.Event {
	text = strings.TrimPrefix(text, "\ufeff")
	lines := strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text), "\n")
	var out []mcpwire.Event
	var data []string
	name, id := "", ""
	give := func(cut bool) {
		if data != nil || name != "" && !cut {
			ev := mcpwire.Event{Name: name, ID: id, Data: strings.Join(data, "\n"), Cut: cut}
			if name == "" {
				ev.Name = "message"
			}
			out = append(out, ev)
			name, id, data = "", "", nil
		}
	}
	for i, line := range lines {
		if line == "" && i < len(lines)-1 {
			give(false)
			continue
		}
		key, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch key {
		case "data":
			data = append(data, value)
		case "event":
			name = value[:min(len(value), 256)]
		case "id":
			id = value[:min(len(value), 1024)]
		}
	}
	give(true)
	return out
}

// pieces reads src in pieces whose sizes the fuzzer chose.
type pieces struct {
	src   *bytes.Reader
	sizes []byte
	n     int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.sizes) > 0 {
		size := 1 + int(p.sizes[p.n%len(p.sizes)])
		p.n++
		b = b[:min(len(b), size)]
	}
	return p.src.Read(b)
}

// FuzzEventReader: the events of a stream depend on its bytes alone, not on how
// they arrive.
func FuzzEventReader(f *testing.F) {
	for _, s := range []string{
		"\ufeff: hi\r\nevent: endpoint\rdata: /m\n\nid: 1\nretry: 5\ndata\ndata: x\r\n\r\n", "data: a\r", "data: a", "\r\n\ndata", ":\n\r",
		"event: " + strings.Repeat("e", 300) + "\ndata:\n\n", "data: " + strings.Repeat("x", 5000) + "\r\n\r\ndata: y\n\n",
	} {
		f.Add([]byte(s), []byte{0, 2, 1})
	}
	f.Fuzz(func(t *testing.T, text, sizes []byte) {
		got, err := mcpwire.ReadEvents(&pieces{src: bytes.NewReader(text), sizes: sizes}, len(text)+1)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(plainEvents(string(text)), got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}
