package slack_test

import (
	"testing"

	"github.com/alivemcp/alivemcp/internal/alert/sinktest"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestLook(t *testing.T) {
	w := newWorkspace(t)
	for _, test := range []struct {
		reply      sinktest.Reply
		well, gone bool
	}{
		{sinktest.Accept(200, `{"ok":true,"team":"T","url":"https://x.example/"}`), true, false},
		{refuse("token_revoked"), false, true},
		{refuse("internal_error"), false, false},
		{sinktest.TooMany("30", ""), false, false},
	} {
		w.Script(test.reply)
		err := w.app(t).Look(t.Context())
		if (err == nil) != test.well || err != nil && uptime.RefusalOf(err).Gone != test.gone {
			t.Errorf("%s: %v", test.reply.Body, err)
		}
		if r := w.Last(t); r.Path != "/auth.test" || r.Header.Get("Authorization") != "Bearer "+token {
			t.Errorf("it asked %s", r.Path)
		}
	}
	if len(w.messages) != 0 {
		t.Error("somebody saw it")
	}
}
