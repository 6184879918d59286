// Package demo tells the story of `alivemcp serve --demo`: who the servers are,
// and a past that they never had. Whatever it invents is marked as invented.
package demo

import (
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Days is how long the invented past is, without today.
const Days = 90

// Role is one server of the demonstration. Its slug is the name of a scenario
// of the lab's cast.
type Role struct {
	Slug, Name, Group, Description string
	Runbook                        string
	Percent                        float64 // of its objective; zero for none
	// Base is the usual time of a handshake.
	Base time.Duration
	// Age is how many days ago it was first measured.
	Age int
	// Noise is how many minutes in 10,000 fail in one region or at the first try.
	Noise int
	// Planned puts it into today's maintenance window.
	Planned bool
	// Lately is what is wrong with it since some time before the start; empty for
	// nothing.
	Lately Lately
	// spells are what happened to it.
	spells []spell
}

// Lately is a state that began before the start and that the live server
// carries on.
type Lately struct {
	State uptime.State
	Cause uptime.Cause
	For   time.Duration
}

// spell is something that lasted.
type spell struct {
	ago, at, long int // days ago, minute of the day, minutes
	state         uptime.State
	cause         uptime.Cause
	only          int // the number of the single region that saw it, from 1; zero for all
	planned       bool
}

func down(ago, at, long int, cause uptime.Cause) spell {
	return spell{ago: ago, at: at, long: long, state: uptime.Down, cause: cause}
}

func degraded(ago, at, long int, cause uptime.Cause) spell {
	return spell{ago: ago, at: at, long: long, state: uptime.Degraded, cause: cause}
}

// Roles returns the servers of the demonstration.
func Roles() []Role {
	const runbook = "https://runbooks.example.com/"
	return []Role{
		{
			Slug: "weather", Name: "Weather", Group: "Public data", Base: 92 * time.Millisecond, Age: Days, Noise: 2, Percent: 99.9,
			Description: "Forecasts and observations for every agent.", Runbook: runbook + "weather",
			spells: []spell{down(63, 171, 22, uptime.HTTPServerError), down(17, 868, 6, uptime.ConnectTimeout)},
		},
		{
			Slug: "geocoder", Name: "Geocoder", Group: "Public data", Base: 210 * time.Millisecond, Age: Days, Noise: 9, Percent: 99.5,
			Description: "Turns addresses into coordinates. Slow since the last release.",
			spells:      []spell{degraded(3, 540, 900, ""), degraded(2, 0, 1440, ""), degraded(1, 0, 1440, ""), degraded(0, 0, 1440, "")},
		},
		{
			Slug: "docs-search", Name: "Docs search", Group: "Knowledge", Base: 61 * time.Millisecond, Age: Days, Noise: 1, Percent: 99.95,
			Description: "Finds pages of the handbook.",
		},
		{
			Slug: "translate", Name: "Translate", Group: "Knowledge", Base: 140 * time.Millisecond, Age: Days, Noise: 3,
			Description: "A supplier's server with a strict rate limit.",
			spells: []spell{
				{ago: 0, at: 0, long: 1440, state: uptime.Unknown, cause: uptime.RateLimited},
				{ago: 8, at: 600, long: 240, state: uptime.Unknown, cause: uptime.RateLimited},
			},
		},
		{
			Slug: "tickets", Name: "Ticket desk", Group: "Support", Base: 118 * time.Millisecond, Age: Days, Noise: 30, Percent: 99,
			Description: "Creates and searches support tickets. Restarts too often.", Runbook: runbook + "tickets",
			spells: restarts(),
		},
		{
			Slug: "crm", Name: "Customer records", Group: "Support", Base: 96 * time.Millisecond, Age: Days, Noise: 2, Percent: 99.9,
			Description: "Customers, contacts and orders.",
			spells:      []spell{down(44, 610, 38, uptime.BadJSON)},
		},
		{
			Slug: "calendar", Name: "Calendar", Group: "Office", Base: 74 * time.Millisecond, Age: Days, Noise: 2,
			Description: "Appointments, over the older HTTP+SSE transport.",
			spells:      []spell{down(29, 1002, 14, uptime.SSENoAnswer)},
		},
		{
			Slug: "files", Name: "File vault", Group: "Office", Base: 133 * time.Millisecond, Age: Days, Noise: 2, Percent: 99.9,
			Description: "Documents of the company. Its certificate ends soon.",
			spells:      []spell{down(71, 0, 47, uptime.TLSExpired)},
		},
		{
			Slug: "images", Name: "Image tools", Group: "Media", Base: 180 * time.Millisecond, Age: 26, Noise: 4,
			Description: "Resizes, crops and describes images.",
		},
		{
			Slug: "product-search", Name: "Product search", Group: "Shop", Base: 88 * time.Millisecond, Age: Days, Noise: 2, Percent: 99.9,
			Description: "The catalogue. One edge serves an old list of tools.",
			spells:      []spell{{ago: 12, at: 700, long: 95, state: uptime.Degraded, cause: uptime.ConnectTimeout, only: 3}},
		},
		{
			Slug: "inventory", Name: "Inventory", Group: "Shop", Base: 101 * time.Millisecond, Age: Days, Noise: 3, Percent: 99.5,
			Description: "Stock in the warehouses. Down since a deployment.", Runbook: runbook + "inventory",
			Lately: Lately{uptime.Down, uptime.NotMCP, 47 * time.Minute},
			spells: []spell{down(38, 300, 71, uptime.HTTPServerError), down(5, 1130, 19, uptime.HTTPServerError)},
		},
		{
			Slug: "billing", Name: "Billing", Group: "Finance", Base: 110 * time.Millisecond, Age: Days, Noise: 1, Percent: 99.9,
			Description: "Invoices. Strangers are asked to sign in.",
		},
		{
			Slug: "payments", Name: "Payments sandbox", Group: "Finance", Base: 127 * time.Millisecond, Age: 61, Noise: 2, Planned: true,
			Description: "Test payments. In planned maintenance today.",
			spells:      []spell{{ago: 30, at: 60, long: 120, state: uptime.Down, cause: uptime.HTTPServerError, planned: true}},
		},
		{
			Slug: "analytics", Name: "Analytics", Group: "Finance", Base: 240 * time.Millisecond, Age: Days, Noise: 5, Percent: 99,
			Description: "Figures for reports. Lists its tools and fails every call.",
			spells:      []spell{degraded(0, 0, 1440, uptime.CanaryFailed), degraded(21, 200, 310, uptime.CanaryFailed)},
		},
	}
}

// restarts are the ticket desk's: every other day, some minutes, and more often
// lately.
func restarts() []spell {
	var out []spell
	for ago := 1; ago <= Days; ago++ {
		if ago%2 == 0 || ago < 12 {
			out = append(out, down(ago, 97+ago*131%1200, 3+ago%7, uptime.HTTPServerError))
		}
	}
	return out
}

// cut are the hours in which the monitor itself was off: nobody knows what
// happened then.
func cut() spell { return spell{ago: 52, at: 480, long: 310} }
