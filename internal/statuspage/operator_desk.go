package statuspage

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"
)

// How sessions and tries are bounded.
const (
	sessionCookie = "alivemcp-operator"
	sessionLasts  = 12 * time.Hour
	tryWindow     = time.Minute
	maxTries      = 5    // of one client in a window
	maxClients    = 1000 // that are counted apart; those beyond share one count
)

// desk knows who is signed in. A session is a signed cookie: the operator's name
// and when it ends. The key lives as long as the process, so that a restart
// ends all sessions. The token itself is never kept.
type desk struct {
	acts Acts
	now  func() time.Time
	key  [32]byte

	mu    sync.Mutex
	tries map[string]tries
}

type tries struct {
	n     int
	since time.Time
}

func newDesk(acts Acts, now func() time.Time) *desk {
	d := &desk{acts: acts, now: now, tries: map[string]tries{}}
	_, _ = rand.Read(d.key[:]) // never fails: the process ends instead
	return d
}

// cookie is a new session.
func (d *desk) cookie(name string, secure bool) *http.Cookie {
	if name == "" {
		name = "operator"
	}
	text := strconv.FormatInt(d.now().Add(sessionLasts).Unix(), 10) + "." + base64.RawURLEncoding.EncodeToString([]byte(name))
	c := d.noCookie(secure)
	c.Value, c.MaxAge = text+"."+d.sign(text), int(sessionLasts.Seconds())
	return c
}

// noCookie ends a session.
func (d *desk) noCookie(secure bool) *http.Cookie {
	return &http.Cookie{Name: sessionCookie, Path: "/", MaxAge: -1, HttpOnly: true, Secure: secure, SameSite: http.SameSiteStrictMode}
}

func (d *desk) sign(text string) string {
	mac := hmac.New(sha256.New, d.key[:])
	_, _ = mac.Write([]byte(text)) // a hash does not fail
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// operator names who is signed in with r; empty for a stranger.
func (d *desk) operator(r *http.Request) string {
	c, err := r.Cookie(sessionCookie)
	if err != nil {
		return ""
	}
	at := strings.LastIndexByte(c.Value, '.')
	if at < 0 || !hmac.Equal([]byte(d.sign(c.Value[:at])), []byte(c.Value[at+1:])) {
		return ""
	}
	ends, encoded, _ := strings.Cut(c.Value[:at], ".")
	unix, err := strconv.ParseInt(ends, 10, 64)
	if err != nil || !d.now().Before(time.Unix(unix, 0)) {
		return ""
	}
	name, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil {
		return ""
	}
	return string(name)
}

// try counts a try to sign in. It returns how long to wait when there were too
// many.
func (d *desk) try(r *http.Request) (wait time.Duration, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	who := d.client(r, now)
	t := d.tries[who]
	if now.Sub(t.since) >= tryWindow {
		t = tries{since: now}
	}
	t.n++
	d.tries[who] = t
	return tryWindow - now.Sub(t.since), t.n <= maxTries
}

// client names who tries. When too many are counted, what is old is forgotten,
// and the rest share a name.
func (d *desk) client(r *http.Request, now time.Time) string {
	host := origin(r.RemoteAddr)
	if _, known := d.tries[host]; known || len(d.tries) < maxClients {
		return host
	}
	for who, t := range d.tries {
		if now.Sub(t.since) >= tryWindow {
			delete(d.tries, who)
		}
	}
	if len(d.tries) < maxClients {
		return host
	}
	return ""
}

// origin is who is behind an address: of IPv6 the network, whose 2^64 addresses
// belong to one customer.
func origin(remote string) string {
	at, err := netip.ParseAddrPort(remote)
	if err != nil {
		return remote
	}
	addr, bits := at.Addr().Unmap().WithZone(""), 64
	if addr.Is4() {
		bits = 32
	}
	network, err := addr.Prefix(bits)
	if err != nil {
		return remote
	}
	return network.String()
}

// forgive forgets the tries of a client that got in.
func (d *desk) forgive(r *http.Request) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.tries, d.client(r, d.now()))
}
