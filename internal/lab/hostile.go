package lab

func hostileScenarios() []Scenario { return nil }
