package statuspage

import (
	"context"
	"net/http"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// mailboxRoutes serve what the mails of a sink lead to. A GET never acts, because
// mail scanners open links; a POST needs nothing but the token.
func (s *Site) mailboxRoutes() {
	s.handle("GET "+AcceptPath+"{token}", s.acceptPage)
	s.handle("POST "+AcceptPath+"{token}", s.capable(s.accept))
	s.handle("GET "+LeavePath+"{token}", s.leavePage)
	s.handle("POST "+LeavePath+"{token}", s.capable(s.leave))
}

// mailbox reads the token of the address.
func (s *Site) mailbox(r *http.Request, read func(context.Context, string) (Mailbox, error)) (Mailbox, error) {
	token := r.PathValue("token")
	if len(token) > maxToken {
		return Mailbox{}, uptime.ErrNotFound
	}
	m, err := read(r.Context(), token)
	if err == nil && m.Tenant != s.opt.Tenant {
		err = uptime.ErrNotFound
	}
	return m, err
}

func mailboxFacts(m *Mailbox) []pair {
	return []pair{{"Sent to", maskedMail(m.Address.Reveal())}, {"As the sink", visible(m.Sink, 60)}, {"Told of", leastWords(m.Least)}}
}

func (s *Site) acceptPage(w http.ResponseWriter, r *http.Request) error {
	private(w)
	m, err := s.mailbox(r, s.opt.Mailboxes.Asked)
	if err != nil {
		return s.badLink(w, r, err)
	}
	if m.Wanted {
		return s.showAccepted(w, r, &m)
	}
	return s.showEnd(w, r, http.StatusOK, deadEnd{
		Mark: "new", Title: "Do you want alerts here?", Fields: mailboxFacts(&m), Action: r.URL.EscapedPath(), Button: "Yes, send them",
		Text: "Whoever runs this status page entered your address as a place for its alerts. " +
			"Nothing is sent before you press the button. If you did not expect this, close the page: nothing more will come.",
	})
}

func (s *Site) accept(w http.ResponseWriter, r *http.Request) error {
	_, err := s.mailbox(r, s.opt.Mailboxes.Asked)
	if err != nil {
		return s.badLink(w, r, err)
	}
	m, err := s.opt.Mailboxes.Accept(r.Context(), r.PathValue("token"))
	if err != nil {
		return s.badLink(w, r, err)
	}
	return s.showAccepted(w, r, &m)
}

func (s *Site) showAccepted(w http.ResponseWriter, r *http.Request, m *Mailbox) error {
	return s.showEnd(w, r, http.StatusOK, deadEnd{
		Mark: "live", Title: "Alerts come to you", Fields: mailboxFacts(m), Href: "/", Label: "See the status page",
		Text: "You are told from now on. Each message has a link that ends it.",
	})
}

func (s *Site) leavePage(w http.ResponseWriter, r *http.Request) error {
	private(w)
	m, err := s.mailbox(r, s.opt.Mailboxes.Told)
	if err != nil {
		return s.badLink(w, r, err)
	}
	if !m.Wanted {
		return s.showLeft(w, r)
	}
	return s.showEnd(w, r, http.StatusOK, deadEnd{
		Mark: "paused", Title: "Stop these alerts", Fields: mailboxFacts(&m), Action: r.URL.EscapedPath(), Button: "Stop them", Href: "/", Label: "Keep them",
		Text: "One click and nothing more is sent to you. Whoever runs this page sees that you stopped it, so that somebody else can be told.",
	})
}

// leave acts at once, for the button and for mail programs (RFC 8058): no
// redirect, no cookie, and whoever posts may be another origin.
func (s *Site) leave(w http.ResponseWriter, r *http.Request) error {
	token := r.PathValue("token")
	if len(token) > maxToken {
		return s.badLink(w, r, uptime.ErrNotFound)
	}
	if err := s.opt.Mailboxes.Leave(r.Context(), token); err != nil {
		return s.badLink(w, r, err)
	}
	return s.showLeft(w, r)
}

func (s *Site) showLeft(w http.ResponseWriter, r *http.Request) error {
	return s.showEnd(w, r, http.StatusOK, deadEnd{
		Mark: "live", Title: "Nothing more is sent to you", Href: "/", Label: "See the status page",
		Text: "It stays so until you say yes to a new question.",
	})
}
