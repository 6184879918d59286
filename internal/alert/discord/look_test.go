package discord_test

import (
	"net/http"
	"testing"

	"github.com/alivemcp/alivemcp/internal/alert/discord"
	"github.com/alivemcp/alivemcp/internal/alert/sinktest"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestLook(t *testing.T) {
	c := newChannel(t, false)
	s := c.sink(t, discord.Options{})
	for _, test := range []struct {
		reply      sinktest.Reply
		well, gone bool
	}{
		{sinktest.Accept(200, `{"id":"123","token":"x"}`), true, false},
		{refuse(404, 10015), false, true},
		{refuse(401, 50027), false, true},
		{sinktest.Accept(503, "busy"), false, false},
	} {
		c.Script(test.reply)
		err := s.Look(t.Context())
		if (err == nil) != test.well || err != nil && uptime.RefusalOf(err).Gone != test.gone {
			t.Errorf("%d: %v", test.reply.Status, err)
		}
		if r := c.Last(t); r.Method != http.MethodGet || r.Path != hook || len(r.Body) != 0 {
			t.Errorf("it asked %s %s", r.Method, r.Path)
		}
	}
}
