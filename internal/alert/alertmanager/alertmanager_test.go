package alertmanager_test

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/alert/alertmanager"
	"github.com/alivemcp/alivemcp/internal/alert/sinktest"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

type sent struct {
	Labels, Annotations map[string]string
	StartsAt, EndsAt    time.Time
}

func sink(t *testing.T, url string) *alertmanager.Sink {
	t.Helper()
	s, err := alertmanager.New(alertmanager.Options{Client: sinktest.Client(t), URL: uptime.Secret(url + "/"), Headers: []uptime.Header{
		{Name: "authorization", Value: "Bearer " + sinktest.Secret}, {Name: "X-Scope-OrgID", Value: "team"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func deliver(t *testing.T, s *alertmanager.Sink, n uptime.Notice, ref string) string {
	t.Helper()
	ref, err := s.Deliver(t.Context(), sinktest.Wrap(n, 1), ref)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func last(t *testing.T, service *sinktest.Service) []sent {
	t.Helper()
	var got []sent
	if err := json.Unmarshal(service.Last(t).Body, &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// The labels stay what they were, whatever the notice says first.
func TestLabelsLast(t *testing.T) {
	service := sinktest.NewService(t, nil)
	s := sink(t, service.URL)
	n := sinktest.Several()
	ref := deliver(t, s, n, "")
	opened := last(t, service)
	n.Phase, n.Servers = uptime.NoticeChanges, n.Servers[3:]
	ref = deliver(t, s, n, ref)
	if changed := last(t, service); len(changed) != 1 || !cmp.Equal(changed[0].Labels, opened[0].Labels) {
		t.Errorf("changed: %+v", changed)
	}
	n.Phase, n.Resolved, n.Priority, n.Servers = uptime.NoticeCloses, n.Started.Add(-time.Hour), uptime.P3, nil
	deliver(t, s, n, ref)
	closed := last(t, service)
	if len(closed) != 1 || !cmp.Equal(closed[0].Labels, opened[0].Labels) || !closed[0].EndsAt.Equal(n.Started) {
		t.Errorf("closed: %+v", closed)
	}
	r := service.Last(t)
	if r.Path != "/api/v2/alerts" || r.Header.Get("Authorization") != "Bearer "+sinktest.Secret || r.Header.Get("X-Scope-OrgID") != "team" {
		t.Errorf("sent to %s with %v", r.Path, r.Header)
	}
}

// Another severity is another alert, and the former one ends.
func TestMoreUrgent(t *testing.T) {
	service := sinktest.NewService(t, nil)
	s := sink(t, service.URL)
	n := sinktest.Outage(uptime.NoticeOpens)
	n.Priority = uptime.P2
	ref := deliver(t, s, n, "")
	n.Priority, n.Phase = uptime.P1, uptime.NoticeChanges
	deliver(t, s, n, ref)
	got := last(t, service)
	if len(got) != 2 || got[0].Labels["severity"] != "P1" || got[1].Labels["severity"] != "P2" {
		t.Fatalf("got %+v", got)
	}
	if !got[0].EndsAt.After(time.Now().Add(20*time.Hour)) || got[1].EndsAt.After(time.Now().Add(-50*time.Second)) {
		t.Errorf("they end at %v and %v", got[0].EndsAt, got[1].EndsAt)
	}
}

// What ends has ended for an Alertmanager whose clock is behind ours, too.
func TestEndsInThePast(t *testing.T) {
	service := sinktest.NewService(t, nil)
	n := sinktest.Outage(uptime.NoticeCloses)
	n.Started, n.Resolved = time.Now().Add(-time.Hour), time.Now()
	deliver(t, sink(t, service.URL), n, "")
	if ends := last(t, service)[0].EndsAt; time.Since(ends) < 50*time.Second {
		t.Errorf("it ends %v ago", time.Since(ends))
	}
}

// What is open is said again, what is over or was followed by something newer is
// not.
func TestRepeat(t *testing.T) {
	service := sinktest.NewService(t, nil)
	s := sink(t, service.URL)
	opens, closes := sinktest.Wrap(sinktest.Outage(uptime.NoticeOpens), 1), sinktest.Wrap(sinktest.Outage(uptime.NoticeCloses), 2)
	ref, err := s.Deliver(t.Context(), opens, "")
	if err != nil {
		t.Fatal(err)
	}
	first := last(t, service)
	again := func(want int) {
		t.Helper()
		if err := s.Repeat(t.Context(), opens, ref); err != nil || len(service.Requests()) != want {
			t.Fatalf("%d requests, want %d: %v", len(service.Requests()), want, err)
		}
	}
	again(2)
	if got := last(t, service); len(got) != 1 || !cmp.Equal(got[0].Labels, first[0].Labels) || got[0].EndsAt.Before(first[0].EndsAt) {
		t.Errorf("said again: %+v", got)
	}
	if _, err := s.Deliver(t.Context(), closes, ref); err != nil {
		t.Fatal(err)
	}
	again(3)
	digest := sinktest.Outage(uptime.NoticeOpens)
	digest.Kind, digest.Key = uptime.AlertDigest, "dig"
	opens = sinktest.Wrap(digest, 1)
	again(3)
}

func TestPayloads(t *testing.T) {
	service := sinktest.NewService(t, nil)
	s := sink(t, service.URL)
	for _, sample := range sinktest.Samples() {
		if _, err := s.Deliver(t.Context(), &sample.Delivery, "not a reference"); err != nil {
			t.Errorf("%s: %v", sample.Name, err)
		}
		sinktest.CleanJSON(t, service.Last(t).Body)
		sinktest.Visible(t, service.Last(t).Body)
	}
	service.Script(sinktest.Accept(503, ""))
	ref, err := s.Deliver(t.Context(), sinktest.Wrap(sinktest.Outage(uptime.NoticeChanges), 1), `{"a":"b"}`)
	if r := uptime.RefusalOf(err); !r.Temporary || ref != `{"a":"b"}` {
		t.Errorf("refused: %+v with reference %s", r, ref)
	}
}

func TestBadOptions(t *testing.T) {
	for _, opt := range []alertmanager.Options{{}, {URL: "https://am.example/?a=b"}, {URL: "https://am.example", Headers: []uptime.Header{{Name: "Authorization", Value: "a\nb"}}}} {
		if _, err := alertmanager.New(opt); err == nil {
			t.Errorf("%+v is taken", opt)
		}
	}
}

// The real one takes what we send and shows what it should.
func TestReal(t *testing.T) {
	base := start(t)
	s := sink(t, base)
	n := sinktest.Outage(uptime.NoticeOpens)
	n.Priority = uptime.P2
	ref := deliver(t, s, n, "")
	if got := active(t, base); !cmp.Equal(got, []string{"inc_sample_outage P2"}) {
		t.Errorf("opened: %q", got)
	}
	n.Phase, n.Priority = uptime.NoticeChanges, uptime.P1
	ref = deliver(t, s, n, ref)
	deliver(t, s, n, ref) // twice is once
	if err := s.Repeat(t.Context(), sinktest.Wrap(n, 1), ref); err != nil {
		t.Fatal(err)
	}
	if got := active(t, base); !cmp.Equal(got, []string{"inc_sample_outage P1"}) {
		t.Errorf("more urgent: %q", got)
	}
	deliver(t, s, sinktest.Outage(uptime.NoticeCloses), ref)
	if got := active(t, base); len(got) != 0 {
		t.Errorf("closed: %q", got)
	}
	for _, sample := range sinktest.Samples() {
		if _, err := s.Deliver(t.Context(), &sample.Delivery, ""); err != nil {
			t.Errorf("%s: %v", sample.Name, err)
		}
	}
}

// One that was started anew knows nothing, until it is said again.
func TestRealForgets(t *testing.T) {
	old, anew := sink(t, start(t)), start(t)
	n := sinktest.Outage(uptime.NoticeOpens)
	ref := deliver(t, old, n, "")
	if err := sink(t, anew).Repeat(t.Context(), sinktest.Wrap(n, 1), ref); err != nil {
		t.Fatal(err)
	}
	if got := active(t, anew); !cmp.Equal(got, []string{"inc_sample_outage P1"}) {
		t.Errorf("got %q", got)
	}
}

// active returns the alerts that are firing.
func active(t *testing.T, base string) []string {
	t.Helper()
	var list []sent
	if err := get(t, base+"/api/v2/alerts?active=true", &list); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, a := range list {
		out = append(out, a.Labels["incident_key"]+" "+a.Labels["severity"])
	}
	return out
}

func get(t *testing.T, url string, into any) error {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(resp.Body).Decode(into)
}

// start runs an Alertmanager until the test ends, and returns its address.
func start(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("prometheus-alertmanager")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("there is no Alertmanager: apt-get install prometheus-alertmanager")
		}
		t.Skip("there is no Alertmanager: apt-get install prometheus-alertmanager")
	}
	file := filepath.Join(t.TempDir(), "alertmanager.yml")
	if err := os.WriteFile(file, []byte("route: {receiver: none}\nreceivers: [{name: none}]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	cmd := exec.CommandContext(t.Context(), path, "--config.file="+file, "--storage.path="+t.TempDir(), "--web.listen-address="+addr, "--cluster.listen-address=")
	var log strings.Builder
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() }) // it was told to end
	await(t, "http://"+addr)
	return "http://" + addr
}

func await(t *testing.T, base string) {
	t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for range 400 {
		if get(t, base+"/-/ready", nil) == nil {
			return
		}
		<-tick.C
	}
	t.Fatal("the Alertmanager does not come up")
}
