package statuspage_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/board/boardtest"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// acked is a board whose incidents were acknowledged.
type acked struct{ *boardtest.Board }

func (a acked) Incident(ctx context.Context, tenant uptime.TenantID, id uptime.IncidentID) (board.IncidentView, error) {
	v, err := a.Board.Incident(ctx, tenant, id)
	v.Events = append(slices.Clone(v.Events), uptime.IncidentEvent{Incident: id, At: v.Opened.Add(4 * time.Minute), Kind: uptime.IncidentAcked, Text: "Dana acknowledged by pager", By: "Robin"})
	return v, err
}

// careful checks what answers to addresses with tokens must be.
func careful(t *testing.T, path string, w *httptest.ResponseRecorder) {
	t.Helper()
	h := w.Header()
	if h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cache-Control") != "no-store" || !strings.Contains(h.Get("X-Robots-Tag"), "noindex") || h.Get("Set-Cookie") != "" {
		t.Errorf("%.60s: headers %v", path, h)
	}
}

func TestSignedLinksShowBeforeTheyAct(t *testing.T) {
	a := withAlarms(t)
	for _, token := range []string{"ack", "silence"} {
		w := a.do(http.MethodGet, "/a/"+token, nil)
		careful(t, token, w)
		said := words(w.Body.String())
		for _, want := range []string{"Payments ledger is down", "Three checks in a row failed.", "Acknowledge", "1 hour 4 hours 24 hours", "Nothing happens before you press a button.", "expires in 20 h"} {
			if !strings.Contains(said, want) {
				t.Errorf("/a/%s does not say %q: %s", token, want, said)
			}
		}
	}
	a.do(http.MethodHead, "/a/ack", nil)
	if len(a.desk.Done()) != 0 {
		t.Errorf("looking did %q", a.desk.Done())
	}
}

func TestSignedLinksAct(t *testing.T) {
	a := withAlarms(t)
	a.site = "cross-site" // whoever holds the token may
	w := a.do(http.MethodPost, "/a/ack", url.Values{"do": {"ack"}})
	careful(t, "/a/ack", w)
	if said := words(w.Body.String()); w.Code != http.StatusOK || !strings.Contains(said, "Acknowledged. Nobody else is woken for this.") || !strings.Contains(said, "Acknowledged by a link of on-call") {
		t.Errorf("status %d: %s", w.Code, said)
	}
	w = a.do(http.MethodPost, "/a/silence", url.Values{"do": {"4h"}})
	if said := words(w.Body.String()); w.Code != http.StatusOK || !strings.Contains(said, "Silenced for 4 hours, until 19:07 UTC.") {
		t.Errorf("status %d: %s", w.Code, said)
	}
	want := []string{"acknowledge " + string(a.key) + " by a link of on-call: ", "silence [] [] " + string(a.key) + " for 4h0m0s by a link of on-call: "}
	if !slices.Equal(a.desk.Done(), want) {
		t.Errorf("done %q, want %q", a.desk.Done(), want)
	}
	a.desk.Resolve()
	if said := words(a.do(http.MethodGet, "/a/ack", nil).Body.String()); !strings.Contains(said, "It is over; there is nothing to do.") || strings.Contains(said, "4 hours") {
		t.Errorf("after the outage: %s", said)
	}
}

func TestWrongLinksAreFriendly(t *testing.T) {
	a := withAlarms(t)
	for token, want := range map[string]int{
		"nonsense": 404, "foreign": 404, "forgotten": 404, "old": 410, "stale": 410, strings.Repeat("x", 1025): 404,
	} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			w := a.do(method, "/a/"+token, url.Values{"do": {"ack"}})
			careful(t, token, w)
			if said := words(w.Body.String()); w.Code != want || !strings.Contains(said, "This link") || !strings.Contains(said, "See the status page") {
				t.Errorf("%s %.20s: status %d, want %d: %s", method, token, w.Code, want, said)
			}
		}
	}
	for _, do := range []string{"", "48h", "explode"} {
		if w := a.do(http.MethodPost, "/a/ack", url.Values{"do": {do}}); w.Code != http.StatusBadRequest {
			t.Errorf("do=%q: status %d", do, w.Code)
		}
	}
	if len(a.desk.Done()) != 0 {
		t.Errorf("done all the same: %q", a.desk.Done())
	}
}

