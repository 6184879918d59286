package jsm_test

import (
	"strings"
	"testing"

	"github.com/alivemcp/alivemcp/internal/alert/sinktest"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestLook(t *testing.T) {
	sink, _, service := start(t)
	for status, want := range map[int]struct{ well, gone bool }{202: {true, false}, 404: {true, false}, 401: {false, true}, 503: {false, false}} {
		service.Script(sinktest.Accept(status, "{}"))
		err := sink.Look(t.Context())
		if (err == nil) != want.well || err != nil && uptime.RefusalOf(err).Gone != want.gone {
			t.Errorf("%d: %v", status, err)
		}
		if r := service.Last(t); !strings.HasSuffix(r.Path, "/alivemcp-look/close") {
			t.Errorf("it asked %s", r.Path)
		}
	}
}
