package statuspage

import "github.com/alivemcp/alivemcp/internal/board"

type liveFeed struct{}

func newLiveFeed(int) *liveFeed { return &liveFeed{} }
func (l *liveFeed) stop()       {}
func (s *Site) liveRoutes()     {}

type rowCache struct{}

func newRowCache(func(*board.Row) ([]byte, error)) *rowCache { return &rowCache{} }
func (s *Site) renderRow(*board.Row) ([]byte, error)         { return nil, nil }
