package statuspage

// navItem is a place in the navigation.
type navItem struct{ Key, Name, Href string }

// navigate adds a place to the navigation; routes call it for pages that are
// entrances.
func (s *Site) navigate(key, name, href string) {
	s.nav = append(s.nav, navItem{key, name, href})
}
