package telegram_test

import (
	"testing"

	"github.com/alivemcp/alivemcp/internal/alert/sinktest"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestLook(t *testing.T) {
	b := newBot(t)
	for _, test := range []struct {
		reply      sinktest.Reply
		well, gone bool
	}{
		{sinktest.Accept(200, `{"ok":true,"result":{"id":-100123,"type":"supergroup"}}`), true, false},
		{refuse(400, "Bad Request: group chat was upgraded to a supergroup chat", `"migrate_to_chat_id":-100999`), true, false},
		{refuse(400, "Bad Request: chat not found", ""), false, true},
		{refuse(401, "Unauthorized", ""), false, true},
		{sinktest.Accept(502, "bad gateway"), false, false},
	} {
		b.Script(test.reply)
		err := b.sink(t, b.chat).Look(t.Context())
		if (err == nil) != test.well || err != nil && uptime.RefusalOf(err).Gone != test.gone {
			t.Errorf("%s: %v", test.reply.Body, err)
		}
		if r := b.Last(t); r.Path != "/bot"+token+"/getChat" || string(r.Body) != `{"chat_id":"-100123"}` {
			t.Errorf("it asked %s with %s", r.Path, r.Body)
		}
	}
	if len(b.messages) != 0 {
		t.Error("somebody saw it")
	}
}
