package drill_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/smtp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/drill"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func scene(t *testing.T, kind drill.Kind) *drill.Scene {
	t.Helper()
	s, err := drill.SceneOf(kind, "default")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestJudge holds the judge against what can go wrong on the way of a notice.
func TestJudge(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	s := scene(t, drill.Single)
	type arrivals = []drill.Arrival
	for _, tc := range []struct {
		name   string
		change func(opens, closes arrivals) (arrivals, arrivals)
		want   []string
	}{
		{"all is well", func(a, b arrivals) (arrivals, arrivals) { return a, b }, []string{}},
		{"one is missing", func(a, b arrivals) (arrivals, arrivals) { return a[:2], b[:2] }, []string{
			"alert.triggered P1 at shop/mail: it did not arrive within 10s", "alert.resolved P1 at shop/mail: it did not arrive within 10s",
		}},
		{"one comes twice", func(a, b arrivals) (arrivals, arrivals) { return append(a, a[0]), b }, []string{
			"unexpected: alert.triggered P1 at shop/team about cart (inc_cart)",
		}},
		{"one is late", func(a, b arrivals) (arrivals, arrivals) {
			a[1].At = from.Add(12 * time.Second)
			return a, b
		}, []string{"alert.triggered P1 at shop/pager about cart: it arrived after 12.0 s, 2.0 s too late"}},
		{"another tenant is told", func(a, b arrivals) (arrivals, arrivals) {
			foreign := a[0]
			foreign.Tenant = "bakery"
			return append(a, foreign), b
		}, []string{"unexpected: alert.triggered P1 at bakery/team about cart (inc_cart)"}},
		{"the end has another key", func(a, b arrivals) (arrivals, arrivals) {
			b[0].Key = "inc_other"
			return a, b
		}, []string{"alert.resolved P1 at shop/team about cart: it did not arrive within 10s", "unexpected: alert.resolved P1 at shop/team about cart (inc_other)"}},
		{"the sinks have two keys", func(a, b arrivals) (arrivals, arrivals) {
			a[1].Key, b[1].Key = "inc_other", "inc_other"
			return a, b
		}, []string{
			"alert.triggered P1 at shop/pager about cart: it did not arrive within 10s", "unexpected: alert.triggered P1 at shop/pager about cart (inc_other)",
			"alert.resolved P1 at shop/pager about cart: it did not arrive within 10s", "unexpected: alert.resolved P1 at shop/pager about cart (inc_other)",
		}},
		{"it is less urgent, and about another server", func(a, b arrivals) (arrivals, arrivals) {
			a[0].Severity, a[1].Servers = "P2", []string{"search"}
			return a, b[2:]
		}, []string{
			"alert.triggered P1 at shop/team about cart: it did not arrive within 10s", "alert.triggered P1 at shop/pager about cart: it did not arrive within 10s",
			"unexpected: alert.triggered P2 at shop/team about cart (inc_cart)", "unexpected: alert.triggered P1 at shop/pager about search (inc_cart)",
			"alert.resolved P1 at shop/team about cart: it did not arrive within 10s", "alert.resolved P1 at shop/pager about cart: it did not arrive within 10s",
		}},
		{"nobody could accept it", func(a, b arrivals) (arrivals, arrivals) {
			a[0].Problem = "its webhook-signature is wrong"
			return a, b
		}, []string{
			"alert.triggered P1 at shop/team about cart: it did not arrive within 10s",
			"unexpected: alert.triggered P1 at shop/team about cart (inc_cart): its webhook-signature is wrong",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			opens, closes := tc.change(drill.Wanted(s, 0, from.Add(time.Second)), drill.Wanted(s, 1, from.Add(time.Second)))
			if diff := cmp.Diff(tc.want, drill.Judged(s, from, opens, closes)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// TestOtherThreadsHaveOtherKeys tells two outages apart.
func TestOtherThreadsHaveOtherKeys(t *testing.T) {
	t.Parallel()
	from, s := time.Now(), scene(t, drill.Budget)
	opens := drill.Wanted(s, 0, from)
	opens[1].Key = opens[0].Key
	if got := drill.Judged(s, from, opens); len(got) != 2 {
		t.Errorf("two outages with one key: %q", got)
	}
	var all [][]drill.Arrival
	for i := range s.Steps() {
		all = append(all, drill.Wanted(s, i, from))
	}
	if got := drill.Judged(s, from, all...); len(got) > 0 {
		t.Errorf("what is wanted is wrong: %q", got)
	}
}

func TestScenes(t *testing.T) {
	t.Parallel()
	if _, err := drill.SceneOf("flood", "default"); !errors.Is(err, uptime.ErrInvalid) {
		t.Errorf("an unknown kind: %v", err)
	}
	for _, k := range drill.Kinds() {
		if s := scene(t, k); s.Kind != k || s.Tenants[0].ID != "default" || len(s.Tenants) < 3 {
			t.Errorf("%s: %+v", k, s)
		}
	}
	hour := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	for at, want := range map[time.Duration]bool{-2 * time.Second: true, -2 * time.Minute: true, 0: false, 30 * time.Minute: false} {
		if got := scene(t, drill.Budget).CrossesHour(hour.Add(at)); got != want {
			t.Errorf("a drill that begins %s after the hour crosses one: %t", at, got)
		}
	}
	if scene(t, drill.Single).CrossesHour(hour.Add(-time.Second)) {
		t.Error("the hour matters to a drill without a digest")
	}
}

// TestReceiver verifies signatures and obeys who tampers.
func TestReceiver(t *testing.T) {
	t.Parallel()
	const body = `{"type":"alert.triggered","data":{"incident_key":"inc_1","severity":"P1","server":{"slug":"b"},"servers":[{"slug":"b"},{"slug":"a"}]}}`
	for _, tc := range []struct {
		name   string
		tamper drill.Tampering
		late   time.Duration
		forge  string
		body   string
		status int
		want   []string // problems
	}{
		{name: "good", status: 204, want: []string{""}},
		{name: "replayed", late: -6 * time.Minute, status: 204, want: []string{"its webhook-timestamp is not that of now"}},
		{name: "forged", forge: "x", status: 204, want: []string{"its webhook-signature is wrong"}},
		{name: "no JSON", body: "hello", status: 204, want: []string{"it is not the JSON of a notice"}},
		{name: "double", tamper: drill.Double, status: 204, want: []string{"", ""}},
		{name: "drop", tamper: drill.Drop, status: 204},
		{name: "refuse", tamper: drill.Refuse, status: 500},
	} {
		t.Run(tc.name, func(t *testing.T) {
			handler, secret, came := drill.Receiver(tc.tamper)
			text := body
			if tc.body != "" {
				text = tc.body
			}
			req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/receive/shop/team", strings.NewReader(text))
			sign(t, req, secret, text+tc.forge, time.Now().Add(tc.late))
			res := httptest.NewRecorder()
			handler.ServeHTTP(res, req)
			var problems []string
			for _, a := range came() {
				problems = append(problems, a.Problem)
				if tc.body == "" && (a.Tenant != "shop" || a.Sink != "team" || a.Key != "inc_1" || fmt.Sprint(a.Servers) != "[a b]") {
					t.Errorf("read %+v", a)
				}
			}
			if diff := cmp.Diff(tc.want, problems); diff != "" || res.Code != tc.status {
				t.Errorf("answered %d, want %d; problems -want +got:\n%s", res.Code, tc.status, diff)
			}
		})
	}
}

// TestMailbox takes mails, and knows those that begin a conversation anew.
func TestMailbox(t *testing.T) {
	t.Parallel()
	addr, came := drill.Mailbox(t, drill.Honest)
	send := func(more string) {
		t.Helper()
		text := more + "X-AliveMCP-Event: alert.updated\r\nX-AliveMCP-Severity: P1\r\nX-AliveMCP-Incident-Key: inc_1\r\nSubject: It is down\r\n\r\n.\r\n"
		if err := smtp.SendMail(addr, nil, "monitor@drill.test", []string{"shop.mail@drill.test"}, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	send("Message-ID: <1@drill.test>\r\n")
	send("Message-ID: <2@drill.test>\r\nIn-Reply-To: <1@drill.test>\r\n")
	send("Message-ID: <3@drill.test>\r\n")
	var problems []string
	for _, a := range came() {
		problems = append(problems, a.Problem)
		if a.Tenant != "shop" || a.Sink != "mail" || a.Key != "inc_1" || a.Severity != "P1" || a.Event != uptime.NoticeUpdated {
			t.Errorf("read %+v", a)
		}
	}
	if diff := cmp.Diff([]string{"", "", "it does not answer the mail that began the conversation"}, problems); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	addr, _ = drill.Mailbox(t, drill.Refuse)
	if err := smtp.SendMail(addr, nil, "monitor@drill.test", []string{"shop.mail@drill.test"}, []byte("Subject: x\r\n\r\nx\r\n")); err == nil {
		t.Error("a mailbox that refuses took a mail")
	}
}

// sign signs as Standard Webhooks 1.0 says.
func sign(t *testing.T, req *http.Request, secret, body string, at time.Time) {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte("msg_1." + stamp + "." + body))
	req.Header.Set("Webhook-Id", "msg_1")
	req.Header.Set("Webhook-Timestamp", stamp)
	req.Header.Set("Webhook-Signature", "v1,c3RyYW5nZXI= v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

// TestReportIsForPeople pins the text of a report.
func TestReportIsForPeople(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)
	r := drill.Report{
		Kind: drill.Single, About: "One server goes down.", Cycle: drill.Seconds(5 * time.Second), Took: drill.Seconds(30 * time.Second),
		Tenants: []drill.Party{{ID: "shop", Role: "one of its servers goes down", Servers: []string{"cart", "search"}, Sinks: []string{"team"}}},
		Steps: []drill.Event{{At: at, Text: "cart answers 503", Checks: []drill.Check{
			{Text: "a notice", Passed: true, Took: drill.Seconds(4200 * time.Millisecond), Allowed: drill.Seconds(15 * time.Second), At: at.Add(4 * time.Second), Key: "inc_1"},
			{Text: "nothing else", Problem: "something"},
		}}},
		Remarks: []string{"It rained."},
	}
	var b bytes.Buffer
	if err := r.Text(&b); err != nil {
		t.Fatal(err)
	}
	const want = `Drill single: One server goes down.
Times are UTC; every server is looked at each 5s.

  shop      cart, search; told at team: one of its servers goes down

10:00:00  cart answers 503
  PASS  a notice: 10:00:04, after 4.2 s of 15, inc_1
  FAIL  nothing else: something

Note: It rained.

FAIL: single after 30 s, with 0 notices
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
