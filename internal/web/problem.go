package web

import (
	"encoding/json"
	"net/http"
)

// Problem is a problem document (RFC 9457).
type Problem struct {
	Type   string `json:"type"` // about:blank: the title says it all
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail,omitempty"`
	// Instance is the path that was asked for.
	Instance string `json:"instance,omitempty"`
}

// ProblemOf says what err means to the client of r.
func ProblemOf(r *http.Request, err error) Problem {
	status := StatusOf(err)
	return Problem{
		Type: "about:blank", Title: http.StatusText(status), Status: status,
		Detail: Visible(DetailOf(err), 400), Instance: r.URL.EscapedPath(),
	}
}

// WriteProblem answers with the problem document of err. It has the form that
// Adapt wants.
func WriteProblem(w http.ResponseWriter, r *http.Request, err error) {
	p := ProblemOf(r, err)
	body, err := json.Marshal(p)
	if err != nil { // strings and an int: cannot happen
		http.Error(w, p.Title, p.Status)
		return
	}
	h := w.Header()
	h.Del("ETag")
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(append(body, '\n')) // the client is gone
	}
}
