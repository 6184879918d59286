package probe

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// knowledge is what one attempt learns for the next: where to begin, and what
// need not be worked out again as long as it stays the same byte for byte.
type knowledge struct {
	era       uptime.Era
	transport uptime.Transport
	hello     handshake // decoded from hello.raw

	listSize      int               // bytes of the last list
	toolsSum      [sha256.Size]byte // of the raw pages
	tools         uptime.ToolSet
	toolFindings  []uptime.Finding
	listedAfter   int               // cycles since the tools were listed, for guests
	listedFor     handshake         // what the server said of itself then
	equals        [sha256.Size]byte // of the accepted contract that the tools are known to equal
	auth          *authChain
	authAccess    uptime.Access
	authFindings  []uptime.Finding
	authStatus    int
	authCheckedAt time.Time
	order         []string // names of the tools in wire order
}

// memory keeps knowledge per server. It is bounded: when full it forgets
// arbitrary servers, which costs them one more request.
type memory struct {
	mu sync.Mutex
	m  map[string]knowledge
}

const memorySize = 1 << 17

func newMemory() *memory { return &memory{m: map[string]knowledge{}} }

func memoryKey(srv uptime.Server) string {
	return string(srv.Tenant) + "\x00" + string(srv.ID) + "\x00" + srv.URL + "\x00" + string(srv.Transport)
}

func (m *memory) get(srv uptime.Server) knowledge {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.m[memoryKey(srv)]
}

func (m *memory) put(srv uptime.Server, k knowledge) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.m) >= memorySize {
		for other := range m.m {
			delete(m.m, other)
			break
		}
	}
	m.m[memoryKey(srv)] = k
}
