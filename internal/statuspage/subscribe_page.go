package statuspage

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// How subscribing is bounded: a client asks for others' addresses no faster than
// this, and an address is written to no more often.
const (
	clientBurst   = 10
	clientEvery   = 30 * time.Second
	addressBurst  = 3
	addressEvery  = time.Hour
	maxSubscribed = 50 // servers of one subscription
)

func (s *Site) subscribeRoutes() {
	clients, addresses := newBuckets(clientBurst, clientEvery), newBuckets(addressBurst, addressEvery)
	s.handle("GET /subscribe", s.subscribePage)
	s.handle("POST /subscribe", s.guarded(func(w http.ResponseWriter, r *http.Request) error {
		return s.subscribe(w, r, clients, addresses)
	}))
	s.handle("GET /subscribe/sent", s.subscribeSent)
	s.handle("GET /subscribe/confirm/{token}", s.confirmPage)
	s.handle("POST /subscribe/confirm/{token}", s.capable(s.confirm))
	s.handle("GET /unsubscribe/{token}", s.unsubscribePage)
	s.handle("POST /unsubscribe/{token}", s.capable(s.unsubscribe))
}

// readers are the kinds of subscriptions that pages offer; empty for none.
func (s *Site) readers() []string {
	if s.opt.Subscribers == nil {
		return nil
	}
	return s.opt.Subscribers.Kinds()
}

// lasts says for how long something must last before readers are told; nothing
// when they are told at once.
func (s *Site) lasts() string {
	d := s.opt.Subscribers.Patience()
	switch {
	case d <= 0:
		return ""
	case d%time.Minute == 0 && d < 10*time.Minute:
		return " for longer than " + board.Plural(int(d/time.Minute), "minute", "minutes")
	}
	return " for longer than " + board.Span(d)
}

// subscribeView is the page where readers subscribe.
type subscribeView struct {
	Kinds   []string
	Kind    string
	Address string
	Servers []pair // names and slugs of those it is for; none are all
	Feed    string
	Wrong   string
	Lasts   string // for how long something must last, with "for"; empty for not at all
}

func (s *Site) subscribePage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.subscribeForm(r.URL.Query())
	if err != nil {
		return err
	}
	return s.showSubscribe(w, r, http.StatusOK, v)
}

func (s *Site) showSubscribe(w http.ResponseWriter, r *http.Request, status int, v subscribeView) error {
	return s.showAs(w, r, status, "subscribe.html", Frame{
		Title: "Subscribe", Description: "Be told when a server goes down and when it is back", Styles: []string{"server.css", "alarms.css"}, Data: v,
	})
}

// subscribeForm reads what was chosen: kind, address and servers.
func (s *Site) subscribeForm(q url.Values) (subscribeView, error) {
	v := subscribeView{Lasts: s.lasts(), Kinds: s.readers(), Feed: "/feed.atom", Kind: q.Get("kind"), Address: q.Get("address")}
	if len(v.Kinds) > 0 && v.Kind == "" {
		v.Kind = v.Kinds[0]
	}
	if v.Kind != "" && !slices.Contains(v.Kinds, v.Kind) {
		return v, fmt.Errorf("%w: no subscriptions by %q here", uptime.ErrInvalid, visible(v.Kind, 40))
	}
	if len(q["server"]) > maxSubscribed {
		return v, fmt.Errorf("%w: at most %d servers; subscribe to all instead", uptime.ErrInvalid, maxSubscribed)
	}
	for _, slug := range q["server"] {
		row, ok := s.opt.Source.Row(s.opt.Tenant, slug)
		if !ok {
			return v, web.NoServer(slug)
		}
		v.Servers = append(v.Servers, pair{visible(row.Name, maxName), row.Slug})
	}
	if len(v.Servers) == 1 {
		v.Feed = web.ServerPath(v.Servers[0].Value) + "/feed.atom"
	}
	return v, nil
}

// subscribe notes the wish. What it answers depends on the form alone, never on
// who is subscribed: an address that was written to too often is told the same.
func (s *Site) subscribe(w http.ResponseWriter, r *http.Request, clients, addresses *buckets) error {
	v, err := s.subscribeForm(r.PostForm)
	if err != nil {
		return err
	}
	now := s.opt.Now()
	if wait, ok := clients.take(origin(r.RemoteAddr), now); !ok {
		w.Header().Set("Retry-After", fmt.Sprint(int(wait.Seconds())+1))
		v.Wrong = "Too many requests from your network. Wait " + board.Span(wait+time.Second) + "."
		return s.showSubscribe(w, r, http.StatusTooManyRequests, v)
	}
	address, err := subscriberAddress(v.Kind, v.Address)
	if err == nil {
		if _, ok := addresses.take(v.Kind+" "+strings.ToLower(address), now); ok {
			err = s.opt.Subscribers.Subscribe(r.Context(), s.opt.Tenant, v.Kind, address, v.slugs())
		}
	}
	if errors.Is(err, uptime.ErrInvalid) {
		v.Wrong = upperFirst(visible(plainError(err))) + "."
		v.Address = visible(v.Address, maxText)
		return s.showSubscribe(w, r, http.StatusBadRequest, v)
	}
	if err != nil {
		return fmt.Errorf("noting a subscription: %w", err)
	}
	http.Redirect(w, r, "/subscribe/sent?kind="+url.QueryEscape(v.Kind), http.StatusSeeOther)
	return nil
}

