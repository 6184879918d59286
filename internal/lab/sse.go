package lab

func sseScenarios() []Scenario { return nil }
