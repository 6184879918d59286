package endpoint_test

import (
	"encoding/csv"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/alivemcp/alivemcp/internal/endpoint"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// official returns the listings of the official registry of 18 December 2025 that
// name an address (CC0).
func official(tb testing.TB) []uptime.Listing {
	tb.Helper()
	f, err := os.Open("testdata/official.csv")
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		tb.Fatal(err)
	}
	var out []uptime.Listing
	for _, r := range rows[1:] {
		out = append(out, uptime.Listing{Source: uptime.SourceID(r[1]), Key: r[0], Name: r[0], URL: r[2], Transport: r[3]})
	}
	return out
}

// TestRealListings counts what 636 real listings come to.
func TestRealListings(t *testing.T) {
	var s endpoint.Set
	listings := official(t)
	for i := range listings {
		s.Add(&listings[i])
	}
	kinds, platforms, services, counted := map[uptime.EndpointKind]int{}, map[string]int{}, map[string]int{}, 0
	for _, e := range s.All() {
		kinds[e.Kind]++
		platforms[e.Platform]++
		services[e.Service]++
		counted += e.Listings
	}
	if counted != len(listings) || counted != 636 {
		t.Errorf("the endpoints count %d listings of %d, want all 636", counted, len(listings))
	}
	if kinds[uptime.EndpointRemote] != 634 || kinds[uptime.EndpointTemplated] != 1 || len(kinds) != 2 {
		t.Errorf("the kinds are %v, want 1 templated and all others remote", kinds)
	}
	if platforms["smithery.ai"] != 212 {
		t.Errorf("smithery.ai has %d endpoints, want 212", platforms["smithery.ai"])
	}
	if services["agent.thoughtspot.app/bearer"] != 2 {
		t.Error("the two transports of agent.thoughtspot.app/bearer are not one service")
	}
}

// TestSet checks that an endpoint has what all its listings say together.
func TestSet(t *testing.T) {
	var s endpoint.Set
	for _, l := range []uptime.Listing{
		{URL: "https://a.b.dev/mcp"},
		{URL: "https://a.b.dev/mcp/", Transport: "http"},
		{URL: "https://A.b.dev/mcp/", Headers: []uptime.ListedHeader{{Name: "X-API-Key", Required: true, Secret: true}}},
		{URL: "https://a.b.dev/mcp/"},
		{URL: ""},
	} {
		s.Add(&l)
	}
	all := s.All()
	if len(all) != 1 || s.Len() != 1 {
		t.Fatalf("there are %+v, want one endpoint", all)
	}
	want := uptime.Endpoint{
		Key: all[0].Key, Kind: uptime.EndpointRemote, URL: "https://a.b.dev/mcp", Probe: "https://a.b.dev/mcp/", Transport: uptime.StreamableHTTP,
		Service: "a.b.dev", Host: "a.b.dev", Platform: "b.dev", SignIn: true, Listings: 4,
	}
	if all[0] != want {
		t.Errorf("the endpoint is\n%+v, want\n%+v", all[0], want)
	}
}

// TestStable checks of any address that its canonical form is its own canonical
// form, and that what is remote can be parsed.
func TestStable(t *testing.T) {
	words := rapid.SampledFrom([]string{
		"https://", "http://", "HTTPS://", "a.dev", "A.b.dev", "b\u00fccher.de", ":443", ":80", ":8080", "/", "//", "/mcp", "/sse", "/%6d", "/%2F", "/..", "/.",
		"?", "a=1", "&", "utm_x=1", "ref=2", "key=abc", "#x", "@", "u:p@", "{v}", "[X]", "%7Bx%7D", "sk-live_4eC39HqLyjWDarjtT1zdp7dc", " ", "\x00", "%", "[::1]",
	})
	rapid.Check(t, func(t *rapid.T) {
		raw := strings.Join(rapid.SliceOfN(words, 0, 8).Draw(t, "words"), "")
		if rapid.Bool().Draw(t, "an address") {
			raw = "https://a.dev" + raw
		}
		e := of(raw)
		if e.Kind != uptime.EndpointRemote {
			return
		}
		if again := of(e.URL); again.Key != e.Key || again.URL != e.URL {
			t.Fatalf("%q is %q, and that is %q", raw, e.URL, again.URL)
		}
		if u, err := url.Parse(e.URL); err != nil || u.User != nil || u.Fragment != "" || u.Host != e.Host {
			t.Fatalf("%q is %q (%+v), %v", raw, e.URL, u, err)
		}
		if dialled := of(e.Probe); dialled.Key != e.Key {
			t.Fatalf("%q is dialled at %q, which is %q", raw, e.Probe, dialled.URL)
		}
	})
}

// TestNoSecretStays plants a secret anywhere in any address.
func TestNoSecretStays(t *testing.T) {
	secrets := rapid.SampledFrom([]string{
		"sk-live_4eC39HqLyjWDarjtT1zdp7dc", "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "eyJhbGciOi.eyJzdWIiOiIx.c2lnbmF0dXJl", "AbCdEf0123456789AbCdEf0123456789xyz",
	})
	places := rapid.SampledFrom([]string{
		"https://%s@a.dev/mcp", "https://u:%s@a.dev/mcp", "https://a.dev/%s/mcp", "https://a.dev/mcp/%s", "https://a.dev/mcp?x=%s", "https://a.dev/mcp?a=1&token=%s",
		"https://a.dev/mcp#%s", "not an address/%s", "https://a.dev/{v}/%s", "https://a.dev/mcp?src=%s", "wss://a.dev/%s", "https://a b/%s",
	})
	rapid.Check(t, func(t *rapid.T) {
		secret := secrets.Draw(t, "secret")
		l := &uptime.Listing{URL: fmt.Sprintf(places.Draw(t, "place"), secret)}
		e := endpoint.Take(l)
		for _, kept := range []string{l.URL, e.URL, e.Probe, e.Service, e.Why, e.Host} {
			if strings.Contains(kept, secret) {
				t.Fatalf("the secret stays in %q", kept)
			}
		}
	})
}

func FuzzOf(f *testing.F) {
	for _, l := range official(f)[:50] {
		f.Add(l.URL, l.Transport)
	}
	f.Add("https://user@[::1]:443/%zz?{x}#", "ws")
	f.Fuzz(func(t *testing.T, raw, word string) {
		l := &uptime.Listing{URL: raw, Transport: word}
		e := endpoint.Take(l)
		if len(e.URL) > 8<<10 || len(l.URL) > 8<<10 {
			t.Errorf("%d bytes of an address are kept", len(e.URL))
		}
		if e.Kind == uptime.EndpointRemote && (e.Host == "" || e.Probe == "" || e.Platform == "") {
			t.Errorf("%q can be probed, but is %+v", raw, e)
		}
	})
}

// BenchmarkSet takes listings that repeat addresses in other forms.
func BenchmarkSet(b *testing.B) {
	listings := official(b)
	var s endpoint.Set
	b.ReportAllocs()
	for n := range b.N {
		l := listings[n%len(listings)]
		l.URL = strings.Replace(l.URL, "://", fmt.Sprintf("://n%d.", n%100_000), 1)
		s.Add(&l)
	}
}
