package email

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	gomail "github.com/wneessen/go-mail"

	"github.com/alivemcp/alivemcp/internal/alert/card"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Bounds of a mail, in characters; of addresses in bytes, since a line of a
// header may have 998 (RFC 5322 section 2.1.1).
const (
	maxSubject = 180
	maxText    = 2000
	maxName    = 200
	maxURL     = 900
)

// letter is a mail before it has a form.
type letter struct {
	id      string // Message-ID without the brackets
	root    string // that of the conversation's first mail; empty for that mail
	subject string // of the conversation, without Re:
	again   bool   // answers the first mail, under Re:
	date    time.Time
	extra   [][2]string // our own headers
	view    view
}

// letter writes what a notice says.
func (s *Sink) letter(d *uptime.Delivery, ref string) letter {
	n := &d.Notice
	root, subject := threadOf(ref)
	l := letter{
		id: s.messageID(cmp.Or(string(d.ID), string(n.Key))), root: root, subject: cmp.Or(subject, subjectOf(n)),
		again: root != "" && n.Phase != uptime.NoticeOpens, date: dateOf(d), view: viewOf(n),
	}
	if s.opt.Subscriber {
		l.view.Foot = "You get this because you subscribed to a status page."
	}
	l.extra = [][2]string{
		{"X-AliveMCP-Event", string(n.Type)},
		{"X-AliveMCP-Incident-Key", string(n.Key)},
		{"X-AliveMCP-Phase", string(n.Phase)},
		{"X-AliveMCP-Severity", n.Priority.String()},
		{"X-AliveMCP-Delivery", string(d.ID)},
	}
	return l
}

// dateOf is when the delivery was made, so that all attempts send the same mail.
func dateOf(d *uptime.Delivery) time.Time {
	switch {
	case !d.Created.IsZero():
		return d.Created
	case !d.Notice.At.IsZero():
		return d.Notice.At
	}
	return time.Now()
}

// thread is the ref to remember: where the conversation begins, and its subject.
func (l letter) thread() string {
	return cmp.Or(l.root, l.id) + " " + l.subject
}

// threadOf reads a ref; empty when it is not one of ours.
func threadOf(ref string) (root, subject string) {
	root, subject, ok := strings.Cut(ref, " ")
	if !ok || len(root) > 400 || root != safe(root) || strings.Count(root, "@") != 1 {
		return "", ""
	}
	return root, card.CutRunes(clean(subject), maxSubject)
}

func subjectOf(n *uptime.Notice) string {
	subject := cmp.Or(clean(n.Title), string(n.Type))
	if p := n.Priority.String(); p != "" && !testing(n) && n.Kind != uptime.AlertDigest {
		subject = "[" + p + "] " + subject
	}
	return card.CutRunes(subject, maxSubject)
}

// messageID names a mail. What does not belong into one is hashed.
func (s *Sink) messageID(id string) string {
	if id != safe(id) || id == "" || len(id) > 100 || strings.Contains(id, "@") {
		sum := sha256.Sum256([]byte(id))
		id = hex.EncodeToString(sum[:16])
	}
	return id + "@" + s.domain
}

// safe leaves what a Message-ID may hold without quotes.
func safe(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("._-@", r)) {
			return r
		}
		return -1
	}, s)
}

// message gives a letter its form: text and html, and the headers by which
// programs know what it is. Whatever others wrote is encoded or escaped, and has
// no line breaks.
func (s *Sink) message(l letter) (*gomail.Msg, error) {
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithEncoding(gomail.EncodingQP))
	msg.FromMailAddress(s.from)
	msg.ToMailAddress(s.to)
	msg.SetMessageIDWithValue(l.id)
	msg.SetDateWithValue(l.date.UTC())
	msg.Subject(l.title())
	if l.root != "" {
		msg.SetGenHeader(gomail.HeaderInReplyTo, "<"+l.root+">")
		msg.SetGenHeader(gomail.HeaderReferences, "<"+l.root+">")
	}
	s.mark(msg, l)
	body, err := s.page(l.view)
	if err != nil {
		return nil, err
	}
	msg.SetBodyString(gomail.TypeTextPlain, l.view.text())
	msg.AddAlternativeString(gomail.TypeTextHTML, body)
	return msg, nil
}

