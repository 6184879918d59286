package webhook

import (
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Sign signs as a sink with these secrets does.
func Sign(id string, at time.Time, body []byte, secrets ...uptime.Secret) (string, error) {
	keys, err := parseKeys(secrets)
	return sign(keys, id, at, body), err
}
