// Package registry reads the registries that list MCP servers: one small file a
// source, one fetcher with the manners of a guest, and a crawler that takes over
// what it found only when the reading was complete.
//
// What registries say is written by strangers: texts are cut and cleaned here,
// addresses by package endpoint, and nothing is probed because of a listing alone.
package registry
