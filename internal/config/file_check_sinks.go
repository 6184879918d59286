package config

import (
	"encoding/base64"
	"net/mail"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	syntax "text/template/parse"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Bounds of sinks.
const (
	maxSinks      = 200
	maxAddresses  = 20
	maxOldSecrets = 4
	maxTags       = 5 // of a post at Discord
	maxTemplate   = 64 << 10
	minSecretText = 24 // bytes; Standard Webhooks 1.0 wants 24 to 64 random ones
)

// operator vouches for the sinks of the operator's own file.
const operator = "operator"

var (
	channelForm = regexp.MustCompile(`^(#[^\s#@]{1,80}|[A-Z0-9]{6,30})$`)
	chatForm    = regexp.MustCompile(`^(-?[0-9]{1,20}|@[A-Za-z0-9_]{4,64})$`)
	numberForm  = regexp.MustCompile(`^[0-9]{1,20}$`)
	topicForm   = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)
	routingForm = regexp.MustCompile(`^[A-Za-z0-9]{32}$`)
	mediaForm   = regexp.MustCompile(`^[A-Za-z0-9.+*-]+/[A-Za-z0-9.+*-]+(; *[A-Za-z0-9-]+=[A-Za-z0-9."-]+)*$`)
)

// checkSinks checks each sink, and that rules can tell them apart.
func (d *decoder) checkSinks() {
	if n := len(d.f.Sinks); n > maxSinks {
		d.add(d.of(&d.f.Sinks), SeverityError, "there are %d sinks, the most is %d", n, maxSinks)
		return
	}
	first := map[string]place{}
	for i := range d.f.Sinks {
		s := &d.f.Sinks[i]
		at := d.of(&s.Name, s)
		if s.Name != "" && !slugForm.MatchString(s.Name) {
			d.add(at, SeverityError, "the name of a sink has lower-case letters, digits and hyphens, at most 64%s", such(slugOf(s.Name)))
		}
		for _, r := range s.receivers() {
			if before, ok := first[r.Name]; ok && s.Name != "" {
				d.add(at, SeverityError, "a sink of this name stands in line %d already; give each its own", before.line)
				break
			}
			first[r.Name] = at
		}
		d.checkSink(s, at)
	}
}

func (d *decoder) checkSink(s *Sink, at place) {
	if !d.checkSinkKeys(s, at) {
		return
	}
	d.checkSinkURL(s)
	d.checkSinkSecrets(s)
	d.checkSinkPlace(s)
	d.checkAddressees(s)
	d.checkTemplate(s)
	d.checkHeaders(&s.Headers)
	d.checkOwnHeaders(s)
	d.checkCommand(s)
	if s.Verified == "" {
		d.add(at, SeverityWarn, "nothing is delivered there until it is verified: run `alivemcp alert verify %s`, or write verified: operator when it is yours", shown(s.Name))
	}
}

// sinkKeys says which keys a type of sink needs, and which it takes as well.
func sinkKeys(kind string) (needs, takes []string) {
	switch kind {
	case "webhook":
		return []string{"url", "secret"}, []string{"old_secrets", "headers"}
	case "slack":
		return []string{"token", "channel"}, []string{"url"}
	case "slack_webhook", "teams":
		return []string{"url"}, nil
	case "discord":
		return []string{"url"}, []string{"role", "thread", "forum", "tags"}
	case "pagerduty":
		return []string{"key"}, []string{"region", "url"}
	case "jsm":
		return []string{"token"}, []string{"url"}
	case "telegram":
		return []string{"token", "chat"}, []string{"thread", "url"}
	case "ntfy":
		return []string{"topic"}, []string{"url", "token"}
	case "email":
		return []string{"to"}, nil
	case "alertmanager":
		return []string{"url"}, []string{"headers"}
	case "incidentio":
		return []string{"url", "token"}, nil
	case "template":
		return []string{"url"}, []string{"template", "template_file", "method", "headers", "content_type"}
	case "command":
		return []string{"command"}, []string{"args", "env"}
	}
	return nil, nil
}

