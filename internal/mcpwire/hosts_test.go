package mcpwire_test

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/alivemcp/alivemcp/internal/mcpwire"
)

const hostsSeed = `# comment
127.0.0.1	localhost
::1 localhost ip6-localhost # both
192.0.2.1 Web.Example. web web
fe80::1%lo0 localhost
nonsense host
192.0.2.2
` + "\r\n::ffff:192.0.2.3 mapped\r\n"

func TestParseHosts(t *testing.T) {
	want := mcpwire.Hosts{
		"localhost": addrs("127.0.0.1", "::1"), "ip6-localhost": addrs("::1"),
		"web.example": addrs("192.0.2.1"), "web": addrs("192.0.2.1"), "mapped": addrs("192.0.2.3"),
	}
	if diff := cmp.Diff(want, mcpwire.ParseHosts([]byte(hostsSeed)), compareAddrs); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestHostsAreBounded(t *testing.T) {
	var b bytes.Buffer
	for b.Len() < 1<<20 {
		b.WriteString("192.0.2.1 many\n")
	}
	b.WriteString("192.0.2.2 beyond\n")
	if h := mcpwire.ParseHosts(b.Bytes()); len(h) != 1 || len(h["many"]) != 1 {
		t.Errorf("got %d names, want the first MiB's", len(h))
	}
}

func TestParseResolvConf(t *testing.T) {
	ports := func(list ...string) (out []netip.AddrPort) {
		for _, s := range list {
			out = append(out, netip.MustParseAddrPort(s))
		}
		return out
	}
	tests := map[string]struct {
		text string
		want mcpwire.ResolvConf
	}{
		"empty": {"", mcpwire.ResolvConf{Servers: ports("127.0.0.1:53")}},
		"usual": {
			"; a\n# b\nnameserver 192.0.2.53 # main\nnameserver fe80::1%eth0\noptions ndots:5\nsearch a.example b.example\n",
			mcpwire.ResolvConf{Servers: ports("192.0.2.53:53", "[fe80::1%eth0]:53"), Search: []string{"a.example", "b.example"}},
		},
		"the last list counts": {"search a\ndomain b", mcpwire.ResolvConf{Servers: ports("127.0.0.1:53"), Search: []string{"b"}}},
		"bounds": {
			strings.Repeat("nameserver 192.0.2.1\n", 9) + "search 1 2 3 4 5 6 7 8",
			mcpwire.ResolvConf{Servers: ports("192.0.2.1:53", "192.0.2.1:53", "192.0.2.1:53"), Search: strings.Fields("1 2 3 4 5 6")},
		},
		"nonsense": {"nameserver\nnameserver x\nsearch\n\x00\xff", mcpwire.ResolvConf{Servers: ports("127.0.0.1:53")}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, mcpwire.ParseResolvConf([]byte(test.text)), compareAddrs); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// FuzzHosts: any file gives bounded, usable values.
func FuzzHosts(f *testing.F) {
	f.Add([]byte(hostsSeed))
	f.Add([]byte("nameserver 192.0.2.53\nsearch a b c d e f g\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		for name, list := range mcpwire.ParseHosts(data) {
			if len(list) == 0 || len(list) > 16 || strings.ToLower(name) != name {
				t.Errorf("%q has %v", name, list)
			}
		}
		c := mcpwire.ParseResolvConf(data)
		if n := len(c.Servers); n < 1 || n > 3 || len(c.Search) > 6 {
			t.Errorf("got %+v", c)
		}
	})
}
