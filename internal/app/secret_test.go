package app_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/show"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// TestSecretCutInTheMiddle lets a server repeat our credential at every offset
// of a name that is cut somewhere.
func TestSecretCutInTheMiddle(t *testing.T) {
	const secret = "hunter2-hunter2-hunter2"
	offset := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		said := strings.Repeat("n", offset) + r.Header.Get("X-Api-Key") + strings.Repeat("n", 200)
		w.Header().Set("Content-Type", "application/json")
		_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{%q:{}},"serverInfo":{"name":%q,"version":%q}}}`, said, said, said)
	}))
	defer srv.Close()
	c, err := app.NewChecker(probe.Options{Attempts: 1})
	if err != nil {
		t.Fatal(err)
	}
	target, err := app.ParseURL(srv.URL)
	if err != nil {
		t.Fatal(err)
	}
	target.Private = true
	target.Profile.Headers = []uptime.Header{{Name: "X-Api-Key", Value: secret}}
	for offset = range 140 {
		got := c.Check(t.Context(), target)
		if text := fmt.Sprintf("%+v", got); strings.Contains(text, secret[:6]) {
			t.Fatalf("offset %d: %s", offset, text)
		}
	}
}

func TestFailOn(t *testing.T) {
	warn := uptime.Result{Findings: []uptime.Finding{{Severity: uptime.SeverityWarn}}}
	info := uptime.Result{Findings: []uptime.Finding{{Severity: uptime.SeverityInfo}}}
	checks := []show.Check{
		{State: uptime.Live},
		{State: uptime.Live, Result: info},
		{State: uptime.Live, Result: warn},
		{State: uptime.Unknown},
		{State: uptime.Degraded},
		{State: uptime.Down},
	}
	want := map[app.FailOn]string{
		app.FailOnDown:     "good good good good good bad ",
		app.FailOnDegraded: "good good good bad bad bad ",
		app.FailOnWarn:     "good good bad bad bad bad ",
	}
	got := map[app.FailOn]string{}
	for f := range want {
		for _, c := range checks {
			word := "bad "
			if f.Good(c) {
				word = "good "
			}
			got[f] += word
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
