package config

import (
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// The types of this file are what alivemcp.yaml says about alerts; file.go
// explains the tags.

// Sink is where notices go. Each type needs some of the keys and takes no others:
//
// | type | needs | takes as well |
// |---|---|---|
// | `webhook` | `url`, `secret` | `old_secrets`, `headers`, `private` |
// | `slack` | `token`, `channel` | `url`, `private` |
// | `slack_webhook` | `url` | `private` |
// | `discord` | `url` | `role`, `thread`, `forum`, `tags`, `private` |
// | `pagerduty` | `key` | `region`, `url`, `private` |
// | `jsm` | `token` | `url`, `private` |
// | `teams` | `url` | `private` |
// | `telegram` | `token`, `chat` | `thread`, `url`, `private` |
// | `ntfy` | `topic` | `url`, `token`, `private` |
// | `email` | `to`, and `smtp` in the file | |
// | `alertmanager` | `url` | `headers`, `private` |
// | `incidentio` | `url`, `token` | `private` |
// | `template` | `url`, and `template` or `template_file` | `method`, `headers`, `content_type`, `private` |
// | `command` | `command` | `args`, `env` |
//
// `name`, `type`, `verified`, `severity` and `patience` are for all of them.
type Sink struct {
	// Name is what rules, pages and commands call the sink by: lower-case letters,
	// digits and hyphens.
	Name string `key:"name" need:"yes" example:"team"`
	// Type is what is there.
	Type string `key:"type" need:"yes" one:"webhook slack slack_webhook discord pagerduty jsm teams telegram ntfy email alertmanager incidentio template command" example:"webhook"`
	// Verified says who vouches that the sink's owner wants what is sent there:
	// `operator`, which is you. Without it nothing is sent until
	// `alivemcp alert verify NAME` has proved it.
	Verified string `key:"verified" one:"operator" example:"operator"`
	// Severity is the least urgent that is told.
	Severity string `key:"severity" default:"P3" one:"P1 P2 P3"`
	// Patience is how long something must last before the sink is told.
	Patience time.Duration `key:"patience" default:"0s" range:"0s..24h"`
	// Private allows addresses that are not public: this machine, the local
	// network.
	Private bool `key:"private" default:"true"`
	// URL is where it is. It is kept secret, for whoever knows it can often write
	// there. For slack, pagerduty, jsm, telegram and ntfy it replaces the service's
	// own address.
	URL uptime.Secret `key:"url" example:"https://example.com/hook"`
	// Secret signs what a webhook gets (Standard Webhooks): `whsec_` and base64, or
	// any text of 24 bytes and more.
	Secret uptime.Secret `key:"secret" example:"env:HOOK_SECRET"`
	// OldSecrets sign as well, until every receiver has the new one.
	OldSecrets []uptime.Secret `key:"old_secrets" example:"[env:OLD_HOOK_SECRET]"`
	// Token is what we show: the bot's at slack (`xoxb-`) and telegram, the access
	// token at ntfy and incidentio, the integration's API key at jsm.
	Token uptime.Secret `key:"token" example:"env:SLACK_TOKEN"`
	// Key is the integration key of a PagerDuty service (Events API v2).
	Key uptime.Secret `key:"key" example:"env:PAGERDUTY_KEY"`
	// Channel is the Slack channel, by its id.
	Channel string `key:"channel" example:"C0123456789"`
	// Chat is the Telegram chat: its number, or @ and its name.
	Chat string `key:"chat" example:"\"-1001234567890\""`
	// Thread is the topic in a Telegram group, a number. At Discord it is the thread
	// that is told of outages that last longer than half an hour.
	Thread string `key:"thread" example:"\"42\""`
	// Topic is the ntfy topic. Its name is its password.
	Topic uptime.Secret `key:"topic" example:"env:NTFY_TOPIC"`
	// Role is the number of the Discord role that is called when something breaks.
	Role string `key:"role" example:"\"123456789012345678\""`
	// Forum says that the Discord channel is a forum, where each outage is a post.
	Forum bool `key:"forum" default:"false"`
	// Tags are the numbers of the tags of those posts, at most 5; a forum may want
	// one.
	Tags []string `key:"tags" example:"[\"123456789012345678\"]"`
	// Region is where the PagerDuty account is; without one it is us.
	Region string `key:"region" one:"us eu" example:"eu"`
	// To are mail addresses; one alone needs no list. With several, each is a sink
	// of its own, called by name and address: `team-ann-example-com`.
	To []string `key:"to" single:"yes" example:"[ann@example.com, ops@example.com]"`
	// Template makes the body, in the language of Go's text/template, from the
	// notice.
	Template string `key:"template" example:"'{\"text\": {{json .title}}}'"`
	// TemplateFile is a file with the template.
	TemplateFile string `key:"template_file" path:"yes" example:"page.tmpl"`
	// Method is how the body is sent; without one it is POST.
	Method string `key:"method" one:"POST PUT PATCH" example:"PUT"`
	// ContentType is what the body is; without one it is application/json.
	ContentType string `key:"content_type" example:"text/plain"`
	// Headers are sent along. Values may be secret references. Those that we send
	// ourselves, such as the signature of a webhook, cannot be replaced.
	Headers map[string]uptime.Secret `key:"headers" example:"{Authorization: env:PAGER_AUTH}"`
	// Command is a program that gets the notice as JSON on its standard input. It
	// is no shell line: arguments stand in `args`.
	Command string `key:"command" example:"/usr/local/bin/page"`
	// Args are the arguments of the command. They may be secret references.
	Args []string `key:"args" ref:"yes" example:"[--loud]"`
	// Env is what the command sees besides a minimal environment. Values may be
	// secret references.
	Env map[string]uptime.Secret `key:"env" lines:"yes" example:"{PAGER: env:PAGER}"`
}

// Alerts says who is told what.
type Alerts struct {
	// Rules say which sinks are told. Every rule that matches counts. Without any
	// rule every sink is told everything.
	Rules []Rule `key:"rules"`
	// Budget is how many things an hour may ring; what is beyond waits for the
	// hourly digest, except P1. 0 is that of the tier.
	Budget int `key:"budget" default:"0" range:"0..10000"`
	// Remind is how often a sink is reminded of what nobody has acknowledged, at
	// least 5m; 0s is never.
	Remind time.Duration `key:"remind" default:"0s" range:"0s..7d"`
	// TLS is how long before a certificate ends it is told; `[]` is never.
	TLS []time.Duration `key:"tls" default:"14d 7d 1d" range:"1h..90d" example:"[14d, 7d, 1d]"`
	// Credential is how long before a credential ends it is told; `[]` is never.
	Credential []time.Duration `key:"credential" default:"3d 24h 1h" range:"5m..90d" example:"[3d, 24h, 1h]"`
}

// Rule says which alerts go to which sinks. A key that is left out admits
// everything.
type Rule struct {
	// Name is what decisions call the rule by; without one it is its number.
	Name string `key:"name" example:"database"`
	// Servers are slugs.
	Servers []string `key:"servers" example:"[weather]"`
	// Groups are groups of servers. With servers too, either will do.
	Groups []string `key:"groups" example:"[internal]"`
	// Kinds are what is wrong: a server is down (`incident`) or `degraded`, its
	// contract changed (`drift`), its certificate (`tls`) or our `credential` ends
	// soon, its error budget burns (`slo`), a `sink` fails, many tenants have one
	// cause (`cluster`), or there is an hour of what was above the budget (`digest`).
	Kinds []string `key:"kinds" one:"incident degraded drift tls credential slo sink registry cluster digest" example:"[incident, slo]"`
	// Severities are how urgent it is.
	Severities []string `key:"severities" one:"P1 P2 P3" example:"[P1, P2]"`
	// Reasons are why a server fails.
	Reasons []string `key:"reasons" one:"connection_refused timeout protocol_error schema_drift error_rate_elevated" example:"[timeout]"`
	// Hours are some hours of the week, as DAYS FROM-TO ZONE, or a list of them. Days
	// are `mon`, `mon-fri` or `mon,wed`; without any it is every day. A zone such as
	// `Europe/Berlin` brings its daylight saving; without one it is UTC. `22:00-06:00`
	// goes over midnight and belongs to the day on which it begins. What still lasts
	// when the hours begin is told then.
	Hours []string `key:"hours" single:"yes" example:"mon-fri 08:00-18:00 Europe/Berlin"`
	// Sinks are told at once.
	Sinks []string `key:"sinks" example:"[team]"`
	// Escalate are the steps that follow while nobody acknowledges.
	Escalate []Escalation `key:"escalate" example:"[{after: 5m, sinks: [pager]}]"`

	hours []uptime.Hours
}

// Escalation tells more sinks when nobody has acknowledged.
type Escalation struct {
	// After is how long after it began.
	After time.Duration `key:"after" need:"yes" range:"1m..7d" example:"5m"`
	// Sinks are told then.
	Sinks []string `key:"sinks" need:"yes" example:"[pager]"`
}

// SMTP is the mail server that takes our mails.
type SMTP struct {
	// Host is its name.
	Host string `key:"host" need:"yes" example:"smtp.example.com"`
	// Port is usually 587 with starttls, 465 with tls.
	Port int `key:"port" default:"587" range:"1..65535"`
	// Username is who signs in; without one nobody does.
	Username string `key:"username" example:"status@example.com"`
	// Password is that of the user.
	Password uptime.Secret `key:"password" example:"env:SMTP_PASSWORD"`
	// TLS is how the connection is protected. `none` is for a server on this
	// machine.
	TLS string `key:"tls" default:"starttls" one:"starttls tls none"`
	// From is the sender's address, with or without a name.
	From string `key:"from" need:"yes" example:"\"Example status <status@example.com>\""`
}

// Subscriptions say what readers of the status pages can subscribe to, besides
// the Atom feeds, which are always there.
type Subscriptions struct {
	// Enabled switches subscribing on. It needs `base_url`.
	Enabled bool `key:"enabled" default:"false"`
	// Email lets readers subscribe with a mail address, once they confirmed it. It
	// needs `smtp`.
	Email bool `key:"email" default:"false"`
	// Webhook lets readers subscribe with a URL, once it answered a challenge.
	Webhook bool `key:"webhook" default:"false"`
	// Patience is how long something must last before readers are told: a flap tells
	// nobody.
	Patience time.Duration `key:"patience" default:"3m" range:"0s..1h"`
}

// Heartbeat is a URL that is asked while the monitor really seals and delivers.
// Whoever is there misses it when the monitor dies. A text alone is the url.
type Heartbeat struct {
	_ struct{} `short:"url"`
	// URL is where it goes.
	URL uptime.Secret `key:"url" need:"yes" example:"env:HEARTBEAT_URL"`
	// Every is how often.
	Every time.Duration `key:"every" default:"1m" range:"30s..1h"`
	// Method is how it is asked.
	Method string `key:"method" default:"POST" one:"GET POST"`
	// Headers are sent along. Values may be secret references.
	Headers map[string]uptime.Secret `key:"headers" example:"{Authorization: env:HEARTBEAT_AUTH}"`
}
