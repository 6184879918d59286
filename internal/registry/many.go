package registry

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// The bounds of what one answer may hold: a short text can be an array of millions.
const (
	maxOnPage = 20_000  // records, and things of one kind in a record
	maxDetail = 1 << 20 // bytes of what is read for one record
)

// many is an array of what a registry sends.
type many[T any] []T

// UnmarshalJSON implements json.Unmarshaler. It reads element by element, so that
// too many are refused before there is room for them.
func (m *many[T]) UnmarshalJSON(raw []byte) error {
	*m = nil
	if raw[0] != '[' {
		var none []T
		return json.Unmarshal(raw, &none) // null, or the error that there is
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	_, _ = d.Token() // the bracket; raw is well-formed
	for d.More() {
		if len(*m) == maxOnPage {
			return fmt.Errorf("its answer has more than %d of a kind", maxOnPage)
		}
		var one T
		if err := d.Decode(&one); err != nil {
			return err
		}
		*m = append(*m, one)
	}
	return nil
}
