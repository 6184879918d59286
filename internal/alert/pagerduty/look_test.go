package pagerduty_test

import (
	"testing"

	"github.com/alivemcp/alivemcp/internal/alert/sinktest"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestLook(t *testing.T) {
	sink, fake, service := start(t)
	if err := sink.Look(t.Context()); err != nil || len(service.Requests()) != 1 || fake.last.Action != "resolve" || len(fake.change) != 0 {
		t.Errorf("looking: %v, it sent %+v", err, fake.last)
	}
	for body, gone := range map[string]bool{`{"errors":["Invalid routing key"]}`: true, "busy": false} {
		status := map[bool]int{true: 400, false: 503}[gone]
		service.Script(sinktest.Accept(status, body))
		if err := sink.Look(t.Context()); err == nil || uptime.RefusalOf(err).Gone != gone {
			t.Errorf("%s: %v", body, err)
		}
	}
}
