package mcpwire_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
)

func TestParseMessage(t *testing.T) {
	tests := map[string]struct {
		text string
		want mcpwire.Message
	}{
		"result": {` {"jsonrpc":"2.0","id":1,"result":{"a":[1]}} `, mcpwire.Message{ID: []byte("1"), Result: []byte(`{"a":[1]}`)}},
		"result first, string id, unknown member": {
			`{"result":[],"jsonrpc":"2.0","id":"1","x":{}}`,
			mcpwire.Message{ID: []byte(`"1"`), Result: []byte(`[]`)},
		},
		"null result": {`{"jsonrpc":"2.0","id":1,"result":null}`, mcpwire.Message{ID: []byte("1"), Result: []byte("null")}},
		"escaped name": {
			`{"jsonrpc":"2.0","\u0069d":1,"result":1}`,
			mcpwire.Message{ID: []byte("1"), Result: []byte("1")},
		},
		"error": {
			`{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"no","data":{"a":1}}}`,
			mcpwire.Message{ID: []byte("null"), Error: &mcpwire.RPCError{Code: -32000, Message: "no", Data: []byte(`{"a":1}`)}},
		},
		"error without id": {`{"jsonrpc":"2.0","error":{"code":0,"message":""}}`, mcpwire.Message{Error: &mcpwire.RPCError{}}},
		"error with a broken code": {
			`{"jsonrpc":"2.0","id":1,"error":{"code":1.5,"message":"m"}}`,
			mcpwire.Message{ID: []byte("1"), Error: &mcpwire.RPCError{Message: "m"}},
		},
		"notification": {
			`{"jsonrpc":"2.0","method":"notifications/x","params":{"a":1}}`,
			mcpwire.Message{Method: "notifications/x", Params: []byte(`{"a":1}`)},
		},
		"request": {`{"jsonrpc":"2.0","id":7,"method":"ping"}`, mcpwire.Message{ID: []byte("7"), Method: "ping"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got, f := mcpwire.ParseMessage([]byte(test.text))
			if f != nil {
				t.Fatalf("%s: %v", f.Kind, f)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseMessageRefuses(t *testing.T) {
	tests := map[string]struct {
		text   string
		kind   mcpwire.Kind
		detail string
	}{
		"nothing":             {"", mcpwire.BadJSON, "not valid JSON"},
		"html":                {"<html>", mcpwire.BadJSON, "<html>"},
		"cut":                 {`{"jsonrpc":"2.0"`, mcpwire.BadJSON, "not valid JSON"},
		"invalid UTF-8":       {"{\"a\":\"\xff\"}", mcpwire.BadJSON, "UTF-8"},
		"too deep":            {nested(100_000), mcpwire.BadJSON, "512"},
		"array":               {`[{"jsonrpc":"2.0","id":1,"result":{}}]`, mcpwire.BadEnvelope, "array"},
		"string":              {`"ok"`, mcpwire.BadEnvelope, "no object"},
		"null":                {`null`, mcpwire.BadEnvelope, "no object"},
		"empty object":        {`{}`, mcpwire.BadEnvelope, "2.0"},
		"no version":          {`{"id":1,"result":{}}`, mcpwire.BadEnvelope, "2.0"},
		"version 1.0":         {`{"jsonrpc":"1.0","id":1,"result":{}}`, mcpwire.BadEnvelope, "2.0"},
		"version as a number": {`{"jsonrpc":2.0,"id":1,"result":{}}`, mcpwire.BadEnvelope, "2.0"},
		"neither":             {`{"jsonrpc":"2.0","id":null}`, mcpwire.BadEnvelope, "neither"},
		"both":                {`{"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}}`, mcpwire.BadEnvelope, "both"},
		"null error too":      {`{"jsonrpc":"2.0","id":1,"result":{},"error":null}`, mcpwire.BadEnvelope, "both"},
		"null error first":    {`{"jsonrpc":"2.0","id":1,"error":null,"result":{}}`, mcpwire.BadEnvelope, "error"},
		"request and answer":  {`{"jsonrpc":"2.0","id":1,"method":"a","result":{}}`, mcpwire.BadEnvelope, "at once"},
		"id twice":            {`{"jsonrpc":"2.0","id":1,"\u0069d":2,"result":{}}`, mcpwire.BadEnvelope, "id appears twice"},
		"result twice":        {`{"jsonrpc":"2.0","id":1,"result":1,"result":2}`, mcpwire.BadEnvelope, "result appears twice"},
		"method as a number":  {`{"jsonrpc":"2.0","method":1}`, mcpwire.BadEnvelope, "method"},
		"empty method":        {`{"jsonrpc":"2.0","method":""}`, mcpwire.BadEnvelope, "method"},
		"error as a string":   {`{"jsonrpc":"2.0","id":1,"error":"no"}`, mcpwire.BadEnvelope, "error"},
		"code as a word":      {`{"jsonrpc":"2.0","id":1,"error":{"code":"x","message":""}}`, mcpwire.BadEnvelope, "error"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, f := mcpwire.ParseMessage([]byte(test.text))
			wantKind(t, f, test.kind)
			if f != nil && !strings.Contains(f.Detail, test.detail) {
				t.Errorf("detail is %q, want %q in it", f.Detail, test.detail)
			}
		})
	}
}

func TestDetailsAreShortAndPrintable(t *testing.T) {
	hostile := "\x1b[31m\x00\u202e" + strings.Repeat("A", 1<<20)
	_, f := mcpwire.ParseMessage([]byte(hostile))
	if f == nil || len(f.Detail) > 200 || strings.ContainsFunc(f.Detail, func(r rune) bool { return r < 0x20 || r > 0x7e }) {
		t.Errorf("detail is %q", f)
	}
}

// FuzzParseMessage: what is accepted has the very parts that encoding/json
// finds.
func FuzzParseMessage(f *testing.F) {
	for _, s := range []string{
		good, `{"jsonrpc":"2.0","id":"a","error":{"code":-1,"message":"é","data":[1]}}`, `[` + good + `]`,
		`{"jsonrpc":"2.0","method":"notifications/x","params":{}}`, `{"jsonrpc":"2.0","\u0069d":1,"result":null}`, `{"a":1,"a":2}`,
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, fault := mcpwire.ParseMessage(b)
		if fault != nil {
			return
		}
		var raw map[string]json.RawMessage
		if err := json.Unmarshal(b, &raw); err != nil {
			t.Fatalf("encoding/json refuses it: %v", err)
		}
		want := mcpwire.Message{ID: raw["id"], Params: raw["params"], Result: raw["result"]}
		if m, ok := raw["method"]; ok && json.Unmarshal(m, &want.Method) != nil {
			t.Fatalf("method %s is accepted", m)
		}
		if got.Error == nil != (raw["error"] == nil) {
			t.Fatalf("error is %v, was %s", got.Error, raw["error"])
		}
		want.Error = got.Error
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
		if got.IsResponse() == (got.Method != "") {
			t.Fatalf("%s is neither or both of call and answer", b)
		}
	})
}
