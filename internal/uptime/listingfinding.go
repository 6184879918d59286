package uptime

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ListingFindingID names a way in which what is listed of an endpoint and what is
// there do not agree. The words are stable.
type ListingFindingID string

// What does not agree.
const (
	// ListedVersionDiffers is a server that names another version than a registry.
	ListedVersionDiffers ListingFindingID = "listed_version_differs"
	// ListedTransportDiffers is a server that speaks another transport.
	ListedTransportDiffers ListingFindingID = "listed_transport_differs"
	// ListingsDisagree are listings of one address that say different things of it.
	ListingsDisagree ListingFindingID = "listings_disagree"
	// SignInNotListed is a server that wants a sign-in of which no listing speaks.
	SignInNotListed ListingFindingID = "sign_in_not_listed"
	// SignInListedOpen is a server that serves anyone although a listing announces a
	// sign-in.
	SignInListedOpen ListingFindingID = "sign_in_listed_but_open"
	// ListedDeprecatedAlive works although a registry calls it deprecated.
	ListedDeprecatedAlive ListingFindingID = "listed_deprecated_alive"
	// DelistedAlive works although a registry does not list it any more.
	DelistedAlive ListingFindingID = "delisted_alive"
	// RedirectsElsewhere sends its clients to another address for good.
	RedirectsElsewhere ListingFindingID = "redirects_elsewhere"
	// RedirectRefused sends its clients to an address that is not public.
	RedirectRefused ListingFindingID = "redirect_refused"
	// SharedCatalogue shows the same tools, byte for byte, as servers of other names.
	SharedCatalogue ListingFindingID = "shared_catalogue"
)

// ListingFindingIDs returns all of them in the order in which they are shown.
func ListingFindingIDs() []ListingFindingID {
	return []ListingFindingID{
		RedirectRefused, RedirectsElsewhere, ListedTransportDiffers, SignInNotListed, SignInListedOpen, ListedVersionDiffers,
		ListingsDisagree, ListedDeprecatedAlive, DelistedAlive, SharedCatalogue,
	}
}

// Title says in a few words what a finding is; the id of one that is not known.
func (id ListingFindingID) Title() string {
	switch id {
	case ListedVersionDiffers:
		return "Another version is listed"
	case ListedTransportDiffers:
		return "Another transport is listed"
	case ListingsDisagree:
		return "Listings disagree with each other"
	case SignInNotListed:
		return "Wants a sign-in that is not listed"
	case SignInListedOpen:
		return "Open, although a sign-in is listed"
	case ListedDeprecatedAlive:
		return "Listed as deprecated, and alive"
	case DelistedAlive:
		return "Taken off a registry, and alive"
	case RedirectsElsewhere:
		return "Has moved to another address"
	case RedirectRefused:
		return "Redirects to where nobody is sent"
	case SharedCatalogue:
		return "Shows the tools of other names"
	}
	return string(id)
}

// ListingFinding is one thing that does not agree. The texts quote strangers: they
// are bounded, and not to be trusted.
type ListingFinding struct {
	ID ListingFindingID `json:"id"`
	// About is the aspect on which listings disagree: version, transport, name or
	// sign_in; empty for other findings.
	About    string   `json:"about,omitempty"`
	Severity Severity `json:"severity"` // SeverityInfo or SeverityWarn
	// Text is one sentence for people.
	Text string `json:"text"`
	// Listed is what is listed; Live what the server itself says, empty when listings
	// disagree with each other alone.
	Listed string `json:"listed,omitempty"`
	Live   string `json:"live,omitempty"`
}

// LiveServer is what a server itself showed, as far as it is known. The zero
// LiveServer was not looked at.
type LiveServer struct {
	State     State
	Version   string // of its program
	Transport Transport
	Access    Access
	// Moved is the address, in canonical form, that it sends its clients to for good;
	// empty for none, and for another form of its own.
	Moved string
	// Refused says that it sends them to an address that is not public.
	Refused bool
	// Tools is the hash of its list of tools, Twins are the first of the other names
	// under which the same list is shown, TwinCount how many there are.
	Tools     string
	Twins     []string
	TwinCount int
}

