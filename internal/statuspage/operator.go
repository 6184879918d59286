package statuspage

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/show"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Acts is what an operator can do on the pages.
type Acts interface {
	// Check reports whether this is the operator's token. It takes the same time
	// whatever the token is (crypto/subtle) and must not log it.
	Check(token string) bool
	// Accept makes the drift's new contract the baseline; Note says on an
	// incident what is being done. Both are durable and in the audit log when they
	// return. By is the name that the operator gave at sign-in.
	Accept(ctx context.Context, tenant uptime.TenantID, id uptime.DriftID, by, note string) error
	Note(ctx context.Context, tenant uptime.TenantID, id uptime.IncidentID, by, text string) error
	Bench
}

// Bench probes on demand, outside of cycles: nothing that it finds is sealed or
// archived. The evidence is free of secrets and has its transcript. A probe
// that fails is evidence; an error means that nobody could look.
type Bench interface {
	// Regions are where Test can look from; the first is the default.
	Regions() []uptime.Region
	// Replay probes a monitored server as its cycles do, from the region with
	// this id.
	Replay(ctx context.Context, tenant uptime.TenantID, slug, region string) (uptime.Cell, error)
	// Test probes a URL that nobody monitors yet. Header is empty or one header
	// field as Name: value, whose value is a secret.
	Test(ctx context.Context, rawURL, header, region string) (show.Check, error)
}

// Bounds of what an operator can send and how long a probe may take.
const (
	maxForm     = 16 << 10
	maxNote     = 2000 // characters
	actPatience = 90 * time.Second
)

func (s *Site) operatorRoutes() {
	s.desk = newDesk(s.opt.Acts, s.opt.Now)
	s.handle("GET /operator", s.operatorPage)
	s.handle("POST /operator", s.guarded(s.signIn))
	s.handle("POST /operator/leave", s.guarded(s.signOut))
	s.handle("GET /check", s.checkPage)
	s.handle("POST /check", s.act(s.runCheck))
	s.handle("POST /status/{slug}/replay", s.act(s.replay))
	s.handle("POST /status/{slug}/drifts/{id}/accept", s.act(s.acceptDrift))
	s.handle("POST /status/{slug}/incidents/{id}/note", s.act(s.noteIncident))
}

// signedIn names the operator who is signed in with this request; empty for a
// stranger, who is shown no act and allowed none.
func (s *Site) signedIn(r *http.Request) string {
	if s.desk == nil {
		return ""
	}
	return s.desk.operator(r)
}

// guarded lets a form through that one of our own pages sent, and bounds it.
func (s *Site) guarded(h func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	origin := http.NewCrossOriginProtection()
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := origin.Check(r); err != nil {
			return fmt.Errorf("%w: this form was sent from another site", uptime.ErrForbidden)
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		if err := r.ParseForm(); err != nil {
			return fmt.Errorf("%w: the form cannot be read: %w", uptime.ErrInvalid, err)
		}
		w.Header().Set("Cache-Control", "no-store")
		return h(w, r)
	}
}

// act is guarded for those who are signed in.
func (s *Site) act(h func(w http.ResponseWriter, r *http.Request, by string) error) func(http.ResponseWriter, *http.Request) error {
	return s.guarded(func(w http.ResponseWriter, r *http.Request) error {
		by := s.signedIn(r)
		if by == "" {
			return fmt.Errorf("%w: sign in as the operator first", uptime.ErrForbidden)
		}
		ctx, cancel := context.WithTimeout(r.Context(), actPatience)
		defer cancel()
		return h(w, r.WithContext(ctx), by)
	})
}

// operatorView is the page where an operator signs in and out.
type operatorView struct {
	Operator string
	Back     string
	Wrong    string // what was wrong with the last try
}

func (s *Site) operatorPage(w http.ResponseWriter, r *http.Request) error {
	return s.showSignIn(w, r, http.StatusOK, operatorView{Operator: s.signedIn(r), Back: ownPath(r.URL.Query().Get("back"))})
}

func (s *Site) showSignIn(w http.ResponseWriter, r *http.Request, status int, v operatorView) error {
	return s.showAs(w, r, status, "operator.html", Frame{Title: "Operator", Styles: []string{"server.css"}, Data: v})
}

func (s *Site) signIn(w http.ResponseWriter, r *http.Request) error {
	back := ownPath(r.PostFormValue("back"))
	wait, ok := s.desk.try(r)
	if !ok {
		w.Header().Set("Retry-After", fmt.Sprint(int(wait.Seconds())+1))
		return s.showSignIn(w, r, http.StatusTooManyRequests, operatorView{Back: back, Wrong: "Too many tries. Wait " + board.Span(wait+time.Second) + "."})
	}
	if !s.opt.Acts.Check(r.PostFormValue("token")) {
		return s.showSignIn(w, r, http.StatusForbidden, operatorView{Back: back, Wrong: "This is not the operator's token."})
	}
	s.desk.forgive(r)
	http.SetCookie(w, s.desk.cookie(visible(r.PostFormValue("name"), 60), overTLS(r)))
	http.Redirect(w, r, back, http.StatusSeeOther)
	return nil
}

func (s *Site) signOut(w http.ResponseWriter, r *http.Request) error {
	http.SetCookie(w, s.desk.noCookie(overTLS(r)))
	http.Redirect(w, r, ownPath(r.PostFormValue("back")), http.StatusSeeOther)
	return nil
}

func overTLS(r *http.Request) bool {
	return r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https"
}
