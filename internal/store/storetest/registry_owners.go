package storetest

import (
	"slices"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// testOwnersFile has a file say that nothing of a host is to be probed, and take back
// what it said and nothing else.
func testOwnersFile(h *house) {
	t := h.t
	h.crawl(t, crawled("official", 100), of("mail", "https://a.example.dev/1"), of("file", "https://a.example.dev/2"), of("both", "https://a.example.dev/3"))
	key := func(url string) uptime.EndpointKey {
		_, e := listing("", url)
		return e.Key
	}
	mail, file, both := key("https://a.example.dev/1"), key("https://a.example.dev/2"), key("https://a.example.dev/3")
	who := uptime.AuditEntry{Tenant: acme, At: Now(), By: "owner", Action: "endpoint.optout"}
	says := uptime.OwnersFile{Origin: "https://a.example.dev", Asked: at(90), Optout: true}
	noError(t, h.SetOptout(t.Context(), mail, true, who))
	changed, err := h.NoteOwners(t.Context(), says, []uptime.EndpointKey{mail, file, both, "ep_none"}, who)
	noError(t, err)
	if len(changed) != 2 {
		t.Errorf("%v opted out by the file, want the two that had not", changed)
	}
	noError(t, h.SetOptout(t.Context(), both, true, who))
	says.Asked, says.Missing = at(80), at(80)
	_, err = h.NoteOwners(t.Context(), says, nil, who)
	noError(t, err)
	h.restart(t)
	files, err := h.OwnersFiles(t.Context())
	noError(t, err)
	same(t, "what owners said", files, []uptime.OwnersFile{says})
	says.Optout, says.Missing = false, at(0)
	who.Action = "endpoint.optin"
	changed, err = h.NoteOwners(t.Context(), says, nil, who)
	noError(t, err)
	same(t, "what is probed again", changed, []uptime.EndpointKey{file})
	for key, want := range map[uptime.EndpointKey]bool{mail: true, file: false, both: true} {
		if e, err := h.Endpoint(t.Context(), key); err != nil || e.Optout != want {
			t.Errorf("%s opted out: %t, %v; want %t", e.URL, e.Optout, err, want)
		}
	}
	log, err := h.Audit(t.Context(), acme, 10)
	noError(t, err)
	if len(log) != 5 || log[0].Action != "endpoint.optin" || log[0].Object != string(file) {
		t.Errorf("the log says %+v, want who opted out and in", log)
	}
	noError(t, h.SweepListings(t.Context(), at(70)))
	files, err = h.OwnersFiles(t.Context())
	noError(t, err)
	same(t, "what is remembered of hosts that do not mind", files, []uptime.OwnersFile{})
}

// testBestListings chooses who names an endpoint for people.
func testBestListings(h *house) {
	t := h.t
	titled := func(l *uptime.Listing, _ *uptime.Endpoint) { l.Title = "A title" }
	h.crawl(t, crawled("official", 100), of("old", "https://a.example.dev/mcp"), of("gone", "https://b.example.dev/mcp", titled), of("plain", "https://c.example.dev/mcp"))
	h.crawl(t, crawled("official", 90), of("old", "https://a.example.dev/mcp"), of("b", "https://b.example.dev/mcp"), of("a", "https://b.example.dev/mcp"),
		of("plain", "https://c.example.dev/mcp"), of("titled", "https://c.example.dev/mcp", titled))
	h.crawl(t, crawled("other", 80), of("young", "https://a.example.dev/mcp"), of("other", "https://d.example.dev/mcp"))
	var wanted []uptime.EndpointKey
	for _, url := range []string{"https://a.example.dev/mcp", "https://b.example.dev/mcp", "https://c.example.dev/mcp", "https://none.example.dev/mcp"} {
		_, e := listing("", url)
		wanted = append(wanted, e.Key)
	}
	found, err := h.BestListings(t.Context(), wanted)
	noError(t, err)
	slices.SortFunc(found, func(a, b uptime.Listing) int { return strings.Compare(a.URL, b.URL) })
	var names []string
	for _, l := range found {
		names = append(names, l.Name)
	}
	same(t, "who names them", names, []string{"old", "a", "titled"})
	_, err = h.BestListings(t.Context(), make([]uptime.EndpointKey, 1001))
	wantError(t, "too many at once", err, uptime.ErrInvalid)
}
