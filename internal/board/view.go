package board

import "github.com/alivemcp/alivemcp/internal/uptime"

// View is everything that a status page shows of one server.
type View struct {
	*Row
	Regions []RegionView
	// Days are the last 90 days, oldest first, the last one is today.
	Days []uptime.DayStat
	// Minutes are the last 24 hours that are in the archive, 1440 minutes, oldest
	// first; From is the first.
	From    uptime.Minute
	Minutes []uptime.MinuteCell
	// Incidents and Drifts are the newest ten, newest first.
	Incidents []uptime.Incident
	Drifts    []uptime.Drift
	// Windows are on now or planned, soonest first.
	Windows []uptime.Window
	// Contract is the contract of Row.ToolsHash, without its snapshot; nil when
	// not known.
	Contract *uptime.Contract
	// CertificateDays is how many days the certificate is still valid in the
	// region where it ends first; nil without TLS.
	CertificateDays *int
}

// RegionView is one region's cell.
type RegionView struct {
	uptime.Region
	// Report is the newest; nil before the first.
	Report *uptime.Report
	// Look is the newest evidence, redacted; nil after a restart until the next
	// probe.
	Look *uptime.Result
	Days []uptime.Counts // 90, oldest first
	H24  uptime.Counts
}

// IncidentView is an incident with everything that is kept about it.
type IncidentView struct {
	uptime.Incident
	Events   []uptime.IncidentEvent // oldest first
	Evidence []uptime.Evidence
}

// DriftView is a drift with both contracts.
type DriftView struct {
	uptime.Drift
	Before, After uptime.Contract
}
