// Package api is the machine-readable read side: JSON under /api/v1 with its
// OpenAPI document, metrics and probes for Prometheus, and the answers that
// supervisors ask for. It shows what package board knows, in the same words as
// the pages.
package api
