package slack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"

	"github.com/alivemcp/alivemcp/internal/alert/post"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// WebhookOptions configure a Webhook.
type WebhookOptions struct {
	Client *post.Client
	// URL is https://hooks.slack.com/services/T.../B.../...: whoever knows it can
	// write there.
	URL uptime.Secret
}

// Webhook writes through an incoming webhook, which can neither edit nor answer:
// what opens, what changes and what closes are messages of their own, so its
// updates should be few. There is no ref.
type Webhook struct{ opt WebhookOptions }

// NewWebhook checks the settings. Its errors hold no secret.
func NewWebhook(opt WebhookOptions) (*Webhook, error) {
	if opt.Client == nil {
		return nil, errors.New("a Slack sink needs a client")
	}
	u, err := url.Parse(opt.URL.Reveal())
	if err != nil || u.Host == "" || !regexp.MustCompile(`^/(services|workflows|triggers)/[A-Za-z0-9/_-]+$`).MatchString(u.Path) {
		return nil, errors.New("url: want the URL of an incoming webhook, such as https://hooks.slack.com/services/T0000/B0000/XXXX")
	}
	if regexp.MustCompile(`^/(workflows|triggers)/`).MatchString(u.Path) {
		return nil, errors.New("url: this one starts a Slack workflow, which takes no messages; make an incoming webhook")
	}
	return &Webhook{opt}, nil
}

// Deliver writes one message.
func (w *Webhook) Deliver(ctx context.Context, d *uptime.Delivery, ref string) (string, error) {
	got, err := w.opt.Client.JSON(ctx, post.Request{URL: w.opt.URL}, render(&d.Notice), nil)
	return ref, explain(got.Status, err)
}

// explain knows that Slack answers 403, 404 and 410 when a webhook was removed,
// its channel archived or its workspace closed.
func explain(status int, err error) error {
	switch status {
	case http.StatusForbidden, http.StatusNotFound, http.StatusGone:
		return &uptime.Refusal{Gone: true, Reason: fmt.Sprintf("Slack answered %d: the webhook was removed, or may not write there any more", status)}
	}
	return err
}