func (v *subscribeView) slugs() []string {
	var out []string
	for _, s := range v.Servers {
		out = append(out, s.Value)
	}
	return out
}

func (s *Site) subscribeSent(w http.ResponseWriter, r *http.Request) error {
	page := deadEnd{
		Mark: "new", Title: "Look into your mailbox", Href: "/", Label: "Back to the status page",
		Text: "A message with a link is on its way. Nothing else is sent before you open the link and confirm. It may take a minute; look among the spam, too.",
	}
	if r.URL.Query().Get("kind") == SubscribeWebhook {
		page.Title = "Look at what your webhook got"
		page.Text = "It is sent a test.ping with a link, within a minute. Nothing else is sent before you open the link and confirm."
	}
	return s.showEnd(w, r, http.StatusOK, page)
}

// subscription reads the token of the address.
func (s *Site) subscription(r *http.Request) (uptime.Subscription, error) {
	token := r.PathValue("token")
	if len(token) > maxToken {
		return uptime.Subscription{}, uptime.ErrNotFound
	}
	sub, err := s.opt.Subscribers.Peek(r.Context(), token)
	if err == nil && sub.Tenant != s.opt.Tenant {
		err = uptime.ErrNotFound
	}
	return sub, err
}

// facts say what a subscription is for.
func (s *Site) facts(sub *uptime.Subscription) []pair {
	what := "all servers on this page"
	if len(sub.Servers) > 0 {
		var names []string
		for _, slug := range sub.Servers[:min(len(sub.Servers), 10)] {
			if row, ok := s.opt.Source.Row(s.opt.Tenant, slug); ok {
				names = append(names, visible(row.Name, maxName))
			}
		}
		if more := len(sub.Servers) - len(names); more > 0 {
			names = append(names, fmt.Sprintf("%d more", more))
		}
		what = board.Sentence(names)
	}
	return []pair{{"Sent to", maskedAddress(sub)}, {"About", what}}
}

func (s *Site) confirmPage(w http.ResponseWriter, r *http.Request) error {
	private(w)
	sub, err := s.subscription(r)
	if err != nil {
		return s.badLink(w, r, err)
	}
	return s.showEnd(w, r, http.StatusOK, deadEnd{
		Mark: "new", Title: "Confirm your subscription", Fields: s.facts(&sub), Action: r.URL.EscapedPath(), Button: "Yes, tell me",
		Text: "You are told when a server goes down" + s.lasts() + ", and when it is back. Each message has a link that ends it.",
	})
}

func (s *Site) confirm(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.subscription(r); err != nil {
		return s.badLink(w, r, err)
	}
	sub, err := s.opt.Subscribers.Confirm(r.Context(), r.PathValue("token"))
	if err != nil {
		return s.badLink(w, r, err)
	}
	page := deadEnd{
		Mark: "live", Title: "You are subscribed", Fields: s.facts(&sub), Href: "/", Label: "See the status page",
		Text: "You hear from us when something breaks" + s.lasts() + ", and not before.",
	}
	if sub.Kind == SubscribeWebhook {
		page.Key = sub.Key.Reveal() // its reader's own, on the wire to them alone
	}
	return s.showEnd(w, r, http.StatusOK, page)
}

func (s *Site) unsubscribePage(w http.ResponseWriter, r *http.Request) error {
	private(w)
	sub, err := s.subscription(r)
	if err != nil {
		return s.badLink(w, r, err)
	}
	return s.showEnd(w, r, http.StatusOK, deadEnd{
		Mark: "paused", Title: "Unsubscribe", Fields: s.facts(&sub), Action: r.URL.EscapedPath(), Button: "Unsubscribe", Href: "/", Label: "Keep it",
		Text: "One click and nothing more is sent.",
	})
}

// unsubscribe acts at once, for the button and for mail programs (RFC 8058): no
// redirect, no cookie, and whoever posts may be another origin.
func (s *Site) unsubscribe(w http.ResponseWriter, r *http.Request) error {
	token := r.PathValue("token")
	if len(token) > maxToken {
		return s.badLink(w, r, uptime.ErrNotFound)
	}
	if err := s.opt.Subscribers.Unsubscribe(r.Context(), token); err != nil {
		return s.badLink(w, r, err)
	}
	return s.showEnd(w, r, http.StatusOK, deadEnd{
		Mark: "live", Title: "You are unsubscribed", Text: "Nothing more is sent, and your address is forgotten.", Href: "/subscribe", Label: "Subscribe again",
	})
}
