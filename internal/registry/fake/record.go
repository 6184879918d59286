package fake

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"time"
)

// Record is one version of one server.
type Record struct {
	Name, Version string
	// Server is its server.json. It is sent as it is, whatever is in it.
	Server json.RawMessage
	// Status is active unless it says otherwise; Message is about it.
	Status, Message    string
	Changed            time.Time // of Status
	Published, Updated time.Time
	// Latest marks the one version of a name that counts.
	Latest bool
}

// official is what the registry itself says about a record.
type official struct {
	Status    string    `json:"status"`
	Changed   time.Time `json:"statusChangedAt"`
	Message   string    `json:"statusMessage,omitempty"`
	Published time.Time `json:"publishedAt"`
	Updated   time.Time `json:"updatedAt"`
	Latest    bool      `json:"isLatest"`
}

// entry is a record on the wire.
type entry struct {
	Server json.RawMessage `json:"server"`
	Meta   struct {
		Official official `json:"io.modelcontextprotocol.registry/official"`
	} `json:"_meta"`
}

func (r *Record) entry() (e entry) {
	e.Server = r.Server
	e.Meta.Official = official{
		Status: cmp.Or(r.Status, "active"), Changed: r.Changed, Message: r.Message, Published: r.Published, Updated: r.Updated, Latest: r.Latest,
	}
	return e
}

func (e *entry) record() (Record, error) {
	var named struct{ Name, Version string }
	if err := json.Unmarshal(e.Server, &named); err != nil {
		return Record{}, fmt.Errorf("reading a server.json: %w", err)
	}
	o := e.Meta.Official
	return Record{
		Name: named.Name, Version: named.Version, Server: e.Server, Status: o.Status, Message: o.Message, Changed: o.Changed,
		Published: o.Published, Updated: o.Updated, Latest: o.Latest,
	}, nil
}

// Read returns the records of an answer of a registry: a page, or one record.
func Read(answer []byte) ([]Record, error) {
	var page struct {
		entry
		Servers []entry `json:"servers"`
	}
	if err := json.Unmarshal(answer, &page); err != nil {
		return nil, fmt.Errorf("reading an answer of a registry: %w", err)
	}
	if page.Server != nil {
		page.Servers = append(page.Servers, page.entry)
	}
	var out []Record
	for _, e := range page.Servers {
		r, err := e.record()
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// encode writes JSON as the registry does: as it is, with a line feed.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil { // a server.json of a test that is no JSON at all
		return []byte(err.Error())
	}
	return b.Bytes()
}
