package config_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const told = `
base_url: https://status.example.com
servers: [{slug: weather, url: https://weather.example.com/mcp, group: public}]
sinks:
  - {name: hook, type: webhook, url: https://example.com/hook, secret: whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=, old_secrets: [0123456789abcdef01234567], headers: {Authorization: env:TOKEN}, verified: operator}
  - {name: chat, type: slack, token: xoxb-s3cr3t, channel: C0123456789, severity: P2, patience: 3m, verified: operator}
  - {name: old-chat, type: slack_webhook, url: https://hooks.slack.com/services/T/B/s3cr3t, verified: operator}
  - {name: guild, type: discord, url: https://discord.com/api/webhooks/1/s3cr3t, role: "123456789012345678", forum: true, tags: ["42"], verified: operator}
  - {name: pager, type: pagerduty, key: 0123456789abcdef0123456789abcdef, region: eu, verified: operator}
  - {name: ops, type: jsm, token: s3cr3t, url: https://api.opsgenie.com, verified: operator}
  - {name: teams, type: teams, url: "https://x.environment.api.powerplatform.com/a?sig=s3cr3t", verified: operator}
  - {name: phone, type: telegram, token: "1:s3cr3t", chat: "-1001", thread: 42, verified: operator}
  - {name: push, type: ntfy, topic: s3cr3t, verified: operator}
  - {name: mail, type: email, to: ops@example.com}
  - {name: mails, type: email, to: [ann@example.com, Bob.B@example.org], verified: operator}
  - {name: am, type: alertmanager, url: http://alertmanager:9093, headers: {Authorization: env:TOKEN}, verified: operator}
  - {name: io, type: incidentio, url: https://api.incident.io/v2/alert_events/http/1, token: s3cr3t, verified: operator}
  - {name: own, type: template, url: https://example.com/x, template: '{"t": {{json .title}}}', method: PUT, content_type: application/json, headers: {A: b}, private: false, verified: operator}
  - {name: script, type: command, command: /usr/local/bin/page, args: [--loud, env:TOKEN], env: {A: env:TOKEN}, verified: operator}
smtp: {host: localhost, port: 25, tls: none, from: "Status <status@example.com>"}
subscriptions: {enabled: true, email: true, webhook: true}
heartbeats: [https://hc.example.com/s3cr3t, {url: env:TOKEN_URL, every: 5m, method: GET, headers: {A: env:TOKEN}}]
secrets_key: keys/one
alerts:
  budget: 30
  remind: 4h
  tls: [1d, 30d, 1d]
  rules:
    - name: office
      servers: [weather]
      groups: [public]
      kinds: [incident, tls]
      severities: [P1, P3]
      reasons: [timeout]
      hours: [mon-fri 08:00-18:00 Europe/Berlin, "sat,sun 22:00-06:00"]
      sinks: [hook, mails]
      escalate: [{after: 5m, sinks: [pager]}, {after: 15m, sinks: [mails, phone]}]
    - sinks: [hook, chat, old-chat, guild, ops, teams, push, mail, am, io, own, script]
      hours: 09:00-17:30
`

func around(name string) (string, bool) {
	if name == "TOKEN_URL" {
		return "https://hc.example.com/s3cr3t", true
	}
	return surroundings(name)
}

func parsed(t *testing.T, yaml string) *config.File {
	t.Helper()
	f, problems := config.Parse(filepath.Join(t.TempDir(), "alivemcp.yaml"), []byte(yaml), config.Options{Lookup: around})
	if f == nil {
		t.Fatal(problems)
	}
	return f
}

