package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// named is a server as texts name it.
type named struct{ slug, name string }

// in reports whether a text names the server, as words of their own.
func (n named) in(text string) bool { return hasWord(text, n.slug) || hasWord(text, n.name) }

// hasWord reports whether a word stands in a text, with no letter or digit
// beside it.
func hasWord(text, word string) bool {
	if word == "" {
		return false
	}
	for at := 0; ; at++ {
		found := strings.Index(text[at:], word)
		if found < 0 {
			return false
		}
		at += found
		last, _ := utf8.DecodeLastRuneInString(text[:at])
		next, _ := utf8.DecodeRuneInString(text[at+len(word):])
		if !inWord(last) && !inWord(next) {
			return true
		}
	}
}

func inWord(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// eraseAlerting takes a server out of what was, or is to be, told: out of the
// threads that other servers are in too, and with the threads that were about
// it alone. What eraseRows removes by the server column is left to it.
func eraseAlerting(ctx context.Context, tx *sql.Tx, tenant uptime.TenantID, num int64) error {
	who, err := one(ctx, tx, func(row scanner) (n named, err error) {
		err = row.Scan(&n.slug, &n.name)
		return n, err
	}, `SELECT slug, name FROM servers WHERE num = ?`, num)
	if err != nil {
		return err
	}
	gone, err := list(ctx, tx, value[uptime.AlertKey], `SELECT key FROM alerts WHERE tenant = ? AND server = ?`, tenant, num)
	if err != nil {
		return err
	}
	threads, err := list(ctx, tx, scanBody[uptime.Thread], `
		SELECT body FROM threads WHERE tenant = ?1 AND key IN (SELECT thread FROM thread_members WHERE tenant = ?1 AND server = ?2)`, tenant, num)
	if err != nil {
		return err
	}
	for i := range threads {
		if err := leaveThread(ctx, tx, &threads[i], gone); err != nil {
			return err
		}
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM silences WHERE tenant = ? AND alert IN (SELECT value FROM json_each(?))`, tenant, keys(gone)); err != nil {
		return err
	}
	if err := eraseDecisions(ctx, tx, tenant, who); err != nil {
		return err
	}
	return eraseNotices(ctx, tx, tenant, who)
}

// leaveThread takes alerts out of a thread, which goes when it has no others.
// What the first alert stood for, the first that is left stands for.
func leaveThread(ctx context.Context, tx *sql.Tx, t *uptime.Thread, gone []uptime.AlertKey) error {
	t.Members = slices.DeleteFunc(t.Members, func(k uptime.AlertKey) bool { return slices.Contains(gone, k) })
	if len(t.Members) == 0 {
		_, err := tx.ExecContext(ctx, `DELETE FROM threads WHERE tenant = ? AND key = ?`, t.Tenant, t.Key)
		return err
	}
	first, err := alert(ctx, tx, t.Tenant, t.Members[0])
	if err != nil {
		return err
	}
	t.Server, t.Reason, t.Cause, t.Host, t.Platform = first.Server, first.Reason, first.Cause, first.Host, first.Platform
	body, err := encoded(t)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE threads SET body = ? WHERE tenant = ? AND key = ?`, body, t.Tenant, t.Key)
	return err
}

// eraseDecisions removes the decisions about other servers that name this one.
func eraseDecisions(ctx context.Context, tx *sql.Tx, tenant uptime.TenantID, who named) error {
	type key struct {
		alert      uptime.AlertKey
		at, digest int64
	}
	var found []key
	err := forEach(ctx, tx, func(row scanner) (bool, error) {
		var k key
		var text string
		err := row.Scan(&k.alert, &k.at, &k.digest, &text)
		if who.in(text) {
			found = append(found, k)
		}
		return true, err
	}, `
		SELECT alert, at, digest, text FROM decisions
		WHERE tenant = ?1 AND (instr(text, ?2) > 0 OR ?3 <> '' AND instr(text, ?3) > 0)`, tenant, who.slug, who.name)
	if err != nil {
		return err
	}
	return putAll(ctx, tx, found, `DELETE FROM decisions WHERE tenant = ? AND alert = ? AND at = ? AND digest = ?`,
		func(k *key) []any { return []any{tenant, k.alert, k.at, k.digest} })
}

// eraseNotices takes a server out of the notices of other threads: those that
// were told are forgotten, those that wait are told without it.
func eraseNotices(ctx context.Context, tx *sql.Tx, tenant uptime.TenantID, who named) error {
	found, err := list(ctx, tx, scanDelivery, selectDeliveries+`
		WHERE d.tenant = ?1 AND (instr(d.notice, ?2) > 0 OR ?3 <> '' AND instr(d.notice, ?3) > 0)`, tenant, inJSON(who.slug), inJSON(who.name))
	if err != nil {
		return err
	}
	for i := range found {
		if err := eraseNotice(ctx, tx, &found[i], who); err != nil {
			return err
		}
	}
	return nil
}

func eraseNotice(ctx context.Context, tx *sql.Tx, d *uptime.Delivery, who named) error {
	notice, changed := without(d.Notice, who)
	switch {
	case !changed:
		return nil
	case d.State == uptime.DeliveryWaiting:
		return putNotice(ctx, tx, d.ID, notice)
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM deliveries WHERE id = ?`, d.ID)
	return err
}

// inJSON is a text as it stands inside a JSON string.
func inJSON(text string) string {
	quoted, _ := json.Marshal(text) // a string always marshals
	return string(quoted[1 : len(quoted)-1])
}

func putNotice(ctx context.Context, tx *sql.Tx, id uptime.DeliveryID, n uptime.Notice) error {
	notice, err := encoded(n)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE deliveries SET notice = ? WHERE id = ?`, notice, id)
	return err
}

// without is a notice that does not mention a server, and whether it did.
func without(n uptime.Notice, who named) (out uptime.Notice, changed bool) {
	for i := range n.Servers {
		if n.Servers[i].Slug != who.slug {
			continue
		}
		n.Total = max(n.Total-1, 0)
		if n.Servers[i].State != "recovered" {
			n.Failing = max(n.Failing-1, 0)
		}
		changed = true
	}
	n.Servers = slices.DeleteFunc(n.Servers, func(s uptime.NoticeServer) bool { return s.Slug == who.slug })
	for _, text := range []*string{&n.Title, &n.Summary, &n.FirstStep} {
		if who.in(*text) {
			*text, changed = "This told of a server that has been removed.", true
		}
	}
	for _, link := range []*string{&n.StatusPage, &n.RunbookURL} {
		if who.in(*link) {
			*link, changed = "", true
		}
	}
	return n, changed
}
