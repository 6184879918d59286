package uptime_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const here uptime.EndpointKey = "ep_here"

// said is a listing of one registry.
func said(source uptime.SourceID, change ...func(*uptime.Listing)) uptime.Listing {
	l := uptime.Listing{Source: source, Name: "a/b", Version: "1.0.0", Transport: "streamable-http", Status: uptime.ListingActive, Endpoint: here}
	for _, c := range change {
		c(&l)
	}
	return l
}

func with(f func(l *uptime.Listing)) func(*uptime.Listing) { return f }

func TestCompareListings(t *testing.T) {
	gone := with(func(l *uptime.Listing) { l.Gone = time.Unix(1, 0) })
	deleted := with(func(l *uptime.Listing) { l.Status = uptime.ListingDeleted })
	deprecated := with(func(l *uptime.Listing) { l.Status = uptime.ListingDeprecated })
	walled := with(func(l *uptime.Listing) { l.Access = uptime.AccessWalled })
	open := with(func(l *uptime.Listing) { l.Access = uptime.AccessOpen })
	version := func(v string) func(*uptime.Listing) { return func(l *uptime.Listing) { l.Version = v } }
	name := func(v string) func(*uptime.Listing) { return func(l *uptime.Listing) { l.Name = v } }
	sibling := with(func(l *uptime.Listing) { l.Transport, l.Endpoint = "SSE", "ep_sibling" })
	well := uptime.LiveServer{State: uptime.Live, Version: "v1.0.0", Transport: uptime.StreamableHTTP, Access: uptime.AccessOpen}
	live := func(change func(*uptime.LiveServer)) *uptime.LiveServer {
		l := well
		change(&l)
		return &l
	}
	for what, c := range map[string]struct {
		signIn   bool
		listings []uptime.Listing
		live     *uptime.LiveServer
		want     string
	}{
		"all agree":                  {listings: []uptime.Listing{said("official"), said("docker", version("V1.0.0"), name("A/B"))}, live: &well},
		"nothing is known":           {listings: []uptime.Listing{said("official", version(""), name(""))}, live: &uptime.LiveServer{}},
		"not looked at":              {listings: []uptime.Listing{said("official", deprecated)}},
		"another version":            {listings: []uptime.Listing{said("official", version("2"))}, live: &well, want: "listed_version_differs info: 2 (Official MCP Registry) | v1.0.0"},
		"another transport":          {listings: []uptime.Listing{said("glama")}, live: live(func(l *uptime.LiveServer) { l.Transport = uptime.HTTPSSE }), want: "listed_transport_differs warn: Streamable HTTP (Glama) | HTTP+SSE"},
		"a word that means none":     {listings: []uptime.Listing{said("glama", func(l *uptime.Listing) { l.Transport = "carrier pigeon" })}, live: live(func(l *uptime.LiveServer) { l.Transport = uptime.HTTPSSE })},
		"two versions":               {listings: []uptime.Listing{said("official"), said("docker", version("0.9"))}, want: "listings_disagree/version info: 0.9 (Docker MCP Catalog), 1.0.0 (Official MCP Registry) | "},
		"two names":                  {listings: []uptime.Listing{said("official"), said("official", name("c/d"))}, want: "listings_disagree/name info: a/b (Official MCP Registry), c/d (Official MCP Registry) | "},
		"another transport's":        {listings: []uptime.Listing{said("official"), said("docker", sibling)}, live: &well, want: "listings_disagree/transport warn: HTTP+SSE (Docker MCP Catalog), Streamable HTTP (Official MCP Registry) | "},
		"one speaks of a sign-in":    {signIn: true, listings: []uptime.Listing{said("official", open), said("docker", walled)}, want: "listings_disagree/sign_in warn: a sign-in (Docker MCP Catalog), open to anyone (Official MCP Registry) | "},
		"a sign-in nobody lists":     {listings: []uptime.Listing{said("official")}, live: live(func(l *uptime.LiveServer) { l.Access = uptime.AccessCustom }), want: "sign_in_not_listed warn: nothing of a sign-in | a sign-in"},
		"a sign-in is listed":        {signIn: true, listings: []uptime.Listing{said("official", walled)}, live: live(func(l *uptime.LiveServer) { l.Access = uptime.AccessBroken })},
		"open all the same":          {signIn: true, listings: []uptime.Listing{said("official", walled)}, live: &well, want: "sign_in_listed_but_open info: a sign-in | open to anyone"},
		"open, and down":             {signIn: true, listings: []uptime.Listing{said("official", walled)}, live: live(func(l *uptime.LiveServer) { l.State = uptime.Down })},
		"deprecated":                 {listings: []uptime.Listing{said("official", deprecated), said("docker")}, live: &well, want: "listed_deprecated_alive info: deprecated (Official MCP Registry) | live"},
		"deprecated and down":        {listings: []uptime.Listing{said("official", deprecated)}, live: live(func(l *uptime.LiveServer) { l.State = uptime.Down })},
		"listed no more by one":      {listings: []uptime.Listing{said("official", gone), said("docker")}, live: &well, want: "delisted_alive info: no longer listed (Official MCP Registry) | live"},
		"taken down":                 {listings: []uptime.Listing{said("official", gone, deleted)}, live: &well, want: "delisted_alive warn: taken down (Official MCP Registry) | live"},
		"listed under another key":   {listings: []uptime.Listing{said("official", gone, name("x")), said("official")}, live: &well},
		"moved":                      {listings: []uptime.Listing{said("official")}, live: live(func(l *uptime.LiveServer) { l.Moved = "https://new.dev/mcp" }), want: "redirects_elsewhere warn: https://old.dev/mcp | https://new.dev/mcp"},
		"sent inside":                {listings: []uptime.Listing{said("official")}, live: live(func(l *uptime.LiveServer) { l.Moved, l.Refused = "https://new.dev/mcp", true }), want: "redirect_refused warn:  | an address that is not public"},
		"the tools of two others":    {listings: []uptime.Listing{said("official")}, live: live(func(l *uptime.LiveServer) { l.Tools, l.Twins, l.TwinCount = "sha256:1", []string{"c", "d"}, 9 }), want: "shared_catalogue info: c, d and 7 more | sha256:1"},
		"the order is that of words": {listings: []uptime.Listing{said("docker"), said("official", deprecated, version("3"))}, live: live(func(l *uptime.LiveServer) { l.Moved = "x" }), want: "redirects_elsewhere warn: https://old.dev/mcp | x; listed_version_differs info: 3 (Official MCP Registry) | v1.0.0; listings_disagree/version info: 1.0.0 (Docker MCP Catalog), 3 (Official MCP Registry) | ; listed_deprecated_alive info: deprecated (Official MCP Registry) | live"},
	} {
		e := &uptime.Endpoint{Key: here, URL: "https://old.dev/mcp", SignIn: c.signIn}
		for _, listings := range [][]uptime.Listing{c.listings, reversed(c.listings)} {
			found := uptime.CompareListings(e, listings, c.live)
			if diff := cmp.Diff(c.want, inShort(found)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", what, diff)
			}
			if !slices.IsSortedFunc(found, func(a, b uptime.ListingFinding) int { return place(a.ID) - place(b.ID) }) {
				t.Errorf("%s: not in the order of the ids: %v", what, found)
			}
		}
	}
}

