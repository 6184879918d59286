//go:build race

package alerttest_test

// fewChecks is how often the property is tried: the race detector makes the
// database ten times slower.
const fewChecks = 15
