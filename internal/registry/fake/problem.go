package fake

import (
	"fmt"
	"net/http"
	"strings"
)

// problem is an error as RFC 9457 has it.
type problem struct {
	Title  string  `json:"title"`
	Status int     `json:"status"`
	Detail string  `json:"detail"`
	Errors []fault `json:"errors,omitempty"`
}

// fault is one of the reasons of a problem.
type fault struct {
	Message  string `json:"message"`
	Location string `json:"location"`
	Value    any    `json:"value"`
}

func invalid(detail string, faults ...fault) *problem {
	return &problem{Title: "Unprocessable Entity", Status: http.StatusUnprocessableEntity, Detail: detail, Errors: faults}
}

func gone() *problem {
	return &problem{Title: "Not Found", Status: http.StatusNotFound, Detail: "Server not found"}
}

func (p *problem) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Vary", "Origin")
	w.WriteHeader(p.Status)
	_, _ = w.Write(encode(p)) // whoever hung up does not miss it
}

// notFound answers paths that do not exist, such as those of names whose slash is
// not encoded.
func notFound(w http.ResponseWriter, req *http.Request) {
	detail := "Endpoint not found."
	if !strings.HasPrefix(req.URL.Path, "/v0") {
		detail += fmt.Sprintf(" Did you mean '/v0.1%s' or '/v0%s'?", req.URL.Path, req.URL.Path)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.Header().Set("Vary", "Origin")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(http.StatusNotFound)
	_, _ = fmt.Fprintf(w, `{"detail":%q,"status":404,"title":"Not Found"}`, detail+" See /docs for the API documentation.")
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Vary", "Origin")
	_, _ = w.Write(encode(v))
}

func fixed(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Vary", "Origin")
		_, _ = w.Write([]byte(body + "\n"))
	}
}
