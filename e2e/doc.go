// Package e2e holds the end-to-end tests: alivemcp, as it is built, against MCP
// servers that other people wrote and published.
//
// npm/ pins the servers that run on Node.js, servers/ those written in Go; both
// are test equipment and never part of the product. `make e2e-deps` fetches
// them. What is missing is skipped, with a hint; with CI=true or
// ALIVEMCP_E2E=require it fails the test instead. ALIVEMCP_BIN names another
// binary to test than the one built from cmd/alivemcp.
package e2e
