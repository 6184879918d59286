// Package storetest is the conformance suite of stores: what a store promises
// to the parts of the monitor, whatever it keeps its rows in.
package storetest

import (
	"context"
	"maps"
	"testing"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Store is everything that the suite asks of a store. The parts of the monitor
// declare the few methods that each of them needs; this is their union.
type Store interface {
	Alerts
	Registry
	Close() error

	SyncServers(ctx context.Context, tenant uptime.TenantID, servers []uptime.Server) ([]uptime.Server, error)
	Numbers(ctx context.Context, yield func(num uint32, tenant uptime.TenantID, server uptime.ServerID) error) error
	SyncWindows(ctx context.Context, tenant uptime.TenantID, windows []uptime.Window) error
	Windows(ctx context.Context, tenant uptime.TenantID, from, to time.Time) ([]uptime.Window, error)
	Erase(ctx context.Context, tenant uptime.TenantID, server uptime.ServerID) error

	AppendSealed(ctx context.Context, verdicts []uptime.Verdict) error
	ReadSealed(ctx context.Context, after uptime.Cursor, limit int) ([]uptime.Verdict, error)
	LastSealed(ctx context.Context) ([]uptime.Verdict, uptime.Cursor, error)
	PruneSealed(ctx context.Context, before time.Time, passed uptime.Cursor) error

	Watermark(ctx context.Context) (uptime.Watermark, error)
	AppendMinutes(ctx context.Context, segments []uptime.Segment, mark uptime.Watermark) error
	Segments(ctx context.Context, from, to uptime.Minute) ([]uptime.Segment, error)
	DropSegments(ctx context.Context, before uptime.Minute) error
	CloseDay(ctx context.Context, day uptime.Day, days []uptime.PackedDay, months []uptime.MonthStat) error
	PackedDays(ctx context.Context, tenant uptime.TenantID, server uptime.ServerID, from, to uptime.Day) ([]uptime.PackedDay, error)
	DayStats(ctx context.Context, from uptime.Day, yield func(uptime.TenantID, uptime.ServerID, uptime.DayStat, []byte) error) error
	Months(ctx context.Context, tenant uptime.TenantID, server uptime.ServerID, from, to uptime.Day) ([]uptime.MonthStat, error)
	Sweep(ctx context.Context, tenant uptime.TenantID, keep uptime.Retention) (int64, error)

	Ongoing(ctx context.Context) (uptime.Ongoing, error)
	Record(ctx context.Context, changes uptime.Changes) error
	PutContract(ctx context.Context, tenant uptime.TenantID, contract uptime.Contract) error

	Incidents(ctx context.Context, tenant uptime.TenantID, q uptime.IncidentQuery) ([]uptime.Incident, error)
	Incident(ctx context.Context, tenant uptime.TenantID, id uptime.IncidentID) (uptime.Incident, []uptime.IncidentEvent, []uptime.Evidence, error)
	Drifts(ctx context.Context, tenant uptime.TenantID, q uptime.DriftQuery) ([]uptime.Drift, error)
	Drift(ctx context.Context, tenant uptime.TenantID, id uptime.DriftID) (uptime.Drift, error)
	Contract(ctx context.Context, tenant uptime.TenantID, hash string) (uptime.Contract, error)

	AcceptDrift(ctx context.Context, tenant uptime.TenantID, id uptime.DriftID, entry uptime.AuditEntry) error
	NoteIncident(ctx context.Context, tenant uptime.TenantID, id uptime.IncidentID, entry uptime.AuditEntry) error
	Audit(ctx context.Context, tenant uptime.TenantID, limit int) ([]uptime.AuditEntry, error)
}

// Database opens the same store each time, as a restart does. The test closes
// one before it opens the next; what is open in the end is closed by the suite.
type Database func() Store

// Run runs the suite. create makes an empty store, whose clock for retention is
// the given one, and returns what opens it.
func Run(t *testing.T, create func(t *testing.T, now func() time.Time) Database) {
	t.Helper()
	all := tests()
	maps.Copy(all, alertTests())
	maps.Copy(all, registryTests())
	for name, test := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(newHouse(t, create(t, Now)))
		})
	}
}

// Now is the clock of the suite's stores.
func Now() time.Time { return time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC) }

// tests returns the tests by name.
func tests() map[string]func(*house) {
	return map[string]func(*house){
		"servers keep their identity":                   testServers,
		"servers that make no sense are refused":        testServersRefused,
		"numbers are never given twice":                 testNumbers,
		"windows":                                       testWindows,
		"the journal is read from any place":            testJournal,
		"the journal ascends":                           testJournalAscends,
		"pruning forgets no last verdict":               testPrune,
		"minutes and their watermark":                   testMinutes,
		"the watermark never goes back":                 testWatermark,
		"days":                                          testDays,
		"a day is closed once, however often":           testDayTwice,
		"day statistics of all servers":                 testDayStats,
		"months":                                        testMonths,
		"the recorder goes on where it was":             testOngoing,
		"changes are recorded once, however often":      testRecordTwice,
		"the recorder does not undo what operators did": testOperatorStays,
		"incidents are paged":                           testIncidentPages,
		"drifts are paged":                              testDriftPages,
		"an incident with everything":                   testIncident,
		"a drift is accepted":                           testAccept,
		"acts of operators are refused":                 testActsRefused,
		"contracts":                                     testContracts,
		"the audit log":                                 testAudit,
		"retention":                                     testSweep,
		"another tenant sees nothing":                   testTenancy,
		"an erased server is gone":                      testErase,
		"an erased server does not come back":           testErasedStaysAway,
		"hostile text is kept as it is":                 testHostile,
		"a restart keeps everything":                    testRestart,
		"many at the same time":                         testConcurrent,
		"a cancelled operation changes nothing":         testCancelled,
	}
}
