package config

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// secret reads a literal, env:NAME or file:PATH. Problems name the variable or
// the file, never a value.
func (d *decoder) secret(n *node, tag reflect.StructTag, at place) uptime.Secret {
	if !n.scalar() {
		d.add(at, SeverityError, "here must be a text, env:NAME or file:PATH")
		return ""
	}
	value, fault := n.text, ""
	if name, ok := strings.CutPrefix(n.text, "env:"); ok {
		value, fault = d.variable(name)
	} else if name, ok := strings.CutPrefix(n.text, "file:"); ok {
		value, fault = d.secretFile(name)
	}
	switch {
	case fault != "":
		d.add(at, SeverityError, "%s", fault)
		return ""
	case value == "":
		d.add(at, SeverityError, "the secret is empty")
	case tag.Get("lines") != "yes" && strings.ContainsFunc(value, notInHeader):
		d.add(at, SeverityError, "the secret must be one line of text, without control characters (RFC 9110, section 5.5)")
	}
	return uptime.Secret(value)
}

func notInHeader(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

func (d *decoder) variable(name string) (value, fault string) {
	if !variableName.MatchString(name) {
		return "", "after env: must stand the name of an environment variable, such as env:API_TOKEN"
	}
	if d.o.Lookup != nil {
		if value, ok := d.o.Lookup(name); ok && value != "" {
			return value, ""
		}
	}
	return "", fmt.Sprintf("the environment variable %s is not set; set it for the monitor, or write file:PATH", name)
}

// secretFile reads a file and takes away the space around its text.
func (d *decoder) secretFile(name string) (value, fault string) {
	if name == "" {
		return "", "after file: must stand the path of a file, such as file:/run/secrets/token"
	}
	full := d.path(name)
	d.source(full)
	data, err := readBounded(full, maxSecret)
	if err != nil {
		return "", fmt.Sprintf("reading %s: %v", full, err)
	}
	return strings.TrimSpace(string(data)), ""
}

// source remembers that the configuration depends on a file.
func (d *decoder) source(name string) {
	if !d.known[name] {
		d.known[name] = true
		d.f.sources = append(d.f.sources, name)
	}
}
