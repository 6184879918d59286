//go:build !race

package app_test

// audited is how many endpoints the audit's trial looks at.
const audited = 500
