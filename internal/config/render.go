package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// render writes servers as an alivemcp.yaml. It is written by hand: what comes
// out is for people, in the order in which they think.
func render(servers []imported) []byte {
	var b bytes.Buffer
	b.WriteString("# Imported. Look through it, then: alivemcp config check --probe\n")
	b.WriteString("# Every key: alivemcp config manual\n\nservers:")
	if len(servers) == 0 {
		b.WriteString(" []\n")
		return b.Bytes()
	}
	b.WriteByte('\n')
	for i := range servers {
		servers[i].write(&b)
	}
	return b.Bytes()
}

func (s *imported) write(b *bytes.Buffer) {
	fmt.Fprintf(b, "  - slug: %s\n", quoted(s.slug))
	for _, p := range []pair{
		{"name", s.name},
		{"description", s.description},
		{"group", s.group},
		{"url", s.url},
		{"transport", s.transport},
		{"command", s.command},
		{"dir", s.dir},
	} {
		if p.value != "" {
			fmt.Fprintf(b, "    %s: %s\n", p.name, quoted(p.value))
		}
	}
	writeList(b, "    ", "args", s.args)
	writePairs(b, "env", s.env, nil)
	if s.interval > 0 {
		fmt.Fprintf(b, "    interval: %s\n", shortDuration(s.interval))
	}
	writePairs(b, "credential", s.credential, s.scopes)
	writePairs(b, "headers", s.headers, nil)
	if s.paused {
		b.WriteString("    paused: true\n")
	}
}

func writePairs(b *bytes.Buffer, key string, pairs []pair, scopes []string) {
	if len(pairs) == 0 {
		return
	}
	fmt.Fprintf(b, "    %s:\n", key)
	for _, p := range pairs {
		if p.value != "" {
			fmt.Fprintf(b, "      %s: %s\n", quoted(p.name), quoted(p.value))
		}
	}
	writeList(b, "      ", "scopes", scopes)
}

func writeList(b *bytes.Buffer, indent, key string, items []string) {
	if len(items) == 0 {
		return
	}
	fmt.Fprintf(b, "%s%s:\n", indent, key)
	for _, item := range items {
		fmt.Fprintf(b, "%s  - %s\n", indent, quoted(item))
	}
}

var (
	// plainScalar matches texts that YAML reads as they are, outside brackets.
	plainScalar = regexp.MustCompile(`^[A-Za-z/][A-Za-z0-9 ._/@+=?&%~-]*$|^https?://[A-Za-z0-9._/:?&=%~-]*[A-Za-z0-9/]$|^env:[A-Za-z0-9_]+$`)
	yamlWord    = regexp.MustCompile(`^(?i:true|false|yes|no|on|off|null|y|n)$`)
)

// quoted writes a text so that YAML reads it as this text. Quoted, it is JSON,
// which is YAML too.
func quoted(text string) string {
	if plainScalar.MatchString(text) && !yamlWord.MatchString(text) && strings.TrimSpace(text) == text {
		return text
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(text) // a text can always be encoded, and a buffer written
	return strings.TrimSuffix(b.String(), "\n")
}

// shortDuration writes a duration in one unit where one is enough.
func shortDuration(d time.Duration) string {
	for _, u := range []struct {
		length time.Duration
		name   string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
		if d >= u.length && d%u.length == 0 && (u.name != "m" || d > time.Minute) {
			return strconv.FormatInt(int64(d/u.length), 10) + u.name
		}
	}
	return strconv.FormatInt(d.Milliseconds(), 10) + "ms"
}
