package uptime

// Secret is a string that formatting, logging and encoding never show.
type Secret string

// redacted stands where a secret would have stood.
const redacted = "[redacted]"

// Reveal returns the secret itself. Callers put it on the wire and nowhere else.
func (s Secret) Reveal() string { return string(s) }

// String returns a placeholder.
func (s Secret) String() string { return redacted }

// GoString returns a placeholder.
func (s Secret) GoString() string { return redacted }

// MarshalText returns a placeholder.
func (s Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
