package probe

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// hidden stands where a secret stood. It is no longer than three times the
// shortest thing that it replaces.
const hidden = "[redacted]"

// minSecret is the length in bytes from which a known secret is looked for
// everywhere. Shorter ones are hidden by their place only: looking for them
// would blank out ordinary words.
const minSecret = 4

// redactor takes secrets out of what people will see. It knows the secrets of
// one server in the encodings in which they travel, and it knows by their names
// the places where other secrets stand. The zero value knows the places only.
// Its text is safe for concurrent use, not while learn runs.
type redactor struct {
	known   *strings.Replacer
	needles []string
	headers map[string]bool // normalized names of configured headers
}

// newRedactor returns a redactor for the secrets of srv, and more: tokens that
// were fetched, for example.
func newRedactor(srv uptime.Server, more ...uptime.Secret) *redactor {
	r := &redactor{headers: map[string]bool{}}
	var secrets []string
	for _, s := range more {
		secrets = append(secrets, s.Reveal())
	}
	secrets = append(secrets, urlSecrets(srv.URL)...)
	secrets = append(secrets, credentialSecrets(srv.Profile.Credential)...)
	secrets = append(secrets, envSecrets(srv.Command.Env)...)
	secrets = append(secrets, r.headerSecrets(srv.Profile.Headers)...)
	if c := srv.Profile.Credential; c != nil && c.Header != "" {
		r.headers[normalName(c.Header)] = true
	}
	for _, h := range srv.Profile.Health {
		secrets = append(secrets, urlSecrets(h.URL)...)
		secrets = append(secrets, r.headerSecrets(h.Headers)...)
	}
	r.learn(secrets)
	return r
}

// learn prepares the search for secrets in all their encodings, the longest
// first, so that a secret that begins like another is hidden whole.
func (r *redactor) learn(secrets []string) {
	for _, s := range secrets {
		r.needles = append(r.needles, encodings(s)...)
	}
	slices.SortFunc(r.needles, func(a, b string) int { return len(b) - len(a) })
	r.needles = slices.Compact(r.needles)
	pairs := make([]string, 0, 2*len(r.needles))
	for _, n := range r.needles {
		pairs = append(pairs, n, hidden)
	}
	r.known = strings.NewReplacer(pairs...)
}

// text returns s without secrets: known ones wherever they stand, and whatever
// stands in a header, JSON or form member, or URL where secrets stand. It works
// on broken text, too, in linear time, and returns at most 3*len(s)+10 bytes.
// Text may be cut already, if it ends there or cutMarks shows where.
func (r *redactor) text(s string) string {
	sc := scanner{in: r.hideKnown(s), headers: r.headers}
	return sc.run()
}

// HideSecrets returns a function that hides the known secrets of srv, and more,
// wherever they stand: whole, in the encodings in which they travel, and their
// beginnings where a text was cut. Secrets under 4 bytes are left: hiding every
// "1" would make a text unreadable. The function may be used concurrently.
func HideSecrets(srv uptime.Server, more ...uptime.Secret) func(string) string {
	return newRedactor(srv, more...).hideKnown
}

// hideKnown is the part of text that goes by what the secrets are, and not by
// where they stand.
func (r *redactor) hideKnown(s string) string {
	if r.known == nil {
		return s
	}
	return r.hideCut(r.known.Replace(s))
}

// hideCut hides what is left of secrets that were cut.
func (r *redactor) hideCut(s string) string {
	for _, n := range r.needles {
		s = hideBeginnings(s, n)
	}
	return s
}

// hideBeginnings hides beginnings of a secret after which s was cut.
func hideBeginnings(s, secret string) string {
	var out strings.Builder
	for from := 0; ; {
		at := strings.Index(s[from:], secret[:minSecret])
		if at < 0 && out.Len() == 0 {
			return s
		} else if at < 0 {
			return out.String() + s[from:]
		}
		out.WriteString(s[from : from+at])
		from += at
		if n := leftOver(s[from:], secret); n > 0 {
			out.WriteString(hidden)
			from += n
		} else {
			out.WriteByte(s[from])
			from++
		}
	}
}

// leftOver returns how long the beginning of secret is that s begins with, if it
// was cut after that; else 0. What follows the cut may look like the secret's
// next bytes.
func leftOver(s, secret string) int {
	n := 0
	for n < min(len(s), len(secret)) && s[n] == secret[n] {
		n++
	}
	for k := n; k >= max(minSecret, n-longestMark); k-- {
		if wasCut(s[k:]) {
			return k
		}
	}
	return 0
}

// cutMarks is what we, and others, put where text was cut.
func cutMarks() []string { return []string{"...", "…", " ...[cut]"} }

// longestMark is the length of the longest of cutMarks, in bytes.
const longestMark = 9

// wasCut reports whether what stood before rest was cut there.
func wasCut(rest string) bool {
	if rest == "" {
		return true
	}
	return slices.ContainsFunc(cutMarks(), func(mark string) bool { return strings.HasPrefix(rest, mark) })
}

// SafeURL returns a URL for display: its userinfo and the values of query
// parameters that look secret are replaced, also when it does not parse.
func SafeURL(raw string) string { return safeURL(raw) }

func safeURL(raw string) string {
	if u, err := url.Parse(raw); err != nil || u.Opaque != "" {
		raw = hideBeforeAt(raw, len(raw))
	} else if u.User != nil {
		start := strings.Index(raw, "//") + 2
		raw = hideBeforeAt(raw, start+strings.IndexAny(raw[start:]+"/", "/?#"))
	}
	sc := scanner{in: hideQuery(raw)}
	return sc.run()
}

