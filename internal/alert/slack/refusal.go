package slack

import (
	"errors"
	"net/http"
	"regexp"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/post"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// lostError means that a message can no longer be edited.
type lostError struct{ error }

func (e *lostError) Unwrap() error { return e.error }

func lost(err error) bool {
	_, ok := errors.AsType[*lostError](err)
	return ok
}

// refusal turns a word of the Web API into a refusal; nil when the method worked.
func refusal(got answered, header http.Header) error {
	if got.OK {
		return nil
	}
	r := &uptime.Refusal{Reason: "Slack refused: " + word(got.Error)}
	switch got.Error {
	case "message_not_found", "cant_update_message", "edit_window_closed", "thread_not_found", "message_deleted":
		return &lostError{r}
	case "ratelimited", "rate_limited", "message_limit_exceeded":
		r.Temporary, r.After = true, post.RetryAfter(header.Get("Retry-After"), time.Now())
	case "", "internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org", "external_channel_migrating":
		r.Temporary = true
	default:
		if advice := gone(got.Error); advice != "" {
			r.Gone, r.Reason = true, r.Reason+": "+advice
		}
	}
	return r
}

// gone returns what to do about a word after which no message will be taken, and
// nothing for other words.
func gone(word string) string {
	switch word {
	case "invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "access_denied", "org_login_required", "team_access_not_granted":
		return "give the sink a valid bot token"
	case "missing_scope", "no_permission", "not_allowed_token_type", "ekm_access_denied", "restricted_action":
		return "the app may not write there, it needs the scope chat:write and the workspace's permission"
	case "channel_not_found", "not_in_channel":
		return "check the channel's id and invite the app into it"
	case "is_archived":
		return "the channel is archived"
	}
	return ""
}

// word admits what Slack's error words look like: no other text of an answer is
// repeated.
func word(s string) string {
	if regexp.MustCompile(`^[a-z_]{1,60}$`).MatchString(s) {
		return s
	}
	return "no reason given"
}
