package telegram

import (
	"context"

	"github.com/alivemcp/alivemcp/internal/alert/post"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Look asks whether the bot is still in the chat, which nobody sees (getChat). A
// chat or a token that is not there any more is a refusal that says gone; a group
// that became a supergroup is there.
func (s *Sink) Look(ctx context.Context) error {
	body := struct {
		Chat string `json:"chat_id"`
	}{s.opt.Chat}
	got, err := s.opt.Client.JSON(ctx, post.Request{URL: uptime.Secret(s.opt.BaseURL.Reveal() + "/bot" + s.opt.Token.Reveal() + "/getChat")}, body, nil)
	if err = explain(got, err); movedTo(err) != 0 {
		return nil
	}
	return err
}
