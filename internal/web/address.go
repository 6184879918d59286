package web

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Base returns the public address of the site without a slash at its end: the
// configured one, or the one that the client of r used.
func Base(configured string, r *http.Request) string {
	if configured != "" {
		return configured
	}
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// ServerPath is where a server has its page.
func ServerPath(slug string) string { return "/status/" + url.PathEscape(slug) }

// IncidentPath is where an incident has its page.
func IncidentPath(slug string, id uptime.IncidentID) string {
	return ServerPath(slug) + "/incidents/" + url.PathEscape(string(id))
}

// DriftPath is where a drift has its page.
func DriftPath(slug string, id uptime.DriftID) string {
	return ServerPath(slug) + "/drifts/" + url.PathEscape(string(id))
}

// NoServer is the error for a slug that no server has here: an
// uptime.ErrNotFound.
func NoServer(slug string) error {
	return fmt.Errorf("%w: no server %q is monitored here", uptime.ErrNotFound, Visible(slug, 60))
}

// EndpointPath is where an endpoint has its page.
func EndpointPath(key uptime.EndpointKey) string { return "/endpoints/" + url.PathEscape(string(key)) }

// ReportPath is where a report of the audit has its page.
func ReportPath(id uptime.AuditRunID) string { return "/reports/" + url.PathEscape(string(id)) }