// hideBeforeAt hides what stands between the scheme and the last @ in
// raw[:end], also in what is no URL but may hold a password all the same.
func hideBeforeAt(raw string, end int) string {
	at := strings.LastIndexByte(raw[:end], '@')
	if at < 0 {
		return raw
	}
	head, _, found := strings.Cut(raw[:at], "://")
	if !found {
		return hidden + raw[at:]
	}
	return head + "://" + hidden + raw[at:]
}

// hideQuery hides the values of secret-looking parameters, whatever the
// encoding of their names, and leaves order and spelling of the rest alone.
func hideQuery(raw string) string {
	head, query, found := strings.Cut(raw, "?")
	if !found {
		return raw
	}
	query, fragment, fragmented := strings.Cut(query, "#")
	params := strings.Split(query, "&")
	for i, p := range params {
		name, value, _ := strings.Cut(p, "=")
		if plain, err := url.QueryUnescape(name); err == nil && value != "" && secretName(plain, true) {
			params[i] = name + "=" + hidden
		}
	}
	out := head + "?" + strings.Join(params, "&")
	if fragmented {
		out += "#" + fragment
	}
	return out
}

// urlSecrets returns the userinfo and the secret-looking query values of a URL,
// as written and decoded.
func urlSecrets(raw string) []string {
	u, err := url.Parse(raw)
	if err != nil {
		return nil
	}
	var out []string
	if password, ok := u.User.Password(); ok {
		out = append(out, password, u.User.Username()+":"+password)
	} else if u.User != nil {
		out = append(out, u.User.Username())
	}
	for p := range strings.SplitSeq(u.RawQuery, "&") {
		name, value, _ := strings.Cut(p, "=")
		if plain, err := url.QueryUnescape(name); err == nil && secretName(plain, true) {
			decoded, _ := url.QueryUnescape(value)
			out = append(out, value, decoded)
		}
	}
	return out
}

func credentialSecrets(c *uptime.Credential) []string {
	if c == nil {
		return nil
	}
	secret := c.ClientSecret.Reveal()
	out := []string{secret, c.Key.Reveal()}
	if secret != "" {
		out = append(out, c.ClientID+":"+secret, url.QueryEscape(c.ClientID)+":"+url.QueryEscape(secret))
	}
	out = append(out, urlSecrets(c.TokenURL)...)
	return append(out, valueSecrets(c.Token.Reveal())...)
}

func (r *redactor) headerSecrets(headers []uptime.Header) []string {
	var out []string
	for _, h := range headers {
		r.headers[normalName(h.Name)] = true
		out = append(out, valueSecrets(h.Value.Reveal())...)
	}
	return out
}

// valueSecrets returns a header's value and, when it has the form of
// Authorization, what follows the scheme and what basic authentication hides in
// it.
func valueSecrets(value string) []string {
	out := []string{value}
	scheme, rest, found := strings.Cut(value, " ")
	if !found || !authScheme(scheme) {
		return out
	}
	rest = strings.TrimSpace(rest)
	out = append(out, rest)
	plain, err := base64.StdEncoding.DecodeString(rest)
	if _, password, ok := strings.Cut(string(plain), ":"); err == nil && ok {
		out = append(out, string(plain), password)
	}
	return out
}

// envSecrets returns the values of variables with secret-looking names.
func envSecrets(env []string) []string {
	var out []string
	for _, kv := range env {
		if name, value, _ := strings.Cut(kv, "="); secretName(name, true) {
			out = append(out, value)
		}
	}
	return out
}

// encodings returns the forms in which a secret may turn up: as it is, in JSON,
// percent-encoded, and in base64 at each of the three alignments that text
// before it can give.
func encodings(s string) []string {
	if len(s) < minSecret {
		return nil
	}
	inHTML := jsonEscape(s)
	inJSON := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(inHTML)
	inURL := []string{url.QueryEscape(s), url.PathEscape(s), strings.ReplaceAll(url.QueryEscape(s), "+", "%20")}
	out := []string{s, inHTML, inJSON, jsonEscape(inHTML), jsonEscape(inJSON), strings.ReplaceAll(inJSON, "/", `\/`)}
	out = append(out, inURL...)
	for _, e := range inURL {
		out = append(out, lowerEscapes(e))
	}
	for shift := range 3 {
		out = append(out, base64Core(base64.RawStdEncoding, s, shift), base64Core(base64.RawURLEncoding, s, shift))
	}
	return slices.DeleteFunc(out, func(e string) bool { return len(e) < minSecret })
}

// jsonEscape returns what stands between the quotes of a JSON string.
func jsonEscape(s string) string {
	quoted, _ := json.Marshal(s) //nolint:errchkjson // a string always marshals
	return string(quoted[1 : len(quoted)-1])
}

// base64Core returns the characters of an encoding that depend on s alone when
// shift bytes stand before it and anything after it.
func base64Core(enc *base64.Encoding, s string, shift int) string {
	full := enc.EncodeToString([]byte(strings.Repeat("\x00", shift) + s))
	first := (shift*8 + 5) / 6
	last := (shift + len(s)) * 8 / 6
	if last-first < 5 {
		return ""
	}
	return full[first:last]
}

// lowerEscapes returns s with %2F spelled %2f.
func lowerEscapes(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:i+3], strings.ToLower(s[i+1:i+3]))
		}
	}
	return string(b)
}

// clipText returns s without control and direction characters, and cut to n bytes at a rune's
// edge, with an ellipsis in place of what was cut.
func clipText(s string, n int) string {
	s = strings.Map(func(c rune) rune {
		if c < ' ' || c >= 0x7f && c < 0xa0 || c >= 0x2028 && c <= 0x202e || c >= 0x2066 && c <= 0x2069 {
			return ' '
		}
		return c
	}, strings.ToValidUTF8(s[:min(len(s), 4*n)], "?"))
	if len(s) <= n {
		return s
	}
	end := max(n-len("…"), 0)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}
