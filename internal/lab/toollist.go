package lab

func toolsScenarios() []Scenario { return nil }
