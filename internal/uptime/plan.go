package uptime

// Plan is what is to be monitored, at one moment. It is never changed once it
// was handed out; a reload makes a new one with a greater Version.
type Plan struct {
	Version uint64
	// Servers are sorted by tenant and slug. Paused ones are among them.
	Servers []*Server
	Windows []Window
	// Regions are all regions there are, by id.
	Regions []Region
}

// City returns the name that people know a region by: the city, or the id when
// the region is not known any more.
func (p *Plan) City(region string) string {
	for _, r := range p.Regions {
		if r.ID == region && r.City != "" {
			return r.City
		}
	}
	return region
}
