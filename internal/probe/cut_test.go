package probe_test

import (
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestSecretThatIsCut lets servers repeat our credential at every offset of what
// is cut somewhere: not even its beginning is shown.
func TestSecretThatIsCut(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(w http.ResponseWriter, said string){
		"names": func(w http.ResponseWriter, said string) {
			writeJSON(w, 200, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{%q:{}},"serverInfo":{"name":%q,"version":%q}}}`, said, said, said))
		},
		"revision": func(w http.ResponseWriter, said string) {
			writeJSON(w, 200, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":%q,"capabilities":{},"serverInfo":{"name":"x","version":"1"}}}`, said))
		},
		"JSON-RPC error": func(w http.ResponseWriter, said string) {
			writeJSON(w, 200, fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":%q}}`, said))
		},
		"HTTP error": func(w http.ResponseWriter, said string) { http.Error(w, said, 500) },
		"later": func(w http.ResponseWriter, said string) {
			w.Header().Set("Retry-After", said)
			w.WriteHeader(429)
		},
		"no MCP":  func(w http.ResponseWriter, said string) { writeJSON(w, 200, said) },
		"no JSON": func(w http.ResponseWriter, said string) { http.Error(w, said, 200) },
		"another id": func(w http.ResponseWriter, said string) {
			writeJSON(w, 200, fmt.Sprintf(`{"jsonrpc":"2.0","id":%q,"result":{}}`, said))
		},
		"long answers": func(w http.ResponseWriter, said string) { http.Error(w, strings.Repeat("n", 1900)+said, 500) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { echoAtEveryOffset(t, answer) })
		})
	}
}

func echoAtEveryOffset(t *testing.T, answer func(w http.ResponseWriter, said string)) {
	t.Helper()
	offset := 0
	p := newWorld(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer(w, strings.Repeat("n", offset)+r.Header.Get("X-Secret")+strings.Repeat("n", 200))
	})).newProber(t, probe.Options{Attempts: 1, KeepTranscript: true})
	srv := public()
	srv.Profile.Headers = []uptime.Header{{Name: "X-Secret", Value: theSecret}}
	for offset = range 170 {
		res := p.Attempt(t.Context(), srv)
		walk(reflect.ValueOf(res), "Result", func(path, text string) {
			if strings.Contains(text, theSecret[:5]) {
				t.Fatalf("offset %d: %s shows %s", offset, path, text)
			}
		})
	}
}
