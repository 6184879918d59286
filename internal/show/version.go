package show

import (
	"bytes"
	"io"
	"strings"
)

// Version is what `alivemcp version` prints.
type Version struct {
	Version    string `json:"version"`
	Commit     string `json:"commit"`
	CommitTime string `json:"commit_time"` // RFC 3339
	Modified   bool   `json:"modified"`    // built from a changed tree
	Go         string `json:"go"`
	Platform   string `json:"platform"`
	// Revisions of the protocol that the probe speaks, oldest first.
	Revisions []string `json:"protocol_revisions"`
}

// Revisions returns the released revisions of the protocol, oldest first.
func Revisions() []string {
	return []string{"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"}
}

// WriteVersion writes v as text or JSON.
func WriteVersion(w io.Writer, f Format, v Version) error {
	v.Revisions = Revisions()
	if f == JSON {
		return encode(w, v)
	}
	var b bytes.Buffer
	p := pen{Buffer: &b}
	p.line("alivemcp %s", v.Version)
	commit := v.Commit
	if v.Modified {
		commit += " (modified)"
	}
	for _, l := range [][2]string{
		{"commit", commit}, {"built from", v.CommitTime}, {"go", v.Go + " " + v.Platform}, {"speaks MCP", strings.Join(v.Revisions, " ")},
	} {
		if l[1] != "" {
			p.line("  %s %s", pad(l[0], 11), l[1])
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}