func TestSubscribe(t *testing.T) {
	a := withAlarms(t)
	for _, path := range []string{"/", "/status/weather"} {
		a.says(path, "Be told", "By webhook", "Atom feed")
	}
	a.says("/subscribe?server=weather", "Be told when Weather goes down", "E-mail address", "Subscribe to all servers")
	w := a.do(http.MethodPost, "/subscribe", url.Values{"kind": {"email"}, "address": {" Me+x@Example.COM "}, "server": {"weather", "maps"}})
	if w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/subscribe/sent?kind=email" {
		t.Fatalf("status %d to %s: %s", w.Code, w.Header().Get("Location"), words(w.Body.String()))
	}
	a.says("/subscribe/sent?kind=email", "Look into your mailbox")
	w = a.do(http.MethodPost, "/subscribe", url.Values{"kind": {"webhook"}, "address": {"https://hooks.example.com/a?b=c"}})
	if w.Code != http.StatusSeeOther {
		t.Errorf("status %d", w.Code)
	}
	if want := []string{"subscribe email Me+x@example.com [weather maps]", "subscribe webhook https://hooks.example.com/a?b=c []"}; !slices.Equal(a.readers.Done(), want) {
		t.Errorf("done %q, want %q", a.readers.Done(), want)
	}
}

func TestSubscribeRefusesWhatIsNoAddress(t *testing.T) {
	bad := map[string][]string{
		"email": {
			"", "me", "me@localhost", "Me <me@example.com>", "me@example.com\r\nBcc: you@example.com", `"a b"@example.com`, "a@b@example.com", "me@-x.example", "me@ex\u00e4mple.com",
			"me@example.com,you@example.com", strings.Repeat("x", 65) + "@example.com", "me@" + strings.Repeat("x", 64) + ".com", "me@" + strings.Repeat("x.", 200) + "com", "me@[192.0.2.1]", "me@refused.example",
		},
		"webhook": {
			"", "example.com", "http://example.com/", "https://localhost/", "https://u:p@example.com/", "https://example.com/#x", "https://[::1]/", "javascript:alert(1)",
			"https://exam ple.com/", "https://example.com/" + strings.Repeat("x", 1000),
		},
	}
	for kind, all := range bad {
		for _, address := range all {
			a := withAlarms(t)
			w := a.do(http.MethodPost, "/subscribe", url.Values{"kind": {kind}, "address": {address}})
			if w.Code != http.StatusBadRequest || len(a.readers.Done()) != 0 {
				t.Errorf("%s %.40q: status %d, done %q", kind, address, w.Code, a.readers.Done())
			}
		}
	}
	a := withAlarms(t)
	for _, form := range []url.Values{{"kind": {"fax"}}, {"server": make([]string, 51)}} {
		if w := a.do(http.MethodPost, "/subscribe", form); w.Code != http.StatusBadRequest {
			t.Errorf("%.40v: status %d", form, w.Code)
		}
	}
	if w := a.do(http.MethodPost, "/subscribe", url.Values{"address": {"me@example.com"}, "server": {"nobody"}}); w.Code != http.StatusNotFound {
		t.Errorf("an unknown server: status %d", w.Code)
	}
	a.site = "cross-site"
	if w := a.do(http.MethodPost, "/subscribe", url.Values{"address": {"me@example.com"}}); w.Code != http.StatusForbidden {
		t.Errorf("from another site: status %d", w.Code)
	}
}

