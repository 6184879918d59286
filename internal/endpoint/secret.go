package endpoint

import (
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// Clean returns what may be stored and shown of an address that somebody listed:
// without user, password and fragment, and with the name of a variable in place of
// every value that looks like a key. What is longer than 2 KiB is cut.
func Clean(raw string) string {
	shown, _ := hide(strings.ToValidUTF8(strings.TrimSpace(raw), "\uFFFD"))
	return cut(inert(shown))
}

// inert escapes what is not seen, or changes the direction of writing.
func inert(s string) string {
	unseen := func(c rune) bool {
		return unicode.IsControl(c) || unicode.Is(unicode.Cf, c) || c == '\u2028' || c == '\u2029'
	}
	if !strings.ContainsFunc(s, unseen) {
		return s
	}
	var b strings.Builder
	for _, c := range s {
		if unseen(c) {
			b.WriteString(url.QueryEscape(string(c)))
			continue
		}
		b.WriteRune(c)
	}
	return b.String()
}

// cut shortens to the bound of addresses, between two characters.
func cut(s string) string {
	if len(s) <= maxURL {
		return s
	}
	return strings.ToValidUTF8(s[:maxURL], "")
}

// hide takes secrets out of an address, whether it can be parsed or not, and
// reports whether it did.
func hide(raw string) (shown string, hid bool) {
	scheme, rest := splitScheme(withoutFragment(raw))
	end := authority(rest)
	host, path := rest[:end], rest[end:]
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		host, hid = host[i+1:], true
	}
	path, query, asked := strings.Cut(path, "?")
	path, inPath := hideParts(path, "/", hideSegment)
	query, inQuery := hideParts(query, "&", hideParameter)
	if asked {
		query = "?" + query
	}
	return scheme + host + path + query, hid || inPath || inQuery
}

// splitScheme returns what stands before the host, also where people write one slash
// or three.
func splitScheme(raw string) (scheme, rest string) {
	at := 0
	if colon := strings.Index(raw, ":/"); colon >= 0 && !strings.ContainsAny(raw[:colon], "/?@") {
		at = colon + 1
	}
	rest = strings.TrimLeft(raw[at:], "/")
	return raw[:len(raw)-len(rest)], rest
}

// hideParts hides in each part of a text.
func hideParts(text, between string, hidden func(string) (string, bool)) (string, bool) {
	if text == "" {
		return "", false
	}
	parts, hid := strings.Split(text, between), false
	for i, p := range parts {
		if shown, ok := hidden(p); ok {
			parts[i], hid = shown, true
		}
	}
	if !hid {
		return text, false
	}
	return strings.Join(parts, between), true
}

func hideSegment(part string) (string, bool) {
	if looksSecret(part) {
		return "{secret}", true
	}
	return part, false
}

// hideParameter hides in a parameter, and in what some separate by other signs.
func hideParameter(part string) (string, bool) {
	for _, between := range []string{";", "?"} {
		if strings.Contains(part, between) {
			return hideParts(part, between, hideParameter)
		}
	}
	name, value, _ := strings.Cut(part, "=")
	if value == "" || hasVariables("?"+value) || !namesSecret(name) && !looksSecret(value) && !isHex(value) {
		return part, false
	}
	return name + "={" + name + "}", true
}

// namesSecret reports whether a header or parameter has the name of a secret.
func namesSecret(name string) bool {
	if plain, err := url.QueryUnescape(name); err == nil {
		name = plain
	}
	switch letters(name) {
	case "apikey", "xapikey", "key", "token", "accesstoken", "xaccesstoken", "authtoken", "xauthtoken", "auth", "authorization",
		"authentication", "secret", "clientsecret", "password", "passwd", "pwd", "pass", "pat", "sig", "signature", "credential",
		"credentials", "jwt", "bearer", "bearertoken", "session", "sessionid", "sessiontoken", "apitoken", "xapitoken", "privatekey", "accesskey", "code":
		return true
	}
	return false
}

// issued finds keys by the forms in which well-known services issue them.
var issued = regexp.MustCompile(`^(?:sk|rk|pk|whsec|ghp|gho|ghs|ghu|github_pat|glpat|xox[abprs]|npm|hf|shpat|lin_api|ntn|dop_v1|pypi|sq0[a-z]{3}|SG|AKIA|ASIA|AIza|ya29)[-_.A-Z0-9]`)

// looksSecret reports whether a word looks like a key rather than a name: it has
// the form of a known issuer's, of a JWT, or is 32 or more characters of all
// kinds.
func looksSecret(word string) bool {
	if len(word) < 16 {
		return false
	}
	if strings.HasPrefix(word, "eyJ") && strings.Count(word, ".") == 2 || len(word) >= 20 && issued.MatchString(word) && strings.ContainsAny(word, "0123456789") {
		return true
	}
	return len(word) >= 32 && mixed(word)
}

// mixed reports whether a word has small letters, capitals and digits and nothing
// else but - and _.
func mixed(word string) bool {
	var small, capital, digit bool
	for i := range len(word) {
		switch c := word[i]; {
		case c >= 'a' && c <= 'z':
			small = true
		case c >= 'A' && c <= 'Z':
			capital = true
		case c >= '0' && c <= '9':
			digit = true
		case c != '-' && c != '_':
			return false
		}
	}
	return small && capital && digit
}

// isHex reports whether a value is 32 or more hexadecimal digits.
func isHex(value string) bool {
	return len(value) >= 32 && strings.Trim(value, "0123456789abcdefABCDEF") == ""
}