// CompareListings says what does not agree about an endpoint: its listings, those
// that are gone and those of the same address with another transport included,
// among each other and with the server; nil for a server that nobody looked at.
// The order is that of ListingFindingIDs.
func CompareListings(e *Endpoint, listings []Listing, live *LiveServer) []ListingFinding {
	c := comparison{endpoint: e}
	for i := range listings {
		c.all = append(c.all, &listings[i])
	}
	slices.SortStableFunc(c.all, func(a, b *Listing) int {
		return cmp.Or(strings.Compare(string(a.Source), string(b.Source)), strings.Compare(a.Name, b.Name), strings.Compare(a.Version, b.Version))
	})
	for _, l := range c.all {
		if l.Gone.IsZero() {
			c.around = append(c.around, l)
			if l.Endpoint == e.Key {
				c.now = append(c.now, l)
			}
		}
	}
	if live != nil {
		c.live = *live
	}
	var out []ListingFinding
	for _, one := range []func() []ListingFinding{
		c.redirects, c.transport, c.signIn, c.version, c.disagree, c.deprecated, c.delisted, c.catalogue,
	} {
		out = append(out, one()...)
	}
	return out
}

// comparison is an endpoint with what is said of it.
type comparison struct {
	endpoint *Endpoint
	all      []*Listing // by registry and name, so that the same is always said
	now      []*Listing // that name this endpoint today
	around   []*Listing // that name its address today, with whatever transport
	live     LiveServer
}

func (c *comparison) alive() bool { return c.live.State == Live || c.live.State == Degraded }

func finding(id ListingFindingID, s Severity, listed, live, format string, args ...any) []ListingFinding {
	return []ListingFinding{{ID: id, Severity: s, Listed: listed, Live: live, Text: fmt.Sprintf(format, args...)}}
}

func (c *comparison) redirects() []ListingFinding {
	switch {
	case c.live.Refused:
		return finding(RedirectRefused, SeverityWarn, "", "an address that is not public",
			"It sends its clients to an address that is not public. That was refused: nobody was contacted there.")
	case c.live.Moved != "":
		return finding(RedirectsElsewhere, SeverityWarn, c.endpoint.URL, c.live.Moved,
			"It sends its clients to %s for good, and is still listed at its old address.", c.live.Moved)
	}
	return nil
}

func (c *comparison) transport() []ListingFinding {
	if transportName(c.live.Transport) == "" {
		return nil
	}
	listed := saying(c.now, func(l *Listing) string {
		return other(transportName(ListedTransport(l.Transport)), transportName(c.live.Transport))
	})
	if listed.none() {
		return nil
	}
	return finding(ListedTransportDiffers, SeverityWarn, listed.String(), transportName(c.live.Transport),
		"It speaks %s; listed is %s.", transportName(c.live.Transport), listed)
}

func (c *comparison) signIn() []ListingFinding {
	announced := c.endpoint.SignIn
	switch {
	case len(c.now) == 0:
	case wantsSignIn(c.live.Access) && !announced:
		return finding(SignInNotListed, SeverityWarn, "nothing of a sign-in", "a sign-in", "It wants a sign-in, and no listing says so.")
	case c.live.Access == AccessOpen && announced && c.alive():
		return finding(SignInListedOpen, SeverityInfo, "a sign-in", "open to anyone", "It serves anyone, and a listing announces a sign-in.")
	}
	return nil
}

func wantsSignIn(a Access) bool { return a != "" && a != AccessOpen }

func (c *comparison) version() []ListingFinding {
	if c.live.Version == "" {
		return nil
	}
	listed := saying(c.now, func(l *Listing) string {
		if BareVersion(l.Version) == BareVersion(c.live.Version) {
			return ""
		}
		return l.Version
	})
	if listed.none() {
		return nil
	}
	return finding(ListedVersionDiffers, SeverityInfo, listed.String(), c.live.Version, "It says that it is version %s; listed is %s.", quote(c.live.Version), listed)
}

