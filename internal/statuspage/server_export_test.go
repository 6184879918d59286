package statuspage

import (
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// What the tests of pure parts need.

func InWords(c uptime.Cause) string            { return inWords(c) }
func PublicText(s string) string               { return publicText(s) }
func PublicURL(s string) string                { return publicURL(s) }
func Public(x uptime.Exchange) uptime.Exchange { return publicExchange(x) }
