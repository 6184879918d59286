package app

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/alivemcp/alivemcp/internal/endpoint"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Bounds of a file of published tokens, and of one token, in bytes and rows.
const (
	maxTokensFile = 4 << 20
	maxTokensRows = 10_000
	maxToken      = 8 << 10
)

// Tokens are published tokens by the endpoints that they are for. The zero value
// is none. They are kept in memory alone.
type Tokens struct {
	name string // of the file
	rows []tokenRow
	of   map[uptime.EndpointKey]*tokenRow
}

// tokenRow is a line of the file.
type tokenRow struct {
	line int
	keys []uptime.EndpointKey // those that its address may have
	cred uptime.Credential
}

// ReadTokens reads a CSV file with the columns url or endpoint, and token or
// header and value; others, such as where a token was published, are for people.
// resolve turns what is written for a secret, such as env:NAME, into the secret. No
// error repeats what stands in the file.
func ReadTokens(name string, resolve func(string) (uptime.Secret, error)) (Tokens, error) {
	t := Tokens{name: filepath.Base(name), of: map[uptime.EndpointKey]*tokenRow{}}
	f, err := os.Open(name) // #nosec G304 -- the operator names the file
	if err != nil {
		return t, fmt.Errorf("reading the published tokens: %w", err)
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, maxTokensFile+1))
	switch {
	case err != nil:
	case len(data) > maxTokensFile:
		err = fmt.Errorf("%w: it is larger than %d bytes", uptime.ErrInvalid, maxTokensFile)
	default:
		err = t.parse(strings.TrimPrefix(string(data), "\ufeff"), resolve)
	}
	if err != nil {
		return Tokens{}, fmt.Errorf("reading the published tokens of %s: %w", t.name, err)
	}
	return t, nil
}

func (t *Tokens) parse(text string, resolve func(string) (uptime.Secret, error)) error {
	rows := csv.NewReader(strings.NewReader(text))
	head, err := rows.Read()
	if err != nil {
		return fmt.Errorf("its first line, which must name the columns: %w", err)
	}
	at := map[string]int{}
	for i, column := range head {
		at[strings.ToLower(strings.TrimSpace(column))] = i
	}
	for {
		row, err := rows.Read()
		switch {
		case errors.Is(err, io.EOF):
			return t.index()
		case err != nil:
			return err
		case len(t.rows) == maxTokensRows:
			return fmt.Errorf("%w: it has more than %d rows", uptime.ErrInvalid, maxTokensRows)
		}
		line, _ := rows.FieldPos(0)
		one, err := readToken(func(column string) string {
			if i, ok := at[column]; ok {
				return strings.TrimSpace(row[i])
			}
			return ""
		}, resolve)
		if err != nil {
			return fmt.Errorf("line %d: %w", line, err)
		}
		one.line = line
		t.rows = append(t.rows, one)
	}
}

// readToken reads a line.
func readToken(cell func(string) string, resolve func(string) (uptime.Secret, error)) (row tokenRow, err error) {
	if row.keys, err = keysOf(cell("url"), cell("endpoint")); err != nil {
		return row, err
	}
	bearer, header, value := cell("token"), cell("header"), cell("value")
	row.cred = uptime.Credential{Kind: uptime.CredentialBearer}
	switch {
	case bearer != "" && header == "" && value == "":
	case bearer == "" && header != "" && value != "":
		row.cred = uptime.Credential{Kind: uptime.CredentialHeader, Header: header}
	default:
		return row, fmt.Errorf("%w: want either a token, or a header and its value; the first line names the columns, such as url,token,header,value", uptime.ErrInvalid)
	}
	if row.cred.Token, err = resolve(cmp.Or(bearer, value)); err != nil {
		return row, err
	}
	return row, checkToken(&row.cred)
}

// keyForm is how endpoints are called.
var keyForm = regexp.MustCompile(`^ep_[0-9a-f]{20}$`)

