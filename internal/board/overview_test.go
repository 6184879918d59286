package board_test

import (
	"testing"

	"github.com/alivemcp/alivemcp/internal/board"
)

func TestOverviewCountsMaintenanceApart(t *testing.T) {
	for want, totals := range map[string]board.Totals{
		"No servers are watched yet.":                              {},
		"All 3 servers are live.":                                  {Servers: 3, Live: 3},
		"2 of 3 servers are live, 1 in maintenance.":               {Servers: 3, Live: 2, Maintenance: 1},
		"3 of 3 servers are in maintenance.":                       {Servers: 3, Maintenance: 3},
		"1 of 4 servers is down, 1 degraded and 2 in maintenance.": {Servers: 4, Down: 1, Degraded: 1, Maintenance: 2},
		"1 of 3 servers is degraded, 1 unknown; none is down.":     {Servers: 3, Degraded: 1, Unknown: 1, Live: 1},
	} {
		if got := board.Overview(totals); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