// aspect is something on which listings can disagree.
type aspect struct {
	about, words string
	severity     Severity
	value        func(*Listing) string // empty when a listing says nothing
	same         func(string) string   // what equal values have in common
}

func aspects() []aspect {
	return []aspect{
		{"transport", "the transport", SeverityWarn, func(l *Listing) string { return transportName(ListedTransport(l.Transport)) }, strings.ToLower},
		{"sign_in", "the sign-in", SeverityWarn, signInWords, strings.ToLower},
		{"version", "the version", SeverityInfo, func(l *Listing) string { return l.Version }, BareVersion},
		{"name", "the name", SeverityInfo, func(l *Listing) string { return strings.TrimSpace(l.Name) }, strings.ToLower},
	}
}

// disagree compares the listings with each other.
func (c *comparison) disagree() (out []ListingFinding) {
	for _, a := range aspects() {
		said := sayingAs(c.around, a.value, a.same)
		if len(said) < 2 {
			continue
		}
		f := finding(ListingsDisagree, a.severity, said.String(), "", "Its listings do not agree on %s: %s.", a.words, said)
		f[0].About = a.about
		out = append(out, f...)
	}
	return out
}

// Disagreement notes, listing by listing, on what the listings of one endpoint do
// not agree, without keeping them. It is ready for use, and compares as
// CompareListings does.
type Disagreement struct {
	first  [4]string // of aspects
	differ [4]bool
}

// Add takes a listing into account.
func (d *Disagreement) Add(l *Listing) {
	for i, a := range aspects() {
		switch v := a.same(a.value(l)); {
		case v == "":
		case d.first[i] == "":
			d.first[i] = v
		case d.first[i] != v:
			d.differ[i] = true
		}
	}
}

// About returns the aspects, as ListingFinding.About names them.
func (d *Disagreement) About() (out []string) {
	for i, a := range aspects() {
		if d.differ[i] {
			out = append(out, a.about)
		}
	}
	return out
}

func signInWords(l *Listing) string {
	switch l.Access {
	case "":
		return ""
	case AccessOpen:
		return "open to anyone"
	case AccessWalled, AccessCustom, AccessBroken:
	}
	return "a sign-in"
}

func (c *comparison) deprecated() []ListingFinding {
	if !c.alive() {
		return nil
	}
	listed := saying(c.now, func(l *Listing) string {
		if l.Status != ListingDeprecated {
			return ""
		}
		return string(l.Status)
	})
	if listed.none() {
		return nil
	}
	return finding(ListedDeprecatedAlive, SeverityInfo, listed.String(), c.live.State.String(), "It works, and is listed as %s.", listed)
}

// delisted looks for registries that listed the address and do not any more.
func (c *comparison) delisted() []ListingFinding {
	if !c.alive() {
		return nil
	}
	var gone []*Listing
	severity := SeverityInfo
	for _, l := range c.all {
		if l.Gone.IsZero() || slices.ContainsFunc(c.around, func(n *Listing) bool { return n.Source == l.Source }) {
			continue
		}
		gone = append(gone, l)
		if l.Status == ListingDeleted {
			severity = SeverityWarn
		}
	}
	listed := saying(gone, func(l *Listing) string {
		if l.Status == ListingDeleted {
			return "taken down"
		}
		return "no longer listed"
	})
	if listed.none() {
		return nil
	}
	return finding(DelistedAlive, severity, listed.String(), c.live.State.String(), "It works, and is %s.", listed)
}

func (c *comparison) catalogue() []ListingFinding {
	if c.live.TwinCount == 0 {
		return nil
	}
	var quoted []string
	for _, name := range c.live.Twins {
		quoted = append(quoted, quote(name))
	}
	names := strings.Join(quoted, ", ")
	if more := c.live.TwinCount - len(c.live.Twins); more > 0 {
		names += " and " + strconv.Itoa(more) + " more"
	}
	return finding(SharedCatalogue, SeverityInfo, names, c.live.Tools, "Its list of tools is, byte for byte, that of %s.", names)
}
