package statuspage

import (
	"fmt"
	"net/http"
	"net/url"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/embed"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// widgetStyle and widgetTheme are the attributes of embed.js.
type (
	widgetStyle string
	widgetTheme string
)

func widgetStyles() []widgetStyle { return []widgetStyle{"card", "badge"} }

func widgetThemes() []widgetTheme { return []widgetTheme{"auto", "light", "dark"} }

// studio is what the badge studio shows of one server. Every choice is in the
// address.
type studio struct {
	Row *board.Row
	// The choices that were made.
	Style  embed.Style
	Metric embed.Metric
	Widget widgetStyle
	Theme  widgetTheme

	Styles  []embed.Style
	Metrics []metricChoice
	Widgets []widgetStyle
	Themes  []widgetTheme

	// Preview is the badge that was chosen, Gallery are all.
	Preview picture
	Gallery []picture
	// Badges and Scripts are texts to copy for the choices.
	Badges, Scripts []snippet
	Recipes         []recipe
	Policy          []policyRow
}

// picture is a badge as an image, with its size so that nothing moves when it
// arrives.
type picture struct {
	Style         embed.Style
	Metric        embed.Metric
	Src, Alt      string
	Width, Height int
	// Href leads to the studio with this badge chosen.
	Href string
}

// metricChoice is a metric and what people call it.
type metricChoice struct {
	Metric embed.Metric
	Name   string
}

// snippet is a text to copy. Template is the same text with the choices as
// {style}, {metric}, {widget} and {theme}, for the script of the page.
type snippet struct {
	ID, Name, Note string
	Text, Template string
}

// studioRoutes serve the badge studio. The badges and the widget themselves are
// package embed's.
func (s *Site) studioRoutes() { s.handle("GET /status/{slug}/badge", s.serveStudio) }

func (s *Site) serveStudio(w http.ResponseWriter, r *http.Request) error {
	slug := r.PathValue("slug")
	row, ok := s.opt.Source.Row(s.opt.Tenant, slug)
	if !ok {
		return web.NoServer(slug)
	}
	data := studio{
		Row: row, Styles: embed.Styles(), Widgets: widgetStyles(), Themes: widgetThemes(),
		Metrics: []metricChoice{{embed.MetricState, "State now"}, {embed.MetricUptime, "Uptime, 30 days"}, {embed.MetricP95, "p95, 24 hours"}},
	}
	if err := data.choose(r.URL.Query()); err != nil {
		return err
	}
	data.fill(web.Base(s.opt.BaseURL, r))
	return s.show(w, r, "studio.html", Frame{
		Title: "Badge studio: " + web.Visible(row.Name, maxName), Nav: "servers",
		Description: "Badges, a widget and recipes that show whether this MCP server works",
		Styles:      []string{"studio.css"}, Scripts: []string{"studio.js"}, Data: data,
	})
}

// choose reads the choices; what is missing is the first of its kind.
func (d *studio) choose(q url.Values) error {
	var ok [4]bool
	d.Style, ok[0] = web.Choice(q.Get("style"), d.Styles)
	d.Metric, ok[1] = web.Choice(q.Get("metric"), embed.Metrics())
	d.Widget, ok[2] = web.Choice(q.Get("widget"), d.Widgets)
	d.Theme, ok[3] = web.Choice(q.Get("theme"), d.Themes)
	if ok != [4]bool{true, true, true, true} {
		return fmt.Errorf("%w: style is one of %v, metric of %v, widget of %v, theme of %v",
			uptime.ErrInvalid, d.Styles, embed.Metrics(), d.Widgets, d.Themes)
	}
	return nil
}

func (d *studio) fill(base string) {
	d.Preview = d.picture(d.Style, d.Metric)
	for _, style := range d.Styles {
		for _, m := range d.Metrics {
			d.Gallery = append(d.Gallery, d.picture(style, m.Metric))
		}
	}
	d.Badges, d.Scripts = d.badgeSnippets(base), d.scriptSnippets(base)
	d.Recipes, d.Policy = recipes(base, d.Row.Slug), policy()
}

func (d *studio) picture(style embed.Style, metric embed.Metric) picture {
	b, slug := embed.BadgeOf(d.Row, metric), url.PathEscape(d.Row.Slug)
	q := url.Values{"style": {string(style)}, "metric": {string(metric)}}
	p := picture{
		Style: style, Metric: metric, Alt: b.Title, Width: b.Width(), Height: embed.Height,
		Src: "/badge/" + slug + ".svg?" + q.Encode(),
	}
	q.Set("widget", string(d.Widget))
	q.Set("theme", string(d.Theme))
	p.Href = web.ServerPath(d.Row.Slug) + "/badge?" + q.Encode()
	return p
}
