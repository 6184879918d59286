package sinktest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

// Golden compares a JSON payload with testdata/name. To renew a file, remove it:
// the next run writes it, and fails so that somebody looks at it.
func Golden(tb testing.TB, name string, payload []byte) {
	tb.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, payload, "", "  "); err != nil {
		tb.Fatalf("the payload is not JSON: %v", err)
	}
	b.WriteByte('\n')
	file := filepath.Join("testdata", name)
	want, err := os.ReadFile(file) //nolint:gosec // a test's own file
	if errors.Is(err, fs.ErrNotExist) {
		tb.Errorf("%s was not there and is written now: look at it", file)
		err = errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(file, b.Bytes(), 0o644)) //nolint:gosec // a test's own file
	}
	if err != nil {
		tb.Fatal(err)
	}
	if want != nil && !bytes.Equal(want, b.Bytes()) {
		tb.Errorf("the payload differs from %s:\n%s", file, b.Bytes())
	}
}
