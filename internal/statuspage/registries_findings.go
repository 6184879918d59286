package statuspage

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/findings"
	"github.com/alivemcp/alivemcp/internal/statuspage/draw"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

const (
	pageOfFindings = 50
	// maxFindingText is how much of the sentence of a finding is shown, in characters:
	// it quotes up to five answers.
	maxFindingText = 700
)

// findingRow is one thing that does not agree.
type findingRow struct {
	ID, Severity, Title, Text string
}

func findingRows(found []uptime.ListingFinding) []findingRow {
	var out []findingRow
	for _, f := range found {
		row := findingRow{ID: string(f.ID), Severity: string(f.Severity), Title: f.ID.Title(), Text: visible(f.Text, maxFindingText)}
		if f.About != "" {
			row.Title = "Listings disagree on the " + strings.ReplaceAll(f.About, "_", "-")
		}
		out = append(out, row)
	}
	return out
}

// findingsForm chooses findings.
type findingsForm struct {
	Finding, Source, Text string
	Page                  int // from 1
	Sources               []uptime.SourceStatus
}

// Narrow reports whether something is left out.
func (f findingsForm) Narrow() bool { return f.Finding != "" || f.Source != "" || f.Text != "" }

// Choices are the registries that the form offers.
func (f findingsForm) Choices() []choiceWord {
	return searchForm{Sources: f.Sources, Source: f.Source}.Choices()
}

// at is the address of another page or choice.
func (f findingsForm) at(finding string, page int) string {
	v := url.Values{}
	for _, one := range [][2]string{{"finding", finding}, {"source", f.Source}, {"q", f.Text}} {
		if one[1] != "" {
			v.Set(one[0], one[1])
		}
	}
	if page > 1 {
		v.Set("page", strconv.Itoa(page))
	}
	if len(v) == 0 {
		return "/registries/findings"
	}
	return "/registries/findings?" + v.Encode()
}

// maxFindingsPage bounds the number of a page.
const maxFindingsPage = 10_000

func parseFindings(v url.Values, sources []uptime.SourceStatus) (findingsForm, error) {
	f := findingsForm{
		Finding: v.Get("finding"), Source: v.Get("source"), Text: strings.Join(strings.Fields(strings.ToValidUTF8(v.Get("q"), "")), " "), Page: 1, Sources: sources,
	}
	if text := v.Get("page"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxFindingsPage {
			return f, fmt.Errorf("%w: there is no page %q", uptime.ErrInvalid, visible(text, 20))
		}
		f.Page = n
	}
	switch {
	case f.Finding != "" && !slices.Contains(uptime.ListingFindingIDs(), uptime.ListingFindingID(f.Finding)):
		return f, fmt.Errorf("%w: no such finding %q", uptime.ErrInvalid, visible(f.Finding, 40))
	case f.Source != "" && !slices.ContainsFunc(sources, func(s uptime.SourceStatus) bool { return string(s.ID) == f.Source }):
		return f, fmt.Errorf("%w: no such registry %q", uptime.ErrInvalid, visible(f.Source, 40))
	case len(f.Text) > maxListedSearch:
		return f, fmt.Errorf("%w: a search of more than %d bytes", uptime.ErrInvalid, maxListedSearch)
	}
	return f, nil
}

// findingsView is what findings.html shows.
type findingsView struct {
	Form                   findingsForm
	Sentence               string
	Ready                  bool
	Served                 int
	Kinds                  []findingKind
	Rows                   []foundRow
	First, Last, Found, Of int
	Prev, Next, All        string
	Chosen                 string // title of the finding that was asked for
	Made                   draw.Moment
	Credits                []credit
}

// findingKind is a finding with how many endpoints have it.
type findingKind struct {
	Title, Href string
	Endpoints   int
	Chosen      bool
}

// foundRow is an endpoint with what does not agree about it.
type foundRow struct {
	Name, Address, Href string
	Mixed               bool
	Mark, Word, Status  string // of the server, and where its page is
	Registries, Former  string
	Findings            []findingRow
}

func (s *Site) findingsPage(w http.ResponseWriter, r *http.Request) error {
	l, err := s.listedNow(r.Context())
	if err != nil {
		return err
	}
	form, err := parseFindings(r.URL.Query(), l.sources)
	if err != nil {
		return err
	}
	v := s.findingsOf(form)
	v.Credits = s.creditsOf(l.sources)
	if r.URL.RawQuery != "" {
		w.Header().Set("X-Robots-Tag", "noindex")
	}
	return s.show(w, r, "findings.html", Frame{
		Title: "What does not agree", Description: v.Sentence, Nav: "registries", Styles: []string{"server.css", "registries.css"}, Data: v,
		Alternates: []Alternate{{"application/json", "As JSON", "/api/v1/registries/findings"}},
	})
}

