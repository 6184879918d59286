package web

import (
	"log/slog"
	"net/http"
	"strings"
)

// Open makes an http.Handler of h for programs on other people's pages: its
// errors are problem documents that any origin may read. Our own failures go to
// the log.
func Open(h Handler, log *slog.Logger) http.Handler {
	return Adapt(h, func(w http.ResponseWriter, r *http.Request, err error) {
		if r.Context().Err() == nil && StatusOf(err) == http.StatusInternalServerError {
			log.ErrorContext(r.Context(), "an answer failed", "path", r.URL.Path, "error", err)
		}
		Embeddable(w)
		WriteProblem(w, r, err)
	})
}

// Choice returns the choice that the text names, whatever its case, and the
// first one when the text is empty. When it names none, ok is false and the
// choice is the first one too.
func Choice[T ~string](text string, choices []T) (choice T, ok bool) {
	if text == "" {
		return choices[0], true
	}
	for _, c := range choices {
		if strings.EqualFold(text, string(c)) {
			return c, true
		}
	}
	return choices[0], false
}
