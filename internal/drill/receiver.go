package drill

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// maxNotice bounds what is read of a notice, in bytes.
	maxNotice = 64 << 10
	// tolerance is how far the time of a signature may be from ours, as Standard
	// Webhooks recommends.
	tolerance = 5 * time.Minute
)

// Arrival is a notice that a receiver was sent.
type Arrival struct {
	At       time.Time         `json:"at"`
	Tenant   uptime.TenantID   `json:"tenant"`
	Sink     string            `json:"sink"`
	ID       string            `json:"id"` // webhook-id, or Message-ID
	Event    uptime.NoticeType `json:"type"`
	Severity string            `json:"severity"`
	Key      string            `json:"incident_key"`
	Servers  []string          `json:"servers"`
	Summary  string            `json:"summary"`
	// Problem says why it is not one that a receiver would accept.
	Problem string `json:"problem,omitempty"`
}

// Tampering is what receivers do wrong, to see that a drill fails.
type Tampering string

// The ways to tamper.
const (
	Honest Tampering = ""
	Drop   Tampering = "drop"   // take it and lose it
	Double Tampering = "double" // take it twice
	Refuse Tampering = "refuse" // answer 500
)

// Tamperings returns the ways to tamper.
func Tamperings() []Tampering { return []Tampering{Drop, Double, Refuse} }

// receiver takes what all sinks deliver: webhooks here, mails by a mailbox. It takes webhooks, as their owners' endpoints would. It
// verifies what Standard Webhooks 1.0 tells receivers to verify.
type receiver struct {
	key    []byte // of all sinks
	tamper Tampering

	mu   sync.Mutex
	came []Arrival
	// fresh holds a token when something came.
	fresh chan struct{}
}

func newReceiver(tamper Tampering) *receiver {
	sum := sha256.Sum256([]byte(rand.Text()))
	return &receiver{key: sum[:], tamper: tamper, fresh: make(chan struct{}, 1)}
}

// secret is what sinks sign with.
func (r *receiver) secret() string { return "whsec_" + base64.StdEncoding.EncodeToString(r.key) }

// ServeHTTP takes a notice at /TENANT/SINK.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(io.LimitReader(req.Body, maxNotice))
	if err != nil {
		http.Error(w, "cannot read the body", http.StatusBadRequest)
		return
	}
	if !r.deliver(r.read(req, body)) {
		http.Error(w, "no", http.StatusInternalServerError)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// deliver keeps what arrived; false when it is to be refused.
func (r *receiver) deliver(a Arrival) bool {
	switch r.tamper {
	case Refuse:
		return false
	case Double:
		r.take(a, a)
	case Honest:
		r.take(a)
	case Drop:
	}
	return true
}

// read makes an Arrival of a request.
func (r *receiver) read(req *http.Request, body []byte) Arrival {
	a := Arrival{At: time.Now(), Tenant: uptime.TenantID(req.PathValue("tenant")), Sink: req.PathValue("sink"), ID: req.Header.Get("Webhook-Id")}
	type server struct{ Slug string }
	var said struct {
		Type uptime.NoticeType
		Data struct {
			Key      string `json:"incident_key"`
			Severity string
			Summary  string
			Server   *server
			Servers  []server
		}
	}
	if err := json.Unmarshal(body, &said); err != nil {
		a.Problem = "it is not the JSON of a notice"
	}
	d := said.Data
	a.Event, a.Severity, a.Key, a.Summary = said.Type, d.Severity, d.Key, d.Summary
	if d.Server != nil && len(d.Servers) == 0 {
		d.Servers = []server{*d.Server}
	}
	for _, s := range d.Servers {
		a.Servers = append(a.Servers, s.Slug)
	}
	slices.Sort(a.Servers)
	if err := r.verify(req.Header, body, a.At); err != nil {
		a.Problem = err.Error()
	}
	return a
}

// Why a notice is not accepted.
var (
	errTime      = errors.New("its webhook-timestamp is not that of now")
	errSignature = errors.New("its webhook-signature is wrong")
)

// verify checks time and signature.
func (r *receiver) verify(h http.Header, body []byte, now time.Time) error {
	stamp := h.Get("Webhook-Timestamp")
	at, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || now.Sub(time.Unix(at, 0)).Abs() > tolerance {
		return errTime
	}
	mac := hmac.New(sha256.New, r.key)
	_, _ = mac.Write(append([]byte(h.Get("Webhook-Id")+"."+stamp+"."), body...)) // never fails
	want := "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	for got := range strings.FieldsSeq(h.Get("Webhook-Signature")) {
		if hmac.Equal([]byte(got), []byte(want)) {
			return nil
		}
	}
	return errSignature
}

// take keeps what arrived and says so.
func (r *receiver) take(list ...Arrival) {
	r.mu.Lock()
	r.came = append(r.came, list...)
	r.mu.Unlock()
	select {
	case r.fresh <- struct{}{}:
	default:
	}
}

// after returns what arrived after the first n.
func (r *receiver) after(n int) []Arrival {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.came[n:])
}
