package feed_test

import (
	"context"
	"encoding/xml"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/board/boardtest"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

type feedText struct {
	Type string `xml:"type,attr"`
	Text string `xml:",chardata"`
}

type feedLink struct {
	Rel  string `xml:"rel,attr"`
	Href string `xml:"href,attr"`
}

type document struct {
	XMLName xml.Name   `xml:"http://www.w3.org/2005/Atom feed"`
	ID      string     `xml:"id"`
	Title   feedText   `xml:"title"`
	Updated time.Time  `xml:"updated"`
	Author  string     `xml:"author>name"`
	Links   []feedLink `xml:"link"`
	Entries []struct {
		ID        string    `xml:"id"`
		Title     feedText  `xml:"title"`
		Published time.Time `xml:"published"`
		Updated   time.Time `xml:"updated"`
		Link      feedLink  `xml:"link"`
		Content   feedText  `xml:"content"`
		Category  struct {
			Term string `xml:"term,attr"`
		} `xml:"category"`
	} `xml:"entry"`
}

func (s surface) feed(t *testing.T, target string) document {
	t.Helper()
	w := s.Get(t, target)
	if got := w.Header().Get("Content-Type"); got != "application/atom+xml; charset=utf-8" {
		t.Errorf("%s: Content-Type = %q", target, got)
	}
	var f document
	if err := xml.Unmarshal(w.Body.Bytes(), &f); err != nil {
		t.Fatalf("%s: %v", target, err)
	}
	return f
}

// What RFC 4287 demands of every feed.
func TestFeedsAreValid(t *testing.T) {
	s := newSurface(t)
	targets := []string{"/feed.atom"}
	for _, row := range s.List(boardtest.Tenant, board.Query{}).Rows {
		targets = append(targets, "/status/"+row.Slug+"/feed.atom")
	}
	tag := regexp.MustCompile(`^tag:status\.example\.com,2026:[\w#/-]+$`)
	for _, target := range targets {
		f := s.feed(t, target)
		if !tag.MatchString(f.ID) || f.Author == "" || f.Title.Type != "text" || f.Updated.IsZero() {
			t.Errorf("%s: %+v", target, f)
		}
		if len(f.Links) == 0 || f.Links[0] != (feedLink{"self", surfaceBase + target}) {
			t.Errorf("%s: links %v", target, f.Links)
		}
		seen := map[string]bool{}
		for _, e := range f.Entries {
			if !tag.MatchString(e.ID) || seen[e.ID] {
				t.Errorf("%s: id %q is no tag or not unique", target, e.ID)
			}
			seen[e.ID] = true
			if e.Title.Type != "text" || e.Content.Type != "text" || e.Title.Text == "" || e.Updated.Before(e.Published) || e.Updated.After(f.Updated) ||
				!strings.HasPrefix(e.Link.Href, surfaceBase+"/") {
				t.Errorf("%s: %+v", target, e)
			}
		}
	}
}

func TestFeedTellsIncidentsAndDrifts(t *testing.T) {
	s := newSurface(t)
	var ledger []string
	for _, e := range s.feed(t, "/status/payments-ledger/feed.atom").Entries {
		ledger = append(ledger, e.Category.Term+": "+e.Title.Text)
	}
	want := []string{
		"opened: Payments ledger went down",
		"resolved: Payments ledger works again after 7 min",
		"opened: Payments ledger went down",
		"resolved: Payments ledger works again after 26 min",
		"opened: Payments ledger went down",
	}
	if diff := cmp.Diff(want, ledger); diff != "" {
		t.Errorf("incidents (-want +got):\n%s", diff)
	}
	drifts := s.feed(t, "/status/crm-contacts/feed.atom").Entries
	if len(drifts) != 1 || drifts[0].Title.Text != "CRM contacts: breaking change of its tools" ||
		!strings.HasPrefix(drifts[0].Content.Text, "search_contacts needs account_id now") {
		t.Errorf("drifts: %+v", drifts)
	}
	accepted := s.feed(t, "/status/vectors/feed.atom").Entries
	if len(accepted) != 1 || !accepted[0].Updated.After(accepted[0].Published) {
		t.Errorf("an accepted drift: %+v", accepted)
	}
}

func TestFeedOfAllIsBoundedAndNewestFirst(t *testing.T) {
	entries := newSurface(t).feed(t, "/feed.atom").Entries
	if len(entries) == 0 || len(entries) > 50 {
		t.Errorf("%d entries", len(entries))
	}
	for i := 1; i < len(entries); i++ {
		if entries[i].Published.After(entries[i-1].Published) {
			t.Errorf("entry %d is newer than the one before", i)
		}
	}
}

// An open incident keeps its id when it ends, and its end gets its own.
func TestFeedIdsAreStable(t *testing.T) {
	s := newSurface(t)
	before := s.feed(t, "/feed.atom")
	if diff := cmp.Diff(before, newSurface(t).feed(t, "/feed.atom")); diff != "" {
		t.Errorf("the same records make another feed:\n%s", diff)
	}
	if s.feed(t, "/status/payments-ledger/feed.atom").Entries[0].ID == s.feed(t, "/status/payments-ledger/feed.atom").Entries[1].ID {
		t.Error("two events share an id")
	}
}

func TestFeedNotModified(t *testing.T) {
	s := newSurface(t)
	for _, target := range []string{"/feed.atom", "/status/weather/feed.atom", "/status/meeting-notes/feed.atom"} {
		tag := s.Get(t, target).Header().Get("ETag")
		s.Change(t, "weather", func(r *board.Row) { r.LastProbe = r.LastProbe.Add(time.Minute) })
		if w := s.Ask(t, http.MethodGet, target, "If-None-Match", tag); w.Code != http.StatusNotModified {
			t.Errorf("%s = %d although nothing happened", target, w.Code)
		}
	}
	if w := s.Ask(t, http.MethodGet, "/status/nobody/feed.atom"); w.Code != http.StatusNotFound {
		t.Errorf("the feed of nobody = %d", w.Code)
	}
}

// FuzzFeedNames puts any text where other people's text goes.
func FuzzFeedNames(f *testing.F) {
	for _, seed := range []string{"Weather", "]]><script>", "\x00\x0b\ufffe", "\xff\xfe", "&#x0;<!--", "\u202egnorw"} {
		f.Add(seed)
	}
	b, text := boardtest.New(surfaceNow()), new(string)
	s := surfaceOf(f, b, renamed{b, text})
	f.Fuzz(func(t *testing.T, hostile string) {
		*text = hostile
		if got := len(s.feed(t, "/status/crm-contacts/feed.atom").Entries); got != 1 {
			t.Errorf("%q made %d entries", hostile, got)
		}
	})
}

// renamed is a board whose texts are all the same one.
type renamed struct {
	*boardtest.Board
	text *string
}

func (r renamed) Row(tenant uptime.TenantID, slug string) (*board.Row, bool) {
	row, ok := r.Board.Row(tenant, slug)
	if !ok {
		return nil, false
	}
	named := *row
	named.Name, named.Description, named.Group, named.URL = *r.text, *r.text, *r.text, *r.text
	return &named, true
}

func (r renamed) Drifts(ctx context.Context, tenant uptime.TenantID, q uptime.DriftQuery) ([]uptime.Drift, error) {
	drifts, err := r.Board.Drifts(ctx, tenant, q)
	for i := range drifts {
		drifts[i].Summary, drifts[i].Note = *r.text, *r.text
	}
	return drifts, err
}

func (r renamed) View(ctx context.Context, tenant uptime.TenantID, slug string) (board.View, error) {
	v, err := r.Board.View(ctx, tenant, slug)
	if err != nil {
		return v, err
	}
	v.Row, _ = r.Row(tenant, slug)
	v.Drifts, err = r.Drifts(ctx, tenant, uptime.DriftQuery{Server: v.Server})
	v.Windows = []uptime.Window{{Name: *r.text, Text: *r.text}}
	v.Incidents = []uptime.Incident{{ID: "inc_0", Note: *r.text}}
	return v, err
}