func reversed(l []uptime.Listing) []uptime.Listing {
	l = slices.Clone(l)
	slices.Reverse(l)
	return l
}

func place(id uptime.ListingFindingID) int { return slices.Index(uptime.ListingFindingIDs(), id) }

func inShort(found []uptime.ListingFinding) string {
	var out []string
	for _, f := range found {
		about := ""
		if f.About != "" {
			about = "/" + f.About
		}
		out = append(out, fmt.Sprintf("%s%s %s: %s | %s", f.ID, about, f.Severity, f.Listed, f.Live))
	}
	return strings.Join(out, "; ")
}

// TestFindingsAreBounded: anybody can list an address a hundred times in a hundred
// versions.
func TestFindingsAreBounded(t *testing.T) {
	var listings []uptime.Listing
	for i := range 200 {
		long := fmt.Sprint(i, strings.Repeat("ü", 500))
		listings = append(listings, said(uptime.SourceID(fmt.Sprint("s", i%3)), func(l *uptime.Listing) { l.Version, l.Name = long, long }))
	}
	found := uptime.CompareListings(&uptime.Endpoint{Key: here}, listings, &uptime.LiveServer{State: uptime.Live, Version: "1"})
	if len(found) != 3 {
		t.Errorf("%d findings", len(found))
	}
	for _, f := range found {
		if len(f.Text) > 1000 || !strings.Contains(f.Text, "and 195 more") {
			t.Errorf("%d bytes: %s", len(f.Text), f.Text)
		}
	}
}

// TestDisagreement: gathered one by one, listings disagree on the same as together.
func TestDisagreement(t *testing.T) {
	var d uptime.Disagreement
	listings := []uptime.Listing{
		said("official"), said("docker", func(l *uptime.Listing) { l.Version, l.Transport = "v1.0.0", "SSE" }), said("glama", func(l *uptime.Listing) { l.Name, l.Version = "c", "" }),
	}
	for i := range listings {
		d.Add(&listings[i])
	}
	var together []string
	for _, f := range uptime.CompareListings(&uptime.Endpoint{Key: here}, listings, nil) {
		together = append(together, f.About)
	}
	if diff := cmp.Diff(together, d.About()); diff != "" || !slices.Equal(together, []string{"transport", "name"}) {
		t.Errorf("together %v, one by one %v", together, d.About())
	}
}

func TestEveryFindingHasATitle(t *testing.T) {
	for _, id := range uptime.ListingFindingIDs() {
		if id.Title() == string(id) {
			t.Errorf("%s has none", id)
		}
	}
}

// TestNobodySpeaksForARegistry: who said something is in brackets, which no stranger
// can put there.
func TestNobodySpeaksForARegistry(t *testing.T) {
	key := uptime.NewEndpointKey("https://a.dev/mcp", uptime.StreamableHTTP)
	e := uptime.Endpoint{Key: key, URL: "https://a.dev/mcp", Transport: uptime.StreamableHTTP}
	listings := []uptime.Listing{{Source: uptime.SourceGlama, Name: "a", Version: "2.0 (Official MCP Registry), 1.0", Endpoint: key}}
	live := uptime.LiveServer{State: uptime.Live, Version: "1.0; listed is 3.0 （Official MCP Registry）", Tools: "sha256:1", Twins: []string{"b (Docker MCP Catalog)"}, TwinCount: 1}
	found := uptime.CompareListings(&e, listings, &live)
	for _, f := range found {
		if strings.Contains(f.Text, "(Official") || strings.Contains(f.Text, "（") || strings.Contains(f.Text, "(Docker") {
			t.Errorf("%s: %s", f.ID, f.Text)
		}
	}
	if len(found) != 2 || !strings.Contains(found[0].Text, "1.0 (Glama)") {
		t.Errorf("found %+v", found)
	}
}
