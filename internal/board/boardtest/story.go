package boardtest

import (
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// hostileName holds all that a name can do to a page: markup, direction marks,
// invisible characters, emoji, look-alike letters, piled-up marks and length.
const hostileName = "<b>Free</b> \u202etpircs\u202c<script>alert(1)</script> \U0001F469\u200d\U0001F467 pay\u200bments " +
	"\u0430pple Z\u0351\u036b\u0343\u036a\u0302\u036balgo \"' onerror=alert(1) and a name that does not know where it should come to its end"

// story is the cast. Times are told backwards from now.
func story(now time.Time) []*script {
	ago := func(d time.Duration) time.Time { return now.Truncate(time.Minute).Add(-d) }
	day := func(n int, clock time.Duration) time.Time {
		return now.UTC().Truncate(24*time.Hour).AddDate(0, 0, -n).Add(clock)
	}
	later := now.Add(365 * 24 * time.Hour)
	return append(troubled(ago, day, later), append(calm(ago, day, later), odd(ago, day, later)...)...)
}

type (
	agoFunc func(time.Duration) time.Time
	dayFunc func(int, time.Duration) time.Time
)

// troubled are the servers that something is wrong with.
func troubled(ago agoFunc, day dayFunc, later time.Time) []*script {
	before, after := crmBefore(), crmAfter()
	stale := contract("https://maps.example.net/mcp", plainTools("maps", 6)...)
	return []*script{
		{
			slug: "payments-ledger", name: "Payments ledger", group: "Money", url: "https://ledger.example.com/mcp",
			text: "Balances and postings of the ledger.", days: 90, typical: 140 * time.Millisecond, tlsDays: 61, objective: 99.9,
			contract: contract("https://ledger.example.com/mcp", plainTools("ledger", 12)...),
			spells: []spell{
				{from: day(61, 3*time.Hour), to: day(61, 3*time.Hour+26*time.Minute), state: uptime.Down, cause: uptime.ConnectTimeout},
				{from: day(12, 14*time.Hour), to: day(12, 14*time.Hour+7*time.Minute), state: uptime.Down, cause: uptime.HTTPServerError},
				{
					from: ago(43 * time.Minute), to: later, state: uptime.Down, cause: uptime.HTTPServerError, regions: []string{"eu-central", "eu-west"},
					note: "The new release ran out of database connections. We are rolling back.",
				},
			},
		},
		{
			slug: "docs-search", name: "Documentation search", group: "Engineering", url: "https://docs.example.dev/mcp", text: "Full text search in all handbooks.",
			days: 90, typical: 310 * time.Millisecond, tlsDays: 74, spells: flapping(ago, day, later),
			contract: contract("https://docs.example.dev/mcp", plainTools("docs", 3)...),
		},
		{
			slug: "image-tools", name: "Image tools", group: "Media", url: "https://img.example.org/mcp", text: "Resize, crop, caption.",
			days: 90, typical: 900 * time.Millisecond, tlsDays: 45, objective: 99,
			contract: contract("https://img.example.org/mcp", plainTools("image", 9)...),
			spells: []spell{
				{from: day(20, 9*time.Hour), to: day(20, 13*time.Hour), state: uptime.Degraded, slow: true},
				{from: ago(3*time.Hour + 20*time.Minute), to: later, state: uptime.Degraded, slow: true},
			},
		},
		{
			slug: "crm-contacts", name: "CRM contacts", group: "Money", url: "https://crm.example.com/mcp", text: "Contacts and deals.",
			days: 90, typical: 180 * time.Millisecond, tlsDays: 33, contract: after,
			spells: []spell{{from: ago(5*time.Hour + 12*time.Minute), to: later, state: uptime.Degraded, cause: uptime.DriftDetected}},
			drifts: []driftScript{{
				before: before, after: after, class: uptime.DriftBreaking, changes: 8, detected: ago(5*time.Hour + 12*time.Minute),
				summary: "search_contacts needs account_id now, delete_contact is gone, and 6 more changes",
			}},
		},
		{
			slug: "maps", name: "Maps and routes", group: "Public data", url: "https://maps.example.net/mcp", text: "Geocoding, served from several edges.",
			days: 90, typical: 95 * time.Millisecond, tlsDays: 80, access: uptime.AccessCustom,
			contract: contract("https://maps.example.net/mcp", plainTools("maps", 7)...),
			shown:    map[string]string{"ap-southeast": stale.Hash},
			spells: []spell{
				{from: ago(50 * time.Minute), to: later, state: uptime.Degraded, cause: uptime.HTTPNotFound, regions: []string{"ap-southeast"}},
			},
		},
		{
			slug: "translate", name: "Translate", group: "Language", url: "https://translate.example.io/v1/mcp", text: "Machine translation between 40 languages.",
			days: 90, typical: 220 * time.Millisecond, tlsDays: 50, guest: true,
			contract: contract("https://translate.example.io/v1/mcp", plainTools("translate", 4)...),
			spells:   []spell{{from: ago(26 * time.Minute), to: later, state: uptime.Unknown, cause: uptime.RateLimited}},
		},
	}
}

// flapping is now down, now not, every few days and since this morning.
func flapping(ago agoFunc, day dayFunc, later time.Time) []spell {
	var out []spell
	for n := 80; n > 1; n -= 9 {
		from := day(n, time.Duration(n%7+5)*time.Hour)
		out = append(out, spell{from: from, to: from.Add(time.Duration(n%5+2) * time.Minute), state: uptime.Down, cause: uptime.SessionLost})
	}
	for h := 5; h > 0; h-- {
		from := ago(time.Duration(h) * time.Hour)
		out = append(out, spell{from: from, to: from.Add(4 * time.Minute), state: uptime.Down, cause: uptime.SessionLost},
			spell{from: from.Add(4 * time.Minute), to: from.Add(20 * time.Minute), state: uptime.Degraded})
	}
	return append(out, spell{from: ago(4 * time.Minute), to: later, state: uptime.Degraded})
}

// calm are the servers that are well.
func calm(ago agoFunc, day dayFunc, later time.Time) []*script {
	wider := contract("https://vectors.example.ai/mcp", plainTools("vectors", 6)...)
	return []*script{
		{
			slug: "weather", name: "Weather", group: "Public data", url: "https://weather.example.com/mcp", text: "Forecasts and warnings.",
			days: 90, typical: 120 * time.Millisecond, tlsDays: 68, objective: 99.9,
			contract: contract("https://weather.example.com/mcp", plainTools("weather", 5)...),
			spells:   []spell{{from: day(38, 2*time.Hour), to: day(38, 2*time.Hour+3*time.Minute), state: uptime.Down, cause: uptime.ConnectTimeout}},
		},
		{
			slug: "issue-tracker", name: "Issue tracker", group: "Engineering", url: "https://issues.example.com/mcp", text: "Issues, reviews and releases.",
			days: 90, typical: 160 * time.Millisecond, tlsDays: 55, access: uptime.AccessWalled,
			windows: []uptime.Window{{
				ID: "w-upgrade", Name: "Database upgrade", Text: "The issue database moves to new hardware.", Servers: []string{"issue-tracker"},
				From: later.AddDate(-1, 0, 2), To: later.AddDate(-1, 0, 2).Add(2 * time.Hour),
			}},
		},
		{
			slug: "calendar", name: "Team calendar", group: "Office", url: "https://calendar.example.com/mcp", text: "Free and busy times.",
			days: 90, typical: 85 * time.Millisecond, tlsDays: 6, access: uptime.AccessWalled,
			contract: contract("https://calendar.example.com/mcp", plainTools("calendar", 8)...),
			spells:   []spell{{from: day(55, 0), to: day(54, 0), state: uptime.Unknown}},
		},
		{
			slug: "vectors", name: "Vector store", group: "Engineering", url: "https://vectors.example.ai/mcp", text: "Embeddings and nearest neighbours.",
			days: 90, typical: 60 * time.Millisecond, tlsDays: 88, contract: wider,
			drifts: []driftScript{{
				before: contract("https://vectors.example.ai/mcp", plainTools("vectors", 5)...), after: wider,
				class: uptime.DriftCompatible, changes: 1, summary: "tool update_vectors_5 was added", detected: day(9, 11*time.Hour),
				accepted: day(9, 12*time.Hour), by: "dana@example.com", note: "announced in the release notes",
			}},
		},
		{
			slug: "files", name: "Local files", group: "Office", text: "Reads the shared folder.", transport: uptime.Stdio, regions: []string{"eu-west"},
			days: 34, typical: 20 * time.Millisecond, contract: contract("", plainTools("files", 11)...),
		},
		{
			slug: "warehouse", name: "Warehouse SQL", group: "Money", url: "https://sql.example.com/mcp", text: "Read-only questions to the warehouse.",
			days: 90, typical: 400 * time.Millisecond, tlsDays: 40, contract: contract("https://sql.example.com/mcp", plainTools("warehouse", 4)...),
			spells: []spell{{from: ago(18 * time.Minute), to: ago(-42 * time.Minute), state: uptime.Live, planned: true}},
			windows: []uptime.Window{{
				ID: "w-now", Name: "Schema migration", Text: "Queries may fail while tables are rewritten.", Servers: []string{"warehouse"},
				From: ago(18 * time.Minute), To: ago(-42 * time.Minute),
			}},
		},
	}
}

// odd are the servers that pages must not stumble over.
func odd(ago agoFunc, day dayFunc, later time.Time) []*script {
	return []*script{
		{slug: "meeting-notes", name: "Meeting notes", group: "Office", url: "https://notes.example.com/mcp", text: "Added a moment ago."},
		{
			slug: "hostile", name: hostileName, group: "\u202eyenoM", url: "https://xn--80ak6aa92e.example/mcp?<script>", text: "<img src=x onerror=alert(1)>\nSecond line \u2066isolated",
			days: 61, typical: 150 * time.Millisecond, tlsDays: 20, access: uptime.AccessBroken,
			contract: contract("https://xn--80ak6aa92e.example/mcp", plainTools("hostile", 2)...),
			spells: []spell{
				{from: day(30, 6*time.Hour), to: day(29, 2*time.Hour), state: uptime.Down, cause: uptime.HTTPServerError},
				{from: ago(2 * time.Hour), to: later, state: uptime.Degraded, cause: uptime.AuthBroken},
			},
		},
		{
			slug: "inventory", name: "Legacy inventory", group: "Money", url: "https://inventory.example.com/sse", text: "Kept for the old shop.", transport: uptime.HTTPSSE,
			days: 90, typical: 500 * time.Millisecond, paused: true,
		},
	}
}
