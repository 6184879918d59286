package endpoint

import (
	"net/netip"
	"path"
	"strings"

	"golang.org/x/net/publicsuffix"
)

// platform returns who runs a host for many, and whether it is a tunnel or a name
// that anybody has for nothing. Without a known platform it is the registrable
// domain; under the suffix of a host for many it is that suffix.
func platform(host string) (name string, tunnel bool) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.String(), false
	}
	for rest := host; rest != ""; {
		if p, ok := known(rest); ok {
			return p.name, p.tunnel
		}
		_, rest, _ = strings.Cut(rest, ".")
	}
	suffix, icann := publicsuffix.PublicSuffix(host)
	if !icann && strings.Contains(suffix, ".") {
		return suffix, false
	}
	if own, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return own, false
	}
	return host, false
}

// localName says why a name leads nowhere outside of the reader's own machine or
// network; empty when it does.
func localName(host string) string {
	switch {
	case host == "localhost", strings.HasSuffix(host, ".localhost"), isUnder(host, "lvh.me"), isUnder(host, "localtest.me"), isUnder(host, "vcap.me"):
		return "it is the reader's own machine"
	case host == "metadata.google.internal":
		return "it is the metadata service of a cloud"
	case !strings.Contains(host, "."):
		return "its host is a name without a domain"
	}
	switch host[strings.LastIndexByte(host, '.')+1:] {
	case "local", "internal", "lan", "home", "corp", "intranet", "localdomain", "private", "test", "invalid", "onion", "alt", "arpa", "svc", "cluster":
		return "its name is known in private networks only"
	}
	return ""
}

// speaksOther reports whether something else than HTTP answers at a port: whoever
// lists an address must not have us talk to mail servers and printers.
func speaksOther(port string) bool {
	switch port {
	case "", "80", "443":
		return false
	case "1720", "1723", "2049", "3306", "3659", "4045", "4190", "5060", "5061", "5432", "6000", "6379", "6566", "6665", "6666", "6667", "6668", "6669", "6679", "6697",
		"9100", "10080", "11211":
		return true
	}
	return len(port) < 4 || port < "1024" && len(port) == 4
}

func isUnder(host, domain string) bool {
	return host == domain || strings.HasSuffix(host, "."+domain)
}

// isExample reports whether a host stands for the reader's own (RFC 2606, and
// what people write instead).
func isExample(host string) bool {
	for _, domain := range []string{"example.com", "example.org", "example.net", "example"} {
		if isUnder(host, domain) {
			return true
		}
	}
	for label := range strings.SplitSeq(host, ".") {
		if asksForYours(label) {
			return true
		}
	}
	return false
}

// asksForYours recognises your-domain, yourserver, my-company and the like.
func asksForYours(label string) bool {
	for _, word := range []string{"your", "my"} {
		if rest, ok := strings.CutPrefix(label, word); ok {
			switch strings.Trim(rest, "-_") {
			case "domain", "server", "host", "hostname", "company", "org", "organization", "site", "instance", "tenant", "subdomain", "project",
				"worker", "account", "url", "endpoint", "deployment", "name", "username", "mcp-server", "server-url", "mcp-domain", "app-name":
				return true
			}
		}
	}
	return strings.Trim(label, "x") == "" && len(label) >= 4
}

// isPage reports whether an address is a page for people: a repository, an
// article, a registry's own page.
func isPage(host, where string) bool {
	if strings.HasPrefix(where, "/api/") { // such as that of gitlab.com
		return false
	}
	host = strings.TrimPrefix(host, "www.")
	switch strings.ToLower(path.Ext(where)) {
	case ".html", ".htm", ".md", ".pdf", ".git", ".zip", ".gz", ".js", ".ts", ".png", ".svg", ".yaml", ".yml", ".txt":
		return true
	}
	for _, prefix := range pages(host) {
		if strings.HasPrefix(where, prefix) {
			return true
		}
	}
	return false
}
