package statuspage_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/board/boardtest"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// incidentsOf returns the addresses of a server's incidents, newest first.
func incidentsOf(t *testing.T, b *boardtest.Board, slug string) []string {
	t.Helper()
	row, ok := b.Row(boardtest.Tenant, slug)
	if !ok {
		t.Fatalf("no server %s", slug)
	}
	all, err := b.Incidents(t.Context(), boardtest.Tenant, uptime.IncidentQuery{Server: row.Server})
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, i := range all {
		out = append(out, "/status/"+slug+"/incidents/"+string(i.ID))
	}
	return out
}

func TestIncidentPageTellsTheStory(t *testing.T) {
	b := boardtest.New(storyTime())
	h := server(t, b, nil)
	paths := incidentsOf(t, b, "payments-ledger")
	for path, want := range map[string][]string{
		paths[0]: {
			"It answers with a server error Open since 14:24 UTC", "Down for more than 15 min.", "Not resolved.", "We are rolling back.", "Where Frankfurt and London",
			"Time to detect 31 s", "Time to recover it lasts", "Went down", "It now fails in Frankfurt and London.", "Note by the operator", "after 9 min 31 s",
			"Evidence", "Shake hands initialize failed", "HTTP/1.1 503",
		},
		paths[1]: {"Resolved.", "Time to recover 7 min", "Works again", "Two good checks in a row."},
	} {
		got := words(page(t, h, path))
		for _, w := range want {
			if !strings.Contains(got, w) {
				t.Errorf("%s does not say %q:\n%s", path, w, got)
			}
		}
	}
}

func TestIncidentOfAnotherServerIsNotThere(t *testing.T) {
	b := boardtest.New(storyTime())
	h := server(t, b, nil)
	path := strings.Replace(incidentsOf(t, b, "payments-ledger")[0], "payments-ledger", "weather", 1)
	for _, path := range []string{path, "/status/weather/incidents/inc_0", "/status/none/incidents", "/status/none/incidents/inc_0", "/status/weather/drifts/drf_0"} {
		if w := ask(t, h, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)); w.Code != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", path, w.Code)
		}
	}
}

// crowded has 60 incidents, two at each moment.
type crowded struct{ *boardtest.Board }

func (c crowded) Incidents(_ context.Context, _ uptime.TenantID, q uptime.IncidentQuery) ([]uptime.Incident, error) {
	var out []uptime.Incident
	for i := range 60 {
		at := storyTime().Add(-time.Duration(i/2) * time.Hour)
		in := uptime.Incident{ID: uptime.IncidentID(fmt.Sprintf("inc_%02d", 99-i)), Server: q.Server, Opened: at, Recovered: at.Add(time.Minute), Closed: at.Add(2 * time.Minute), Failure: uptime.Failure{Cause: uptime.BadJSON}}
		seen := !q.Before.IsZero() && (in.Opened.After(q.Before) || in.Opened.Equal(q.Before) && in.ID >= q.BeforeID)
		if !seen && len(out) < q.Limit {
			out = append(out, in)
		}
	}
	return out, nil
}

func TestIncidentsArePaged(t *testing.T) {
	h := server(t, crowded{boardtest.New(storyTime())}, nil)
	var seen []string
	link := regexp.MustCompile(`/incidents/(inc_\d+)`)
	next := regexp.MustCompile(`<a rel="next" href="([^"]+)"`)
	path := "/status/weather/incidents"
	for n := 0; path != "" && n < 5; n++ {
		body := page(t, h, path)
		for _, m := range link.FindAllStringSubmatch(body, -1) {
			seen = append(seen, m[1])
		}
		path = ""
		if m := next.FindStringSubmatch(body); m != nil {
			path = m[1]
		}
	}
	if len(seen) != 60 || len(slices.Compact(slices.Sorted(slices.Values(seen)))) != 60 {
		t.Errorf("%d incidents were shown, want each of 60 once", len(seen))
	}
	for _, bad := range []string{"x", "1", "1." + strings.Repeat("a", 100)} {
		if w := ask(t, h, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/status/weather/incidents?after="+bad, nil)); w.Code != http.StatusBadRequest {
			t.Errorf("after=%s: status %d", bad, w.Code)
		}
	}
}

func TestDriftPageIsReadable(t *testing.T) {
	b := boardtest.New(storyTime())
	h := server(t, b, nil)
	row, _ := b.Row(boardtest.Tenant, "crm-contacts")
	body := page(t, h, "/status/crm-contacts/drifts/"+string(row.OpenDrift.ID))
	said := words(body)
	for _, want := range []string{
		"breaking", "Open. Nobody has accepted", "An agent that pinned the contract before this change fails on these.",
		`tool "delete_contact" was removed`, `parameter "account_id" was added and is required`, "delete_contact removed", "merge_contacts added", "search_contacts changed",
		"equal lines left out", "979 bytes",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, want := range []string{"<del>200</del>", "<ins>50</ins>", `<span class="sr">changed</span>`, `<span class="sr">removed</span>`} {
		if !strings.Contains(body, want) {
			t.Errorf("the page does not mark %q", want)
		}
	}
	if strings.Contains(said, "Accept as the new baseline") {
		t.Error("a stranger is offered to accept")
	}
}

func TestAcceptedDriftSaysSo(t *testing.T) {
	b := boardtest.New(storyTime())
	row, _ := b.Row(boardtest.Tenant, "vectors")
	said := words(page(t, server(t, b, nil), "/status/vectors/drifts/"+string(row.Drift.ID)))
	for _, want := range []string{"Accepted. The new contract is the baseline, says the operator", "announced in the release notes", "Nothing: an agent that pinned"} {
		if !strings.Contains(said, want) {
			t.Errorf("the page does not say %q:\n%s", want, said)
		}
	}
}
