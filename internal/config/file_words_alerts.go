package config

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"slices"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// PolicyOf returns who is told what, as words, as that of a tenant.
//
// A rule with several hours becomes several rules of one name. What a rule says
// of a sink with several addresses, it says of each: see Receivers.
func (f *File) PolicyOf(tenant uptime.TenantID) *uptime.Policy {
	p := &uptime.Policy{
		Tenant: tenant, Budget: f.Alerts.Budget, Remind: f.Alerts.Remind,
		TLS: slices.Clone(f.Alerts.TLS), Credential: slices.Clone(f.Alerts.Credential),
	}
	receivers := f.Receivers()
	for i := range receivers {
		p.Sinks = append(p.Sinks, receivers[i].word(tenant))
	}
	for i := range f.Alerts.Rules {
		p.Rules = append(p.Rules, f.rules(&f.Alerts.Rules[i])...)
	}
	return p
}

// Receivers returns the sinks as they are delivered to: a sink of type email with
// several addresses is one for each, with that address alone in To. Its name is
// made of the sink's name and the address, so that it stays the same whatever
// other addresses come and go; a sink with one address keeps its name.
func (f *File) Receivers() []Sink {
	var out []Sink
	for i := range f.Sinks {
		out = append(out, f.Sinks[i].receivers()...)
	}
	return out
}

func (s *Sink) receivers() []Sink {
	if len(s.To) < 2 {
		return []Sink{*s}
	}
	out := make([]Sink, len(s.To))
	for i, address := range s.To {
		out[i] = *s
		out[i].Name, out[i].To = s.Name+"-"+slugOf(address), []string{address}
	}
	return out
}

// word is the sink as the router knows it.
func (s *Sink) word(tenant uptime.TenantID) uptime.Sink {
	edits, final := manners(s.Type)
	return uptime.Sink{
		Tenant: tenant, Name: s.Name, Type: s.Type, Least: priorityOf(s.Severity),
		Edits: edits, Final: final, Patience: s.Patience, Verified: s.Verified == operator,
	}
}

// manners says what a type of sink makes of an update. Those that edit change
// their message or alert in place, and nobody hears of it. Teams can neither
// edit nor thread, so there only the beginning and the end are told. The others
// are told of updates as something new: programs, which know them by their key,
// and mails, which join their thread; slack_webhook can only post again.
func manners(kind string) (edits, final bool) {
	switch kind {
	case "slack", "discord", "telegram", "ntfy", "pagerduty", "jsm", "alertmanager", "incidentio":
		return true, false
	case "teams":
		return false, true
	}
	return false, false
}

// HeaderList returns the headers as words, by name.
func (s *Sink) HeaderList() []uptime.Header { return headerList(s.Headers) }

// Environ returns the environment as KEY=value, by name.
func (s *Sink) Environ() []string { return environ(s.Env) }

// HeaderList returns the headers as words, by name.
func (h *Heartbeat) HeaderList() []uptime.Header { return headerList(h.Headers) }

// Where returns a hash of where the sink is, for uptime.Proof: another place needs
// another proof. What only signs, or makes the text, is not part of it.
func (s *Sink) Where() string {
	h := sha256.New()
	parts := []string{s.Type, s.URL.Reveal(), s.Token.Reveal(), s.Key.Reveal(), s.Channel, s.Chat, s.Thread, s.Topic.Reveal(), s.Region, s.Command}
	for _, part := range slices.Concat(parts, s.To, s.Args) {
		_, _ = h.Write([]byte(part + "\x00")) // a hash takes everything
	}
	return hex.EncodeToString(h.Sum(nil))
}

// rules returns a rule as words: one for each of its hours.
func (f *File) rules(r *Rule) []uptime.Rule {
	word := uptime.Rule{
		Name: r.Name, Servers: r.Servers, Groups: r.Groups,
		Kinds: wordsOf[uptime.AlertKind](r.Kinds), Reasons: wordsOf[uptime.Reason](r.Reasons), Sinks: f.receiversOf(r.Sinks),
	}
	for _, text := range r.Severities {
		word.Priorities = append(word.Priorities, priorityOf(text))
	}
	for _, e := range r.Escalate {
		word.Escalate = append(word.Escalate, uptime.Escalation{After: e.After, Sinks: f.receiversOf(e.Sinks)})
	}
	if len(r.hours) == 0 {
		return []uptime.Rule{word}
	}
	out := make([]uptime.Rule, len(r.hours))
	for i := range r.hours {
		out[i] = word
		out[i].Hours = &r.hours[i]
	}
	return out
}

// receiversOf returns the names of receivers that names of sinks mean.
func (f *File) receiversOf(names []string) []string {
	var out []string
	for _, name := range names {
		for i := range f.Sinks {
			if f.Sinks[i].Name != name {
				continue
			}
			for _, r := range f.Sinks[i].receivers() {
				out = append(out, r.Name)
			}
		}
	}
	return out
}

func wordsOf[W ~string](texts []string) []W {
	var out []W
	for _, t := range texts {
		out = append(out, W(t))
	}
	return out
}

// priorityOf reads a word that the decoder has checked.
func priorityOf(text string) uptime.Priority {
	i := strings.Index("P1P2P3", text)
	return uptime.Priority(1 + i/2) // #nosec G115 -- 0 to 2
}

// KeyFile returns the path of the key that seals what is stored: SecretsKey, or
// secret.key in Data.
func (f *File) KeyFile() string {
	return orElse(f.SecretsKey, filepath.Join(f.Data, "secret.key"))
}