func (l letter) title() string {
	if l.again {
		return "Re: " + l.subject
	}
	return l.subject
}

// mark tells programs that nobody typed this (RFC 3834), and how to end it (RFC
// 2369, RFC 8058: one click only over https).
func (s *Sink) mark(msg *gomail.Msg, l letter) {
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	msg.SetGenHeader(gomail.HeaderXAutoResponseSuppress, "All")
	msg.SetGenHeader("List-Id", "AliveMCP alerts <alerts."+s.domain+">")
	if l.view.Unsubscribe != "" {
		msg.SetListUnsubscribe(l.view.Unsubscribe)
		if strings.HasPrefix(l.view.Unsubscribe, "https://") {
			msg.SetListUnsubscribePost()
		}
	}
	for _, h := range l.extra {
		if value := card.CutRunes(clean(h[1]), maxName); value != "" {
			msg.SetGenHeader(gomail.Header(h[0]), value)
		}
	}
}

// Confirmation is what a subscriber has to say yes to.
type Confirmation struct {
	// ID names the request, such as the subscription's id: a mail that is sent twice
	// has the same name.
	ID string
	// Site is the name of the status page, About what they would be told about, such
	// as "Weather and Search".
	Site, About string
	// URL is where they say yes; Until is how long they can, zero for always.
	URL   string
	Until time.Time
	// Sent is the date of the mail; zero is now.
	Sent time.Time
}

// Confirm asks the sink's reader whether they want mail at all. It is sent
// because somebody typed an address, so it holds nothing but the question, and
// says that doing nothing is an answer too. Errors are those of Deliver.
func (s *Sink) Confirm(ctx context.Context, c Confirmation) error {
	if link(c.URL) == "" {
		return errors.New("asking a reader to confirm: the link must be an http or https URL of at most 900 bytes")
	}
	if c.Sent.IsZero() {
		c.Sent = time.Now()
	}
	l := letter{id: s.messageID("confirm_" + c.ID), date: c.Sent, view: s.question(c)}
	l.subject = card.CutRunes(l.view.Title, maxSubject)
	l.extra = [][2]string{{"X-AliveMCP-Event", "subscription.confirm"}}
	return s.send(ctx, l)
}

func (s *Sink) question(c Confirmation) view {
	site, about := card.CutRunes(clean(c.Site), maxName), card.CutRunes(clean(c.About), maxText)
	v := view{
		Word: "Please confirm", Color: colorCalm, Title: "Confirm your subscription to " + cmp.Or(site, "AliveMCP"),
		Summary: "Somebody, we hope you, asked that we write to this address when something is wrong with " + cmp.Or(about, "the servers on this status page") + ".",
		Primary: action{"Yes, write to me", link(c.URL)},
		Foot:    "It was not you? Then do nothing: you will get no other mail from us.",
	}
	if !c.Until.IsZero() {
		v.Note = fmt.Sprintf("The link works until %s.", card.Minute(c.Until))
	}
	return v
}

// link returns an address that may stand in a mail; empty when it may not.
func link(address string) string {
	if len(address) > maxURL || strings.ContainsFunc(address, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`<>"\`, r) }) {
		return ""
	}
	if !strings.HasPrefix(address, "https://") && !strings.HasPrefix(address, "http://") {
		return ""
	}
	return address
}

// clean makes one line of a text that others wrote, without characters that
// nobody sees or that turn the direction of those that follow.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x2028, r == 0x2029, r == 0xfeff:
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
	return strings.Join(strings.Fields(s), " ")
}
