package sqlite

import "database/sql"

// Rows gives tests the database itself.
func (s *Store) Rows() *sql.DB { return s.writer }

// Steps are the migrations.
func Steps() (int, error) { return newestSchema() }
