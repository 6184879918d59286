// Package telegram tells notices in a Telegram chat, as a bot.
//
// What opens is a new message, which rings unless it is of P3. What changes is
// edited in place and disturbs nobody. What closes is edited too, and answered,
// because nobody sees an edit. A message that is not there any more is written
// anew. A group that became a supergroup has another number: it is followed, and
// remembered in the ref.
//
// Telegram offers no idempotency key: when an answer gets lost, a message comes
// twice.
package telegram

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/post"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// apiURL is where the Bot API is.
const apiURL = "https://api.telegram.org"

// Options configure a Sink.
type Options struct {
	Client *post.Client
	// Token is the bot's, as BotFather gave it.
	Token uptime.Secret
	// Chat is the chat's number, or @ and the public name of a channel or group.
	Chat string
	// Thread is the number of a topic in a group; empty for none.
	Thread string
	// BaseURL replaces https://api.telegram.org; empty for the service itself.
	BaseURL uptime.Secret
}

// Sink writes into one chat.
type Sink struct {
	opt    Options
	thread int64
}

// New checks the settings. Its errors hold no secret.
func New(opt Options) (*Sink, error) {
	switch {
	case opt.Client == nil:
		return nil, errors.New("a Telegram sink needs a client")
	case !regexp.MustCompile(`^[0-9]{1,20}:[A-Za-z0-9_-]{10,100}$`).MatchString(opt.Token.Reveal()):
		return nil, errors.New("token: want a bot's token, as BotFather gives it: a number, a colon and letters")
	case !regexp.MustCompile(`^(-?[0-9]{1,20}|@[A-Za-z0-9_]{4,64})$`).MatchString(opt.Chat):
		return nil, errors.New("chat: want the chat's number, such as -1001234567890, or @ and its public name")
	}
	var thread int64
	if opt.Thread != "" {
		var err error
		if thread, err = strconv.ParseInt(opt.Thread, 10, 64); err != nil || thread <= 0 {
			return nil, errors.New("thread: want the number of a topic, such as 42")
		}
	}
	if opt.BaseURL == "" {
		opt.BaseURL = apiURL
	}
	opt.BaseURL = uptime.Secret(strings.TrimRight(opt.BaseURL.Reveal(), "/"))
	return &Sink{opt, thread}, nil
}

// Deliver writes, edits or closes the message of a thread. The ref is chat and
// number of that message.
func (s *Sink) Deliver(ctx context.Context, d *uptime.Delivery, ref string) (string, error) {
	n := &d.Notice
	chat, id := s.parse(ref)
	msg := message{Chat: chat, Text: render(n), ParseMode: "HTML", Preview: preview{Disabled: true}}
	if n.Phase == uptime.NoticeOpens || id == 0 {
		msg.Quiet = n.Phase == uptime.NoticeOpens && n.Priority >= uptime.P3 && n.Type != uptime.NoticeTest
		return s.send(ctx, msg, ref)
	}
	msg.Message = id
	_, moved, err := s.call(ctx, "editMessageText", msg)
	switch {
	case unchanged(err):
	case lost(err):
		msg.Chat, msg.Message = moved, 0
		return s.send(ctx, msg, ref)
	case err != nil:
		return ref, err
	}
	if n.Phase != uptime.NoticeCloses && !n.Rings {
		return join(moved, id), nil
	}
	return s.answer(ctx, n, moved, id)
}

// parse reads a ref; without one, the chat is that of the settings.
func (s *Sink) parse(ref string) (chat string, id int64) {
	chat, number, ok := strings.Cut(ref, ":")
	id, err := strconv.ParseInt(number, 10, 64)
	if !ok || err != nil || id <= 0 {
		return s.opt.Chat, 0
	}
	return chat, id
}

func join(chat string, id int64) string { return chat + ":" + strconv.FormatInt(id, 10) }

// send writes a new message.
func (s *Sink) send(ctx context.Context, msg message, ref string) (string, error) {
	msg.Thread = s.thread
	id, chat, err := s.call(ctx, "sendMessage", msg)
	if err != nil || id == 0 {
		return ref, err
	}
	return join(chat, id), nil
}

