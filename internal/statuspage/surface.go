package statuspage

// surfaceRoutes are what other places read: embed-status, badges, feeds,
// markdown.
func (s *Site) surfaceRoutes() {
	s.embedRoutes()
	s.atomRoutes()
	s.agentRoutes()
	s.studioRoutes()
}
