// Package draw turns numbers and texts into what pages show of them: bars of
// days, lines of latencies, comparisons side by side. Its functions are pure: they
// know no server, no request and no template.
package draw
