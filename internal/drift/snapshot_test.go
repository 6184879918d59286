package drift_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/drift"
)

func reader(s string) io.Reader { return strings.NewReader(s) }

func write(tb testing.TB, s drift.Snapshot) string {
	tb.Helper()
	var out bytes.Buffer
	if _, err := s.WriteTo(&out); err != nil {
		tb.Fatal(err)
	}
	return out.String()
}

func TestSnapshotFile(t *testing.T) {
	s := drift.Snapshot{
		Target: "https://example.com/mcp?a=1&b=2", TakenAt: time.Date(2026, 3, 4, 5, 6, 7, 8, time.FixedZone("", 3600)),
		ProtocolVersion: "2025-11-25", Server: drift.ServerInfo{Name: "x", Version: "1"},
		Tools: raws(t, `[{"name":"b","inputSchema":{"type":"object"},"icons":[]},{"name":"a","inputSchema":{"type":"object"},"description":"<d>"}]`),
	}
	c, _ := s.Contract()
	want := `{
  "schema": "alivemcp.tools/v1",
  "target": "https://example.com/mcp?a=1&b=2",
  "taken_at": "2026-03-04T04:06:07Z",
  "protocol_version": "2025-11-25",
  "server": {
    "name": "x",
    "version": "1"
  },
  "tools_hash": "` + c.Hash + `",
  "contract_hash": "` + c.ContractHash + `",
  "tools": [
    {
      "description": "<d>",
      "inputSchema": {
        "type": "object"
      },
      "name": "a"
    },
    {
      "icons": [],
      "inputSchema": {
        "type": "object"
      },
      "name": "b"
    }
  ]
}
`
	if diff := cmp.Diff(want, write(t, s)); diff != "" {
		t.Errorf("file (-want +got):\n%s", diff)
	}
}

func TestSnapshotRoundTrip(t *testing.T) {
	s := drift.Snapshot{
		Target: "stdio: x", TakenAt: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), ProtocolVersion: "2025-06-18",
		Server: drift.ServerInfo{Name: "n", Version: "v"}, Tools: raws(t, recorded(t, "everything.json")),
	}
	text := write(t, s)
	again, err := drift.ReadSnapshot(reader(text))
	if err != nil {
		t.Fatal(err)
	}
	if write(t, again) != text {
		t.Error("a snapshot that was read is written otherwise")
	}
	before, _ := s.Contract()
	after, _ := again.Contract()
	if before.Hash != after.Hash || before.Hash == "" {
		t.Errorf("hash %s became %s", before.Hash, after.Hash)
	}
	slices.Reverse(s.Tools)
	if write(t, s) != text {
		t.Error("the file depends on the order of the tools")
	}
}

func TestReadSnapshot(t *testing.T) {
	const tools = `[{"name":"a","inputSchema":{"type":"object"}}]`
	for name, file := range map[string]string{
		"bare array": tools, "result": `{"tools":` + tools + `,"nextCursor":"x"}`,
		"answer": `{"jsonrpc":"2.0","id":1,"result":{"tools":` + tools + `}}`, "with a byte order mark": "\xef\xbb\xbf \n" + tools,
		"snapshot": `{"schema":"alivemcp.tools/v1","tools":` + tools + `}`,
	} {
		s, err := drift.ReadSnapshot(reader(file))
		if err != nil || len(s.Tools) != 1 || string(s.Tools[0]) != tools[1:len(tools)-1] {
			t.Errorf("%s: %+v, %v", name, s, err)
		}
	}
	for file, says := range map[string]string{
		"": "the file is empty", "{}": `it has no array "tools"`, `{"schema":"alivemcp.tools/v2","tools":[]}`: "its schema is",
		`{"tools":{}}`: "expected", `{"error":{"code":-32601,"message":"no such method"}}`: "-32601: no such method",
		`{"tools":[],"taken_at":"yesterday","schema":"alivemcp.tools/v1"}`: "RFC 3339", "<html>": "expected a file of", `"a"`: "expected", `[1`: "expected",
		`[` + strings.Repeat(" ", drift.MaxSnapshot) + `]`: "16 MiB",
	} {
		s, err := drift.ReadSnapshot(reader(file))
		if !errors.Is(err, drift.ErrNotSnapshot) || !strings.Contains(err.Error(), says) {
			t.Errorf("%.40q: %+v, error %v, want %q", file, s, err, says)
		}
	}
	broken := errors.New("broken disk")
	if _, err := drift.ReadSnapshot(io.MultiReader(reader("["), iotestErr{broken})); !errors.Is(err, broken) {
		t.Errorf("error %v, want the reader's", err)
	}
}

type iotestErr struct{ error }

func (e iotestErr) Read([]byte) (int, error) { return 0, e.error }

// FuzzReadSnapshot: what is read can be written, and reads the same again.
func FuzzReadSnapshot(f *testing.F) {
	f.Add([]byte(`[{"name":"a","inputSchema":{"type":"object"}},null,1,{"name":"a"}]`))
	f.Add([]byte(`{"jsonrpc":"2.0","id":1,"result":{"tools":[{"name":"b","x":1e400}]}}`))
	f.Add([]byte(`{"schema":"alivemcp.tools/v1","taken_at":"2026-01-01T00:00:00Z","tools":[{"name":"\ud800"}]}`))
	f.Fuzz(func(t *testing.T, src []byte) {
		s, err := drift.ReadSnapshot(bytes.NewReader(src))
		if err != nil {
			if !errors.Is(err, drift.ErrNotSnapshot) {
				t.Fatal(err)
			}
			return
		}
		text := write(t, s)
		if !json.Valid([]byte(text)) {
			t.Fatalf("not JSON: %s", text)
		}
		again, err := drift.ReadSnapshot(reader(text))
		if err != nil {
			t.Fatalf("%v of %s", err, text)
		}
		a, _ := s.Contract()
		b, _ := again.Contract()
		if a.Hash != b.Hash && again.ProtocolVersion == s.ProtocolVersion && !duplicates(s.Tools) {
			t.Fatalf("hash %s became %s in %s", a.Hash, b.Hash, text)
		}
	})
}

// duplicates reports whether names may repeat: which of two counts depends on
// their order, which a file does not keep for elements that cannot be read.
func duplicates(tools []json.RawMessage) bool {
	c, problems := drift.Parse(tools, "")
	return len(problems) > 0 && len(c.Tools) != len(tools)
}
