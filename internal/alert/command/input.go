package command

import (
	"encoding/json"
	"fmt"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// input is what the program reads: the notice with its members as they are named
// in JSON, and the delivery's id.
func input(d *uptime.Delivery) ([]byte, error) {
	b, err := json.Marshal(struct {
		ID uptime.DeliveryID `json:"delivery"`
		uptime.Notice
	}{d.ID, d.Notice})
	if err != nil {
		return nil, fmt.Errorf("writing a notice as JSON: %w", err)
	}
	return append(b, '\n'), nil
}
