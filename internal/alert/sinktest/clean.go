package sinktest

import (
	"encoding/json"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// Clean fails the test when payload, which a sink would send for a sample, holds
// what must not leave: addresses of machines, ids of regions, secrets, tenants,
// names of our own insides, or more than one event.
func Clean(tb testing.TB, payload []byte) {
	tb.Helper()
	if !utf8.Valid(payload) {
		tb.Error("the payload is not valid UTF-8")
	}
	text := string(payload)
	for _, word := range denied() {
		if strings.Contains(text, word) {
			tb.Errorf("the payload holds %q: %s", word, short(text))
		}
	}
	for _, a := range addresses(text) {
		tb.Errorf("the payload holds the address %s: %s", a, short(text))
	}
	if keys := events(text); len(keys) > 1 {
		tb.Errorf("the payload tells of more than one event: %q", keys)
	}
}

// CleanJSON is Clean for a payload that must be one JSON value.
func CleanJSON(tb testing.TB, payload []byte) {
	tb.Helper()
	Clean(tb, payload)
	if !json.Valid(payload) {
		tb.Errorf("the payload is not JSON: %s", short(string(payload)))
	}
}

// Visible fails the test when payload holds what nobody sees and what can make a
// text look like another: control characters, marks that turn the direction of
// writing, spaces without width, fillers and tags, as they are or as JSON writes
// them. Services show what they get.
func Visible(tb testing.TB, payload []byte) {
	tb.Helper()
	for _, r := range string(payload) {
		if r != '\n' && r != '\r' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || strings.ContainsRune("\u00ad\u200b\u2028\u2029\ufeff\u3164\U000e0041", r)) {
			tb.Errorf("the payload holds the invisible %U: %s", r, short(string(payload)))
		}
	}
	if bad := regexp.MustCompile(`\\u(00[01][0-9a-f]|007f|00[89][0-9a-f]|00ad|061c|200[bef]|202[89a-e]|206[6-9]|feff)`).FindString(strings.ReplaceAll(string(payload), `\\`, "")); bad != "" {
		tb.Errorf("the payload holds the invisible %s: %s", bad, short(string(payload)))
	}
}

// denied are words of which no payload may hold one.
func denied() []string {
	return []string{
		Secret, Tenant, Address, Region, Internal, "canary-sink", "tnt_",
		"eu-west", "eu-central", "us-east", "us-west", "ap-south", // ids of regions
		"10.9.8.7", "localhost", "dial tcp", "whsec_", "whsk_", "xoxb-", "Bearer ", "GenieKey", "/a/unsubscribe", "goroutine ", "supervisor", "internal/", ".go:", "panic:",
	}
}

// addresses finds IP addresses, IPv6 too; times such as 09:30:00 are none.
func addresses(text string) []string {
	var out []string
	for word := range strings.FieldsFuncSeq(text, notAddress) {
		word = strings.Trim(word, ".")
		if strings.Count(word, ".") != 3 && strings.Count(word, ":") < 2 {
			continue
		}
		host := strings.TrimSuffix(word, ":")
		if strings.Count(host, ".") == 3 {
			host, _, _ = strings.Cut(host, ":")
		}
		if _, err := netip.ParseAddr(host); err == nil && host != "::" {
			out = append(out, host)
		}
	}
	return out
}

func notAddress(c rune) bool {
	return !strings.ContainsRune("0123456789abcdefABCDEF.:", c)
}

// events returns the different keys of samples in text.
func events(text string) []string {
	var out []string
	seen := map[string]bool{}
	for _, key := range regexp.MustCompile(`inc_sample_[a-z]+`).FindAllString(text, -1) {
		if !seen[key] {
			seen[key] = true
			out = append(out, key)
		}
	}
	return out
}

func short(text string) string {
	if len(text) > 600 {
		return text[:600] + "..."
	}
	return text
}