// checkSinkKeys wants what the type needs, and nothing that it does not use. It
// reports whether the type is one.
func (d *decoder) checkSinkKeys(s *Sink, at place) bool {
	needs, takes := sinkKeys(s.Type)
	if needs == nil { // it was named
		return false
	}
	if s.Type != "email" && s.Type != "command" {
		takes = append(takes, "private")
	}
	uses := slices.Concat(needs, takes)
	for _, k := range s.keys() {
		switch {
		case slices.Contains(needs, k.key) && !d.wrote(k.value):
			d.add(at, SeverityError, "a sink of type %s needs %s; add it, such as %s: %s", s.Type, k.key, k.key, k.example)
		case d.wrote(k.value) && !slices.Contains(uses, k.key):
			d.add(d.of(k.value), SeverityError, "a sink of type %s does not use this; remove it. It takes %s", s.Type, strings.Join(uses, ", "))
		}
	}
	return true
}

// sinkKey is a key that only some types use.
type sinkKey struct {
	key     string
	value   any // its address
	example string
}

func (s *Sink) keys() []sinkKey {
	return []sinkKey{
		{"private", &s.Private, "true"},
		{"url", &s.URL, "https://example.com/hook"},
		{"secret", &s.Secret, "env:HOOK_SECRET"},
		{"old_secrets", &s.OldSecrets, ""},
		{"token", &s.Token, "env:" + strings.ToUpper(s.Type) + "_TOKEN"},
		{"key", &s.Key, "env:PAGERDUTY_KEY"},
		{"channel", &s.Channel, "C0123456789"},
		{"chat", &s.Chat, "\"-1001234567890\""},
		{"thread", &s.Thread, ""},
		{"topic", &s.Topic, "env:NTFY_TOPIC"},
		{"role", &s.Role, ""},
		{"forum", &s.Forum, ""},
		{"tags", &s.Tags, ""},
		{"region", &s.Region, ""},
		{"to", &s.To, "ops@example.com"},
		{"template", &s.Template, ""},
		{"template_file", &s.TemplateFile, ""},
		{"method", &s.Method, ""},
		{"content_type", &s.ContentType, ""},
		{"headers", &s.Headers, ""},
		{"command", &s.Command, "/usr/local/bin/page"},
		{"args", &s.Args, ""},
		{"env", &s.Env, ""},
	}
}

// checkOwnHeaders leaves to the connection what belongs to it, and to a webhook
// what it signs by (Standard Webhooks 1.0).
func (d *decoder) checkOwnHeaders(s *Sink) {
	ours := []string{"host", "connection", "content-length", "content-type", "transfer-encoding", "trailer", "te", "upgrade", "keep-alive"}
	for name, value := range s.Headers {
		at, lower := d.of(entryOf{&s.Headers, name}, &s.Headers), strings.ToLower(name)
		if slices.Contains(ours, lower) || s.Type == "webhook" && strings.HasPrefix(lower, "webhook-") {
			d.add(at, SeverityError, "this header is ours to send; remove it")
		}
		if strings.ContainsFunc(value.Reveal(), func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }) {
			d.add(at, SeverityError, "the value of a header is one line")
		}
	}
}

// checkSinkURL takes an http or https URL. Problems never repeat it: it is
// mostly a secret.
func (d *decoder) checkSinkURL(s *Sink) {
	u := d.secretURL(s.URL, d.of(&s.URL))
	if u == nil {
		return
	}
	host := strings.ToLower(u.Hostname())
	switch {
	case host == "webhook.office.com" || strings.HasSuffix(host, ".webhook.office.com"):
		d.add(d.of(&s.URL), SeverityError, "Office 365 connectors were switched off in 2026; make a workflow in Teams (When a webhook request is received) and write its URL")
	case s.Type == "discord" && !strings.Contains(u.Path, "/webhooks/"):
		d.add(d.of(&s.URL), SeverityError, "this is no webhook of Discord; it is like https://discord.com/api/webhooks/ID/TOKEN")
	case s.Type == "incidentio" && !strings.Contains(u.Path, "/alert_events/http/"):
		d.add(d.of(&s.URL), SeverityError, "this is no alert source; it is like https://api.incident.io/v2/alert_events/http/ID")
	case u.Scheme == "http" && s.Type != "alertmanager" && strings.Contains(host, ".") && !inside(host):
		d.add(d.of(&s.URL), SeverityWarn, "what is sent there can be read on the way; write https when the receiver can")
	}
}

