package app_test

import (
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/app"
)

// demonstrate runs the demonstration where it is told to listen.
func (r *rig) demonstrate(listen string) (token string) {
	r.t.Helper()
	d, err := app.NewDemonstration(time.Now())
	if err != nil {
		r.t.Fatal(err)
	}
	f := d.File()
	f.Listen, f.Data = listen, r.dir
	token = d.Lock()
	m, err := app.OpenMonitor(r.t.Context(), app.MonitorOptions{File: f, Demo: d, Version: "test", Log: slog.New(slog.NewTextHandler(r.log, nil))})
	if err != nil {
		r.t.Fatal(err)
	}
	r.run(m)
	return token
}

// signIn tries to sign in as the operator, as a page of that host would; via is what
// a proxy says of whom it speaks for.
func (r *rig) signIn(host, token string, via ...string) int {
	r.t.Helper()
	_, port, _ := strings.Cut(strings.TrimPrefix(r.made.Addr(), "[::]"), ":")
	form := strings.NewReader(url.Values{"token": {token}}.Encode())
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodPost, "http://127.0.0.1:"+port+"/operator", form)
	if err != nil {
		r.t.Fatal(err)
	}
	req.Host = host + ":" + port
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header["X-Forwarded-For"] = via
	res, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		r.t.Fatal(err)
	}
	_ = res.Body.Close()
	return res.StatusCode
}

// TestDemonstrationIsLocked: nobody signs in with a token that everybody knows,
// neither from another machine nor from a page whose name points to this one.
func TestDemonstrationIsLocked(t *testing.T) {
	t.Parallel()
	for listen, tries := range map[string]map[[2]string]int{
		"127.0.0.1:0": {{"127.0.0.1", "demo"}: 303, {"localhost", "demo"}: 303, {"rebound.example", "demo"}: 421},
		"0.0.0.0:0":   {{"192.0.2.1", "demo"}: 403, {"demo.example", "demo"}: 403, {"demo.example", "TOKEN"}: 303},
	} {
		r := newRig(t)
		token := r.demonstrate(listen)
		for try, want := range tries {
			if got := r.signIn(try[0], strings.ReplaceAll(try[1], "TOKEN", token)); got != want {
				t.Errorf("listening on %s, %s at %s: status %d, want %d", listen, try[1], try[0], got, want)
			}
		}
		r.stop()
	}
}
