package config

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// localRegion is the region of a file that names none.
const localRegion = "local"

var (
	slugForm   = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,62}[a-z0-9])?$`)
	colourForm = regexp.MustCompile(`^#([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$`)
	fieldName  = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]+$") // RFC 9110, section 5.1
	// secretKey matches names of query parameters that hold secrets.
	secretKey = regexp.MustCompile(`(?i)(key|token|secret|passw|auth|credential|signature|^sig$|^pat$)`)
)

// check looks at what has been read as a whole, and fills in what is derived.
func (d *decoder) check() {
	d.checkAddresses()
	d.checkProxies()
	d.checkBranding()
	d.checkRegions()
	d.checkSettings(&d.f.Defaults)
	d.f.Defaults.baseline = d.baseline(&d.f.Defaults.Baseline, nil)
	for i := range d.f.Servers {
		d.checkServer(&d.f.Servers[i])
	}
	d.checkSlugs()
	d.checkWindows()
	d.checkSinks()
	d.checkAlerts()
	d.checkRegistries()
	if len(d.f.Servers) == 0 && !d.f.Registries.Enabled && !d.problems.Broken() {
		d.add(place{file: d.name}, SeverityWarn, "there are no servers; write servers: and below it - url: https://example.com/mcp")
	}
}

// of is where a value was written, or else where what it belongs to begins.
func (d *decoder) of(values ...any) place {
	for _, v := range values {
		if at, ok := d.places[v]; ok {
			return at
		}
	}
	return place{file: d.name}
}

// maxProxies bounds the list of proxies, which is walked for each request.
const maxProxies = 64

func (d *decoder) checkProxies() {
	f := d.f
	if len(f.TrustedProxies) > maxProxies {
		d.add(d.of(&f.TrustedProxies), SeverityError, "at most %d; name the networks that hold them", maxProxies)
		return
	}
	for i := range f.TrustedProxies {
		network, err := network(f.TrustedProxies[i])
		switch {
		case err != nil:
			d.add(d.of(&f.TrustedProxies[i], &f.TrustedProxies), SeverityError, "here must be an address or a network, such as 127.0.0.1 or 10.0.0.0/24")
		case network.Bits() == 0:
			d.add(d.of(&f.TrustedProxies[i], &f.TrustedProxies), SeverityError, "this trusts everybody: any reader could pretend to be any other; name the proxy alone")
		default:
			f.proxies = append(f.proxies, network)
		}
	}
}

// network reads an address, or a network as CIDR has it. What is IPv4 is written
// so, also within IPv6.
func network(text string) (netip.Prefix, error) {
	if addr, err := netip.ParseAddr(text); err == nil {
		addr = addr.Unmap().WithZone("")
		return netip.PrefixFrom(addr, addr.BitLen()), nil
	}
	prefix, err := netip.ParsePrefix(text)
	if err == nil && prefix.Addr().Is4In6() {
		return prefix, fmt.Errorf("%w: an IPv4 network within IPv6", uptime.ErrInvalid)
	}
	return prefix.Masked(), err
}

func (d *decoder) checkAddresses() {
	f := d.f
	if !hostPort(f.Listen, true) {
		d.add(d.of(&f.Listen), SeverityError, "here must be HOST:PORT, such as 127.0.0.1:8080 or :8080")
	}
	if f.Pprof != "" && !hostPort(f.Pprof, true) {
		d.add(d.of(&f.Pprof), SeverityError, "here must be HOST:PORT, such as 127.0.0.1:6060")
	} else if f.Pprof != "" && !loopback(f.Pprof) {
		d.add(d.of(&f.Pprof), SeverityWarn, "others can reach the profiler here; 127.0.0.1:6060 is safer")
	}
	for i := range f.ReferenceEndpoints {
		if !hostPort(f.ReferenceEndpoints[i], false) {
			d.add(d.of(&f.ReferenceEndpoints[i]), SeverityError, "here must be HOST:PORT, such as one.example.net:443")
		}
	}
	if n := len(f.ReferenceEndpoints); n == 1 || n > 8 {
		d.add(d.of(&f.ReferenceEndpoints), SeverityError, "name two endpoints (at most eight): a single one that fails says nothing")
	}
	if u := d.url(&f.BaseURL, d.of(&f.BaseURL)); u != nil && u.RawQuery != "" {
		d.add(d.of(&f.BaseURL), SeverityError, "the public address has no query; remove what begins with ?")
	}
	f.BaseURL = strings.TrimSuffix(f.BaseURL, "/")
	if strings.ContainsAny(f.Probe.UserAgent+f.Probe.Contact, "\r\n") {
		d.add(d.of(&f.Probe.UserAgent, &f.Probe.Contact), SeverityError, "here must be one line of text")
	}
}

