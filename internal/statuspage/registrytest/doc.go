// Package registrytest tells a story of registries to whatever shows it: sources
// in every state, listings of every kind, some of them hostile, an endpoint with a
// past, and audits that are over and under way. All of it is in a real store.
package registrytest
