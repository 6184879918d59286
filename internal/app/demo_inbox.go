package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Bounds of what the demonstration's sinks keep.
const (
	inboxKeeps = 50
	inboxBytes = 64 << 10
)

// inbox is where all sinks of the demonstration are: on this machine, in this
// process. It keeps what it was sent last, for whoever opens its address.
type inbox struct {
	ln net.Listener

	mu   sync.Mutex
	sent []inboxItem // oldest first
}

// inboxItem is one request of a sink.
type inboxItem struct {
	at         time.Time
	path, body string
}

func newInbox() (*inbox, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // takes no time
	if err != nil {
		return nil, fmt.Errorf("opening the demonstration's inbox: %w", err)
	}
	return &inbox{ln: ln}, nil
}

func (b *inbox) url() string { return "http://" + b.ln.Addr().String() }

// yaml is the part of the configuration about sinks and who is told: a team that
// is told everything, a pager that rings when nobody acknowledges, a bot whose
// service fails, and a phone that nobody has verified yet.
func (b *inbox) yaml() string {
	return fmt.Sprintf(`sinks:
  - {name: team, type: webhook, url: "%[1]s/team", secret: the demonstration signs with this, verified: operator}
  - {name: on-call, type: pagerduty, key: 0123456789abcdef0123456789abcdef, url: "%[1]s/on-call", severity: P1, verified: operator}
  - {name: status-bot, type: slack_webhook, url: "%[1]s/services/T0/B0/status-bot", severity: P2, verified: operator}
  - {name: phone, type: ntfy, topic: phone, url: "%[1]s", severity: P1}
alerts:
  rules:
    - {name: everything, sinks: [team, status-bot]}
    - {name: outages, severities: [P1], sinks: [phone], escalate: [{after: 5m, sinks: [on-call]}]}
`, b.url())
}

// ServeHTTP takes what sinks send as their services would, and shows it to
// whoever asks.
func (b *inbox) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	if r.Method != http.MethodPost {
		b.show(w)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, inboxBytes))
	if err != nil {
		http.Error(w, "this is too long", http.StatusRequestEntityTooLarge)
		return
	}
	if strings.HasSuffix(r.URL.Path, "/status-bot") {
		http.Error(w, "down for the demonstration", http.StatusServiceUnavailable)
		return
	}
	b.keep(inboxItem{time.Now().UTC(), r.URL.Path, string(body)})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	_, _ = io.WriteString(w, `{"status": "success", "id": "demonstration"}`) // whoever hung up needs no answer
}

func (b *inbox) keep(i inboxItem) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent = append(b.sent, i)
	b.sent = b.sent[max(0, len(b.sent)-inboxKeeps):]
}

// show writes what came, newest first.
func (b *inbox) show(w http.ResponseWriter) {
	b.mu.Lock()
	sent := slices.Clone(b.sent)
	b.mu.Unlock()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprintf(w, "What the demonstration's sinks were sent, newest first.\n") // as above
	for _, i := range slices.Backward(sent) {
		_, _ = fmt.Fprintf(w, "\n%s  %s\n%s\n", i.at.Format("15:04:05"), i.path, indented(i.body))
	}
}

// indented writes JSON on many lines; another text stays as it is.
func indented(text string) string {
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return text
	}
	out, err := json.MarshalIndent(v, "  ", "  ")
	if err != nil {
		return text
	}
	return "  " + string(out)
}

// run answers until ctx ends.
func (b *inbox) run(ctx context.Context) error {
	return serveOn(ctx, b.ln, keepLocal(b), "the demonstration's inbox")
}

// fillSilences keeps sinks quiet about a server that its supplier limits.
func (d *Demonstration) fillSilences(ctx context.Context, m *Monitor) error {
	now := m.began.UTC()
	s := uptime.Silence{
		ID: "sil_demonstration", Tenant: DefaultTenant, Servers: []string{"translate"}, By: "Ada",
		From: now.Add(-40 * time.Minute), Until: now.Add(6 * time.Hour), Note: "The supplier raises our limit today.",
	}
	return m.store.PutSilence(ctx, s, entry(s.Tenant, s.By, "silence.begin", s.ID, s.Note))
}
