package discord

import (
	"context"
	"net/http"

	"github.com/alivemcp/alivemcp/internal/alert/post"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Look asks whether the webhook is still there, which nobody sees (Get Webhook
// with Token). A webhook that was deleted is a refusal that says gone.
func (s *Sink) Look(ctx context.Context) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	got, err := s.opt.Client.Do(ctx, post.Request{Method: http.MethodGet, URL: uptime.Secret(s.base.String())})
	s.note(got.Header)
	return explain(got, err)
}
