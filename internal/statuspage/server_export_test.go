package statuspage

import (
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// What the tests of pure parts need.

func InWords(c uptime.Cause) string { return inWords(c) }
