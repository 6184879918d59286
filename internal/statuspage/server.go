package statuspage

// serverRoutes are the pages of a server, its incidents and its drifts.
func (s *Site) serverRoutes() {}
