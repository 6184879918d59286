package lab

func handshakeScenarios() []Scenario { return nil }
