// Package webhook sends notices as Standard Webhooks 1.0
// (https://www.standardwebhooks.com): signed, with an id that stays the same over
// all attempts, so that a receiver knows what comes twice.
package webhook

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/post"
	"github.com/alivemcp/alivemcp/internal/guard"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Options configure a Sink.
type Options struct {
	Client *post.Client
	URL    uptime.Secret
	// Secrets sign, all of them, so that one can be replaced while receivers still
	// know the other; at least one, at most four. whsec_ secrets sign with
	// HMAC-SHA256 (v1), whsk_ keys with ed25519 (v1a).
	Secrets []uptime.Secret
	// Headers are sent along, such as an Authorization. None replaces what we send.
	Headers []uptime.Header
	// Now tells the time of an attempt; nil means time.Now.
	Now func() time.Time
}

// Sink is a webhook. It is safe for concurrent use.
type Sink struct {
	client *post.Client
	url    uptime.Secret
	keys   []key
	header http.Header
	now    func() time.Time
}

// New returns a sink. The error says what is wrong with URL or secrets and holds
// no part of them.
func New(opt Options) (*Sink, error) {
	if _, err := guard.CheckURL(opt.URL.Reveal(), true); err != nil {
		return nil, err
	}
	keys, err := parseKeys(opt.Secrets)
	if err != nil {
		return nil, err
	}
	header, err := headerOf(opt.Headers)
	if err != nil {
		return nil, err
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Sink{client: opt.Client, url: opt.URL, keys: keys, header: header, now: opt.Now}, nil
}

var errHeader = errors.New("a header of a webhook has a name of letters, digits and dashes, and a value of one line; those of Standard Webhooks and of the connection cannot be set")

// headerOf returns the headers that are sent along.
func headerOf(list []uptime.Header) (http.Header, error) {
	out := http.Header{}
	field, line := regexp.MustCompile(`^[A-Za-z0-9-]{1,100}$`), regexp.MustCompile(`^[\t -~]*$`)
	ours := []string{"Host", "Connection", "Content-Length", "Content-Type", "Transfer-Encoding", "Trailer", "Te", "Upgrade", "Keep-Alive"}
	for _, h := range list {
		name := http.CanonicalHeaderKey(h.Name)
		if !field.MatchString(name) || !line.MatchString(h.Value.Reveal()) || len(h.Value) > 4096 || slices.Contains(ours, name) || strings.HasPrefix(name, "Webhook-") {
			return nil, errHeader
		}
		out.Add(name, h.Value.Reveal())
	}
	return out, nil
}

// Deliver sends d. The webhook-id is the delivery's id, in all attempts. A 410
// says that the receiver wants nothing any more. A webhook needs no reference:
// receivers put a thread's notices together by incident_key.
func (s *Sink) Deliver(ctx context.Context, d *uptime.Delivery, _ string) (string, error) {
	_, err := s.send(ctx, string(d.ID), &d.Notice)
	return "", err
}

func (s *Sink) send(ctx context.Context, id string, n *uptime.Notice) (post.Answer, error) {
	b, err := body(n)
	if err != nil {
		return post.Answer{}, &uptime.Refusal{Reason: "the notice cannot be written as JSON"}
	}
	at := s.now()
	header := s.header.Clone()
	header.Set("Webhook-Id", id)
	header.Set("Webhook-Timestamp", strconv.FormatInt(at.Unix(), 10))
	header.Set("Webhook-Signature", sign(s.keys, id, at, b))
	return s.client.Do(ctx, post.Request{URL: s.url, Body: b, Header: header})
}

// ErrNonce means that the receiver accepted a challenge and did not give it
// back, or gave everything back.
var ErrNonce = errors.New("the webhook accepted the challenge, but its answer does not contain data.challenge: answer a test.ping with the value of data.challenge")

var errNonceForm = errors.New("a nonce has 16 to 128 letters, digits, - and _")

// Verify sends a signed test.ping whose data.challenge is nonce, which the answer
// must contain, without the incident_key beside it: what repeats whatever it is
// sent has agreed to nothing. A nonce is to be used once and must not be
// guessable. A 404 means gone here, as a 410 does: nobody is there.
func (s *Sink) Verify(ctx context.Context, nonce string) error {
	if !regexp.MustCompile(`^[A-Za-z0-9_-]{16,128}$`).MatchString(nonce) {
		return errNonceForm
	}
	at := s.now()
	key := uptime.NewAlertKey(uptime.AlertTest, "", nonce, at)
	a, err := s.send(ctx, string(key), &uptime.Notice{
		Type: uptime.NoticeTest, Key: key, Phase: uptime.NoticeOpens, Kind: uptime.AlertTest,
		At: at, Started: at, Summary: "AliveMCP asks whether alerts are wanted here. To say yes, answer with the value of data.challenge.",
		Challenge: nonce,
	})
	if a.Status == http.StatusNotFound {
		return &uptime.Refusal{Gone: true, Reason: uptime.RefusalOf(err).Reason}
	}
	if err != nil {
		return err
	}
	if !bytes.Contains(a.Body, []byte(nonce)) || bytes.Contains(a.Body, []byte(key)) {
		return ErrNonce
	}
	return nil
}
