package app

import (
	"net/url"
	"strings"

	"github.com/alivemcp/alivemcp/internal/probe"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// scrubber returns a function that hides the secrets of a server. The prober
// redacts what it quotes; this is the last line, for what only the command line
// knows to be secret, and for what was missed before.
func scrubber(srv uptime.Server) func(string) string {
	return probe.HideSecrets(srv, moreSecrets(srv)...)
}

// moreSecrets lists what the prober does not look for by itself: what follows
// any scheme in a header, variables that are not known to be harmless, and what
// the command line and the URL hide when they are shown.
func moreSecrets(srv uptime.Server) []uptime.Secret {
	var list []uptime.Secret
	add := func(s string) { list = append(list, uptime.Secret(s)) }
	for _, h := range srv.Profile.Headers {
		addAfterScheme(h.Value.Reveal(), add)
	}
	for _, check := range srv.Profile.Health {
		for _, h := range check.Headers {
			addAfterScheme(h.Value.Reveal(), add)
		}
	}
	if c := srv.Profile.Credential; c != nil {
		addAfterScheme(c.Token.Reveal(), add)
	}
	for _, kv := range srv.Command.Env {
		if name, value, _ := strings.Cut(kv, "="); !ordinary(name) {
			add(value)
		}
	}
	addArgs(srv.Command.Args, add)
	addURL(srv.URL, add)
	if srv.SecretURL {
		addSecretURL(srv.URL, add)
	}
	return append(list, srv.Command.Secrets...)
}

// keyLength is how long a part of a path must be, in bytes, to be taken for a
// key and not for a word such as servers.
const keyLength = 8

// addSecretURL adds everything behind the host, whole and in parts: servers
// repeat what they were asked for.
func addSecretURL(raw string, add func(string)) {
	u, err := url.Parse(raw)
	if err != nil {
		return
	}
	add(raw)
	add(u.RequestURI())
	add(u.Path)
	for part := range strings.SplitSeq(u.Path, "/") {
		if len(part) >= keyLength {
			add(part)
		}
	}
}

// addAfterScheme adds what stands behind the first word of a header's value.
func addAfterScheme(value string, add func(string)) {
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
