package probe_test

import (
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestJudgeHealth(t *testing.T) {
	const good, degraded, failing = "good", "degraded", "failing"
	for _, c := range []struct {
		name, body   string
		status       int
		expect       string
		want, detail string
	}{
		{name: "plain", status: 200, body: "OK", want: good},
		{name: "no content", status: 204, want: good},
		{name: "a web page", status: 200, body: "<html>error</html>", want: good},
		{name: "JSON without a status", status: 200, body: `{"version":"1"}`, want: good},
		{name: "cut JSON", status: 200, body: `{"status":"down"`, want: good},
		{name: "ok", status: 200, body: `{"status":"OK"}`, want: good},
		{name: "pass", status: 200, body: `{"status":"pass"}`, want: good},
		{name: "up", status: 200, body: `{"Status":"UP"}`, want: good},
		{name: "unknown word", status: 200, body: `{"status":"purple"}`, want: good},
		{name: "degraded with 200", status: 200, body: `{"status":"degraded"}`, want: degraded, detail: "reports that it is degraded"},
		{name: "warn", status: 200, body: `{"status":"warn","checks":{"db":{"status":"warn"},"mq":{"status":"pass"}}}`, want: degraded, detail: "reports that it is degraded: db is warn"},
		{name: "fail", status: 200, body: `{"status":"fail"}`, want: failing, detail: "reports that it is failing"},
		{name: "unhealthy", status: 200, body: `{"status":"Unhealthy"}`, want: failing},
		{name: "a flag", status: 200, body: `{"ok":false}`, want: failing},
		{name: "503", status: 503, body: "busy", want: failing, detail: "answers HTTP 503: failing"},
		{name: "503 with names", status: 503, body: `{"status":"error","details":{"db":{"status":"down"},"mq":{"status":"up"}}}`, want: failing, detail: "answers HTTP 503: failing: db is down"},
		{name: "503 that says ok", status: 503, body: `{"status":"ok"}`, want: failing},
		{name: "404", status: 404, body: `{"status":"ok"}`, want: failing, detail: "answers HTTP 404, expected 2xx"},
		{name: "500", status: 500, want: failing, detail: "answers HTTP 500, expected 2xx"},
		{name: "a redirect", status: 302, want: failing, detail: "answers HTTP 302, a redirect: give the address that it leads to"},
		{name: "ok over a failing check", status: 200, body: `{"status":"ok","checks":{"db":{"status":"down"}}}`, want: degraded, detail: "reports that it is degraded: db is down"},
		{name: "checks alone", status: 200, body: `{"checks":{"db":{"status":"down"},"mq":"up"}}`, want: failing, detail: "reports that it is failing: db is down"},
		{name: "names alone", status: 200, body: `{"db":"down","cache":"up","log_level":"error"}`, want: failing, detail: "reports that it is failing: db is down"},
		{name: "objects alone", status: 200, body: `{"db":{"status":"down"}}`, want: failing, detail: "reports that it is failing: db is down"},
		{name: "words beside a status", status: 200, body: `{"status":"ok","mode":"warn"}`, want: good},
		{name: "arrays of checks", status: 200, body: `{"status":"pass","checks":{"db:conn":[{"status":"pass"},{"status":"fail"}]}}`, want: degraded, detail: "reports that it is degraded: db:conn is fail"},
		{name: "a list with names", status: 200, body: `{"services":[{"name":"db","status":"outage"},{"name":"mq","healthy":false}]}`, want: failing, detail: "reports that it is failing: db is outage, mq is false"},
		{name: "booleans", status: 200, body: `{"checks":{"db":false,"mq":true}}`, want: failing, detail: "reports that it is failing: db is false"},
		{name: "nested components", status: 200, body: `{"status":"UP","components":{"a":{"status":"UP","components":{"b":{"status":"DOWN"}}}}}`, want: degraded, detail: "reports that it is degraded: a.b is DOWN"},
		{name: "many", status: 200, body: `{"checks":{"a":"down","b":"down","c":"down","d":"down","e":"down","f":"down","g":"down"}}`, want: failing, detail: "reports that it is failing: a is down, b is down, c is down, d is down, e is down, and 2 more"},
		{name: "an assertion", status: 200, body: "OK", expect: "contains:pong", want: failing, detail: `result does not contain "pong", it is "OK"`},
		{name: "an assertion on JSON", status: 200, body: `{"queue":0}`, expect: "json:$.queue=0", want: good},
		{name: "an assertion does not excuse", status: 200, body: `{"status":"down"}`, expect: "contains:status", want: failing},
	} {
		t.Run(c.name, func(t *testing.T) {
			var hc uptime.HealthCheck
			if c.expect != "" {
				a, err := probe.ParseAssertion(c.expect)
				if err != nil {
					t.Fatal(err)
				}
				hc.Expect = append(hc.Expect, a)
			}
			ok, degradedOnly, detail := probe.JudgeHealth(hc, c.status, []byte(c.body), time.Second)
			got := failing
			switch {
			case ok:
				got = good
			case degradedOnly:
				got = degraded
			}
			if got != c.want || c.detail != "" && detail != c.detail || ok != (detail == "") {
				t.Errorf("%s, %q; want %s, %q", got, detail, c.want, c.detail)
			}
		})
	}
}

func TestJudgeHealthIsBounded(t *testing.T) {
	for _, body := range []string{
		`{"checks":` + strings.Repeat(`{"checks":`, 60) + `"down"` + strings.Repeat("}", 61),
		`{"checks":{` + strings.Repeat(`"`+strings.Repeat("x", 300)+`":"down",`, 3000) + `"y":"down"}}`,
		strings.Repeat("[", 1<<20),
	} {
		if _, _, detail := probe.JudgeHealth(uptime.HealthCheck{}, 200, []byte(body), 0); len(detail) > 200 {
			t.Errorf("detail of %d bytes", len(detail))
		}
	}
}