// TestPolicy turns a configuration with every type of sink into words.
func TestPolicy(t *testing.T) {
	name := filepath.Join(t.TempDir(), "alivemcp.yaml")
	f, problems := config.Parse(name, []byte(told), config.Options{Lookup: around})
	if got := said(problems, name); got != "14:12: warning: sinks[9].name: nothing is delivered there until it is verified: run `alivemcp alert verify mail`, or write verified: operator when it is yours\n" {
		t.Fatalf("said: %s", got)
	}
	berlin, _ := time.LoadLocation("Europe/Berlin")
	day := 24 * time.Hour
	sink := func(name, kind string, edits, final bool) uptime.Sink {
		return uptime.Sink{Tenant: "t", Name: name, Type: kind, Least: uptime.P3, Edits: edits, Final: final, Verified: true}
	}
	chat, mail := sink("chat", "slack", true, false), sink("mail", "email", false, false)
	chat.Least, chat.Patience, mail.Verified = uptime.P2, 3*time.Minute, false
	mails := []string{"mails-ann-example-com", "mails-bob-b-example-org"}
	office := uptime.Rule{
		Name: "office", Servers: []string{"weather"}, Groups: []string{"public"},
		Kinds: []uptime.AlertKind{uptime.AlertIncident, uptime.AlertTLS}, Priorities: []uptime.Priority{uptime.P1, uptime.P3},
		Reasons: []uptime.Reason{uptime.Timeout},
		Hours:   &uptime.Hours{Days: [7]bool{false, true, true, true, true, true}, From: 8 * time.Hour, To: 18 * time.Hour, Zone: berlin},
		Sinks:   append([]string{"hook"}, mails...),
		Escalate: []uptime.Escalation{
			{After: 5 * time.Minute, Sinks: []string{"pager"}},
			{After: 15 * time.Minute, Sinks: append(append([]string{}, mails...), "phone")},
		},
	}
	night := office
	night.Hours = &uptime.Hours{Days: [7]bool{0: true, 6: true}, From: 22 * time.Hour, To: 6 * time.Hour, Zone: time.UTC}
	want := &uptime.Policy{
		Tenant: "t", Budget: 30, Remind: 4 * time.Hour, TLS: []time.Duration{30 * day, day}, Credential: []time.Duration{3 * day, day, time.Hour},
		Sinks: []uptime.Sink{
			sink("hook", "webhook", false, false), chat, sink("old-chat", "slack_webhook", false, false), sink("guild", "discord", true, false),
			sink("pager", "pagerduty", true, false), sink("ops", "jsm", true, false), sink("teams", "teams", false, true),
			sink("phone", "telegram", true, false), sink("push", "ntfy", true, false), mail,
			sink(mails[0], "email", false, false), sink(mails[1], "email", false, false), sink("am", "alertmanager", true, false),
			sink("io", "incidentio", true, false), sink("own", "template", false, false), sink("script", "command", false, false),
		},
		Rules: []uptime.Rule{office, night, {
			Name: "rule 2", Sinks: []string{"hook", "chat", "old-chat", "guild", "ops", "teams", "push", "mail", "am", "io", "own", "script"},
			Hours: &uptime.Hours{Days: [7]bool{true, true, true, true, true, true, true}, From: 9 * time.Hour, To: 17*time.Hour + 30*time.Minute, Zone: time.UTC},
		}},
	}
	same := cmp.Comparer(func(a, b *time.Location) bool { return a.String() == b.String() })
	if diff := cmp.Diff(want, f.PolicyOf("t"), same); diff != "" {
		t.Errorf("policy (-want +got):\n%s", diff)
	}
	if f.KeyFile() != filepath.Join(filepath.Dir(name), "keys/one") || f.Heartbeats[0].Every != time.Minute || f.Heartbeats[0].Method != "POST" || f.Heartbeats[1].Every != 5*time.Minute {
		t.Errorf("key %s, heartbeats %+v", f.KeyFile(), f.Heartbeats)
	}
	if s := f.Sinks[14]; s.Args[1] != "s3cr3t" || !s.Private || f.Sinks[13].Private {
		t.Errorf("a command %+v", s)
	}
}

