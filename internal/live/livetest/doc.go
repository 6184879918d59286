// Package livetest is what the live state must do, whatever keeps it: a suite
// that every adapter runs.
package livetest
