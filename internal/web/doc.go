// Package web is what every page and every API of AliveMCP needs from HTTP and
// net/http does not give: handlers that return errors, problem documents,
// strong ETags, compression, immutable static files, templates, event streams,
// security headers, and text that shows what it hides.
//
// The package knows nothing about monitoring but the errors of package uptime
// and where servers, incidents and drifts have their pages.
package web