// TestNothingSaid: without a word about alerts nobody is told, and expiries have
// their usual times.
func TestNothingSaid(t *testing.T) {
	f := parsed(t, oneServer)
	day := 24 * time.Hour
	want := &uptime.Policy{TLS: []time.Duration{14 * day, 7 * day, day}, Credential: []time.Duration{3 * day, day, time.Hour}}
	if diff := cmp.Diff(want, f.PolicyOf("")); diff != "" {
		t.Errorf("policy (-want +got):\n%s", diff)
	}
	if f.SMTP != nil || f.Subscriptions.Enabled || f.KeyFile() != filepath.Join(f.Data, "secret.key") {
		t.Errorf("%+v %+v %s", f.SMTP, f.Subscriptions, f.KeyFile())
	}
	if p := parsed(t, oneServer+"alerts: {tls: []}\n").PolicyOf(""); len(p.TLS) != 0 {
		t.Errorf("TLS: %v", p.TLS)
	}
}

// TestWhere: what makes another place of a sink, and what does not.
func TestWhere(t *testing.T) {
	where := func(keys string) string {
		f := parsed(t, oneServer+"sinks: [{name: a, "+keys+"}]\n")
		return f.Sinks[0].Where()
	}
	const hook = "type: webhook, url: https://a.example, secret: 0123456789abcdef01234567"
	if where(hook) != where(hook+"89, severity: P1, verified: operator, old_secrets: [0123456789abcdef01234567]") {
		t.Error("another secret makes another place")
	}
	if where(hook) == where(strings.Replace(hook, "a.example", "b.example", 1)) {
		t.Error("another URL makes no other place")
	}
	if where("type: ntfy, topic: a") == where("type: ntfy, topic: b") || where("type: slack, token: a, channel: C111111") == where("type: slack, token: a, channel: C111112") {
		t.Error("another topic or channel makes no other place")
	}
}

// TestAddressesKeepTheirNames: a receiver is called the same whatever other
// addresses come and go.
func TestAddressesKeepTheirNames(t *testing.T) {
	names := func(to string) (out []string) {
		f := parsed(t, oneServer+"smtp: {host: h, from: a@example.com}\nsinks: [{name: m, type: email, to: "+to+"}]\n")
		for _, r := range f.Receivers() {
			out = append(out, r.Name+" "+strings.Join(r.To, ","))
		}
		return out
	}
	if diff := cmp.Diff([]string{"m a@x.example"}, names("a@x.example")); diff != "" {
		t.Error(diff)
	}
	long, short := names("[a@x.example, b@x.example, c@x.example]"), names("[c@x.example, b@x.example]")
	if diff := cmp.Diff([]string{long[2], long[1]}, short); diff != "" || long[1] != "m-b-x-example b@x.example" {
		t.Errorf("%v and %v", long, short)
	}
}

