package statuspage

import (
	"html"
	"net/url"
	"strings"

	"github.com/alivemcp/alivemcp/internal/web"
)

// snippet fills the choices into a template.
func (d *studio) snippet(id, name, note, template string) snippet {
	text := strings.NewReplacer("{style}", string(d.Style), "{metric}", string(d.Metric),
		"{widget}", string(d.Widget), "{theme}", string(d.Theme)).Replace(template)
	return snippet{ID: id, Name: name, Note: note, Text: text, Template: template}
}

// badgeSnippets are the ways to show the badge. The name that they hold is
// escaped for where it goes, as it is copied into other people's documents.
func (d *studio) badgeSnippets(base string) []snippet {
	slug := url.PathEscape(d.Row.Slug)
	page, alt := base+web.ServerPath(d.Row.Slug), braceless("MCP status of "+web.Visible(d.Row.Name, maxName))
	image := base + "/badge/" + slug + ".svg?style={style}&metric={metric}"
	return []snippet{
		d.snippet("markdown", "Markdown", "for a README", "[!["+web.Markdown(alt, 2*maxName)+"]("+image+")]("+page+")"),
		d.snippet("html", "HTML", "for a page", `<a href="`+html.EscapeString(page)+`"><img src="`+html.EscapeString(image)+
			`" alt="`+html.EscapeString(alt)+`" height="20"></a>`),
		d.snippet("image", "Image address", "SVG, at most a minute old", image),
		d.snippet("shields", "shields.io endpoint", "JSON for https://img.shields.io/endpoint?url=…",
			base+"/api/shields/"+slug+"?metric={metric}"),
	}
}

// braceless keeps a name from being taken for a choice of the template.
func braceless(name string) string { return strings.NewReplacer("{", "(", "}", ")").Replace(name) }

func (d *studio) scriptSnippets(base string) []snippet {
	slug, src := html.EscapeString(d.Row.Slug), html.EscapeString(base+"/embed.js")
	return []snippet{
		d.snippet("script", "Script", "once a page",
			`<div id="alivemcp-embed" data-server="`+slug+`" data-style="{widget}" data-theme="{theme}"></div>`+"\n"+
				`<script async src="`+src+`"></script>`),
		d.snippet("several", "Several on a page", "one script serves them all",
			`<span data-alivemcp data-server="`+slug+`" data-style="{widget}" data-theme="{theme}"></span>`),
		d.snippet("csp", "If your page has a Content-Security-Policy", "add this much",
			"script-src "+base+"; connect-src "+base),
	}
}
