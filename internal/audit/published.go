package audit

// PublishedQuarter is the figures of a quarter, in per cent, as others published
// them. They counted other registries with another method: the figures stand
// beside ours and are not their past.
type PublishedQuarter struct {
	Quarter   string   `json:"quarter"`
	Endpoints int      `json:"endpoints"`
	Regions   int      `json:"regions"`
	Stable    *float64 `json:"healthy_stable"` // null: not given
	Drift     *float64 `json:"healthy_drift"`
	Healthy   *float64 `json:"healthy"`
	Regional  *float64 `json:"regionally_degraded"`
	Token     *float64 `json:"credentialed_degraded"`
	Auth      *float64 `json:"auth_walled"`
	Dead      *float64 `json:"dead"`
	NotMCP    *float64 `json:"not_mcp"`
	Malformed *float64 `json:"schema_malformed"`
}

// published returns the figures of the second and third quarter of 2026. Those
// that were published in two ways are left out.
func published() []PublishedQuarter {
	p := rounded
	return []PublishedQuarter{
		{Quarter: "Q2 2026", Endpoints: 2181, Regions: 1, Healthy: p(9.0), Auth: p(16.8)},
		{
			Quarter: "Q3 2026", Endpoints: 2414, Regions: 5, Stable: p(10.3), Drift: p(1.6), Healthy: p(11.9), Regional: p(3.6), Token: p(1.3),
			Auth: p(12.9), Dead: p(36.1), NotMCP: p(26.9), Malformed: p(7.3),
		},
	}
}
