package drill

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/mail"
	"net/textproto"
	"strings"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// mailHost is the domain of all addresses of a drill; nobody can have it
	// (RFC 6761).
	mailHost = "drill.test"
	// mailTime bounds a conversation.
	mailTime = 30 * time.Second
	// maxMail bounds what is read of a mail, in bytes.
	maxMail = 1 << 20
)

// mailbox takes the mails of a drill, with as much of SMTP (RFC 5321) as a client
// on this machine needs.
type mailbox struct {
	*receiver
	listener net.Listener
	work     sync.WaitGroup

	mu sync.Mutex
	// first is the Message-ID that began the conversation, by incident key.
	first map[string]string
}

// serve takes mails until ctx ends.
func (m *mailbox) serve(ctx context.Context) error {
	defer m.work.Wait()
	defer context.AfterFunc(ctx, func() { _ = m.listener.Close() })()
	for {
		conn, err := m.listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil
		case err != nil:
			return err
		}
		m.work.Go(func() {
			defer func() { _ = conn.Close() }()
			defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
			_ = conn.SetDeadline(time.Now().Add(mailTime)) // what follows fails if this does
			m.talk(textproto.NewConn(conn))
		})
	}
}

// talk has a conversation to its end. A client that breaks off has sent nothing.
func (m *mailbox) talk(c *textproto.Conn) {
	to := ""
	answer := "220 " + mailHost + " ESMTP"
	for {
		if c.PrintfLine("%s", answer) != nil {
			return
		}
		line, err := c.ReadLine()
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(line, " ")
		switch answer = "250 OK"; strings.ToUpper(verb) {
		case "RCPT":
			to = rest[strings.IndexByte(rest, '<')+1:]
		case "DATA":
			answer = m.data(c, to)
		case "QUIT":
			_ = c.PrintfLine("221 Bye") // the mail was taken or not, before
			return
		}
	}
}

// data takes a mail and returns the answer.
func (m *mailbox) data(c *textproto.Conn, to string) string {
	if c.PrintfLine("354 Go on") != nil {
		return "451 The line broke"
	}
	msg, err := mail.ReadMessage(io.LimitReader(c.DotReader(), maxMail))
	if err != nil {
		return "554 This is no mail"
	}
	if m.deliver(m.read(msg.Header, to)) {
		return "250 OK"
	}
	return "451 No"
}

// read makes an Arrival of a mail. Its servers are in its text, for people.
func (m *mailbox) read(h mail.Header, to string) Arrival {
	local, _, _ := strings.Cut(to, "@")
	tenant, sink, _ := strings.Cut(local, ".")
	a := Arrival{
		At: time.Now(), Tenant: uptime.TenantID(tenant), Sink: sink, ID: h.Get("Message-Id"), Event: uptime.NoticeType(h.Get("X-Alivemcp-Event")),
		Severity: h.Get("X-Alivemcp-Severity"), Key: h.Get("X-Alivemcp-Incident-Key"), Summary: h.Get("Subject"),
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.first[a.Key] = cmp.Or(m.first[a.Key], a.ID)
	if answers := h.Get("In-Reply-To"); a.ID != m.first[a.Key] && answers != m.first[a.Key] {
		a.Problem = "it does not answer the mail that began the conversation"
	}
	return a
}
