package mcpwire

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// maxFile is how much of a hosts file or of resolv.conf is read.
const maxFile = 1 << 20

// Hosts is a hosts file: addresses by lower-case name without final dot, at
// most 16 a name, in the file's order.
type Hosts map[string][]netip.Addr

// ParseHosts reads the first MiB of a hosts file (hosts(5)). Lines that make no
// sense are passed over, as are addresses with a zone.
func ParseHosts(data []byte) Hosts {
	hosts := Hosts{}
	for fields := range fieldLines(data, "#") {
		addr, err := netip.ParseAddr(fields[0])
		if err != nil || addr.Zone() != "" {
			continue
		}
		for _, f := range fields[1:] {
			name := strings.TrimSuffix(strings.ToLower(f), ".")
			if len(hosts[name]) < maxAddresses && !slices.Contains(hosts[name], addr.Unmap()) {
				hosts[name] = append(hosts[name], addr.Unmap())
			}
		}
	}
	return hosts
}

// ResolvConf is what is used of a resolv.conf.
type ResolvConf struct {
	Servers []netip.AddrPort // 1 to 3
	Search  []string         // 0 to 6
}

// ParseResolvConf reads the first MiB of a resolv.conf (resolv.conf(5)). The
// last of search and domain counts. Without a server it is the one on this
// machine, 127.0.0.1.
func ParseResolvConf(data []byte) ResolvConf {
	var c ResolvConf
	for fields := range fieldLines(data, "#;") {
		if len(fields) < 2 {
			continue
		}
		switch fields[0] {
		case "nameserver":
			if addr, err := netip.ParseAddr(fields[1]); err == nil && len(c.Servers) < maxServers {
				c.Servers = append(c.Servers, netip.AddrPortFrom(addr, 53))
			}
		case "search", "domain":
			c.Search = slices.Clone(fields[1:min(len(fields), 1+maxQuestions)])
		}
	}
	if len(c.Servers) == 0 {
		c.Servers = []netip.AddrPort{netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 53)}
	}
	return c
}

// fieldLines yields the fields of every line that has some, up to a byte of comment.
func fieldLines(data []byte, comment string) func(yield func([]string) bool) {
	return func(yield func([]string) bool) {
		for line := range bytes.Lines(data[:min(len(data), maxFile)]) {
			if i := bytes.IndexAny(line, comment); i >= 0 {
				line = line[:i]
			}
			if fields := strings.Fields(string(line)); len(fields) > 0 && !yield(fields) {
				return
			}
		}
	}
}

// watched is the meaning of a file, read again when the file changed.
type watched[T any] struct {
	path  string
	parse func([]byte) T // a missing file is an empty one

	mu       sync.Mutex // guards what follows
	checked  time.Time
	modified time.Time
	size     int64
	loaded   bool
	value    T // never changed, only replaced
}

// get returns the current meaning. It looks at the file at most once a second
// and keeps the last meaning while the file cannot be read.
func (w *watched[T]) get() T {
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Since(w.checked) >= time.Second {
		_ = w.reload() // the last good meaning stays
	}
	return w.value
}

// refresh looks at the file now.
func (w *watched[T]) refresh() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.reload()
}

// reload is called with mu held.
func (w *watched[T]) reload() error {
	w.checked = time.Now()
	f, err := os.Open(w.path)
	if errors.Is(err, fs.ErrNotExist) {
		w.value, w.loaded = w.parse(nil), false
		return nil
	}
	if err != nil {
		return fmt.Errorf("opening %s: %w", w.path, err)
	}
	defer func() { _ = f.Close() }() // only read
	info, err := f.Stat()
	if err != nil || w.loaded && info.ModTime().Equal(w.modified) && info.Size() == w.size {
		return err
	}
	data, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return fmt.Errorf("reading %s: %w", w.path, err)
	}
	w.value, w.modified, w.size, w.loaded = w.parse(data), info.ModTime(), info.Size(), true
	return nil
}
