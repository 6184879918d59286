package probe

import "strings"

// scanner copies text and leaves out what stands where secrets stand. It looks
// at each byte a bounded number of times: names are bounded in length, and a
// value that is hidden is jumped over.
type scanner struct {
	in      string
	headers map[string]bool // normalized names of further secret headers
	out     strings.Builder
	done    int // in[:done] is in out
}

// maxName bounds what is taken for the name of something; longer words are not
// names.
const maxName = 128

func (s *scanner) run() string {
	s.out.Grow(len(s.in))
	for at := 0; at < len(s.in); {
		switch {
		case nameByte(s.in[at]):
			at = s.word(at)
		case strings.HasPrefix(s.in[at:], "://"):
			at = s.userinfo(at + 3)
		default:
			at++
		}
	}
	s.out.WriteString(s.in[s.done:])
	return s.out.String()
}

// hide replaces in[from:to] and returns to. What is empty already stays so.
func (s *scanner) hide(from, to int) int { return s.replace(from, to, hidden) }

func (s *scanner) replace(from, to int, with string) int {
	if to > from {
		s.out.WriteString(s.in[s.done:from])
		s.out.WriteString(with)
		s.done = to
	}
	return to
}

// word looks at the word that begins at from, hides what belongs to it, and
// returns where to go on.
func (s *scanner) word(from int) int {
	end := s.skip(from, nameByte)
	word := s.in[from:end]
	if from > 0 && s.in[from-1] == '\\' && escapedSpace(word[0]) && !secretName(word, true) {
		word = word[1:] // \nBearer is a line that begins with Bearer
	}
	switch {
	case strings.HasPrefix(word, "eyJ") && strings.Count(word, ".") >= 2:
		return s.hide(from, end) // a JSON web token
	case len(word) > maxName:
		return end
	case s.lineStart(from) && end < len(s.in) && s.in[end] == ':':
		return s.header(word, end)
	}
	if at, sep := s.separator(end); sep != 0 {
		return s.member(word, end, at, sep)
	}
	if authScheme(word) {
		return s.token(end)
	}
	return end
}

// header hides the value of a secret field whose line begins with its name,
// folded lines included (RFC 9112 section 5.2), and shortens session ids.
func (s *scanner) header(name string, colon int) int {
	from := s.skip(colon+1, blank)
	plain := normalName(name)
	switch {
	case plain == "mcpsessionid":
		return s.shorten(from, s.lineEnd(from))
	case secretName(name, true) || s.headers[plain]:
		return s.hide(from, s.foldedEnd(from))
	}
	return colon
}

func (s *scanner) foldedEnd(from int) int {
	for {
		end := s.lineEnd(from)
		next := end + 1
		if end < len(s.in) && s.in[end] == '\r' {
			next++
		}
		if next >= len(s.in) || !blank(s.in[next]) {
			return end
		}
		from = next
	}
}

// shorten keeps the first four characters, enough to tell sessions apart.
func (s *scanner) shorten(from, to int) int {
	keep := min((to-from)/4, 4)
	return s.replace(from+keep, to, "…")
}

// member hides the value in "name": value, name=value and the like, at any level
// of quoting.
func (s *scanner) member(name string, end, at int, sep byte) int {
	plain := normalName(name)
	switch {
	case plain == "sessionid" || plain == "mcpsessionid":
		return s.shorten(s.value(at, sep))
	case secretName(name, sep != ':') || s.headers[plain]:
		return s.hide(s.value(at, sep))
	}
	return end
}

// separator returns where the value may begin after a name that ended at from,
// and ':', '=' or '%' for an
// encoded =; 0 when no value follows.
func (s *scanner) separator(from int) (at int, sep byte) {
	at = s.skip(from, func(c byte) bool { return c == '\\' })
	if at < len(s.in) && (s.in[at] == '"' || s.in[at] == '\'') {
		at++
	}
	at = s.gap(at)
	if rest := s.in[at:]; len(rest) >= 3 && strings.EqualFold(rest[:3], "%3d") {
		return at + 3, '%'
	}
	if at < len(s.in) && (s.in[at] == ':' || s.in[at] == '=') {
		return s.gap(at + 1), s.in[at]
	}
	return from, 0
}

// gap skips white space, also as JSON inside a JSON string spells it.
func (s *scanner) gap(at int) int {
	for {
		at = s.skip(at, space)
		end := s.skip(at, func(c byte) bool { return c == '\\' })
		if end == at || end == len(s.in) || !escapedSpace(s.in[end]) {
			return at
		}
		at = end + 1
	}
}

// value returns the extent of the value at from: a quoted string, an object, an
// array or a bare word. What is cut ends where the text ends.
func (s *scanner) value(from int, sep byte) (start, end int) {
	open := s.skip(from, func(c byte) bool { return c == '\\' })
	if open == len(s.in) {
		return from, open
	}
	switch c := s.in[open]; c {
	case '"', '\'':
		return open + 1, s.stringEnd(open+1, c, open-from)
	case '{', '[':
		return from, s.nestedEnd(open)
	}
	end = s.bareEnd(from, sep)
	switch s.in[from:end] {
	case "null", "true", "false":
		return end, end
	}
	if authScheme(s.in[from:end]) {
		end = s.bareEnd(s.skip(end, blank), sep)
	}
	return from, end
}

