package api

import (
	"encoding/base64"
	"encoding/json"
	"hash/fnv"
	"net/url"
	"time"
)

// place is where the next page begins. Clients see it as an opaque text: what is
// in it may change with any release.
type place struct {
	// Of tells what the pages are of: the parameters without the place itself.
	Of     uint32    `json:"q"`
	Offset int       `json:"o,omitempty"`
	At     time.Time `json:"t,omitzero"`
	ID     string    `json:"i,omitempty"`
}

func (p place) String() string {
	text, err := json.Marshal(p)
	if err != nil { // numbers, a time and a string of ours
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

// place reads the cursor; the zero place without one. A cursor that belongs to
// another question is an error: its page would make no sense.
func (p *params) place(of uint32) (at place) {
	text := p.text("cursor")
	if text == "" {
		return place{Of: of}
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(raw, &at)
	}
	switch {
	case err != nil || at.Offset < 0 || at.Offset > 1<<30:
		p.fail("cursor", "it is none that was given out here; begin again without it")
	case at.Of != of:
		p.fail("cursor", "it was given out for other parameters; keep them, or begin again without it")
	}
	return at
}

// question is a number for what is asked for, apart from the place and the size
// of the page.
func question(path string, values url.Values) uint32 {
	asked := url.Values{"/": {path}}
	for name, all := range values {
		if name != "cursor" && name != "limit" && name != "fields" {
			asked[name] = all
		}
	}
	h := fnv.New32a()
	_, _ = h.Write([]byte(asked.Encode())) // a hash does not fail
	return h.Sum32()
}