// TestSubscribeIsLimited: an address is written to three times at most, and
// whoever asks cannot tell; a client is told that it asks too often.
func TestSubscribeIsLimited(t *testing.T) {
	a := withAlarms(t)
	post := func(address string) *httptest.ResponseRecorder {
		return a.do(http.MethodPost, "/subscribe", url.Values{"address": {address}})
	}
	for n := range 5 {
		if w := post("me@example.com"); w.Code != http.StatusSeeOther {
			t.Errorf("try %d: status %d", n, w.Code)
		}
	}
	if n := len(a.readers.Done()); n != 3 {
		t.Errorf("written to %d times, want 3", n)
	}
	for n := range 5 {
		post(fmt.Sprintf("me%d@example.com", n))
	}
	if w := post("you@example.com"); w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") != "31" {
		t.Errorf("the eleventh: status %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	a.now = a.now.Add(31 * time.Second)
	if w := post("you@example.com"); w.Code != http.StatusSeeOther {
		t.Errorf("half a minute later: status %d", w.Code)
	}
	a.now = a.now.Add(2 * time.Hour)
	before := len(a.readers.Done())
	for range 5 {
		post("me@example.com")
	}
	if n := len(a.readers.Done()) - before; n != 2 {
		t.Errorf("two hours later written to %d times, want 2", n)
	}
}

func TestConfirmAndLeave(t *testing.T) {
	a := withAlarms(t)
	a.do(http.MethodPost, "/subscribe", url.Values{"kind": {"webhook"}, "address": {"https://hooks.example.com/secret-path"}, "server": {"weather"}})
	before := len(a.readers.Done())
	for path, want := range map[string]string{"/subscribe/confirm/confirm-0": "Yes, tell me", "/unsubscribe/leave-0": "One click and nothing more is sent."} {
		w := a.do(http.MethodGet, path, nil)
		careful(t, path, w)
		said := words(w.Body.String())
		if !strings.Contains(said, want) || !strings.Contains(said, "a webhook at hooks.example.com About Weather") || strings.Contains(said, "secret-path") || strings.Contains(said, "whsec_") {
			t.Errorf("%s: %s", path, said)
		}
	}
	if len(a.readers.Done()) != before {
		t.Errorf("looking did %q", a.readers.Done())
	}
	w := a.do(http.MethodPost, "/subscribe/confirm/confirm-0", nil)
	careful(t, "confirm", w)
	if said := words(w.Body.String()); w.Code != http.StatusOK || !strings.Contains(said, "You are subscribed") || !strings.Contains(said, "whsec_") {
		t.Errorf("confirming: status %d: %s", w.Code, said)
	}
	if body := a.do(http.MethodPost, "/subscribe/confirm/confirm-0", nil).Body.String(); strings.Contains(body, "whsec_") || !strings.Contains(body, "You are subscribed") {
		t.Error("the key is shown a second time, or confirming twice fails")
	}
	// A mail program, from anywhere, without cookies (RFC 8058).
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/unsubscribe/leave-0", strings.NewReader("List-Unsubscribe=One-Click"))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w = httptest.NewRecorder()
	a.h.ServeHTTP(w, r)
	careful(t, "unsubscribe", w)
	if w.Code != http.StatusOK || !strings.Contains(words(w.Body.String()), "You are unsubscribed") {
		t.Errorf("one click: status %d", w.Code)
	}
	if got := a.readers.Done(); !slices.Equal(got[before:], []string{"confirm sub_0", "confirm sub_0", "unsubscribe"}) {
		t.Errorf("done %q", got)
	}
}

func TestSubscribersTokensAreNotMixed(t *testing.T) {
	a := withAlarms(t)
	a.do(http.MethodPost, "/subscribe", url.Values{"address": {"me@example.com"}})
	for _, path := range []string{"/subscribe/confirm/leave-0", "/unsubscribe/confirm-0", "/unsubscribe/x", "/subscribe/confirm/" + strings.Repeat("x", 2000)} {
		w := a.do(http.MethodPost, path, nil)
		careful(t, path, w)
		if w.Code != http.StatusNotFound || !strings.Contains(words(w.Body.String()), "This link does not work") {
			t.Errorf("%.40s: status %d", path, w.Code)
		}
	}
	if n := len(a.readers.Done()); n != 1 {
		t.Errorf("done %q", a.readers.Done())
	}
}

// A slip in a form is said above the form, which keeps what was filled in.
func TestSilenceOfAServerThatIsNotThere(t *testing.T) {
	a := withAlarms(t)
	a.signIn()
	w := a.do(http.MethodPost, "/operator/silences", url.Values{"scope": {"servers"}, "servers": {"nowhere"}, "lasts": {"1h"}, "note": {"we move"}})
	if body := w.Body.String(); w.Code != http.StatusNotFound || !strings.Contains(words(body), `There is no server "nowhere".`) || !strings.Contains(body, "we move") {
		t.Errorf("status %d: %s", w.Code, words(body))
	}
}

// An address can be made by anybody: it says nothing of a sink that is not there.
func TestDoneSpeaksOfOurSinksAlone(t *testing.T) {
	a := withAlarms(t)
	a.signIn()
	w := a.do(http.MethodGet, "/operator/sinks?did=prove&sink=Call+0900+123+to+go+on", nil)
	if strings.Contains(words(w.Body.String()), "0900") {
		t.Errorf("it says: %s", words(w.Body.String()))
	}
}
