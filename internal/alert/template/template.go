// Package template sends whatever its owner writes as a Go template to whatever
// takes HTTP: for services that have no sink of their own.
//
// A template sees the members of a notice as JSON names them, as plain values
// without methods: {{.title}}, {{.severity}}, {{range .servers}}{{.slug}}{{end}},
// and {{.delivery}}, which is the same when a notice comes twice. Texts belong
// into {{json .title}}, which writes them as a JSON string with its quotes: the
// names of servers can hold anything.
//
// A template cannot run for long or write much, whatever it says: it belongs to
// whoever owns the sink, and what runs it to all.
package template

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"text/template"
	"time"
	"unicode"

	"github.com/alivemcp/alivemcp/internal/alert/post"
	"github.com/alivemcp/alivemcp/internal/guard"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	maxTemplate = 16 << 10
	maxBody     = 64 << 10
	maxText     = 4000 // bytes of a text in a notice
	jsonType    = "application/json"
)

// Options configure a Sink.
type Options struct {
	Client *post.Client
	URL    uptime.Secret
	Method string // POST, PUT or PATCH; empty means POST
	// ContentType is application/json when empty. What a template for a type that
	// is JSON writes must be JSON.
	ContentType string
	Headers     []uptime.Header
	// Body is the template.
	Body string
}

// Sink is a templated webhook. It is safe for concurrent use.
type Sink struct {
	client *post.Client
	req    post.Request
	body   *template.Template
	json   bool
}

var (
	errMethod  = errors.New("the method of a template sink is POST, PUT or PATCH")
	errType    = errors.New("the content type of a template sink is written like application/json")
	errLong    = errors.New("the template is empty or longer than 16 KiB")
	errBody    = errors.New("the template writes more than 64 KiB")
	errNotJSON = errors.New("the template does not write JSON: write each text as {{json .title}}, without quotes around it, and check the commas")
)

// New returns a sink. The template is tried with sample notices, hostile names
// among them: the error names the line.
func New(opt Options) (*Sink, error) {
	if _, err := guard.CheckURL(opt.URL.Reveal(), true); err != nil {
		return nil, err
	}
	if opt.Method != "" && !slices.Contains([]string{http.MethodPost, http.MethodPut, http.MethodPatch}, opt.Method) {
		return nil, errMethod
	}
	if opt.ContentType == "" {
		opt.ContentType = jsonType
	}
	media, _, err := mime.ParseMediaType(opt.ContentType)
	if err != nil || strings.ContainsFunc(opt.ContentType, unicode.IsControl) {
		return nil, errType
	}
	header, err := post.Headers(opt.Headers)
	if err != nil {
		return nil, err
	}
	header.Set("Content-Type", opt.ContentType)
	s := &Sink{client: opt.Client, json: media == jsonType || strings.HasSuffix(media, "+json")}
	s.req = post.Request{Method: opt.Method, URL: opt.URL, Header: header}
	if s.body, err = read(opt.Body); err != nil {
		return nil, err
	}
	return s, s.try()
}

func read(text string) (*template.Template, error) {
	if strings.TrimSpace(text) == "" || len(text) > maxTemplate {
		return nil, errLong
	}
	t, err := template.New("line").Option("missingkey=error").Funcs(new(steps).functions()).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("reading the template: %w", err)
	}
	return t, count(t)
}

// try writes what a template will be asked to write, to find what is wrong with
// it before an alert does.
func (s *Sink) try() error {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	full := uptime.Notice{
		Type: uptime.NoticeTriggered, Phase: uptime.NoticeOpens, Key: "inc_1", Kind: uptime.AlertIncident, At: at, Started: at,
		Priority: uptime.P1, Title: "a \"quoted\"\\\nname", Summary: "a \"quoted\"\\\nname", Failing: 1, Total: 1,
		Servers: []uptime.NoticeServer{{Slug: "weather", Name: "a \"quoted\"\\\nname", State: "down", Since: at}},
	}
	for _, n := range []uptime.Notice{full, {Type: uptime.NoticeTest, Key: "test_1", At: at, Started: at, Title: "a", Summary: "b"}} {
		if _, err := s.render(&uptime.Delivery{ID: "dlv_1", Notice: n}); err != nil {
			return fmt.Errorf("trying the template: %w", err)
		}
	}
	return nil
}

// Deliver sends d. Nothing is remembered: what a service needs to know a thread
// by is {{.key}}.
func (s *Sink) Deliver(ctx context.Context, d *uptime.Delivery, _ string) (string, error) {
	body, err := s.render(d)
	if err != nil {
		return "", &uptime.Refusal{Reason: "the template does not work for this notice: " + err.Error()}
	}
	req := s.req
	req.Body = body
	_, err = s.client.Do(ctx, req)
	return "", err
}

func (s *Sink) render(d *uptime.Delivery) ([]byte, error) {
	body, err := s.body.Clone()
	if err != nil {
		return nil, err
	}
	var out bounded
	run := &steps{left: maxSteps}
	if err := body.Funcs(run.functions()).Execute(&out, view(d)); err != nil {
		return nil, err
	}
	if s.json && !json.Valid(out.b.Bytes()) {
		return nil, errNotJSON
	}
	return out.b.Bytes(), nil
}

// bounded refuses to hold more than maxBody.
type bounded struct{ b bytes.Buffer }

// Write fails when there would be too much.
func (w *bounded) Write(p []byte) (int, error) {
	if w.b.Len()+len(p) > maxBody {
		return 0, errBody
	}
	return w.b.Write(p)
}
