package mcpwire

import (
	"errors"
	"io"
	"time"
)

// Event is one event as eventReader hands it out, copied.
type Event struct {
	Name, ID, Data string
	Cut            bool
}

// ReadEvents reads src to its end or to the first error, which is nil for
// io.EOF.
func ReadEvents(src io.Reader, limit int) ([]Event, error) {
	er := newEventReader(src, limit)
	var out []Event
	for {
		ev, err := er.next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return out, err
		}
		out = append(out, Event{Name: ev.name, ID: ev.id, Data: string(ev.data), Cut: ev.cut})
	}
}

// The waits that the streamable transport allows itself.
const (
	BlankLinePatience time.Duration = blankLinePatience
	DrainTime         time.Duration = drainTime
)
