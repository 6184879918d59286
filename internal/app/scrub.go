package app

import (
	"cmp"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// shortestSecret is the length below which a value is no secret worth hiding:
// replacing every "1" would make the report unreadable.
const shortestSecret = 4

// scrubber returns a function that hides the secrets of a server. The prober
// redacts what it quotes; this is the last line, for names and links that a
// server fills with our credential and for what was missed before.
func scrubber(srv uptime.Server) func(string) string {
	known := secrets(srv)
	var pairs []string
	for _, s := range known {
		pairs = append(pairs, s, hidden)
	}
	whole := strings.NewReplacer(pairs...)
	return func(text string) string { return hideCut(whole.Replace(text), known) }
}

// hideCut hides the beginning of a secret wherever a text was cut.
func hideCut(text string, known []string) string {
	for _, mark := range []string{"...", "…"} {
		parts := strings.Split(text, mark)
		for i := range parts[:len(parts)-1] {
			parts[i] = hideTail(parts[i], known)
		}
		text = strings.Join(parts, mark)
	}
	return text
}

func hideTail(text string, known []string) string {
	for _, s := range known {
		for n := min(len(s), len(text)); n >= shortestSecret; n-- {
			if strings.HasSuffix(text, s[:n]) {
				return text[:len(text)-n] + hidden
			}
		}
	}
	return text
}

// secrets lists what must not be shown, longest first.
func secrets(srv uptime.Server) []string {
	var list []string
	add := func(s string) {
		if len(s) >= shortestSecret {
			list = append(list, s, url.QueryEscape(s), base64.StdEncoding.EncodeToString([]byte(s)))
		}
	}
	for _, h := range srv.Profile.Headers {
		addHeader(h.Value.Reveal(), add)
	}
	for _, check := range srv.Profile.Health {
		for _, h := range check.Headers {
			addHeader(h.Value.Reveal(), add)
		}
	}
	if c := srv.Profile.Credential; c != nil {
		addHeader(c.Token.Reveal(), add)
		add(c.ClientSecret.Reveal())
		add(c.Key.Reveal())
	}
	for _, kv := range srv.Command.Env {
		if name, value, _ := strings.Cut(kv, "="); !ordinary(name) {
			add(value)
		}
	}
	addArgs(srv.Command.Args, add)
	addURL(srv.URL, add)
	slices.SortFunc(list, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	return slices.Compact(list)
}

// addHeader adds a header's value and, when it begins with a scheme, what comes
// after it.
func addHeader(value string, add func(string)) {
	add(value)
	if _, rest, ok := strings.Cut(value, " "); ok {
		add(rest)
	}
}

// addArgs adds what redactArgs hides, of NAME=VALUE the value.
func addArgs(args []string, add func(string)) {
	for i, arg := range args {
		follows := i > 0 && secretFlag(args[i-1])
		if shown := redactArg(arg, true, follows); shown == arg {
			continue
		}
		_, value, assigned := strings.Cut(arg, "=")
		if !follows && assigned {
			arg = value
		}
		add(arg)
		addURL(arg, add)
	}
}

// addURL adds what probe.SafeURL hides.
func addURL(raw string, add func(string)) {
	u, err := url.Parse(raw)
	if err != nil {
		return
	}
	if password, ok := u.User.Password(); ok {
		add(password)
	}
	for name, values := range u.Query() {
		for _, v := range values {
			if secretName.MatchString(name) || opaque.MatchString(v) {
				add(v)
			}
		}
	}
}
