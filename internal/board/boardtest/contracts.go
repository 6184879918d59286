package boardtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/board"
	"github.com/alivemcp/alivemcp/internal/drift"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// driftScript is a change of a contract.
type driftScript struct {
	before, after uptime.Contract
	class         uptime.DriftClass
	summary       string
	changes       int
	detected      time.Time
	accepted      time.Time
	by, note      string
}

func (d driftScript) view(s *script) board.DriftView {
	return board.DriftView{
		Drift: uptime.Drift{
			ID:     uptime.NewDriftID(Tenant, s.id(), d.before.Hash, d.after.Hash, d.detected),
			Tenant: Tenant, Server: s.id(), From: d.before.Hash, To: d.after.Hash, Class: d.class, Summary: d.summary,
			Changes: d.changes, Regions: s.regions, Detected: d.detected, Accepted: d.accepted, By: d.by, Note: d.note,
		},
		Before: d.before, After: d.after,
	}
}

// contract makes a real contract, with its snapshot, of tools in JSON.
func contract(target string, tools ...string) uptime.Contract {
	snap := drift.Snapshot{Target: target, ProtocolVersion: "2025-11-25", Server: drift.ServerInfo{Name: "story", Version: "1"}}
	for _, t := range tools {
		snap.Tools = append(snap.Tools, json.RawMessage(t))
	}
	c, _ := snap.Contract()
	var file bytes.Buffer
	_, _ = snap.WriteTo(&file) // a buffer does not fail
	return uptime.Contract{
		Hash: c.Hash, ContractHash: c.ContractHash, Tools: len(c.Tools), Bytes: c.Bytes, Tokens: c.Tokens,
		Snapshot: file.Bytes(),
	}
}

// plainTools are n unremarkable tools of a server.
func plainTools(slug string, n int) []string {
	verbs := []string{"get", "list", "search", "create", "update", "delete", "export", "import"}
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf(`{"name":"%s_%s_%d","title":"%s %d","description":"%s an item of %s.","inputSchema":{"type":"object","properties":{"id":{"type":"string"},"limit":{"type":"integer","minimum":1,"maximum":100}},"required":["id"]}}`,
			verbs[i%len(verbs)], slug, i, verbs[i%len(verbs)], i, verbs[i%len(verbs)], slug)
	}
	return out
}

// The tools of the server that drifts, before and after.
func crmBefore() uptime.Contract {
	return contract("https://crm.example.com/mcp",
		`{"name":"search_contacts","description":"Find contacts by text.","inputSchema":{"type":"object","properties":{"query":{"type":"string"},"limit":{"type":"integer","minimum":1,"maximum":200},"sort":{"type":"string","enum":["name","created","updated"]}},"required":["query"]},"outputSchema":{"type":"object","properties":{"contacts":{"type":"array","items":{"type":"object","properties":{"id":{"type":"string"},"name":{"type":"string"},"phone":{"type":"string"}}}}},"required":["contacts"]}}`,
		`{"name":"get_contact","description":"One contact.","inputSchema":{"type":"object","properties":{"id":{"type":"string"}},"required":["id"]}}`,
		`{"name":"delete_contact","description":"Delete a contact.","inputSchema":{"type":"object","properties":{"id":{"type":"string"}},"required":["id"]},"annotations":{"destructiveHint":true}}`,
		`{"name":"list_deals","description":"Deals of a contact.","inputSchema":{"type":"object","properties":{"contact_id":{"type":"string"}},"required":["contact_id"]}}`,
	)
}

func crmAfter() uptime.Contract {
	return contract("https://crm.example.com/mcp",
		`{"name":"search_contacts","description":"Find contacts of an account by text.","inputSchema":{"type":"object","properties":{"account_id":{"type":"string"},"query":{"type":"string"},"limit":{"type":"integer","minimum":1,"maximum":50},"sort":{"type":"string","enum":["name","created"]}},"required":["account_id","query"]},"outputSchema":{"type":"object","properties":{"contacts":{"type":"array","items":{"type":"object","properties":{"id":{"type":"integer"},"name":{"type":"string"}}}}},"required":["contacts"]}}`,
		`{"name":"get_contact","description":"One contact.","inputSchema":{"type":"object","properties":{"id":{"type":"string"},"expand":{"type":"boolean"}},"required":["id"]}}`,
		`{"name":"list_deals","description":"Deals of a contact, newest first.","inputSchema":{"type":"object","properties":{"contact_id":{"type":"string"}},"required":["contact_id"]}}`,
		`{"name":"merge_contacts","description":"Merge two contacts.","inputSchema":{"type":"object","properties":{"from":{"type":"string"},"into":{"type":"string"}},"required":["from","into"]}}`,
	)
}
