package embed

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/uptime"
	"github.com/alivemcp/alivemcp/internal/web"
)

// status is the body of /api/embed-status: these members, in this order,
// and nothing more. It is public for ever, so it may only shrink in meaning,
// never grow: no addresses, no steps, no credentials.
type status struct {
	Slug      string       `json:"slug"`
	State     uptime.State `json:"state"`
	Uptime30d hundredths   `json:"uptime_30d"`
	Uptime24h hundredths   `json:"uptime_24h"`
	// P95 is of the handshakes of the last 24 hours.
	P95 *int64 `json:"p95_ms"`
	// LastProbe is the newest probe that the body takes into account. There is
	// no "seconds ago" here: it would change while the entity tag does not.
	LastProbe  *time.Time `json:"last_probe_at"`
	Drift24h   bool       `json:"drift_24h"`
	StatusPage string     `json:"status_page"`
}

// statusKey names an answer of embed-status: without a configured address, links
// depend on how the client calls us.
type statusKey struct{ slug, base string }

func (e *embeds) serveStatus(w http.ResponseWriter, r *http.Request) error {
	row, err := e.row(r.PathValue("slug"))
	if err != nil {
		return err
	}
	key := statusKey{slug: row.Slug, base: web.Base(e.BaseURL, r)}
	a, err := e.status.get(key, row, func() (web.Content, error) {
		body, tag, err := statusBody(row, key.base+web.ServerPath(row.Slug))
		return web.Content{Type: "application/json", Cache: web.CacheMinute, ETag: tag, Body: body}, err
	})
	if err != nil {
		return err
	}
	a.send(w, r)
	return nil
}

// statusBody returns the body for a row and its strong tag without quotes. The
// body is a function of the row alone, and rows change with the verdict; but a
// row also changes when time takes minutes out of the 30 days, so the tag is
// the minute of the verdict and a hash of the body.
func statusBody(row *board.Row, page string) (body []byte, tag string, err error) {
	body, err = json.Marshal(status{
		Slug: row.Slug, State: row.State,
		Uptime30d: uptimeOf(row.Summary.D30), Uptime24h: uptimeOf(row.Summary.H24),
		P95: millis(row.Summary), LastProbe: second(row.LastProbe),
		Drift24h: row.Drift24h, StatusPage: page,
	})
	if err != nil {
		return nil, "", fmt.Errorf("encoding the status of %s: %w", row.Slug, err)
	}
	body = append(body, '\n')
	return body, verdictMinute(row) + "-" + web.Tag(body), nil
}

// verdictMinute names the minute of the row's verdict; 0 before the first.
func verdictMinute(row *board.Row) string {
	if row.Verdict == nil {
		return "0"
	}
	return strconv.FormatInt(int64(row.Verdict.Minute()), 10)
}

// hundredths is a percentage in hundredths of a percent; negative when there is
// no data.
type hundredths int

// uptimeOf is the uptime of the counts, rounded down: 100.00 is said only of a
// server that was never down.
func uptimeOf(c uptime.Counts) hundredths {
	h, ok := board.Hundredths(c)
	if !ok {
		return -1
	}
	return hundredths(h)
}

// String returns the percentage with two decimals and without a unit.
func (h hundredths) String() string { return fmt.Sprintf("%d.%02d", h/100, h%100) }

// MarshalJSON writes a number from 0 to 100 with two decimals, or null.
func (h hundredths) MarshalJSON() ([]byte, error) {
	if h < 0 {
		return []byte("null"), nil
	}
	return []byte(h.String()), nil
}

// millis is the p95 in whole milliseconds, at least 1; nil without samples. The
// archive keeps latencies within 4 %, so decimals would pretend.
func millis(s uptime.Summary) *int64 {
	if s.P95 <= 0 {
		return nil
	}
	ms := max(1, s.P95.Round(time.Millisecond).Milliseconds())
	return &ms
}

// second drops what nobody needs of a moment; nil for none.
func second(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}
