//go:build !unix

package mcpwire

import "os/exec"

// ownGroup does nothing where there are no process groups.
func ownGroup(*exec.Cmd) {}

// signalGroup ends the process; there is no gentle way here.
func signalGroup(cmd *exec.Cmd, _ bool) { _ = cmd.Process.Kill() }
