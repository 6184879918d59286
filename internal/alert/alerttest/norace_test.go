//go:build !race

package alerttest_test

// fewChecks is how often the property is tried, crowd how many servers fail in
// the storm.
const (
	fewChecks = 30
	crowd     = 2000
)
