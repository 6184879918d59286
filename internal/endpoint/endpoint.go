package endpoint

import (
	"errors"
	"maps"
	"net/netip"
	"net/url"
	"strings"

	"github.com/alivemcp/alivemcp/internal/guard"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// maxURL is how long an address may be, in bytes.
const maxURL = 2 << 10

// Of says what a listing's address is. The same address always has the same key,
// also when a listing does not say its transport. A listing without an address is
// no endpoint: its Key is empty.
func Of(l *uptime.Listing) uptime.Endpoint {
	raw := strings.TrimSpace(l.URL)
	if raw == "" {
		return uptime.Endpoint{}
	}
	e := read(fill(raw, l.Variables))
	e.Transport = uptime.ListedTransport(l.Transport)
	e.SignIn = signIn(l)
	if e.Kind != uptime.EndpointRemote {
		e.Probe = ""
	}
	e.Key = uptime.NewEndpointKey(e.URL, effective(e))
	return e
}

// Take returns what a listing's address is, as Of does, and makes the listing one
// that may be stored: it names its endpoint, and neither its address nor the
// values of its variables hold a secret any more.
func Take(l *uptime.Listing) uptime.Endpoint {
	e := Of(l)
	l.Endpoint, l.URL = e.Key, Clean(l.URL)
	l.Variables = maps.Clone(l.Variables)
	maps.DeleteFunc(l.Variables, func(name, value string) bool { return namesSecret(name) || looksSecret(value) || isHex(value) })
	return e
}

// read says what an address with its variables filled in is.
func read(raw string) uptime.Endpoint {
	shown, hid := hide(raw)
	e := uptime.Endpoint{URL: cut(inert(shown)), Kind: uptime.EndpointRemote}
	if kind, why := atFirstSight(raw); kind != "" {
		e.Kind, e.Why = kind, why
		e.Host, e.Platform = hostOfTemplate(shown)
		return e
	}
	u, err := guard.CheckURL(withoutFragment(raw), true)
	if err != nil {
		e.Kind, e.Why = refused(err)
		return e
	}
	e.URL, e.Probe = canonical(u), withoutFragment(raw)
	e.Host = u.Host
	e.Platform, e.Tunnel = platform(u.Hostname())
	e.Kind, e.Why = kindOf(u)
	var decoded bool // what was escaped before
	if e.URL, decoded = hide(e.URL); (hid || decoded) && e.Kind == uptime.EndpointRemote {
		e.Kind, e.Why = uptime.EndpointTemplated, "it holds what looks like somebody's key"
	}
	e.Service = service(e.URL)
	return e
}

// refused turns the guard's words into a kind.
func refused(err error) (uptime.EndpointKind, string) {
	if errors.Is(err, guard.ErrTemplate) {
		return uptime.EndpointTemplated, "it has variables that only a customer can fill in"
	}
	return uptime.EndpointJunk, strings.TrimPrefix(err.Error(), "the URL ")
}

// kindOf judges a well-formed address by where it leads.
func kindOf(u *url.URL) (uptime.EndpointKind, string) {
	host := u.Hostname()
	if speaksOther(u.Port()) {
		return uptime.EndpointJunk, "its port is that of another protocol"
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		if err := (guard.Policy{}).Check(addr); err != nil {
			return uptime.EndpointLocal, "its address is not on the public internet"
		}
		return uptime.EndpointRemote, ""
	}
	if why := localName(host); why != "" {
		return uptime.EndpointLocal, why
	}
	if isExample(host) {
		return uptime.EndpointPlaceholder, "its host is an example"
	}
	if isPage(host, u.Path) {
		return uptime.EndpointJunk, "it is a page for people, no endpoint"
	}
	return uptime.EndpointRemote, ""
}

// letters returns the letters and digits of a short word, small: what spellings of
// one word have in common. A long one is nothing.
func letters(word string) string {
	if len(word) > 40 {
		return ""
	}
	return strings.Map(func(c rune) rune {
		switch {
		case c >= 'A' && c <= 'Z':
			return c + 'a' - 'A'
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			return c
		}
		return -1
	}, word)
}

// effective is the transport that an endpoint is counted under: where no listing
// says, the habit of its path does.
func effective(e uptime.Endpoint) uptime.Transport {
	if e.Transport != "" {
		return e.Transport
	}
	if strings.HasSuffix(e.URL, "/sse") {
		return uptime.HTTPSSE
	}
	return uptime.StreamableHTTP
}

// signIn reports whether a listing announces that a client must sign in.
func signIn(l *uptime.Listing) bool {
	if l.Access != "" && l.Access != uptime.AccessOpen {
		return true
	}
	for _, h := range l.Headers {
		if h.Required && (h.Secret || namesSecret(h.Name)) {
			return true
		}
	}
	return false
}

// withoutFragment drops what is never sent.
func withoutFragment(raw string) string {
	before, _, _ := strings.Cut(raw, "#")
	return before
}
