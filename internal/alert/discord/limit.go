package discord

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/post"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// patience is how long a request waits for the rate limit by itself; buckets of
// webhooks usually fill again within 2 s.
const patience = 5 * time.Second

// The codes of errors that mean something here.
const (
	unknownChannel = 10003
	unknownMessage = 10008
	unknownWebhook = 10015
	tooManyEdits   = 30046 // of a message that is older than an hour
	invalidToken   = 50027
	threadArchived = 50083
	forumNeedsPost = 220001
	noForum        = 220003
)

// coded is a refusal with Discord's code.
type coded struct {
	*uptime.Refusal
	code int
}

func (c *coded) Unwrap() error { return c.Refusal }

// code returns Discord's code in an error; zero when there is none.
func code(err error) int {
	if c, ok := errors.AsType[*coded](err); ok {
		return c.code
	}
	return 0
}

// explain reads the body of a refusal: the code, and how long to wait, which it
// says more precisely than the headers.
func explain(got post.Answer, err error) error {
	refused, ok := errors.AsType[*uptime.Refusal](err)
	if !ok {
		return err
	}
	var body struct {
		Code       int         `json:"code"`
		RetryAfter json.Number `json:"retry_after"`
	}
	_ = json.Unmarshal(got.Body, &body) // what is no JSON says nothing
	r := *refused
	if wait := post.RetryAfter(body.RetryAfter.String(), time.Now()); r.Temporary && wait > 0 {
		r.After = wait
	} else if got.Status == http.StatusTooManyRequests && r.After == 0 {
		r.After = post.RetryAfter(got.Header.Get("X-RateLimit-Reset-After"), time.Now())
	}
	switch body.Code {
	case unknownWebhook, invalidToken:
		r.Gone, r.Reason = true, "the Discord webhook was deleted"
	case forumNeedsPost:
		r.Reason = "the channel is a forum: say so in the sink's settings"
	case noForum:
		r.Reason = "the channel is no forum: take forum out of the sink's settings"
	case threadArchived:
		r.Reason = "the Discord thread is locked"
	case unknownChannel:
		r.Reason = "the Discord thread does not exist any more"
	}
	if got.Status == http.StatusUnauthorized {
		r.Gone = true
	}
	return &coded{&r, body.Code}
}

// note remembers when the bucket is empty: requests beyond it count as invalid,
// and too many of those ban the address that they come from.
func (s *Sink) note(h http.Header) {
	if h.Get("X-RateLimit-Remaining") != "0" {
		return
	}
	rest := time.Now().Add(post.RetryAfter(h.Get("X-RateLimit-Reset-After"), time.Now()))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rest = rest
}

// wait returns when a request may be sent, or a refusal when that takes too long.
func (s *Sink) wait(ctx context.Context) error {
	s.mu.Lock()
	left := time.Until(s.rest)
	s.mu.Unlock()
	if left <= 0 {
		return nil
	}
	if left > patience {
		return &uptime.Refusal{Temporary: true, After: left, Reason: "Discord's rate limit for this webhook is used up"}
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
