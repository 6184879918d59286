// Package fake is a registry that nobody runs: for the demonstration, for the lab,
// and for tests and measurements. It answers as the official registry was recorded
// to (testdata; version 1.8.7, November 2026), and misbehaves as it is told to.
package fake