// keysOf returns the keys of an address: one for each transport, because what the
// registries say of it is not known here.
func keysOf(url, key string) ([]uptime.EndpointKey, error) {
	switch {
	case (url == "") == (key == ""):
		return nil, fmt.Errorf("%w: want the url of an endpoint, or its key in the column endpoint", uptime.ErrInvalid)
	case url == "" && !keyForm.MatchString(key):
		return nil, fmt.Errorf("%w: the key of an endpoint is ep_ and 20 hexadecimal digits, as alivemcp audit classify --format csv shows", uptime.ErrInvalid)
	case url == "":
		return []uptime.EndpointKey{uptime.EndpointKey(key)}, nil
	}
	var keys []uptime.EndpointKey
	for _, transport := range []uptime.Transport{uptime.StreamableHTTP, uptime.HTTPSSE} {
		e := endpoint.Of(&uptime.Listing{URL: url, Transport: string(transport)})
		if e.Kind != uptime.EndpointRemote && e.Kind != uptime.EndpointLocal {
			return nil, fmt.Errorf("%w: its url is none that can be probed", uptime.ErrInvalid)
		}
		keys = append(keys, e.Key)
	}
	return keys, nil
}

// fieldName is a field name of RFC 9110, section 5.1.
var fieldName = regexp.MustCompile("^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$")

// checkToken refuses what could not be sent, or would be more than a credential.
func checkToken(c *uptime.Credential) error {
	name := strings.ToLower(c.Header)
	ours := []string{"accept", "connection", "content-length", "content-type", "host", "last-event-id", "transfer-encoding", "user-agent"}
	switch secret := c.Token.Reveal(); {
	case c.Kind == uptime.CredentialHeader && !fieldName.MatchString(name):
		return fmt.Errorf("%w: its header is no name of a header, such as X-API-Key", uptime.ErrInvalid)
	case strings.HasPrefix(name, "mcp-") || slices.Contains(ours, name):
		return fmt.Errorf("%w: its header is one that every request has already", uptime.ErrInvalid)
	case len(secret) > maxToken || strings.ContainsFunc(secret, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return fmt.Errorf("%w: its token is longer than %d bytes, or no line of text", uptime.ErrInvalid, maxToken)
	case c.Kind == uptime.CredentialBearer && strings.HasPrefix(strings.ToLower(secret), "bearer "):
		return fmt.Errorf("%w: its token is written without the word Bearer", uptime.ErrInvalid)
	}
	return nil
}

// index finds rows by endpoint: each may have one token.
func (t *Tokens) index() error {
	for i := range t.rows {
		row := &t.rows[i]
		for _, key := range row.keys {
			if other := t.of[key]; other != nil {
				return fmt.Errorf("%w: lines %d and %d are for the same endpoint; keep one", uptime.ErrInvalid, other.line, row.line)
			}
			t.of[key] = row
		}
	}
	return nil
}

// credential returns an own copy of the token for an endpoint; nil when there is
// none.
func (t *Tokens) credential(key uptime.EndpointKey) *uptime.Credential {
	row := t.of[key]
	if row == nil {
		return nil
	}
	cred := row.cred
	return &cred
}

// mark notes which endpoints have a token.
func (t *Tokens) mark(targets []uptime.AuditTarget) {
	for i := range targets {
		targets[i].Demo = targets[i].Kind == uptime.EndpointRemote && t.of[targets[i].Key] != nil
	}
}

// match compares the tokens with those that a run began with, and returns the
// lines that are for none of its endpoints.
func (t *Tokens) match(ctx context.Context, store *sqlite.Store, run uptime.AuditRunID) (unused []int, err error) {
	left := map[int]bool{}
	for i := range t.rows {
		left[t.rows[i].line] = true
	}
	for after := uptime.EndpointKey(""); ; {
		page, err := store.AuditTargets(ctx, run, after, targetsPage)
		if err != nil || len(page) == 0 {
			return slices.Sorted(maps.Keys(left)), err
		}
		for i := range page {
			row := t.of[page[i].Key]
			if page[i].Demo != (row != nil && page[i].Kind == uptime.EndpointRemote) {
				return nil, fmt.Errorf("%w: the audit %s was begun with published tokens for other endpoints; give the same --tokens to go on", uptime.ErrConflict, run)
			}
			if page[i].Demo {
				delete(left, row.line)
			}
		}
		after = page[len(page)-1].Key
	}
}

// unusedWords says which lines of the file are not used.
func (t *Tokens) unusedWords(lines []int) string {
	const most = 20
	some := make([]string, 0, most)
	for _, n := range lines[:min(len(lines), most)] {
		some = append(some, fmt.Sprint(n))
	}
	words := strings.Join(some, ", ")
	if n := len(lines) - most; n > 0 {
		words += fmt.Sprintf(" and %d more", n)
	}
	if len(lines) == 1 {
		return fmt.Sprintf("line %s of %s is for no endpoint that this audit probes, and is not used", words, t.name)
	}
	return fmt.Sprintf("lines %s of %s are for no endpoint that this audit probes, and are not used", words, t.name)
}