func (s *Site) findingsOf(form findingsForm) findingsView {
	snap := s.opt.Findings.Snapshot()
	page := snap.Page(findings.Query{
		Finding: uptime.ListingFindingID(form.Finding), Source: uptime.SourceID(form.Source), Text: form.Text, Offset: (form.Page - 1) * pageOfFindings, Limit: pageOfFindings,
	})
	v := findingsView{
		Form: form, Ready: !snap.Made.IsZero(), Served: snap.Served, Found: page.Found, Of: page.Any, Made: draw.Clock(snap.Made, s.opt.Now().UTC()), All: form.at("", 1),
		First: min((form.Page-1)*pageOfFindings+1, page.Found), Last: min((form.Page-1)*pageOfFindings+len(page.Entries), page.Found),
	}
	v.Sentence, v.Kinds, v.Chosen = findingsSentence(snap, snap.Page(findings.Query{}).Any), form.kinds(page.Counts), uptime.ListingFindingID(form.Finding).Title()
	for _, e := range page.Entries {
		v.Rows = append(v.Rows, s.foundRow(e, uptime.ListingFindingID(form.Finding)))
	}
	if form.Page > 1 { // beyond the end that leads to the last one
		v.Prev = form.at(form.Finding, min(form.Page-1, max(1, (page.Found+pageOfFindings-1)/pageOfFindings)))
	}
	if v.Last < v.Found && len(v.Rows) > 0 {
		v.Next = form.at(form.Finding, form.Page+1)
	}
	return v
}

// kinds are all findings, with how many endpoints have each.
func (f findingsForm) kinds(counts map[uptime.ListingFindingID]int) (out []findingKind) {
	for _, id := range uptime.ListingFindingIDs() {
		out = append(out, findingKind{Title: id.Title(), Href: f.at(string(id), 1), Endpoints: counts[id], Chosen: string(id) == f.Finding})
	}
	return out
}

func findingsSentence(s *findings.Snapshot, found int) string {
	switch {
	case s.Made.IsZero():
		return "What is listed is being compared with what is live."
	case s.Served == 0:
		return "No listed server is looked at here, so there is nothing to compare with."
	}
	verb := "is"
	if found != 1 {
		verb = "are"
	}
	return fmt.Sprintf("%s of %s that we look at %s not, or not everywhere, as listed.", board.Count(found), board.Plural(s.Served, "listed server", "listed servers"), verb)
}

// foundRow shows an endpoint, with one finding or, without one, with all.
func (s *Site) foundRow(e *findings.Entry, only uptime.ListingFindingID) foundRow {
	out := foundRow{
		Name: visible(e.Name, 200), Mixed: web.Mixed(e.Name), Address: visible(e.URL, maxAddress), Href: endpointPath(e.Key), Mark: e.State.String(), Word: board.StateWord(e.State),
		Status: s.servedPath(e.Slug),
	}
	out.Registries, out.Former = sourceNames(e.Sources), sourceNames(e.Former)
	for _, row := range findingRows(e.Findings) {
		if only == "" || row.ID == string(only) {
			out.Findings = append(out.Findings, row)
		}
	}
	return out
}

// findingsBrief is what registries.html says of it.
type findingsBrief struct {
	Sentence string
	Kinds    []findingKind // those that there are
}

func (s *Site) findingsBrief() findingsBrief {
	snap := s.opt.Findings.Snapshot()
	all := snap.Page(findings.Query{})
	kinds := slices.DeleteFunc(findingsForm{}.kinds(all.Counts), func(k findingKind) bool { return k.Endpoints == 0 })
	return findingsBrief{Sentence: findingsSentence(snap, all.Any), Kinds: kinds}
}

// listedView is what registries say of a server, on its own page.
type listedView struct {
	Href               string
	Registries, Former string
	Findings           []findingRow
}

// listedOf returns nil for a server that no registry lists.
func (s *Site) listedOf(id uptime.ServerID) *listedView {
	if s.opt.Registries == nil {
		return nil
	}
	e, ok := s.opt.Findings.Snapshot().Server(id)
	if !ok {
		return nil
	}
	row := s.foundRow(e, "")
	return &listedView{Href: row.Href, Registries: row.Registries, Former: row.Former, Findings: row.Findings}
}
