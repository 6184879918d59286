package draw

import (
	"strings"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Bar is the heights of one day's pieces, by class.
func Bar(c uptime.Counts) map[string]float64 {
	out := map[string]float64{}
	for _, p := range pieces(c) {
		if p.size > 0 {
			out[p.class] += p.size
		}
	}
	return out
}

// Aligned returns both sides before equal lines are left out.
func Aligned(old, now []string) (left, right []string) {
	for _, p := range join(align(old, now)) {
		if p.HasOld {
			left = append(left, plain(p.Old))
		}
		if p.HasNew {
			right = append(right, plain(p.New))
		}
	}
	return left, right
}

func plain(parts []Part) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p.Text)
	}
	return b.String()
}
