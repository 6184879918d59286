package sqlite

import (
	"compress/flate"
	"database/sql"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Rows gives tests the database itself.
func (s *Store) Rows() *sql.DB { return s.writer }

// Steps are the migrations.
func Steps() (int, error) { return newestSchema() }

// Packed is a value as it is stored.
func Packed(data string) ([]byte, error) { return packed([]byte(data), flate.BestSpeed) }

// PackStat packs the statistics of a day.
func PackStat(d *uptime.DayStat) []byte { return packStat(d) }

// UnpackStat unpacks them.
func UnpackStat(data []byte) (d uptime.DayStat, err error) {
	err = newStatReader().unpack(&d, data)
	return d, err
}
