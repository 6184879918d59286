package app

import (
	"github.com/alivemcp/alivemcp/internal/alert/repeat"
)

// repeater makes the one who says again what is open.
func (a *alarms) repeater() *repeat.Repeater {
	return repeat.New(repeat.Options{Rows: a.store, Targets: a.forgetful, Logger: a.log})
}

// forgetful returns the sinks that forget what they are told, and may be told.
func (a *alarms) forgetful() []repeat.Target {
	var out []repeat.Target
	for _, p := range *a.policy.Load() {
		for i := range p.Sinks {
			name := p.Sinks[i].Name
			if !p.Sinks[i].Verified || p.Sinks[i].Subscriber || a.outbox.State(p.Tenant, name).Open {
				continue
			}
			if sink, ok := a.sink(p.Tenant, name); ok {
				if s, forgets := sink.(repeat.Sink); forgets {
					out = append(out, repeat.Target{Tenant: p.Tenant, Name: name, Sink: s})
				}
			}
		}
	}
	return out
}
