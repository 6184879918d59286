//go:build !race

package alerttest_test

// fewChecks is how often the property is tried.
const fewChecks = 100
