package web

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// maxHops bounds how many proxies one after the other are walked past.
const maxHops = 16

// Behind makes RemoteAddr of each request the address of the client, also when it
// came by way of proxies that are trusted. Each proxy adds whom it heard to the end
// of X-Forwarded-For, so that is read from its end, past those that are trusted, to
// the first that is not. What stands before may be the client's own invention.
func Behind(proxies []netip.Prefix, next http.Handler) http.Handler {
	if len(proxies) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if client, ok := clientOf(r, proxies); ok {
			behind := *r // not the caller's: net/http's own copy keeps the peer's address
			behind.RemoteAddr = netip.AddrPortFrom(client, 0).String()
			r = &behind
		}
		next.ServeHTTP(w, r)
	})
}

// clientOf returns the address of the client that the peer, a trusted proxy, speaks
// for. It is not ok when the peer is none, or says nothing that can be read.
func clientOf(r *http.Request, proxies []netip.Prefix) (client netip.Addr, ok bool) {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !trusted(peer.Addr(), proxies) {
		return netip.Addr{}, false
	}
	rest := strings.Join(r.Header.Values("X-Forwarded-For"), ",")
	for range maxHops {
		before, last := lastHop(rest)
		addr, err := hopAddr(last)
		if err != nil {
			return client, ok // the nearest hop that was named
		}
		if client, ok = addr, true; !trusted(addr, proxies) {
			return client, true
		}
		rest = before
	}
	return client, ok
}

func trusted(addr netip.Addr, proxies []netip.Prefix) bool {
	addr = addr.Unmap().WithZone("")
	return slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// lastHop splits the last entry off a list.
func lastHop(list string) (before, last string) {
	i := strings.LastIndexByte(list, ',')
	return list[:max(i, 0)], strings.TrimSpace(list[i+1:])
}

// hopAddr reads an entry: an address, which some write with a port.
func hopAddr(text string) (netip.Addr, error) {
	if at, err := netip.ParseAddrPort(text); err == nil {
		return at.Addr().Unmap().WithZone(""), nil
	}
	addr, err := netip.ParseAddr(strings.Trim(text, "[]"))
	return addr.Unmap().WithZone(""), err
}
