// Package findings compares what registries list with what the servers that are
// served for it are found to be. What it finds is made once a minute and after each
// change, never for a request; it is the same for pages, API and feeds.
package findings
