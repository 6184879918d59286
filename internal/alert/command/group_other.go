//go:build !unix

package command

import "os/exec"

// ownGroup does nothing where there are no process groups.
func ownGroup(*exec.Cmd) {}

// killGroup ends the process alone.
func killGroup(cmd *exec.Cmd) error { return cmd.Process.Kill() }
