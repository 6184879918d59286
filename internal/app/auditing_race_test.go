//go:build race

package app_test

// The race detector makes looks five times slower: audited is how many endpoints
// the audit's trial looks at.
const audited = 280