// secretURL returns an http or https URL; nil when it is empty or wrong.
func (d *decoder) secretURL(text uptime.Secret, at place) *url.URL {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text.Reveal())
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || len(text) > 8<<10:
		d.add(at, SeverityError, "here must be an http or https URL, such as https://example.com/hook")
		return nil
	case u.Fragment != "":
		d.add(at, SeverityError, "a URL that is asked has no fragment; remove what begins with #")
	}
	return u
}

// inside reports an address that is not on the open network.
func inside(host string) bool {
	addr, err := netip.ParseAddr(host)
	return err == nil && (addr.IsLoopback() || addr.IsPrivate() || addr.IsLinkLocalUnicast())
}

// checkSinkSecrets wants secrets that cannot be guessed.
func (d *decoder) checkSinkSecrets(s *Sink) {
	d.checkSigning(s.Secret, d.of(&s.Secret))
	for i := range s.OldSecrets {
		d.checkSigning(s.OldSecrets[i], d.of(&s.OldSecrets[i]))
	}
	if n := len(s.OldSecrets); n > maxOldSecrets {
		d.add(d.of(&s.OldSecrets), SeverityError, "there are %d old secrets, the most is %d", n, maxOldSecrets)
	}
	if s.Key != "" && !routingForm.MatchString(s.Key.Reveal()) {
		d.add(d.of(&s.Key), SeverityError, "here must be the integration key of an Events API v2 integration: 32 letters and digits")
	}
	if strings.ContainsAny(s.Token.Reveal(), " \t") {
		d.add(d.of(&s.Token), SeverityError, "a token has no spaces; write it without the word before it")
	}
}

// checkSigning obeys Standard Webhooks 1.0: whsec_ and base64 of 24 to 64 bytes.
func (d *decoder) checkSigning(secret uptime.Secret, at place) {
	encoded, ok := strings.CutPrefix(secret.Reveal(), "whsec_")
	raw, err := base64.StdEncoding.DecodeString(encoded)
	switch {
	case secret == "":
	case ok && (err != nil || len(raw) < 24 || len(raw) > 64):
		d.add(at, SeverityError, "after whsec_ must stand base64 of 24 to 64 bytes; `openssl rand -base64 32` makes some")
	case !ok && len(secret) < minSecretText:
		d.add(at, SeverityError, "the secret must have %d bytes at least; `openssl rand -base64 32` makes one", minSecretText)
	}
}

// checkSinkPlace checks where in a service the sink is.
func (d *decoder) checkSinkPlace(s *Sink) {
	form := func(text string, value any, want *regexp.Regexp, say string) {
		if text != "" && !want.MatchString(text) {
			d.add(d.of(value), SeverityError, "%s", say)
		}
	}
	form(s.Channel, &s.Channel, channelForm, "here must be the id of a channel, such as C0123456789")
	form(s.Chat, &s.Chat, chatForm, "here must be the number of a chat in quotes, such as \"-1001234567890\", or @ and its name")
	form(s.Thread, &s.Thread, numberForm, "here must be the number of a topic or a thread, such as \"42\"")
	form(s.Topic.Reveal(), &s.Topic, topicForm, "a topic has letters, digits, _ and -, at most 64")
	form(s.Role, &s.Role, numberForm, "here must be the number of a role in quotes; Discord shows it with developer mode on")
	form(s.ContentType, &s.ContentType, mediaForm, "here must be a media type, such as application/json")
	for i, tag := range s.Tags {
		form(tag, &s.Tags[i], numberForm, "here must be the number of a tag in quotes; Discord shows it with developer mode on")
	}
	switch {
	case s.Forum && s.Thread != "":
		d.add(d.of(&s.Thread), SeverityError, "in a forum each outage is a post of its own; remove thread or forum")
	case len(s.Tags) > 0 && !s.Forum:
		d.add(d.of(&s.Tags), SeverityError, "only posts in a forum have tags; add forum: true")
	case len(s.Tags) > maxTags:
		d.add(d.of(&s.Tags), SeverityError, "there are %d tags, the most is %d", len(s.Tags), maxTags)
	}
	if d.wrote(&s.Region) && d.wrote(&s.URL) {
		d.add(d.of(&s.Region), SeverityError, "url says already where the service is; remove one of them")
	}
}

