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
		"does too much":    func(o *template.Options) { o.Body = `{{define "x"}}{{template "x"}}{{end}}{{template "x"}}` },
		"16 KiB":           func(o *template.Options) { o.Body = strings.Repeat("a", 17<<10) },
		"can't evaluate":   func(o *template.Options) { o.Body = `{{.started.Year}}` },
		"POST, PUT":        func(o *template.Options) { o.Method = "GET" },
		"like application": func(o *template.Options) { o.ContentType = "a b" },
		"written like":     func(o *template.Options) { o.ContentType = "text/plain;\r\n x=y" },
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

// Whatever a template says, it ends soon and fills no memory.
func TestBoundedTemplates(t *testing.T) {
	for name, body := range map[string]string{
		"empty loop":      `{{range 9999999999999}}{{end}}"x"`,
		"by a variable":   `{{$n := 9999999999999}}{{range $n}}{{if false}}x{{end}}{{end}}"x"`,
		"loops in loops":  `{{range 9999}}{{range 9999}}{{range 9999}}{{end}}{{end}}{{end}}"x"`,
		"in an else":      `{{if false}}{{else}}{{with 1}}{{range 9999999999999}}{{continue}}{{end}}{{end}}{{end}}"x"`,
		"calls itself":    `{{define "a"}}{{template "a"}}{{template "a"}}{{end}}{{template "a"}}"x"`,
		"doubles":         `{{$x := "xxxxxxxx"}}{{range 60}}{{$x = printf "%s%s" $x $x}}{{end}}"x"`,
		"doubles escaped": `{{$x := "\\"}}{{range 60}}{{$x = json $x}}{{end}}"x"`,
		"wide":            `{{len (printf "%999999d" 1)}}`,
		"wide by a value": `{{len (printf "%*d" 999999 1)}}`,
		"one value often": `{{len (printf "%[1]s%[1]s" .title)}}`,
		"a thousand":      `{{len (print` + strings.Repeat(" .title", 1000) + `)}}`,
		"much in a loop":  `{{$x := printf "%900d" 1}}{{range 999999}}{{$y := urlquery $x $x $x $x $x $x $x $x}}{{end}}"x"`,
	} {
		opt := template.Options{URL: "https://hooks.example/", Body: body}
		if _, err := template.New(opt); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

// What people write fits: the greatest notice, each of its texts several times.
func TestBoundsAreWide(t *testing.T) {
	service := sinktest.NewService(t, nil)
	s, err := template.New(template.Options{Client: sinktest.Client(t), URL: service.At("/"), Body: `{"text":{{json (printf "%-8s %s" .severity .title)}},"html":{{json (html .summary)}},
"servers":[{{range $i, $s := .servers}}{{if $i}},{{end}}{{json (print $s.name " is " $s.state " since " $s.since)}}{{end}}]}`})
	if err != nil {
		t.Fatal(err)
	}
	n := sinktest.Several()
	for i := range n.Servers {
		n.Servers[i].Name = strings.Repeat(`"wide" 𝄞`, 100)
	}
	n.Title, n.Summary = n.Servers[0].Name, strings.Repeat(n.Servers[0].Name, 5)
	if _, err := s.Deliver(t.Context(), sinktest.Wrap(n, 1), ""); err != nil {
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