// stringEnd finds the quote that ends a string whose own quotes have the given
// number of backslashes before them: 0 in JSON, 1 in JSON inside a JSON string,
// 3 one level deeper. Fewer backslashes end an outer string, and this one too.
func (s *scanner) stringEnd(from int, quote byte, level int) int {
	run := 0
	for at := from; at < len(s.in); at++ {
		switch c := s.in[at]; {
		case c == '\\':
			run++
			continue
		case c == quote && (run < level || run%(2*(level+1)) == level):
			return at - min(run, level)
		}
		run = 0
	}
	return len(s.in)
}

// nestedEnd finds where an object or array ends, at any level of quoting.
func (s *scanner) nestedEnd(from int) int {
	depth := 0
	for at := from; at < len(s.in); at++ {
		switch s.in[at] {
		case '"':
			at = s.stringEnd(at+1, '"', s.backslashes(at, from))
			at = s.skip(at, func(c byte) bool { return c == '\\' })
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return at + 1
			}
		}
	}
	return len(s.in)
}

// backslashes counts those right before at, not looking before from.
func (s *scanner) backslashes(at, from int) int {
	n := 0
	for at-n > from && s.in[at-n-1] == '\\' {
		n++
	}
	return n
}

func (s *scanner) bareEnd(from int, sep byte) int {
	stop := " \t\r\n\"'<>&;\\"
	if sep == ':' {
		stop += ",}]"
	}
	end := from
	for end < len(s.in) && strings.IndexByte(stop, s.in[end]) < 0 {
		if sep == '%' && strings.HasPrefix(s.in[end:], "%26") {
			break
		}
		end++
	}
	return end
}

// token hides what follows the name of an authentication scheme, unless it reads
// like prose or like the parameter of a challenge.
func (s *scanner) token(end int) int {
	from := s.skip(end, blank)
	to := s.skip(from, tokenByte)
	if from == end || !opaque(s.in[from:to]) {
		return from
	}
	return s.hide(from, to)
}

// opaque tells a credential from a word: it has a digit or is long, and is not
// a parameter such as realm=.
func opaque(word string) bool {
	body := strings.TrimRight(word, "=")
	if len(body) < 6 || strings.Contains(body, "=") || challengeParam(body) && body != word {
		return false
	}
	return len(body) >= 16 || strings.ContainsAny(body, "0123456789")
}

func challengeParam(name string) bool {
	switch strings.ToLower(name) {
	case "realm", "scope", "error", "error_description", "error_uri", "resource_metadata", "algs", "nonce", "charset":
		return true
	}
	return false
}

// userinfo hides what stands before the @ of a URL's authority.
func (s *scanner) userinfo(from int) int {
	end := from
	at := -1
	for end < len(s.in) && strings.IndexByte("/?#\"<> \t\r\n\\", s.in[end]) < 0 {
		if s.in[end] == '@' {
			at = end
		}
		end++
	}
	if at < 0 && end == len(s.in) && !hostAndPort(s.in[from:]) {
		at = end // cut off before the @
	}
	if at < 0 {
		return from
	}
	return s.hide(from, at)
}

// hostAndPort says that an authority is no beginning of userinfo: nothing but
// digits follows its only colon, or it has none.
func hostAndPort(authority string) bool {
	_, port, _ := strings.Cut(authority, ":")
	return strings.Trim(port, "0123456789") == "" || strings.HasPrefix(authority, "[")
}

func (s *scanner) skip(at int, while func(byte) bool) int {
	for at < len(s.in) && while(s.in[at]) {
		at++
	}
	return at
}

func (s *scanner) lineStart(at int) bool {
	return at == 0 || s.in[at-1] == '\n' || s.in[at-1] == '\r'
}

func (s *scanner) lineEnd(from int) int {
	end := from
	for end < len(s.in) && s.in[end] != '\n' {
		end++
	}
	if end > from && s.in[end-1] == '\r' {
		end--
	}
	return end
}

func nameByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.'
}

// tokenByte admits token68 (RFC 9110 section 11.2).
func tokenByte(c byte) bool { return nameByte(c) || strings.IndexByte("~+/=", c) >= 0 }

func blank(c byte) bool { return c == ' ' || c == '\t' }

// escapedSpace says that c after a backslash is white space in JSON.
func escapedSpace(c byte) bool { return c == 'n' || c == 'r' || c == 't' }

func space(c byte) bool { return blank(c) || c == '\n' || c == '\r' }

func authScheme(word string) bool {
	switch strings.ToLower(word) {
	case "bearer", "basic", "dpop", "apikey", "token", "digest", "negotiate":
		return true
	}
	return false
}

// normalName drops case and all but letters and digits, so that api_key, apiKey
// and X-API-Key compare alike.
func normalName(name string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= 'A' && c <= 'Z':
			return c + 'a' - 'A'
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			return c
		}
		return -1
	}, name)
}

// secretName says that what goes by this name is usually secret. Wide adds names
// that are secret in a URL, a form, a header or an environment only.
func secretName(name string, wide bool) bool {
	plain := normalName(name)
	switch plain {
	case "authorization", "proxyauthorization", "auth", "tokens", "pwd", "pass", "codeverifier", "jwt", "setcookie", "cookies":
		return true
	}
	for _, part := range []string{"password", "passwd", "passphrase", "secret", "apikey", "accesskey", "privatekey", "subscriptionkey", "credential"} {
		if strings.Contains(plain, part) {
			return true
		}
	}
	ends := []string{"token", "assertion", "cookie", "authorization"}
	if wide {
		ends = append(ends, "key", "sig", "signature", "auth", "pat")
	}
	for _, end := range ends {
		if strings.HasSuffix(plain, end) {
			return true
		}
	}
	return false
}
