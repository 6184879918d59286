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
type named struct {
	slug, name string
	// threads told of it, or began with it.
	threads []uptime.AlertKey
}

// in reports whether a text names the server. The others are names of servers
// that the text may speak of: "Search EU" does not name "Search".
func (n named) in(text string, others []string) bool {
	for _, other := range others {
		if other != n.name && strings.Contains(other, n.name) {
			text = strings.ReplaceAll(text, other, "")
		}
	}
	return hasWord(text, n.slug, inSlug) || hasWord(text, n.name, inWord)
}

// hasWord reports whether a word stands in a text, with nothing beside it that
// belongs to words.
func hasWord(text, word string, belongs func(rune) bool) bool {
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
		if !belongs(last) && !belongs(next) {
			return true
		}
	}
}

func inWord(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// inSlug is for slugs, which stand in addresses: weather is not weather-eu.
func inSlug(r rune) bool { return inWord(r) || r == '-' || r == '_' }

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
	who.threads = gone
	threads, err := list(ctx, tx, scanBody[uptime.Thread], `
		SELECT body FROM threads WHERE tenant = ?1 AND key IN (SELECT thread FROM thread_members WHERE tenant = ?1 AND server = ?2)`, tenant, num)
	if err != nil {
		return err
	}
	for i := range threads {
		who.threads = append(who.threads, threads[i].Key)
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

// eraseDecisions removes the decisions that name this server about others that
// shared a thread with it: elsewhere the same words mean something else.
func eraseDecisions(ctx context.Context, tx *sql.Tx, tenant uptime.TenantID, who named) error {
	type key struct {
		alert      uptime.AlertKey
		at, digest int64
	}
	var found []key
	others, err := otherNames(ctx, tx, tenant, who)
	if err != nil {
		return err
	}
	err = forEach(ctx, tx, func(row scanner) (bool, error) {
		var k key
		var text string
		err := row.Scan(&k.alert, &k.at, &k.digest, &text)
		if who.in(text, others) {
			found = append(found, k)
		}
		return true, err
	}, `
		SELECT alert, at, digest, text FROM decisions
		WHERE tenant = ?1 AND (instr(text, ?2) > 0 OR ?3 <> '' AND instr(text, ?3) > 0)
		AND alert IN (SELECT alert FROM thread_members WHERE tenant = ?1 AND thread IN (SELECT value FROM json_each(?4)))`, tenant, who.slug, who.name, keys(who.threads))
	if err != nil {
		return err
	}
	return putAll(ctx, tx, found, `DELETE FROM decisions WHERE tenant = ? AND alert = ? AND at = ? AND digest = ?`,
		func(k *key) []any { return []any{tenant, k.alert, k.at, k.digest} })
}

// otherNames are the names of servers that hold this one's.
func otherNames(ctx context.Context, db rows, tenant uptime.TenantID, who named) ([]string, error) {
	return list(ctx, db, value[string],
		`SELECT name FROM servers WHERE tenant = ?1 AND ?2 <> '' AND name <> ?2 AND instr(name, ?2) > 0`, tenant, who.name)
}

// eraseNotices takes a server out of the notices that told of it: of its threads,
// and of those that list it, as digests do. Those that were told are forgotten,
// those that wait are told without it.
func eraseNotices(ctx context.Context, tx *sql.Tx, tenant uptime.TenantID, who named) error {
	others, err := otherNames(ctx, tx, tenant, who)
	if err != nil {
		return err
	}
	found, err := list(ctx, tx, scanDelivery, selectDeliveries+`
		WHERE d.tenant = ?1 AND (d.thread IN (SELECT value FROM json_each(?2)) OR instr(d.notice, ?3) > 0)`,
		tenant, keys(who.threads), `"slug":"`+inJSON(who.slug)+`"`)
	if err != nil {
		return err
	}
	for i := range found {
		if err := eraseNotice(ctx, tx, &found[i], who, others); err != nil {
			return err
		}
	}
	return nil
}

func eraseNotice(ctx context.Context, tx *sql.Tx, d *uptime.Delivery, who named, others []string) error {
	notice, changed := without(d.Notice, who, others)
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

// removed is told in place of what named a server.
const removed = "This told of a server that has been removed."

// without is a notice that does not mention a server, and whether it did. One
// that told of this server alone says nothing of it any more, whatever its name
// was then.
func without(n uptime.Notice, who named, others []string) (out uptime.Notice, changed bool) {
	left := make([]uptime.NoticeServer, 0, len(n.Servers))
	for _, s := range n.Servers {
		if s.Slug != who.slug {
			left = append(left, s)
			continue
		}
		changed = true
		n.Total = max(n.Total-1, 0)
		if s.State != "recovered" {
			n.Failing = max(n.Failing-1, 0)
		}
	}
	n.Servers = left
	alone := changed && len(left) == 0
	for _, text := range []*string{&n.Title, &n.Summary, &n.FirstStep} {
		if *text != "" && (alone || who.in(*text, others)) {
			*text, changed = removed, true
		}
	}
	for _, link := range []*string{&n.StatusPage, &n.RunbookURL} {
		if *link != "" && (alone || who.in(*link, nil)) {
			*link, changed = "", true
		}
	}
	return n, changed
}
