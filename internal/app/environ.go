package app

import "slices"

// ordinaryNames are the variables without which programs do not start or find
// nothing, and which hold no secrets. MCP clients hand on about the same.
func ordinaryNames() []string {
	return []string{
		"PATH", "HOME", "USER", "LOGNAME", "SHELL", "TERM", "TZ", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE",
		"APPDATA", "COMSPEC", "HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "PATHEXT", "PROCESSOR_ARCHITECTURE",
		"PROGRAMFILES", "SYSTEMDRIVE", "SYSTEMROOT", "TEMP", "TMP", "USERNAME", "USERPROFILE",
	}
}

func ordinary(name string) bool { return slices.Contains(ordinaryNames(), name) }

// MinimalEnv returns what every stdio server may see of the environment, as
// KEY=value.
func MinimalEnv(lookup func(string) (string, bool)) []string {
	var env []string
	for _, name := range ordinaryNames() {
		if value, ok := lookup(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return env
}
