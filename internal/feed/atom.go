package feed

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/web"
)

// maxEntries bounds a feed. Readers ask often and keep what they saw.
const maxEntries = 50

// atomFeed is a feed document (RFC 4287).
type atomFeed struct {
	XMLName   xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	ID        string      `xml:"id"`
	Title     atomText    `xml:"title"`
	Subtitle  *atomText   `xml:"subtitle"`
	Updated   string      `xml:"updated"`
	Author    atomPerson  `xml:"author"`
	Generator string      `xml:"generator"`
	Links     []atomLink  `xml:"link"`
	Entries   []atomEntry `xml:"entry"`
}

// atomText is always plain text: whatever it holds stays inert in any reader.
type atomText struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

type atomPerson struct {
	Name string `xml:"name"`
}

type atomLink struct {
	Rel  string `xml:"rel,attr"`
	Type string `xml:"type,attr"`
	Href string `xml:"href,attr"`
}

type atomEntry struct {
	ID        string       `xml:"id"`
	Title     atomText     `xml:"title"`
	Published string       `xml:"published"`
	Updated   string       `xml:"updated"`
	Category  atomCategory `xml:"category"`
	Link      atomLink     `xml:"link"`
	Content   atomText     `xml:"content"`
}

type atomCategory struct {
	Term string `xml:"term,attr"`
}

// event is one thing that happened, as feeds tell it.
type event struct {
	kind, id    string // together never used again
	at, updated time.Time
	title, text string
	path        string
}

func plainText(s string) atomText { return atomText{Type: "text", Text: s} }

func atomTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// tagURI names a thing for ever (RFC 4151), as long as the site keeps its host.
func tagURI(base, thing string) string {
	host := "localhost"
	if u, err := url.Parse(base); err == nil && u.Hostname() != "" {
		host = u.Hostname()
	}
	return "tag:" + strings.ToLower(host) + ",2026:" + thing
}

// entries are the newest events, newest first.
func entries(base string, events []event) []atomEntry {
	slices.SortStableFunc(events, func(a, b event) int { return b.at.Compare(a.at) })
	out := make([]atomEntry, 0, min(len(events), maxEntries))
	for _, e := range events[:min(len(events), maxEntries)] {
		out = append(out, atomEntry{
			ID: tagURI(base, e.id+"/"+e.kind), Title: plainText(e.title),
			Published: atomTime(e.at), Updated: atomTime(e.updated), Category: atomCategory{Term: e.kind},
			Link:    atomLink{Rel: "alternate", Type: "text/html", Href: base + e.path},
			Content: plainText(e.text),
		})
	}
	return out
}

// newest is when the feed changed last; the floor when it is empty.
func newest(events []event, floor time.Time) time.Time {
	for _, e := range events {
		if e.updated.After(floor) {
			floor = e.updated
		}
	}
	return floor
}

// sendFeed answers with a feed of the events. The path is the feed's own, page
// the path of what people read instead.
func (f *feeds) sendFeed(w http.ResponseWriter, r *http.Request, a atomFeed, path, page string, events []event) error {
	base := f.base(r)
	a.Author, a.Generator = atomPerson{Name: f.Name}, "AliveMCP"
	a.ID = tagURI(base, strings.TrimPrefix(page, "/")+"#feed")
	a.Updated = atomTime(newest(events, time.Unix(0, 0)))
	a.Links = []atomLink{
		{Rel: "self", Type: atomType, Href: base + path},
		{Rel: "alternate", Type: "text/html", Href: base + page},
	}
	a.Entries = entries(base, events)
	body, err := xml.Marshal(a)
	if err != nil {
		return fmt.Errorf("encoding the feed %s: %w", path, err)
	}
	web.Embeddable(w)
	body = append([]byte(xml.Header), append(body, '\n')...)
	return web.Send(w, r, web.Content{Type: atomType + "; charset=utf-8", Cache: web.CacheMinute, Body: body})
}

const atomType = "application/atom+xml"
