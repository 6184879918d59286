// Package alarmtest tells a story of alerting to whatever shows it: sinks in
// every state, deliveries that came and that did not, silences, the decisions
// about an outage, signed links and subscribers. What is done to it happens, in
// memory, and is written down.
package alarmtest
