package slack

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/alivemcp/alivemcp/internal/alert/post"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// apiURL is where the methods of Slack's Web API are.
const apiURL = "https://slack.com/api"

// AppOptions configure an App.
type AppOptions struct {
	Client *post.Client
	// Token is the bot token, xoxb-..., with the scope chat:write.
	Token uptime.Secret
	// Channel is the id of a channel that the app is a member of.
	Channel string
	// BaseURL replaces https://slack.com/api; empty for the service itself.
	BaseURL uptime.Secret
}

// App writes into a channel as a Slack app. What opens is a new message, what
// changes is edited in place and disturbs nobody, what closes or rings is edited
// too and answered in its thread; that answer is also shown in the channel,
// because nobody sees an edit. A message that is not there any more, or that the
// workspace lets nobody edit so late, is written anew.
//
// Slack offers no idempotency key: when an answer gets lost, a message comes
// twice.
type App struct{ opt AppOptions }

// NewApp checks the settings. Its errors hold no secret.
func NewApp(opt AppOptions) (*App, error) {
	switch {
	case opt.Client == nil:
		return nil, errors.New("a Slack sink needs a client")
	case !regexp.MustCompile(`^xox[abpe][-.][A-Za-z0-9.-]{8,500}$`).MatchString(opt.Token.Reveal()):
		return nil, errors.New("token: want the bot token of a Slack app, which begins with xoxb-")
	case !regexp.MustCompile(`^[CGD][A-Z0-9]{5,20}$`).MatchString(opt.Channel):
		return nil, errors.New("channel: want the channel's id, such as C0123456789, which Slack shows at the end of the channel's details")
	}
	if opt.BaseURL == "" {
		opt.BaseURL = apiURL
	}
	opt.BaseURL = uptime.Secret(strings.TrimRight(opt.BaseURL.Reveal(), "/"))
	return &App{opt}, nil
}

// Deliver writes, edits or closes the message of a thread. The ref is channel and
// timestamp of that message.
func (a *App) Deliver(ctx context.Context, d *uptime.Delivery, ref string) (string, error) {
	msg := render(&d.Notice)
	msg.Channel = a.opt.Channel
	channel, ts, known := strings.Cut(ref, ":")
	if d.Notice.Phase == uptime.NoticeOpens || !known {
		return a.post(ctx, msg, ref)
	}
	msg.Channel, msg.TS = channel, ts
	if _, err := a.call(ctx, "chat.update", msg); lost(err) {
		msg.Channel, msg.TS = a.opt.Channel, ""
		return a.post(ctx, msg, ref)
	} else if err != nil {
		return ref, err
	}
	if d.Notice.Phase != uptime.NoticeCloses && !d.Notice.Rings {
		return ref, nil
	}
	return ref, a.answer(ctx, &d.Notice, channel, ts)
}

func (a *App) post(ctx context.Context, msg message, ref string) (string, error) {
	got, err := a.call(ctx, "chat.postMessage", msg)
	if err != nil || got.TS == "" {
		return ref, err
	}
	return got.Channel + ":" + got.TS, nil
}

// answer says in the thread that it is over, or graver. The message itself says it already:
// only what may work later is worth another try.
func (a *App) answer(ctx context.Context, n *uptime.Notice, channel, ts string) error {
	msg := line(n)
	msg.Channel, msg.ThreadTS, msg.Broadcast = channel, ts, true
	_, err := a.call(ctx, "chat.postMessage", msg)
	if err != nil && uptime.RefusalOf(err).Temporary {
		return err
	}
	return nil
}

// answered is what each method of the Web API returns, with status 200 also when
// it refuses.
type answered struct {
	OK      bool   `json:"ok"`
	Error   string `json:"error"`
	Channel string `json:"channel"`
	TS      string `json:"ts"`
}

func (a *App) call(ctx context.Context, method string, msg any) (answered, error) {
	var got answered
	raw, err := a.opt.Client.JSON(ctx, post.Request{
		URL: uptime.Secret(a.opt.BaseURL.Reveal() + "/" + method),
		Header: http.Header{
			"Authorization": {"Bearer " + a.opt.Token.Reveal()},
			"Content-Type":  {"application/json; charset=utf-8"},
		},
	}, msg, &got)
	if err != nil {
		return got, err
	}
	return got, refusal(got, raw.Header)
}
