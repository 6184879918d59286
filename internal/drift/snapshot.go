package drift

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// SnapshotSchema names the format of the file that a [Snapshot] is written to.
const SnapshotSchema = "alivemcp.tools/v1"

// MaxSnapshot is how many bytes of a file ReadSnapshot takes.
const MaxSnapshot = 16 << 20

// ErrNotSnapshot is wrapped by the errors of files that hold no tools list.
var ErrNotSnapshot = errors.New("not a tools list")

// ServerInfo is what a server calls itself.
type ServerInfo struct {
	Name    string `json:"name"`
	Version string `json:"version"`
}

// Snapshot is a tools list as it was at one moment, to be kept in a repository
// and compared with later.
type Snapshot struct {
	// Target is the address the list came from, empty when it is not known.
	Target string
	// TakenAt is zero when it is not known.
	TakenAt         time.Time
	ProtocolVersion string
	Server          ServerInfo
	// Tools holds the elements of the list as the server sent them, with what is
	// no part of the contract. They are not changed.
	Tools []json.RawMessage
}

// snapshotFile is the file; its order of members is the one that is written.
type snapshotFile struct {
	Schema          string            `json:"schema"`
	Target          string            `json:"target"`
	TakenAt         string            `json:"taken_at"`
	ProtocolVersion string            `json:"protocol_version"`
	Server          ServerInfo        `json:"server"`
	ToolsHash       string            `json:"tools_hash"`
	ContractHash    string            `json:"contract_hash"`
	Tools           []json.RawMessage `json:"tools"`
}

// Contract parses the tools under the protocol revision of the snapshot, or
// under the latest if that is not known.
func (s Snapshot) Contract() (Contract, []Problem) {
	if s.ProtocolVersion == "" {
		return Parse(s.Tools, FreeOutput)
	}
	return Parse(s.Tools, s.ProtocolVersion)
}

// WriteTo writes the snapshot as indented JSON that ends in a newline. Two
// snapshots of one list differ in taken_at alone: tools are sorted by name and
// each is in canonical order. An element that has no canonical form is written
// as it came.
func (s Snapshot) WriteTo(w io.Writer) (int64, error) {
	c, _ := s.Contract()
	file := snapshotFile{
		Schema: SnapshotSchema, Target: s.Target, ProtocolVersion: s.ProtocolVersion, Server: s.Server,
		ToolsHash: c.Hash, ContractHash: c.ContractHash, Tools: sortedTools(s.Tools),
	}
	if !s.TakenAt.IsZero() {
		file.TakenAt = s.TakenAt.UTC().Format(time.RFC3339)
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(file); err != nil {
		return 0, fmt.Errorf("writing a snapshot of %s: %w", s.Target, err)
	}
	n, err := out.WriteTo(w)
	if err != nil {
		return n, fmt.Errorf("writing a snapshot of %s: %w", s.Target, err)
	}
	return n, nil
}

// sortedTools returns the canonical elements, sorted by name; those without a
// name come first.
func sortedTools(tools []json.RawMessage) []json.RawMessage {
	type named struct {
		name string
		raw  json.RawMessage
	}
	sorted := make([]named, len(tools))
	for i, raw := range tools {
		e, _ := parseTool(raw, "")
		sorted[i] = named{e.tool.Name, raw}
		if canonical, err := Canonical(raw); err == nil {
			sorted[i].raw = canonical
		}
	}
	slices.SortStableFunc(sorted, func(a, b named) int { return strings.Compare(a.name, b.name) })
	out := make([]json.RawMessage, len(tools))
	for i := range sorted {
		out[i] = sorted[i].raw
	}
	return out
}

// ReadSnapshot reads what [Snapshot.WriteTo] wrote. It takes as well the result
// of tools/list, a whole JSON-RPC answer to it, and a bare array of tools. At
// most [MaxSnapshot] bytes are read. The hashes in the file are not trusted:
// Contract computes them anew.
func ReadSnapshot(r io.Reader) (Snapshot, error) {
	src, err := io.ReadAll(io.LimitReader(r, MaxSnapshot+1))
	if err != nil {
		return Snapshot{}, fmt.Errorf("reading a snapshot: %w", err)
	}
	if len(src) > MaxSnapshot {
		return Snapshot{}, fmt.Errorf("reading a snapshot: %w: more than %d MiB", ErrNotSnapshot, MaxSnapshot>>20)
	}
	s, err := parseSnapshot(bytes.TrimSpace(bytes.TrimPrefix(src, []byte("\xef\xbb\xbf"))))
	if err != nil {
		return Snapshot{}, fmt.Errorf("reading a snapshot: %w", err)
	}
	return s, nil
}

func parseSnapshot(src []byte) (Snapshot, error) {
	if len(src) == 0 {
		return Snapshot{}, expected("the file is empty")
	}
	var s Snapshot
	if src[0] == '[' {
		if err := json.Unmarshal(src, &s.Tools); err != nil {
			return s, expected(err.Error())
		}
		return s, nil
	}
	var file struct {
		snapshotFile
		Tools  *[]json.RawMessage `json:"tools"`
		Result *struct {
			Tools *[]json.RawMessage `json:"tools"`
		} `json:"result"`
		Error *struct {
			Code    json.Number `json:"code"`
			Message string      `json:"message"`
		} `json:"error"`
	}
	if err := json.Unmarshal(src, &file); err != nil {
		return s, expected(err.Error())
	}
	tools := file.Tools
	if tools == nil && file.Result != nil {
		tools = file.Result.Tools
	}
	switch {
	case file.Schema != "" && file.Schema != SnapshotSchema:
		return s, expected(fmt.Sprintf("its schema is %q", clip(file.Schema, maxName)))
	case tools == nil && file.Error != nil:
		return s, expected(fmt.Sprintf("it holds the error %s: %s", clip(file.Error.Code.String(), maxName), clip(file.Error.Message, maxText)))
	case tools == nil:
		return s, expected(`it has no array "tools"`)
	}
	s = Snapshot{Target: file.Target, ProtocolVersion: file.ProtocolVersion, Server: file.Server, Tools: *tools}
	if file.TakenAt == "" {
		return s, nil
	}
	var err error
	if s.TakenAt, err = time.Parse(time.RFC3339, file.TakenAt); err != nil {
		return Snapshot{}, expected(fmt.Sprintf("taken_at is %q, which is not RFC 3339", clip(file.TakenAt, maxName)))
	}
	return s, nil
}

// expected says what is wrong with a file and what would have been right.
func expected(wrong string) error {
	return fmt.Errorf(`%w: %s; expected a file of "alivemcp snapshot", a tools/list result {"tools":[...]}, a JSON-RPC answer with one, or an array of tools`,
		ErrNotSnapshot, wrong)
}
