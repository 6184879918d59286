package statuspage

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/show"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// checkView is the page where a server is tried before it is monitored.
type checkView struct {
	Operator string
	Path     string
	URL      string // as it was given
	HasHead  bool
	Places   []city
	Chosen   string
	Wrong    string // why there is no result
	Found    *foundView
}

// foundView is what the check found.
type foundView struct {
	Mark, Word string
	Sentence   string
	Lock       lockSign
	Grade      string
	GradeWords string
	Software   string
	Tools      string
	Ladder     ladder
	Snippet    string
}

func (s *Site) checkForm(r *http.Request, by string) checkView {
	v := checkView{Operator: by, Path: "/check"}
	regions := s.opt.Acts.Regions()
	views := make([]board.RegionView, len(regions))
	for i, region := range regions {
		views[i].Region = region
	}
	v.Places = citiesOf(views)
	v.URL, v.Chosen = strings.TrimSpace(r.PostFormValue("url")), r.PostFormValue("region")
	return v
}

func (s *Site) checkPage(w http.ResponseWriter, r *http.Request) error {
	by := s.signedIn(r)
	if by == "" {
		http.Redirect(w, r, "/operator?back=/check", http.StatusSeeOther)
		return nil
	}
	v := s.checkForm(r, by)
	v.URL = r.URL.Query().Get("url")
	return s.showCheck(w, r, http.StatusOK, v)
}

func (s *Site) showCheck(w http.ResponseWriter, r *http.Request, status int, v checkView) error {
	v.URL = visible(v.URL, 500)
	return s.showAs(w, r, status, "check.html", Frame{Title: "Test a server", Styles: []string{"server.css"}, Scripts: []string{"server.js"}, Data: v})
}

// runCheck tries a server. A header's value goes nowhere but to that server: it
// is not shown again, and the snippet names a variable instead.
func (s *Site) runCheck(w http.ResponseWriter, r *http.Request, by string) error {
	v := s.checkForm(r, by)
	header := strings.TrimSpace(r.PostFormValue("header"))
	v.HasHead = header != ""
	u, err := url.Parse(v.URL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		v.Wrong = "Give the address of an MCP endpoint, such as https://example.com/mcp."
		return s.showCheck(w, r, http.StatusBadRequest, v)
	}
	found, err := s.opt.Acts.Test(r.Context(), v.URL, header, regionID(v.Places, v.Chosen))
	if errors.Is(err, uptime.ErrInvalid) || errors.Is(err, uptime.ErrForbidden) {
		v.Wrong = upperFirst(visible(err.Error()))
		return s.showCheck(w, r, web.StatusOf(err), v)
	}
	if err != nil {
		return fmt.Errorf("testing a server: %w", err)
	}
	v.Found = s.foundOf(found, u, header)
	return s.showCheck(w, r, http.StatusOK, v)
}

func regionID(places []city, slug string) string {
	for _, c := range places {
		if c.Slug == slug {
			return c.ID
		}
	}
	return ""
}

func (s *Site) foundOf(c show.Check, u *url.URL, header string) *foundView {
	f := &foundView{
		Mark: c.State.String(), Word: board.StateWord(c.State), Lock: lockOf(c.Result.Access, c.Result.Tools != nil),
		Grade: visible(c.Grade, 4), GradeWords: gradeWords(c.Grade), Snippet: yamlSnippet(u, header, c.Result),
		Ladder:   ladderOf(c.Result, u.Scheme == "https", true, s.opt.Now()),
		Software: visible(strings.Join(sensible(c.Result.ServerName, c.Result.ServerVer), " "), 80),
		Sentence: "It works: a client could use it.",
	}
	switch {
	case c.Failure != nil:
		f.Sentence = upperFirst(inWords(c.Failure.Cause)) + "."
	case c.Why != "":
		f.Sentence = upperFirst(visible(c.Why)) + "."
	}
	if t := c.Result.Tools; t != nil {
		f.Tools = fmt.Sprintf("%s, %s bytes, about %s tokens", manyText(t.Count, "tool"), board.Count(t.Bytes), board.Count(t.Tokens))
	}
	return f
}

// gradeWords explains a grade.
func gradeWords(grade string) string {
	return map[string]string{
		"A": "keeps the protocol without a remark", "B": "keeps the protocol, with a remark or two", "C": "several remarks",
		"D": "breaks a rule that some clients rely on", "F": "no client can work with it",
	}[grade]
}

// snippet is what to paste into the configuration. Texts are quoted as JSON
// strings, which YAML reads alike; a header's value is left to the environment.
func yamlSnippet(u *url.URL, header string, res uptime.Result) string {
	slug := slugOf(strings.TrimPrefix(u.Hostname(), "www."))
	clean := *u
	clean.User, clean.Fragment = nil, ""
	var b strings.Builder
	fmt.Fprintf(&b, "servers:\n  - slug: %s\n", yamlText(slug))
	if res.ServerName != "" {
		fmt.Fprintf(&b, "    name: %s\n", yamlText(web.Visible(res.ServerName, 80)))
	}
	fmt.Fprintf(&b, "    url: %s\n", yamlText(clean.String()))
	if res.Transport == uptime.HTTPSSE {
		b.WriteString("    transport: sse\n")
	}
	if name, _, ok := strings.Cut(header, ":"); ok {
		fmt.Fprintf(&b, "    headers:\n      %s: env:%s\n", yamlText(strings.TrimSpace(name)), variable(slug, name))
	}
	return b.String()
}

// yamlText writes plain words as they are and quotes the rest.
func yamlText(s string) string {
	plain := s != "" && strings.IndexFunc(s, func(r rune) bool { return !letterOrDigit(r) && r != '-' }) < 0
	if plain && strings.IndexFunc(s, func(r rune) bool { return r >= 'a' && r <= 'z' }) == 0 && !strings.Contains(" true false null yes no on off y n ", " "+s+" ") {
		return s
	}
	return fmt.Sprintf("%q", strings.ToValidUTF8(s, "\uFFFD"))
}

// variable names the environment variable of a header: WEATHER_X_API_KEY.
func variable(slug, header string) string {
	name := strings.ToUpper(strings.Trim(strings.Map(func(r rune) rune {
		if letterOrDigit(r) {
			return r
		}
		return '_'
	}, slug+"_"+strings.TrimSpace(header)), "_"))
	if name == "" || name[0] >= '0' && name[0] <= '9' {
		name = "MCP_" + name
	}
	return name
}

func letterOrDigit(r rune) bool {
	return r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}