// TestAlertProblems holds what is said about each fault of sinks, rules and what
// belongs to them.
func TestAlertProblems(t *testing.T) {
	const key = "0123456789abcdef0123456789abcdef"
	many := func(n int, item string) string { return "[" + strings.Repeat(item+",", n) + "]" }
	sink := func(keys string) string { return "sinks:\n  - {name: a, " + keys + "}\n" }
	smtp := "smtp: {host: h, from: a@b.example}\n"
	rule := func(keys string) string {
		return "sinks: [{name: team, type: command, command: x}]\nalerts: {rules: [{" + keys + "}]}\n"
	}
	tests := []struct{ name, yaml, want string }{
		{"type", sink("type: slak"), "2:21: sinks[0].type: this can be webhook, slack"},
		{"type near", sink("type: slak"), "did you mean slack?"},
		{"no name", "sinks: [{type: command, command: x}]\n", "name is missing"},
		{"name", "sinks: [{name: My Team, type: command, command: x}]\n", "such as my-team"},
		{"verified", sink("type: command, command: x, verified: me"), "this can be operator"},
		{"not verified", sink("type: command, command: x"), "warning: sinks[0].name: nothing is delivered there until it is verified: run `alivemcp alert verify a`"},
		{"severity", sink("type: command, command: x, severity: P4"), "this can be P1, P2 or P3"},
		{"patience", sink("type: command, command: x, patience: 2d"), "a duration from 0s to 24h"},
		{"many", "sinks: " + many(201, "{name: b, type: command, command: x}"), "there are 201 sinks, the most is 200"},
		{"webhook without url", sink("type: webhook, secret: " + key), "needs url; add it, such as url: https://example.com/hook"},
		{"webhook without secret", sink("type: webhook, url: https://a.example"), "needs secret; add it, such as secret: env:HOOK_SECRET"},
		{"webhook short secret", sink("type: webhook, url: https://a.example, secret: s3cr3t"), "must have 24 bytes at least"},
		{"webhook whsec", sink("type: webhook, url: https://a.example, secret: whsec_s3cr3t"), "base64 of 24 to 64 bytes"},
		{"webhook whsec short", sink("type: webhook, url: https://a.example, secret: whsec_MDEyMzQ1Njc4OTAx"), "base64 of 24 to 64 bytes"},
		{"webhook old secret", sink("type: webhook, url: https://a.example, secret: " + key + ", old_secrets: [s3cr3t]"), "sinks[0].old_secrets[0]: the secret must have 24 bytes"},
		{"webhook old secrets", sink("type: webhook, url: https://a.example, secret: " + key + ", old_secrets: " + many(5, key)), "there are 5 old secrets, the most is 4"},
		{"webhook channel", sink("type: webhook, url: https://a.example, secret: " + key + ", channel: C1"), "channel: a sink of type webhook does not use this; remove it. It takes url, secret, old_secrets, headers, private"},
		{"url", sink("type: teams, url: ftp://s3cr3t.example"), "here must be an http or https URL"},
		{"url fragment", sink("type: teams, url: \"https://a.example/#s3cr3t\""), "has no fragment"},
		{"url in clear", sink("type: teams, url: http://a.example/s3cr3t"), "warning: sinks[0].url: what is sent there can be read on the way"},
		{"url of variable", sink("type: teams, url: env:NOPE"), "the environment variable NOPE is not set"},
		{"office connector", sink("type: teams, url: https://x.webhook.office.com/s3cr3t"), "Office 365 connectors were switched off"},
		{"office connector as webhook", sink("type: webhook, secret: " + key + ", url: https://webhook.office.com/s3cr3t"), "Office 365 connectors were switched off"},
		{"slack without channel", sink("type: slack, token: x"), "needs channel; add it, such as channel: C0123456789"},
		{"slack token", sink("type: slack, channel: C0123456789"), "needs token; add it, such as token: env:SLACK_TOKEN"},
		{"slack bearer", sink("type: slack, channel: C0123456789, token: Bearer s3cr3t"), "a token has no spaces"},
		{"slack channel", sink("type: slack, token: x, channel: ops team"), "here must be the id of a channel"},
		{"slack webhook with token", sink("type: slack_webhook, url: https://a.example, token: s3cr3t"), "a sink of type slack_webhook does not use this"},
		{"discord", sink("type: discord, url: https://a.example/s3cr3t"), "this is no webhook of Discord"},
		{"webhook signature", sink("type: webhook, url: https://a.example, secret: " + key + ", headers: {webhook-signature: a}"), "sinks[0].headers.webhook-signature: this header is ours to send"},
		{"webhook length", sink("type: webhook, url: https://a.example, secret: " + key + ", headers: {CONTENT-Length: \"1\"}"), "this header is ours to send"},
		{"webhook header of lines", sink("type: webhook, url: https://a.example, secret: " + key + ", headers: {X-A: \"a\\nHost: b\"}"), "the value of a header is one line"},
		{"template host", sink("type: template, url: https://a.example, template: a, headers: {Host: b}"), "this header is ours to send"},
		{"discord thread in a forum", sink("type: discord, url: https://a.example/api/webhooks/1/a, forum: true, thread: \"1\""), "remove thread or forum"},
		{"discord tags", sink("type: discord, url: https://a.example/api/webhooks/1/a, tags: [\"1\"]"), "add forum: true"},
		{"discord many tags", sink("type: discord, url: https://a.example/api/webhooks/1/a, forum: true, tags: [\"1\", \"2\", \"3\", \"4\", \"5\", \"6\"]"), "there are 6 tags"},
		{"discord tag", sink("type: discord, url: https://a.example/api/webhooks/1/a, forum: true, tags: [down]"), "the number of a tag"},
		{"patience of readers", "subscriptions: {enabled: true, patience: 2h}\n", "a duration from 0s to 1h"},
		{"discord role", sink("type: discord, url: https://a.example/api/webhooks/1/a, role: ops"), "the number of a role"},
		{"pagerduty key", sink("type: pagerduty, key: s3cr3t"), "32 letters and digits"},
		{"pagerduty region", sink("type: pagerduty, region: ap, key: " + key), "this can be us or eu"},
		{"pagerduty region and url", sink("type: pagerduty, region: eu, url: https://a.example, key: " + key), "url says already where the service is"},
		{"jsm", sink("type: jsm, key: " + key), "needs token"},
		{"telegram", sink("type: telegram, token: x"), "needs chat"},
		{"telegram chat", sink("type: telegram, token: x, chat: My chat"), "the number of a chat"},
		{"telegram thread", sink("type: telegram, token: x, chat: 1, thread: x"), "the number of a topic"},
		{"ntfy", sink("type: ntfy"), "needs topic"},
		{"ntfy topic", sink("type: ntfy, topic: a/s3cr3t"), "a topic has letters"},
		{"email", smtp + "sinks: [{name: a, type: email}]\n", "needs to; add it, such as to: ops@example.com"},
		{"email without server", sink("type: email, to: a@b.example"), "add smtp:"},
		{"email address", smtp + sink("type: email, to: \"A <a@b.example>\""), "a mail address alone"},
		{"email two lines", smtp + sink("type: email, to: \"a@b.example\\nBcc: c@d.example\""), "a mail address alone"},
		{"email none", smtp + sink("type: email, to: []"), "here must be a mail address"},
		{"email twice", smtp + sink("type: email, to: [a@b.example, A@b.example]"), "to[1]: this address stands here already"},
		{"email many", smtp + sink("type: email, to: "+many(21, "a@b.example")), "there are 21 addresses, the most is 20"},
		{"email private", smtp + sink("type: email, to: a@b.example, private: true"), "a sink of type email does not use this"},
		{"email like another", smtp + "sinks: [{name: m-a-x-example, type: command, command: x}, {name: m, type: email, to: [a@x.example, b@x.example]}]\n", "a sink of this name"},
		{"alertmanager header", sink("type: alertmanager, url: http://a:9093, headers: {\"a b\": x}"), "no name of a header"},
		{"incidentio", sink("type: incidentio, url: https://api.incident.io, token: x"), "this is no alert source"},
		{"template", sink("type: template, url: https://a.example"), "needs template or template_file"},
		{"two templates", sink("type: template, url: https://a.example, template: x, template_file: y"), "not both"},
		{"template form", sink("type: template, url: https://a.example, template: \"{{json .title\""), "this is no template"},
		{"template empty", sink("type: template, url: https://a.example, template: \"\""), "a template has 1 to"},
		{"template file", sink("type: template, url: https://a.example, template_file: nope"), "there is no such file"},
		{"template method", sink("type: template, url: https://a.example, template: x, method: GET"), "this can be POST, PUT or PATCH"},
		{"content type", sink("type: template, url: https://a.example, template: x, content_type: json"), "here must be a media type"},
		{"command", sink("type: command, args: [x]"), "needs command"},
		{"command empty", sink("type: command, command: \"\""), "the text is empty"},
		{"command line", sink("type: command, command: page --loud"), "warning: sinks[0].command: this is no shell line"},
		{"command env", sink("type: command, command: x, env: {A-B: c}"), "no name of an environment variable"},
		{"command private", sink("type: command, command: x, private: false"), "a sink of type command does not use this"},
		{"rule tells nobody", rule("name: x"), "the rule tells nobody"},
		{"rule sink", rule("sinks: [taem]"), "alerts.rules[0].sinks[0]: there is no sink \"taem\"; did you mean team?"},
		{"rule server", rule("servers: [a-exampl], sinks: [team]"), "there is no server"},
		{"rule group", rule("groups: [x], sinks: [team]"), "there is no group"},
		{"rule kind", rule("kinds: [incidents], sinks: [team]"), "kinds[0]: this can be incident, degraded"},
		{"rule severity", rule("severities: [P4], sinks: [team]"), "this can be P1, P2 or P3"},
		{"rule reason", rule("reasons: [timeouts], sinks: [team]"), "did you mean timeout?"},
		{"rule names", "sinks: [{name: team, type: command, command: x}]\nalerts: {rules: [{name: a, sinks: [team]}, {name: a, sinks: [team]}]}\n", "a rule of this name stands in line 2"},
		{"rules many", "alerts: {rules: " + many(501, "{}") + "}", "there are 501 rules"},
		{"sink without rule", "sinks: [{name: team, type: command, command: x}, {name: b, type: command, command: x}]\nalerts: {rules: [{sinks: [team]}]}\n", "warning: sinks[1].name: no rule names this sink"},
		{"escalation", rule("escalate: [{after: 10s, sinks: [team]}]"), "a duration from 1m to 7d"},
		{"escalation sink", rule("escalate: [{after: 5m, sinks: [tean]}]"), "did you mean team?"},
		{"escalation of none", rule("escalate: [{after: 5m, sinks: []}]"), "the step tells nobody"},
		{"escalation backwards", rule("escalate: [{after: 5m, sinks: [team]}, {after: 5m, sinks: [team]}]"), "each step comes after the one before"},
		{"remind", "alerts: {remind: 1m}\n", "here must be 5m at least"},
		{"budget", "alerts: {budget: -1}\n", "a whole number from 0 to 10000"},
		{"tls", "alerts: {tls: [14]}\n", "alerts.tls[0]: here must be a duration"},
		{"tls many", "alerts: {tls: [1d,2d,3d,4d,5d,6d,7d,8d,9d,10d,11d]}\n", "there are 11 times"},
		{"smtp from", "smtp: {host: h, from: nobody}\n", "here must be a mail address"},
		{"smtp host", "smtp: {host: \"smtps://h\", from: a@b.example}\n", "the name of a host alone"},
		{"smtp password", "smtp: {host: h, from: a@b.example, username: u}\n", "a username needs a password"},
		{"smtp username", "smtp: {host: h, from: a@b.example, password: s3cr3t}\n", "a password needs a username"},
		{"smtp in clear", "smtp: {host: h.example, from: a@b.example, tls: none}\n", "in clear"},
		{"smtp port", "smtp: {host: h, from: a@b.example, port: 0}\n", "a whole number from 1 to 65535"},
		{"subscriptions", "subscriptions: {enabled: true, webhook: true}\n", "add base_url"},
		{"subscriptions to nothing", "base_url: https://a.example\nsubscriptions: {enabled: true}\n", "there is nothing to subscribe to"},
		{"subscriptions by mail", "base_url: https://a.example\nsubscriptions: {enabled: true, email: true}\n", "add smtp"},
		{"heartbeat", "heartbeats: [ftp://s3cr3t]\n", "here must be an http or https URL"},
		{"heartbeat every", "heartbeats: [{url: https://a.example, every: 5s}]\n", "a duration from 30s to 1h"},
		{"heartbeat method", "heartbeats: [{url: https://a.example, method: PUT}]\n", "this can be GET or POST"},
		{"heartbeats", "heartbeats: " + many(21, "'https://a.example'"), "there are 21 heartbeats"},
		{"hours", rule("hours: always, sinks: [team]"), "here must be hours such as mon-fri 08:00-18:00 Europe/Berlin"},
		{"hours list", rule("hours: [08:00-18:00, nonsense], sinks: [team]"), "hours[1]: here must be hours"},
		{"hours day", rule("hours: mo-fr 08:00-18:00, sinks: [team]"), "the days are mon, tue"},
		{"hours time", rule("hours: 08:00-25:00, sinks: [team]"), "a time is 00:00 to 23:59"},
		{"hours minute", rule("hours: 08:60-09:00, sinks: [team]"), "a time is 00:00 to 23:59"},
		{"hours empty", rule("hours: 08:00-08:00, sinks: [team]"), "the whole day is 00:00-24:00"},
		{"hours zone", rule("hours: 08:00-18:00 Europe/Nowhere, sinks: [team]"), "there is no such zone"},
		{"hours local", rule("hours: 08:00-18:00 Local, sinks: [team]"), "there is no such zone"},
		{"hours file", rule("hours: 08:00-18:00 ../../etc/passwd, sinks: [team]"), "here must be hours"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "alivemcp.yaml")
			_, problems := config.Parse(name, []byte(strings.TrimSuffix(tt.yaml, "\n")+"\n"+oneServer), config.Options{Lookup: surroundings})
			text := said(problems, name)
			if !strings.Contains(text, tt.want) {
				t.Errorf("said:\n%swant: %s", text, tt.want)
			}
			if strings.Contains(text, "s3cr3t") {
				t.Errorf("a secret is told: %s", text)
			}
		})
	}
}

