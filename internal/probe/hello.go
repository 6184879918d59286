package probe

import (
	"encoding/json"
	"errors"
	"slices"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// decodeInitialize reads the result of initialize. Protocol version,
// capabilities and server name must be there: clients stop without them.
func decodeInitialize(raw []byte) (handshake, *uptime.Failure) {
	var r struct {
		Version      *string                    `json:"protocolVersion"`
		Capabilities map[string]json.RawMessage `json:"capabilities"`
		Info         *serverInfo                `json:"serverInfo"`
		Instructions string                     `json:"instructions"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return handshake{}, fail(uptime.HandshakeShape, "the result of initialize has the wrong shape: %s", shapeError(err))
	}
	switch {
	case r.Version == nil || *r.Version == "":
		return handshake{}, fail(uptime.HandshakeShape, "the result of initialize lacks protocolVersion")
	case r.Capabilities == nil:
		return handshake{}, fail(uptime.HandshakeShape, "the result of initialize lacks capabilities")
	case r.Info == nil || r.Info.Name == nil:
		return handshake{}, fail(uptime.HandshakeShape, "the result of initialize lacks serverInfo.name")
	}
	hs := handshake{version: *r.Version, capabilities: names(r.Capabilities), instructions: len(r.Instructions)}
	hs.name, hs.serverVer = clip(*r.Info.Name, 120), clip(r.Info.Version, 60)
	return hs, nil
}

type serverInfo struct {
	Name    *string `json:"name"`
	Version string  `json:"version"`
}

// decodeDiscover reads the result of server/discover (2026-07-28). The server's
// name is optional there.
func decodeDiscover(raw []byte) (handshake, *uptime.Failure) {
	var r struct {
		Versions     []string                   `json:"supportedVersions"`
		Capabilities map[string]json.RawMessage `json:"capabilities"`
		Instructions string                     `json:"instructions"`
		Meta         struct {
			Info serverInfo `json:"io.modelcontextprotocol/serverInfo"`
		} `json:"_meta"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return handshake{}, fail(uptime.HandshakeShape, "the result of server/discover has the wrong shape: %s", shapeError(err))
	}
	if r.Capabilities == nil {
		return handshake{}, fail(uptime.HandshakeShape, "the result of server/discover lacks capabilities")
	}
	hs := handshake{capabilities: names(r.Capabilities), instructions: len(r.Instructions), serverVer: clip(r.Meta.Info.Version, 60)}
	if r.Meta.Info.Name != nil {
		hs.name = clip(*r.Meta.Info.Name, 120)
	}
	return hs, nil
}

// maxCapabilities bounds what is kept of a server's capabilities.
const maxCapabilities = 64

// names returns the sorted keys of an object.
func names(m map[string]json.RawMessage) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, clip(k, 60))
	}
	slices.Sort(out)
	return out[:min(len(out), maxCapabilities)]
}

// shapeError says which member had the wrong type.
func shapeError(err error) string {
	if te, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && te.Field != "" {
		return te.Field + " is a " + te.Value
	}
	return clip(err.Error(), 80)
}