// hostPort reports HOST:PORT; the host may be missing where one listens.
func hostPort(text string, listen bool) bool {
	host, port, err := net.SplitHostPort(text)
	n, bad := strconv.ParseUint(port, 10, 16)
	return err == nil && bad == nil && (listen || host != "" && n > 0) && !strings.ContainsAny(host, " /@\t\n")
}

func loopback(text string) bool {
	host, _, _ := net.SplitHostPort(text)
	addr, _ := netip.ParseAddr(host)
	return host == "localhost" || addr.IsLoopback()
}

// url checks an http or https URL and returns it; nil when it is empty or wrong.
// Only its text is used: problems never repeat it, for it may hold a secret.
func (d *decoder) url(text *string, at place) *url.URL {
	if *text == "" {
		return nil
	}
	u, err := url.Parse(*text)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || len(*text) > 8<<10:
		d.add(at, SeverityError, "here must be an http or https URL, such as https://example.com/mcp")
		return nil
	case u.Fragment != "":
		d.add(at, SeverityError, "a URL that is asked has no fragment; remove what begins with #")
	}
	if u.User != nil {
		d.add(at, SeverityWarn, "a name or password stands in the URL, where people see it; put it into credential or headers")
	}
	for name := range u.Query() {
		if secretKey.MatchString(name) {
			d.add(at, SeverityWarn, "the query holds what looks like a secret, and people see the URL; put it into credential or headers")
			break
		}
	}
	return u
}

func (d *decoder) checkBranding() {
	b := &d.f.Branding
	if b.Accent != "" && !colourForm.MatchString(b.Accent) {
		d.add(d.of(&b.Accent), SeverityError, "here must be a colour in quotes, such as \"#0b6e4f\"")
	}
	d.url(&b.Link, d.of(&b.Link))
	if b.Logo == "" {
		return
	}
	if ends := []string{".svg", ".png", ".jpg", ".jpeg", ".webp"}; !slices.Contains(ends, strings.ToLower(filepath.Ext(b.Logo))) {
		d.add(d.of(&b.Logo), SeverityError, "the logo must be a file that ends in .svg, .png, .jpg or .webp")
	}
	d.source(b.Logo)
	if _, err := readBounded(b.Logo, maxLogo); err != nil {
		d.add(d.of(&b.Logo), SeverityError, "the logo %s: %v", b.Logo, err)
	}
}

func (d *decoder) checkRegions() {
	f := d.f
	first := map[string]place{}
	for i := range f.Regions {
		r := &f.Regions[i]
		at := d.of(&r.ID, r)
		if r.ID != "" && !slugForm.MatchString(r.ID) {
			d.add(at, SeverityError, "an id has lower-case letters, digits and hyphens, at most 64, such as eu-west")
		}
		if before, ok := first[r.ID]; ok && r.ID != "" {
			d.add(at, SeverityError, "a region of this id stands in line %d already; give each its own", before.line)
		}
		first[r.ID] = at
		d.checkEgress(&r.Egress)
	}
	if len(f.Regions) > 64 {
		d.add(d.of(&f.Regions), SeverityError, "there are %d regions, the most is 64", len(f.Regions))
	}
	if len(f.Regions) == 0 {
		f.Regions = []Region{{ID: localRegion, City: "Local"}}
	}
}

// checkEgress takes a proxy or an address of this machine. A proxy's password
// stands in its URL: there is no other place for it.
func (d *decoder) checkEgress(egress *string) {
	if *egress == "" {
		return
	}
	if _, err := netip.ParseAddr(*egress); err == nil {
		return
	}
	u, err := url.Parse(*egress)
	if err != nil || !slices.Contains([]string{"socks5", "http", "https"}, u.Scheme) || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" {
		d.add(d.of(egress), SeverityError, "here must be a proxy such as socks5://10.0.0.5:1080, or an IP address of this machine")
	}
}