// TestTemplateFile: the text of a template may stand in a file, which is watched.
func TestTemplateFile(t *testing.T) {
	f, problems := config.Parse("alivemcp.yaml", []byte(oneServer+"sinks: [{name: a, type: template, verified: operator, url: https://a.example, template_file: starter.yaml}]\n"), config.Options{})
	if len(problems) > 0 || f.Sinks[0].Template != string(config.Starter()) || len(f.Sources()) != 2 {
		t.Errorf("%v", problems)
	}
}

// hoursOf reads hours as a rule has them; nil when they are refused.
func hoursOf(text string) *uptime.Hours {
	yaml := oneServer + fmt.Sprintf("sinks: [{name: a, type: command, command: x}]\nalerts: {rules: [{hours: %q, sinks: [a]}]}\n", text)
	f, _ := config.Parse("x.yaml", []byte(yaml), config.Options{})
	if f == nil {
		return nil
	}
	return f.PolicyOf("t").Rules[0].Hours
}

// TestHours: what hours cover, also over midnight and when the clock is changed.
func TestHours(t *testing.T) {
	for _, tt := range []struct {
		hours, at string
		want      bool
	}{
		{"mon-fri 08:00-18:00 Europe/Berlin", "2026-03-27T06:59:59Z", false},
		{"mon-fri 08:00-18:00 Europe/Berlin", "2026-03-27T07:00:00Z", true}, // winter time, Friday
		{"mon-fri 08:00-18:00 Europe/Berlin", "2026-03-30T06:00:00Z", true}, // summer time, Monday
		{"mon-fri 08:00-18:00 Europe/Berlin", "2026-03-30T16:00:00Z", false},
		{"mon-fri 08:00-18:00 Europe/Berlin", "2026-03-28T10:00:00Z", false}, // Saturday
		{"fri 22:00-06:00", "2026-03-28T05:59:00Z", true},
		{"fri 22:00-06:00", "2026-03-27T05:59:00Z", false},
		{"fri-mon,wed 00:00-24:00", "2026-03-25T23:59:59Z", true}, // Wednesday
		{"fri-mon,wed 00:00-24:00", "2026-03-24T12:00:00Z", false},
		{"fri-mon,wed 00:00-24:00", "2026-03-29T12:00:00Z", true},
		{"Saturday 00:00-24:00", "2026-03-28T12:00:00Z", true},
		{"00:00-24:00 America/New_York", "2026-03-28T12:00:00Z", true},
	} {
		at, _ := time.Parse(time.RFC3339, tt.at)
		h := hoursOf(tt.hours)
		if h == nil || h.Covers(at) != tt.want {
			t.Errorf("%s at %s: %+v", tt.hours, tt.at, h)
		}
	}
}

// FuzzHours: hours are refused, or are some hours of the week.
func FuzzHours(f *testing.F) {
	for _, seed := range []string{"mon-fri 08:00-18:00 Europe/Berlin", "22:00-06:00", "sat,sun 00:00-24:00 UTC", "mon- 08:00-09:00", "sun-sat 00:01-00:00 ../x", "fri 24:00-24:00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		h := hoursOf(text)
		if h == nil {
			return
		}
		if h.From < 0 || h.From >= 24*time.Hour || h.To < 0 || h.To > 24*time.Hour || h.From == h.To || h.Zone == nil || h.Days == [7]bool{} {
			t.Errorf("%q: %+v", text, h)
		}
	})
}