// answer says below the message that it is over, or graver. The message itself says it
// already: only what may work later is worth another try.
func (s *Sink) answer(ctx context.Context, n *uptime.Notice, chat string, id int64) (string, error) {
	_, moved, err := s.call(ctx, "sendMessage", message{
		Chat: chat, Thread: s.thread, Text: line(n), ParseMode: "HTML", Preview: preview{Disabled: true},
		Reply: &reply{Message: id, Anyway: true},
	})
	if err != nil && uptime.RefusalOf(err).Temporary {
		return join(chat, id), err
	}
	return join(moved, id), nil
}

// call asks the Bot API, again in another chat when this one has moved there. It
// returns the message's number and the chat that it is in.
func (s *Sink) call(ctx context.Context, method string, msg message) (id int64, chat string, err error) {
	id, err = s.once(ctx, method, msg)
	if to := movedTo(err); to != 0 {
		msg.Chat = strconv.FormatInt(to, 10)
		id, err = s.once(ctx, method, msg)
	}
	return id, msg.Chat, err
}

func (s *Sink) once(ctx context.Context, method string, msg message) (int64, error) {
	var got struct {
		Result json.RawMessage `json:"result"`
	}
	raw, err := s.opt.Client.JSON(ctx, post.Request{
		URL: uptime.Secret(s.opt.BaseURL.Reveal() + "/bot" + s.opt.Token.Reveal() + "/" + method),
	}, msg, &got)
	if err != nil {
		return 0, explain(raw, err)
	}
	var made struct {
		ID int64 `json:"message_id"`
	}
	_ = json.Unmarshal(got.Result, &made) // true instead of a message for some edits
	return made.ID, nil
}

// refused is a refusal with what else Telegram said.
type refused struct {
	*uptime.Refusal
	description string
	moved       int64
}

func (r *refused) Unwrap() error { return r.Refusal }

// says reports whether Telegram's description of an error holds one of the texts.
func says(err error, texts ...string) bool {
	r, ok := errors.AsType[*refused](err)
	if !ok {
		return false
	}
	for _, t := range texts {
		if strings.Contains(r.description, t) {
			return true
		}
	}
	return false
}

func unchanged(err error) bool { return says(err, "message is not modified") }

func lost(err error) bool {
	return says(err, "message to edit not found", "message can't be edited", "message_id_invalid", "message not found")
}

func movedTo(err error) int64 {
	if r, ok := errors.AsType[*refused](err); ok {
		return r.moved
	}
	return 0
}

// explain reads the body of a refusal.
func explain(got post.Answer, err error) error {
	was, ok := errors.AsType[*uptime.Refusal](err)
	if !ok {
		return err
	}
	var body struct {
		Description string `json:"description"`
		Parameters  struct {
			RetryAfter json.Number `json:"retry_after"`
			Moved      int64       `json:"migrate_to_chat_id"`
		} `json:"parameters"`
	}
	_ = json.Unmarshal(got.Body, &body) // what is no JSON says nothing
	r := &refused{new(uptime.Refusal), strings.ToLower(body.Description), body.Parameters.Moved}
	*r.Refusal = *was
	if wait := post.RetryAfter(body.Parameters.RetryAfter.String(), time.Now()); r.Temporary && wait > 0 {
		r.After = wait
	}
	r.judge(got.Status)
	return r
}

// judge knows after which errors no message will be taken.
func (r *refused) judge(status int) {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusNotFound:
		r.Gone, r.Reason = true, "Telegram does not know the bot's token (any more)"
	case status == http.StatusForbidden:
		r.Gone, r.Reason = true, "the bot was removed from the chat or blocked there, or may not write"
	case says(r, "not enough rights", "have no rights", "need administrator rights", "chat_write_forbidden", "chat_restricted"):
		r.Gone, r.Reason = true, "the bot has no right to write in the chat"
	case says(r, "chat not found", "group is deactivated", "peer_id_invalid"):
		r.Gone, r.Reason = true, "Telegram does not know the chat, or the bot is not in it"
	case says(r, "thread not found", "topic_closed", "topic_deleted"):
		r.Reason = "the topic in the Telegram group was closed or deleted"
	}
}
