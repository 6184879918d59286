package incidentio_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/internal/alert/incidentio"
	"github.com/alivemcp/alivemcp/internal/alert/sinktest"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func start(t *testing.T) (*sinktest.Service, *incidentio.Sink) {
	t.Helper()
	service := sinktest.NewService(t, func(sinktest.Request) sinktest.Reply {
		return sinktest.Accept(202, `{"deduplication_key":"x","message":"Event accepted for processing","status":"success"}`)
	})
	s, err := incidentio.New(incidentio.Options{Client: sinktest.Client(t), Base: service.URL, Source: "01ABC", Token: sinktest.Secret})
	if err != nil {
		t.Fatal(err)
	}
	return service, s
}

func TestLife(t *testing.T) {
	service, s := start(t)
	for _, test := range []struct {
		phase  uptime.NoticePhase
		status string
	}{{uptime.NoticeOpens, "firing"}, {uptime.NoticeChanges, "firing"}, {uptime.NoticeCloses, "resolved"}} {
		if _, err := s.Deliver(t.Context(), sinktest.Wrap(sinktest.Outage(test.phase), 1), ""); err != nil {
			t.Fatal(err)
		}
		r := service.Last(t)
		var got struct{ Status, Title, Key string }
		if err := json.Unmarshal([]byte(strings.Replace(string(r.Body), "deduplication_key", "Key", 1)), &got); err != nil {
			t.Fatal(err)
		}
		if got.Status != test.status || got.Key != "inc_sample_outage" || got.Title == "" {
			t.Errorf("%s: %+v", test.phase, got)
		}
		if r.Path != "/v2/alert_events/http/01ABC" || r.Header.Get("Authorization") != "Bearer "+sinktest.Secret {
			t.Errorf("sent to %s with %v", r.Path, r.Header)
		}
	}
}

// A test fires and is over, so that nobody is called in an hour.
func TestTestIsOver(t *testing.T) {
	service, s := start(t)
	if _, err := s.Deliver(t.Context(), sinktest.Wrap(sinktest.Test(), 1), ""); err != nil {
		t.Fatal(err)
	}
	all := service.Requests()
	if len(all) != 2 || !strings.Contains(string(all[0].Body), `"firing"`) || !strings.Contains(string(all[1].Body), `"resolved"`) {
		t.Errorf("got %d events, the last %s", len(all), service.Last(t).Body)
	}
}

func TestPayloads(t *testing.T) {
	service, s := start(t)
	for _, sample := range sinktest.Samples() {
		if _, err := s.Deliver(t.Context(), &sample.Delivery, ""); err != nil {
			t.Errorf("%s: %v", sample.Name, err)
		}
		body := service.Last(t).Body
		sinktest.CleanJSON(t, body)
		sinktest.Visible(t, body)
		if len(body) > 64<<10 {
			t.Errorf("%s: %d bytes", sample.Name, len(body))
		}
	}
}

func TestRefusal(t *testing.T) {
	service, s := start(t)
	service.Script(sinktest.Accept(401, ""))
	_, err := s.Deliver(t.Context(), sinktest.Wrap(sinktest.Test(), 1), "")
	if r := uptime.RefusalOf(err); !r.Gone || !strings.Contains(r.Reason, "token") {
		t.Errorf("wrong token: %+v", r)
	}
	service.Script(sinktest.Accept(422, ""), sinktest.TooMany("5", ""))
	_, err = s.Deliver(t.Context(), sinktest.Wrap(sinktest.Test(), 1), "")
	if r := uptime.RefusalOf(err); r.Gone || r.Temporary || strings.Contains(r.Reason, "token") {
		t.Errorf("a body that is refused: %+v", r)
	}
	_, err = s.Deliver(t.Context(), sinktest.Wrap(sinktest.Test(), 1), "")
	if r := uptime.RefusalOf(err); !r.Temporary || r.After == 0 {
		t.Errorf("too many: %+v", r)
	}
}

func TestBadOptions(t *testing.T) {
	for _, opt := range []incidentio.Options{{}, {Source: "a/b", Token: "x"}, {Source: "a"}, {Source: "a", Token: "x\ny"}, {Base: "x", Source: "a", Token: "x"}} {
		if _, err := incidentio.New(opt); err == nil {
			t.Errorf("%+v is taken", opt)
		}
	}
}