func (d *decoder) checkAddressees(s *Sink) {
	if s.Type != "email" {
		return
	}
	for i, text := range s.To {
		switch {
		case !plainAddress(text):
			d.add(d.of(&s.To[i]), SeverityError, "here must be a mail address alone, such as ops@example.com")
		case slices.ContainsFunc(s.To[:i], func(other string) bool { return slugOf(other) == slugOf(text) }):
			d.add(d.of(&s.To[i]), SeverityError, "this address stands here already, or cannot be told apart from one; give it a sink of its own")
		}
	}
	switch n := len(s.To); {
	case n > maxAddresses:
		d.add(d.of(&s.To), SeverityError, "there are %d addresses, the most is %d; a mailing list takes more", n, maxAddresses)
	case n == 0 && d.wrote(&s.To):
		d.add(d.of(&s.To), SeverityError, "here must be a mail address, such as ops@example.com")
	}
	if d.f.SMTP == nil {
		d.add(d.of(&s.Type), SeverityError, "mails need a server that takes them; add smtp: {host: smtp.example.com, from: status@example.com}")
	}
}

// plainAddress reports an address without a name (RFC 5322), in one line.
func plainAddress(text string) bool {
	a, err := mail.ParseAddress(text)
	return err == nil && a.Name == "" && a.Address == text && len(text) <= 254
}

// checkTemplate reads the template, from its file when it is in one.
func (d *decoder) checkTemplate(s *Sink) {
	if s.Type != "template" {
		return
	}
	switch inline, file := d.wrote(&s.Template), d.wrote(&s.TemplateFile); {
	case inline && file:
		d.add(d.of(&s.TemplateFile), SeverityError, "a sink has template or template_file, not both; remove one")
		return
	case !inline && !file:
		d.add(d.of(s), SeverityError, "a sink of type template needs template or template_file; add it, such as template: '{\"text\": {{json .title}}}'")
		return
	}
	at := d.of(&s.Template)
	if s.TemplateFile != "" {
		at = d.of(&s.TemplateFile)
		d.source(s.TemplateFile)
		data, err := readBounded(s.TemplateFile, maxTemplate)
		if err != nil {
			d.add(at, SeverityError, "the template: %v", err)
			return
		}
		s.Template = string(data)
	}
	d.checkTemplateText(s.Template, at)
}

// checkTemplateText looks at the form alone: the sink knows the functions.
func (d *decoder) checkTemplateText(text string, at place) {
	tree := syntax.New("template")
	tree.Mode = syntax.SkipFuncCheck
	switch _, err := tree.Parse(text, "", "", map[string]*syntax.Tree{}); {
	case strings.TrimSpace(text) == "" || len(text) > maxTemplate:
		d.add(at, SeverityError, "a template has 1 to %d bytes", maxTemplate)
	case err != nil:
		d.add(at, SeverityError, "this is no template: %s", strings.TrimPrefix(shown(err.Error()), "template: "))
	}
}

func (d *decoder) checkCommand(s *Sink) {
	if s.Type == "command" && len(s.Args) == 0 && strings.ContainsAny(s.Command, " \t") {
		d.add(d.of(&s.Command), SeverityWarn, "this is no shell line; arguments stand in args")
	}
	for name := range s.Env {
		if !variableName.MatchString(name) {
			d.add(d.of(entryOf{&s.Env, name}), SeverityError, "this is no name of an environment variable")
		}
	}
}
