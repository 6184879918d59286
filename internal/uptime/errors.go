package uptime

import "errors"

// The errors that callers tell apart. Adapters wrap them.
var (
	// ErrNotFound means that there is no such thing, or not for this tenant.
	ErrNotFound = errors.New("not found")
	// ErrConflict means that the thing is not, or no longer, as the caller
	// believes.
	ErrConflict = errors.New("conflict")
	// ErrInvalid means that the request itself is wrong.
	ErrInvalid = errors.New("invalid")
	// ErrForbidden means that the caller may not do this.
	ErrForbidden = errors.New("forbidden")
)
