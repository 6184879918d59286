//go:build race

package alerttest_test

// The race detector makes the database ten times slower: fewChecks is how often
// the property is tried, crowd how many servers fail in the storm.
const (
	fewChecks = 3
	crowd     = 60
)
