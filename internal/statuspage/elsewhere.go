package statuspage

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/public"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// Elsewhere is the site on which servers that registries list have their pages.
type Elsewhere struct {
	Tenant uptime.TenantID
	// BaseURL is its public address, without a slash at its end; empty when nobody
	// said which that is. It is called for each page.
	BaseURL func() string
}

// servedRow returns how a server does that a listed endpoint is: one of this site's,
// or of the site that shows what is listed.
func (s *Site) servedRow(id uptime.ServerID) (row *board.Row, ok bool) {
	if row, ok = s.opt.Source.RowOf(s.opt.Tenant, id); ok || s.opt.Elsewhere == nil {
		return row, ok
	}
	return s.opt.Source.RowOf(s.opt.Elsewhere.Tenant, id)
}

// servedPath is where a listed server has its status page; empty when that is not
// known.
func (s *Site) servedPath(slug string) string {
	if s.opt.Elsewhere == nil {
		return web.ServerPath(slug)
	}
	if base := s.elsewhere(); base != "" {
		return base + web.ServerPath(slug)
	}
	return ""
}

// elsewhere is the address of the site of listed servers; empty when it is this one.
func (s *Site) elsewhere() string {
	if s.opt.Elsewhere == nil {
		return ""
	}
	return s.opt.Elsewhere.BaseURL()
}

// reason says why a registry was not read, to whoever asks. What a mirror answered,
// and how it was tried to be reached, is for operators alone: it may tell of a
// network that is theirs.
func (s *Site) reason(r *http.Request, c *uptime.Crawl) string {
	if c.State == uptime.CrawlFailed && s.signedIn(r) == "" {
		public := *c
		public.Why = publicWhy(c.Why)
		return crawlReason(&public)
	}
	return crawlReason(c)
}

// What stands in reasons before words that are not ours, and what looks like an
// address.
var (
	ourWords    = regexp.MustCompile(`(could not be reached|broke off|the JSON that it should be|answered \d{3}[^:]*):.*`)
	anyAddress  = regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*://\S+|\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\b(?::\d+)?(?:/\S*)?|\b[\w-]+:\d{2,5}\b`)
	knownByName = regexp.MustCompile(`^(?:robots\.txt|server\.json)$`)
)

// publicWhy is a reason without what strangers said and without addresses.
func publicWhy(why string) string {
	why = ourWords.ReplaceAllString(why, "$1")
	why = anyAddress.ReplaceAllStringFunc(why, func(word string) string {
		if knownByName.MatchString(word) {
			return word
		}
		return "[address]"
	})
	return strings.TrimSpace(public.Text(why))
}
