// Package browser holds the end-to-end tests of the pages: alivemcp, as it is
// built, looked at with a real browser.
//
// They need Chromium (Debian's package chromium; ALIVEMCP_CHROMIUM names another
// one) and axe-core, which `make e2e-deps` fetches. What is missing is skipped,
// with a hint; with CI=true or ALIVEMCP_E2E=require it fails the test instead.
// ALIVEMCP_BIN names another binary to test than the one built from
// cmd/alivemcp.
//
// artifacts/ has a picture of every page in every dress after a run: they are to
// be looked at, because no test finds a page ugly.
package browser
