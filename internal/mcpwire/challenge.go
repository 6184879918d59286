package mcpwire

import "strings"

// Bounds of what is read of all WWW-Authenticate fields of one response.
const (
	maxChallengeBytes  = 64 << 10
	maxChallenges      = 32
	maxChallengeParams = 64 // of one challenge
)

// Challenge is one way to sign in that a server offers (RFC 9110 §11.3).
type Challenge struct {
	// Scheme is as sent; compare it without regard to case. It is empty when the
	// server sent parameters and forgot the scheme.
	Scheme string
	// Token68 is the one token that schemes like Negotiate send in place of
	// parameters.
	Token68 string
	// Params has lower-case names; of a repeated name the first counts. Nil when
	// there are none.
	Params map[string]string
}

// ParseChallenges reads the values of WWW-Authenticate (RFC 9110 §11.6.1) as
// real servers send them: several challenges in one value, quotes missing or
// never closed, semicolons for commas. What is no challenge at all is passed
// over; nothing is an error, because a probe must not fail over it. At most 64
// KiB, 32 challenges and 64 parameters of each are read.
func ParseChallenges(values []string) []Challenge {
	p := challengeParser{budget: maxChallengeBytes}
	for _, v := range values {
		p.value(v)
	}
	return p.challenges
}

type challengeParser struct {
	challenges []Challenge
	budget     int    // bytes that may still be read
	rest       string // of the value at hand
	fresh      bool   // the value at hand has had no challenge yet
}

// value reads one field value. Parameters never continue those of the field
// before.
func (p *challengeParser) value(v string) {
	p.rest = v[:min(len(v), p.budget)]
	p.budget -= len(p.rest)
	p.fresh = true
	for {
		p.rest = strings.TrimLeft(p.rest, " \t\r\n,;")
		if p.rest == "" {
			return
		}
		if !p.item() {
			return
		}
	}
}

// item reads a scheme or a parameter; false means that there are too many.
func (p *challengeParser) item() bool {
	word, after := cutWord(p.rest)
	if value, ok := strings.CutPrefix(trimOWS(after), "="); ok {
		p.rest = trimOWS(value)
		return p.param(strings.ToLower(word), p.paramValue())
	}
	p.rest = after
	if word == "" { // a stray quote
		p.rest = after[1:]
		return true
	}
	scheme := strings.TrimSuffix(word, ":")
	return !isToken(scheme) || p.open(Challenge{Scheme: scheme, Token68: p.token68()})
}

// open starts a challenge.
func (p *challengeParser) open(c Challenge) bool {
	if len(p.challenges) == maxChallenges {
		return false
	}
	p.challenges, p.fresh = append(p.challenges, c), false
	return true
}

// param adds a parameter to the challenge at hand.
func (p *challengeParser) param(name, value string) bool {
	if !isToken(name) {
		return true
	}
	if p.fresh && !p.open(Challenge{}) {
		return false
	}
	c := &p.challenges[len(p.challenges)-1]
	if c.Params == nil {
		c.Params = make(map[string]string)
	}
	if _, dup := c.Params[name]; !dup && len(c.Params) < maxChallengeParams {
		c.Params[name] = value
	}
	return true
}

// token68 reads the token after a scheme: it ends at the value's end or at a
// comma, where a parameter would go on after its first equals sign.
func (p *challengeParser) token68() string {
	s := trimOWS(p.rest)
	n := len(s) - len(strings.TrimLeft(s, token68Bytes))
	if n == 0 || len(s) == len(p.rest) {
		return ""
	}
	n += len(s[n:]) - len(strings.TrimLeft(s[n:], "="))
	if after := trimOWS(s[n:]); after != "" && after[0] != ',' {
		return ""
	}
	p.rest = s[n:]
	return s[:n]
}

const token68Bytes = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/"

func (p *challengeParser) paramValue() string {
	if strings.HasPrefix(p.rest, `"`) {
		return p.quoted()
	}
	return p.bare()
}

// quoted reads a quoted string, to the end of the value when it is never
// closed. What is glued to the closing quote is dropped.
func (p *challengeParser) quoted() string {
	var b strings.Builder
	s := p.rest[1:]
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			s = s[i+1:]
			p.rest = s[endOfBare(s):]
			return b.String()
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	p.rest = ""
	return b.String()
}

// bare reads a value without quotes. Words that follow belong to it as well,
// for servers that forget the quotes around a sentence, until one looks like
// the next parameter or is a scheme that everybody knows.
func (p *challengeParser) bare() string {
	start := p.rest
	end := endOfBare(start)
	for {
		next := trimOWS(start[end:])
		word, after := cutWord(next)
		if word == "" || strings.HasPrefix(trimOWS(after), "=") || knownScheme(word) {
			break
		}
		end = len(start) - len(next) + endOfBare(next)
	}
	p.rest = start[end:]
	value := start[:end]
	if len(value) > 1 && value[0] == '\'' && value[len(value)-1] == '\'' {
		value = value[1 : len(value)-1]
	}
	return value
}

// endOfBare returns where the word without quotes ends that s starts with.
func endOfBare(s string) int {
	if i := strings.IndexAny(s, " \t\r\n,;"); i >= 0 {
		return i
	}
	return len(s)
}

// cutWord splits s after its first run of bytes that can be part of a name.
func cutWord(s string) (word, after string) {
	if i := strings.IndexAny(s, " \t\r\n,;=\""); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

func trimOWS(s string) string { return strings.TrimLeft(s, " \t\r\n") }

func knownScheme(word string) bool {
	switch strings.ToLower(word) {
	case "basic", "bearer", "digest", "dpop", "negotiate", "ntlm":
		return true
	}
	return false
}

// isToken reports whether s is a token (RFC 9110 §5.6.2).
func isToken(s string) bool {
	for i := range len(s) {
		c := lower(s[i])
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && !strings.Contains("!#$%&'*+-.^_`|~", s[i:i+1]) {
			return false
		}
	}
	return s != ""
}
