package embed

import "github.com/alivemcp/alivemcp/internal/uptime"

// shield is the document that shields.io and its kin draw a badge from (their
// endpoint schema, version 1).
type shield struct {
	SchemaVersion int    `json:"schemaVersion"`
	Label         string `json:"label"`
	Message       string `json:"message"`
	Color         string `json:"color"`
	// IsError keeps whoever embeds the badge from painting it in another colour.
	IsError bool `json:"isError,omitempty"`
	// CacheSeconds is the least that they accept: 300.
	CacheSeconds int `json:"cacheSeconds"`
}

func shieldOf(b Badge) shield {
	return shield{
		SchemaVersion: 1, Label: b.label, Message: b.value, Color: shieldColour(b.level),
		IsError: b.level == uptime.Down, CacheSeconds: 300,
	}
}

// shieldColour is the colour by the name that every renderer knows.
func shieldColour(level uptime.State) string {
	switch level {
	case uptime.Live:
		return "brightgreen"
	case uptime.Degraded:
		return "yellow"
	case uptime.Down:
		return "red"
	default:
		return "lightgrey"
	}
}
