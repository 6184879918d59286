package statuspage

import (
	"fmt"
	"net/mail"
	"net/url"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Longest addresses, in bytes: of mail that of RFC 5321, section 4.5.3.1.
const (
	maxMail    = 254
	maxMailBox = 64
	maxHook    = 1000
)

// subscriberAddress checks the form of an address and returns it as it is to be
// used. Whether anybody is there shows when it is confirmed.
func subscriberAddress(kind, raw string) (string, error) {
	raw = strings.TrimSpace(raw)
	if kind == SubscribeWebhook {
		return hookAddress(raw)
	}
	return mailAddress(raw)
}

// mailAddress admits plain ASCII addresses: a name, quotes, comments or a line
// break in one would reach the head of a mail.
func mailAddress(raw string) (string, error) {
	wrong := fmt.Errorf("%w: give an e-mail address, such as you@example.com", uptime.ErrInvalid)
	if len(raw) > maxMail || strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`"(),:;<>[\]`, r) }) {
		return "", wrong
	}
	parsed, err := mail.ParseAddress(raw)
	box, domain, _ := strings.Cut(raw, "@")
	if err != nil || parsed.Address != raw || len(box) > maxMailBox || !hostName(domain) {
		return "", wrong
	}
	return box + "@" + strings.ToLower(domain), nil
}

// hostName reports whether the text is a name with a dot in it.
func hostName(text string) bool {
	labels := strings.Split(text, ".")
	for _, label := range labels {
		bad := strings.ContainsFunc(label, func(r rune) bool { return !letterOrDigit(r) && r != '-' })
		if label == "" || len(label) > 63 || bad || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
	}
	return len(labels) > 1 && len(text) <= 253
}

// hookAddress admits addresses on the open web: https, a name, and nothing that
// stands for a person. Where the name leads is checked when it is called.
func hookAddress(raw string) (string, error) {
	wrong := fmt.Errorf("%w: give the address of a webhook, such as https://example.com/hook", uptime.ErrInvalid)
	if len(raw) > maxHook || strings.ContainsFunc(raw, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", wrong
	}
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Fragment != "" || !hostName(u.Hostname()) {
		return "", wrong
	}
	return u.String(), nil
}

// maskedAddress shows enough of an address for its owner to know it.
func maskedAddress(sub *uptime.Subscription) string {
	address := sub.Address.Reveal()
	if sub.Kind == SubscribeWebhook {
		if u, err := url.Parse(address); err == nil && u.Host != "" {
			return "a webhook at " + visible(u.Hostname(), 80)
		}
		return "a webhook"
	}
	return maskedMail(address)
}

func maskedMail(address string) string {
	box, domain, ok := strings.Cut(address, "@")
	if !ok || box == "" {
		return "an e-mail address"
	}
	return visible(box[:1]+"…@"+domain, 100)
}
