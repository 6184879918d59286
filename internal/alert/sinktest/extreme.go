package sinktest

import (
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Extreme returns deliveries in which every text is as long as can be and made of
// characters that markups make longer, with as many servers, regions and links as
// there can be: what fits a service's limits for these always fits.
func Extreme() []Sample {
	var out []Sample
	for name, text := range map[string]string{"ampersands": "&", "stars": "*", "wide": "𝄞", "quotes": `"`, "braces": "{{"} {
		out = append(out, sample("extreme "+name, 1, extreme(strings.Repeat(text, 2000))))
	}
	return out
}

func extreme(text string) uptime.Notice {
	n := Several()
	n.Key = "inc_sample_extreme"
	n.Title, n.Summary, n.FirstStep, n.AckedBy, n.Demo = text, text, text, text, true
	n.Regions = []string{text, text, text, text, text, text, text, text, text, text}
	for i := range n.Servers {
		n.Servers[i].Name, n.Servers[i].State = text, text
	}
	long := "https://alive.example/?" + strings.Repeat("x", 900) + "&t="
	n.StatusPage, n.RunbookURL, n.AckURL, n.SilenceURL = long+"1", long+"2", long+"3", long+"4"
	return n
}
