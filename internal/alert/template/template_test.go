package template_test

import (
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/internal/alert/sinktest"
	"github.com/alivemcp/alivemcp/internal/alert/template"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const body = `{"event":{{json .type}},"key":{{json .key}},"title":{{json .title}},"text":{{json .summary}},"severity":{{json .severity}},
{{if .resolved_now}}"ok":true,{{end}}"servers":[{{range $i, $s := .servers}}{{if $i}},{{end}}{{json $s.slug}}{{end}}],"who":{{json .acked_by}},"at":{{json .regions}}}`

func TestPayloads(t *testing.T) {
	service := sinktest.NewService(t, nil)
	s, err := template.New(template.Options{
		Client: sinktest.Client(t), URL: service.At("/x"), Method: "PUT", Body: body, ContentType: "application/vnd.x+json",
		Headers: []uptime.Header{{Name: "x-token", Value: sinktest.Secret}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, sample := range sinktest.Samples() {
		if _, err := s.Deliver(t.Context(), &sample.Delivery, ""); err != nil {
			t.Errorf("%s: %v", sample.Name, err)
		}
		sinktest.CleanJSON(t, service.Last(t).Body)
		sinktest.Visible(t, service.Last(t).Body)
	}
	r := service.Last(t)
	if r.Method != "PUT" || r.Header.Get("X-Token") != sinktest.Secret || r.Header.Get("Content-Type") != "application/vnd.x+json" {
		t.Errorf("sent %s with %v", r.Method, r.Header)
	}
}

func TestBadOptions(t *testing.T) {
	good := template.Options{URL: "https://hooks.example/", Body: `{"a":{{json .title}}}`}
	for want, change := range map[string]func(*template.Options){
		"line:2":           func(o *template.Options) { o.Body = "{}\n{{.title" },
		"line:3":           func(o *template.Options) { o.Body = "{\n\n{{nothing}}}" },
		"servrs":           func(o *template.Options) { o.Body = "{{.servrs}}" },
		"does not write":   func(o *template.Options) { o.Body = `{"a":"{{.title}}"}` },
		"64 KiB":           func(o *template.Options) { o.Body = `{{range 1000000}}xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx{{end}}` },
		"exceeded":         func(o *template.Options) { o.Body = `{{define "x"}}{{template "x"}}{{end}}{{template "x"}}` },
		"16 KiB":           func(o *template.Options) { o.Body = strings.Repeat("a", 17<<10) },
		"can't evaluate":   func(o *template.Options) { o.Body = `{{.started.Year}}` },
		"POST, PUT":        func(o *template.Options) { o.Method = "GET" },
		"like application": func(o *template.Options) { o.ContentType = "a b" },
		"cannot be set":    func(o *template.Options) { o.Headers = []uptime.Header{{Name: "host", Value: "x"}} },
		"a value of one":   func(o *template.Options) { o.Headers = []uptime.Header{{Name: "X-A", Value: "a\r\nb"}} },
		"name of letters":  func(o *template.Options) { o.Headers = []uptime.Header{{Name: "X A", Value: "a"}} },
		"must start with":  func(o *template.Options) { o.URL = "file:///etc/passwd" },
	} {
		opt := good
		change(&opt)
		if _, err := template.New(opt); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := template.New(good); err != nil {
		t.Error(err)
	}
}

func TestPlainText(t *testing.T) {
	service := sinktest.NewService(t, nil)
	s, err := template.New(template.Options{Client: sinktest.Client(t), URL: service.At("/"), ContentType: "text/plain; charset=utf-8", Body: "{{.severity}} {{.title}}"})
	if err != nil {
		t.Fatal(err)
	}
	service.Script(sinktest.TooMany("9", ""))
	_, err = s.Deliver(t.Context(), sinktest.Wrap(sinktest.Outage(uptime.NoticeOpens), 1), "")
	if r := uptime.RefusalOf(err); !r.Temporary || r.After == 0 {
		t.Errorf("got %+v", r)
	}
	if got := string(service.Last(t).Body); got != "P1 Weather is down: the connection is refused" {
		t.Errorf("sent %q", got)
	}
}
