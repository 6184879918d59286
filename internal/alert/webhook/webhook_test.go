package webhook_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/alert/sinktest"
	"github.com/alivemcp/alivemcp/internal/alert/webhook"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// specSecret is the one of the specification's example.
const specSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func sink(t *testing.T, url uptime.Secret, secrets ...uptime.Secret) *webhook.Sink {
	t.Helper()
	s, err := webhook.New(webhook.Options{Client: sinktest.Client(t), URL: url, Secrets: secrets, Now: func() time.Time { return time.Unix(1614265330, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// The specification's vector.
func TestVector(t *testing.T) {
	got, err := webhook.Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`), specSecret)
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; err != nil || got != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

// Each secret signs, and what a receiver has to check is what was sent.
func TestRotation(t *testing.T) {
	service := sinktest.NewService(t, nil)
	seed := make([]byte, 32)
	s := sink(t, service.At("/"), specSecret, uptime.Secret("whsk_"+base64.StdEncoding.EncodeToString(seed)))
	d := sinktest.Wrap(sinktest.Outage(uptime.NoticeOpens), 1)
	if _, err := s.Deliver(t.Context(), d, ""); err != nil {
		t.Fatal(err)
	}
	r := service.Last(t)
	if r.Header.Get("Webhook-Id") != string(d.ID) || r.Header.Get("Webhook-Timestamp") != "1614265330" {
		t.Errorf("headers %v", r.Header)
	}
	shared, err := webhook.Sign(string(d.ID), time.Unix(1614265330, 0), r.Body, specSecret)
	if err != nil {
		t.Fatal(err)
	}
	list := strings.Split(r.Header.Get("Webhook-Signature"), " ")
	if len(list) != 2 || list[0] != shared {
		t.Fatalf("signatures %q", list)
	}
	signature, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(list[1], "v1a,"))
	if err != nil {
		t.Fatal(err)
	}
	public, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s.PublicKeys()[0], "whpk_"))
	if err != nil {
		t.Fatal(err)
	}
	if !ed25519.Verify(public, []byte(string(d.ID)+".1614265330."+string(r.Body)), signature) {
		t.Error("the signature by the private key does not verify")
	}
}

func TestBadOptions(t *testing.T) {
	b64 := func(n int) string { return base64.StdEncoding.EncodeToString(make([]byte, n)) }
	for name, secrets := range map[string][]uptime.Secret{
		"none": nil, "bare": {"MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}, "short": {uptime.Secret("whsec_" + b64(23))}, "long": {uptime.Secret("whsec_" + b64(65))},
		"not base64": {"whsec_not base64!"}, "halves": {uptime.Secret("whsk_" + b64(64))}, "key size": {uptime.Secret("whsk_" + b64(31))},
		"public": {uptime.Secret("whpk_" + b64(32))}, "many": {specSecret, specSecret, specSecret, specSecret, specSecret},
	} {
		_, err := webhook.New(webhook.Options{URL: "https://hooks.example/", Secrets: secrets})
		if err == nil || len(secrets) > 0 && strings.Contains(err.Error(), secrets[0].Reveal()) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := webhook.New(webhook.Options{URL: "ftp://x", Secrets: []uptime.Secret{specSecret}}); err == nil {
		t.Error("a bad URL is taken")
	}
}

// The body is a contract: exactly these members.
func TestBody(t *testing.T) {
	service := sinktest.NewService(t, nil)
	s := sink(t, service.At("/"), specSecret)
	closes, bare := sinktest.Outage(uptime.NoticeCloses), uptime.Notice{Type: uptime.NoticeTest, Key: "test_x", At: sinktest.Start()}
	for _, test := range []struct {
		notice uptime.Notice
		want   string
	}{
		{closes, `{"type":"alert.resolved","timestamp":"2026-11-03T09:44:00Z","data":{"incident_key":"inc_sample_outage","severity":"P1",` +
			`"failure_reason":"connection_refused","cause":"connect_refused","server":{"slug":"weather","name":"Weather","url":"https://weather.example/mcp"},` +
			`"regions":["London","Virginia"],"started_at":"2026-11-03T09:30:00Z","resolved_at":"2026-11-03T09:44:00Z","duration_seconds":840,` +
			`"summary":"Weather was down for 14 minutes, until 2026-11-03 09:44 UTC.","runbook_url":"https://wiki.example/runbooks/weather?a=1&b=2",` +
			`"status_page":"https://alive.example/status/weather/incidents/1","title":"Weather works again",` +
			`"acknowledge_url":"https://alive.example/a/ack?t=Zm9v","silence_url":"https://alive.example/a/silence?t=Zm9v"}}`},
		{bare, `{"type":"test.ping","timestamp":"2026-11-03T09:30:00Z","data":{"incident_key":"test_x","severity":null,"failure_reason":null,` +
			`"cause":null,"server":null,"regions":null,"started_at":null,"resolved_at":null,"duration_seconds":null,"summary":null,"runbook_url":null,"status_page":null}}`},
	} {
		if _, err := s.Deliver(t.Context(), sinktest.Wrap(test.notice, 1), ""); err != nil {
			t.Fatal(err)
		}
		if got := string(service.Last(t).Body); got != test.want {
			t.Errorf("%s", cmp.Diff(test.want, got))
		}
	}
}

// Programs are told what people are: what to do first, and how to end it.
func TestBodySaysWhatToDo(t *testing.T) {
	service := sinktest.NewService(t, nil)
	n := sinktest.Outage(uptime.NoticeOpens)
	n.UnsubscribeURL = "https://alive.example/unsubscribe/x"
	if _, err := sink(t, service.At("/"), specSecret).Deliver(t.Context(), sinktest.Wrap(n, 1), ""); err != nil {
		t.Fatal(err)
	}
	var got struct{ Data map[string]any }
	if err := json.Unmarshal(service.Last(t).Body, &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"title": n.Title, "first_step": n.FirstStep, "acknowledge_url": n.AckURL, "silence_url": n.SilenceURL, "unsubscribe_url": n.UnsubscribeURL,
	} {
		if got.Data[name] != want {
			t.Errorf("%s is %v, want %s", name, got.Data[name], want)
		}
	}
}

func TestPayloads(t *testing.T) {
	service := sinktest.NewService(t, nil)
	s := sink(t, service.At("/"), specSecret)
	for _, sample := range sinktest.Samples() {
		if ref, err := s.Deliver(t.Context(), &sample.Delivery, ""); err != nil || ref != "" {
			t.Errorf("%s: %q, %v", sample.Name, ref, err)
		}
		body := service.Last(t).Body
		sinktest.CleanJSON(t, body)
		sinktest.Visible(t, body)
		if len(body) >= 20_000 {
			t.Errorf("%s: %d bytes", sample.Name, len(body))
		}
	}
}

// However many servers with whatever names: what is left out is counted.
func TestManyServers(t *testing.T) {
	service := sinktest.NewService(t, nil)
	n := sinktest.Several()
	for i := range n.Servers {
		n.Servers[i].Name = strings.Repeat("\x00", 5000)
		n.Servers[i].URL = "https://example.com/" + strings.Repeat("x", 1400)
	}
	if _, err := sink(t, service.At("/"), specSecret).Deliver(t.Context(), sinktest.Wrap(n, 1), ""); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Data struct {
			Servers []any
			More    int `json:"servers_omitted"`
		}
	}
	body := service.Last(t).Body
	if err := json.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	if len(body) >= 20_000 || len(got.Data.Servers)+got.Data.More != n.Total || len(got.Data.Servers) == 0 {
		t.Errorf("%d bytes, %d servers and %d more, want %d", len(body), len(got.Data.Servers), got.Data.More, n.Total)
	}
}

func TestRefusals(t *testing.T) {
	service := sinktest.NewService(t, nil)
	s := sink(t, service.At("/"), specSecret)
	service.Script(sinktest.Accept(410, ""), sinktest.TooMany("30", ""), sinktest.Accept(404, ""), sinktest.Cut())
	for _, want := range []uptime.Refusal{{Gone: true}, {Temporary: true, After: 30 * time.Second}, {}, {Temporary: true}} {
		_, err := s.Deliver(t.Context(), sinktest.Wrap(sinktest.Outage(uptime.NoticeOpens), 1), "")
		got := *uptime.RefusalOf(err)
		if got.Reason = ""; got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	if got := service.Count(func(r sinktest.Request) string { return r.Header.Get("Webhook-Id") }); len(got) != 1 {
		t.Errorf("the attempts have the ids %v", got)
	}
}

func TestHeadersAreSentAlong(t *testing.T) {
	service := sinktest.NewService(t, nil)
	with := func(name, value string) (*webhook.Sink, error) {
		return webhook.New(webhook.Options{
			Client: sinktest.Client(t), URL: service.At("/"), Secrets: []uptime.Secret{specSecret}, Headers: []uptime.Header{{Name: name, Value: uptime.Secret(value)}},
		})
	}
	s, err := with("authorization", "Bearer "+sinktest.Secret)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Deliver(t.Context(), sinktest.Wrap(sinktest.Test(), 1), ""); err != nil {
		t.Fatal(err)
	}
	h := service.Last(t).Header
	if h.Get("Authorization") != "Bearer "+sinktest.Secret || h.Get("Webhook-Signature") == "" || h.Get("Content-Type") != "application/json" {
		t.Errorf("it sent %v", h)
	}
	for name, value := range map[string]string{
		"Host": "a", "content-length": "1", "Content-Type": "a", "WEBHOOK-id": "a", "webhook-timestamp": "1", "Webhook-Signature": "v1,a",
		"Transfer-Encoding": "chunked", "Connection": "close", "X A": "a", "": "a", "X-A": "a\r\nHost: b",
	} {
		if _, err := with(name, value+sinktest.Secret); err == nil || strings.Contains(err.Error(), sinktest.Secret) {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestVerify(t *testing.T) {
	const nonce = "n0nce-n0nce-n0nce-1"
	challenge := func(r sinktest.Request) string {
		var got struct{ Data struct{ Challenge string } }
		if json.Unmarshal(r.Body, &got) != nil || r.Header.Get("Webhook-Signature") == "" {
			return ""
		}
		return got.Data.Challenge
	}
	for name, test := range map[string]struct {
		answer func(sinktest.Request) sinktest.Reply
		good   bool
	}{
		"gives back": {func(r sinktest.Request) sinktest.Reply {
			return sinktest.Accept(200, `{"challenge":"`+challenge(r)+`"}`)
		}, true},
		"as text": {func(r sinktest.Request) sinktest.Reply { return sinktest.Accept(200, challenge(r)) }, true},
		"accepts": {func(sinktest.Request) sinktest.Reply { return sinktest.Accept(200, "ok") }, false},
		"echoes":  {func(r sinktest.Request) sinktest.Reply { return sinktest.Accept(200, string(r.Body)) }, false},
		"refuses": {func(r sinktest.Request) sinktest.Reply { return sinktest.Accept(http.StatusForbidden, challenge(r)) }, false},
	} {
		service := sinktest.NewService(t, test.answer)
		if err := sink(t, service.At("/"), specSecret).Verify(t.Context(), nonce); (err == nil) != test.good {
			t.Errorf("%s: %v", name, err)
		}
	}
	for status, gone := range map[int]bool{http.StatusNotFound: true, http.StatusGone: true, http.StatusForbidden: false, http.StatusBadGateway: false} {
		service := sinktest.NewService(t, func(sinktest.Request) sinktest.Reply { return sinktest.Accept(status, "") })
		if r := uptime.RefusalOf(sink(t, service.At("/"), specSecret).Verify(t.Context(), nonce)); r.Gone != gone || !strings.Contains(r.Reason, strconv.Itoa(status)) {
			t.Errorf("%d: %+v", status, r)
		}
	}
	if err := sink(t, "https://hooks.example/", specSecret).Verify(t.Context(), "short"); err == nil || errors.Is(err, webhook.ErrNonce) {
		t.Errorf("a short nonce: %v", err)
	}
}
