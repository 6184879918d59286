package secret

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// ErrExpired means that a token was good once. It is an uptime.ErrForbidden.
var ErrExpired = fmt.Errorf("%w: the link has expired", uptime.ErrForbidden)

const (
	macBytes = sha256.Size
	// maxPayload bounds what a token says, maxTenant the name of its tenant, in
	// bytes: a link stays below 2,000 characters.
	maxPayload = 1024
	maxTenant  = 200
	maxToken   = (1 + 8 + 1 + maxTenant + maxPayload + macBytes + 2) / 3 * 4
)

// Token returns a text for links that Check believes until it expires; a zero
// time is never. Whoever has it can read the payload, of at most 1 KiB. It is
//
//	base64url(version 1 | expiry, Unix seconds, 8 bytes | length and name of the tenant | payload | HMAC-SHA256)
func (k *Keyring) Token(ctx context.Context, tenant uptime.TenantID, purpose string, payload []byte, expires time.Time) (string, error) {
	if len(payload) > maxPayload || len(tenant) > maxTenant {
		return "", fmt.Errorf("%w: a token for %d bytes", uptime.ErrInvalid, len(payload))
	}
	keys, err := k.ensured(ctx, tenant)
	if err != nil {
		return "", err
	}
	var until uint64
	if !expires.IsZero() {
		until = uint64(max(expires.Unix(), 1))
	}
	body := binary.BigEndian.AppendUint64([]byte{version}, until)
	body = append(body, byte(len(tenant)))
	body = append(append(body, tenant...), payload...)
	return base64.RawURLEncoding.EncodeToString(append(body, keys.mac(purpose, body)...)), nil
}

func (k *tenantKeys) mac(purpose string, body []byte) []byte {
	mac := hmac.New(sha256.New, k.sign)
	_, _ = mac.Write(joined("token", purpose, string(body))) // a hash takes everything
	return mac.Sum(nil)
}

// Check returns what a token of this purpose says, and whose it is. ErrExpired
// means that it was good once, uptime.ErrForbidden that it never was; any other
// error is ours.
func (k *Keyring) Check(ctx context.Context, purpose, token string, now time.Time) (uptime.TenantID, []byte, error) {
	t, err := parseToken(token)
	if err != nil {
		return "", nil, err
	}
	keys, err := k.of(ctx, t.tenant)
	if errors.Is(err, uptime.ErrNotFound) {
		return "", nil, errToken()
	}
	if err != nil {
		return "", nil, err
	}
	if !hmac.Equal(t.mac, keys.mac(purpose, t.body)) {
		return "", nil, errToken()
	}
	if t.until != 0 && (now.Unix() < 0 || uint64(now.Unix()) >= t.until) {
		return "", nil, ErrExpired
	}
	return t.tenant, t.payload, nil
}

// errToken says the same of every bad token: why it is bad helps nobody else.
func errToken() error { return fmt.Errorf("%w: the link is not valid", uptime.ErrForbidden) }

// parsed is a token that nobody believes yet.
type parsed struct {
	body    []byte // what is signed
	until   uint64
	tenant  uptime.TenantID
	payload []byte
	mac     []byte
}

func parseToken(token string) (parsed, error) {
	if len(token) > maxToken {
		return parsed{}, errToken()
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(token)
	const least = 1 + 8 + 1 + macBytes
	if err != nil || len(data) < least || data[0] != version || len(data) < least+int(data[9]) {
		return parsed{}, errToken()
	}
	body, mac := data[:len(data)-macBytes], data[len(data)-macBytes:]
	end := 10 + int(body[9])
	return parsed{
		body: body, until: binary.BigEndian.Uint64(body[1:]), tenant: uptime.TenantID(body[10:end]), payload: body[end:], mac: mac,
	}, nil
}
