package config

import (
	"regexp"
	"slices"
	"strings"
)

// A form is a way to write an environment variable into a file.
type form string

const (
	envForm   form = "${env:NAME}"
	plainForm form = "${NAME}"
)

var (
	placeholder  = regexp.MustCompile(`\$\{\{\s*([^{}\s]{1,80})\s*\}\}|\$\{([^{}]{1,500})\}`)
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,99}$`)
)

// An expander replaces the placeholders of environment variables that the
// client would replace, and remembers those that stay.
type expander struct {
	d      dialect
	lookup func(string) (string, bool)
	left   map[string]bool
	// refused holds the forms met that the client sends out as plain text.
	refused map[form]bool
	// growth is what the values of variables may still add to all entries of
	// the file: a few bytes of placeholder can stand for a long value.
	growth *int
}

// maxGrowth bounds, in bytes, what placeholders add to the values of a file.
const maxGrowth = 4 << 20

func (x *expander) afford(value string) bool {
	*x.growth -= len(value)
	return *x.growth >= 0
}

func (x *expander) expand(s string) string {
	if !strings.Contains(s, "${") {
		return s
	}
	return placeholder.ReplaceAllStringFunc(s, func(match string) string {
		parts := placeholder.FindStringSubmatch(match)
		if parts[1] != "" {
			x.leave("${{ " + parts[1] + " }}")
			return match
		}
		if value, ok := x.variable(parts[2]); ok {
			return value
		}
		return match
	})
}

// variable gives the value of what stands inside ${...}.
func (x *expander) variable(inner string) (string, bool) {
	name, isEnv := strings.CutPrefix(inner, "env:")
	if isEnv {
		return x.resolve(envForm, name, inner, "", false)
	}
	name, fallback, hasFallback := strings.Cut(inner, ":-")
	if predefined(name) || !variableName.MatchString(name) {
		x.leave("${" + name + "}")
		return "", false
	}
	return x.resolve(plainForm, name, name, fallback, hasFallback)
}

func (x *expander) resolve(f form, name, label, fallback string, hasFallback bool) (string, bool) {
	if !slices.Contains(x.d.forms, f) {
		x.refused[f] = true
	} else if x.lookup != nil && variableName.MatchString(name) {
		value, ok := x.lookup(name)
		if !ok {
			value = fallback
		}
		if (ok || hasFallback) && x.afford(value) {
			return value, true
		}
	}
	x.leave("${" + label + "}")
	return "", false
}

func (x *expander) leave(label string) {
	if len(x.left) < maxNotes {
		x.left[label] = true
	}
}

// predefined reports whether a name stands for something of the editor's, as
// workspaceFolder does, which only the editor can know.
func predefined(name string) bool {
	switch name {
	case "workspaceFolder", "workspaceFolderBasename", "workspaceRoot", "userHome", "pathSeparator", "/", "cwd",
		"file", "fileDirname", "fileBasename", "relativeFile", "execPath", "lineNumber", "selectedText":
		return true
	}
	return false
}
