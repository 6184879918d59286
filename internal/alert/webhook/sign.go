package webhook

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// maxKeys is how many secrets may sign at once: the old and the new one, and
// room for somebody who rotates twice.
const maxKeys = 4

// Why a secret cannot be used. None of the texts holds a part of it.
var (
	errNoSecret   = errors.New("a webhook needs a secret: whsec_ and 24 to 64 random bytes as base64")
	errManyKeys   = errors.New("a webhook has at most 4 secrets")
	errSecretForm = errors.New("the secret is neither whsec_ nor whsk_ with standard base64 behind it")
	errSecretSize = errors.New("a whsec_ secret has 24 to 64 bytes, before base64")
	errKeySize    = errors.New("a whsk_ key is an ed25519 seed of 32 bytes or a private key of 64 bytes, before base64")
	errKeyParts   = errors.New("the two halves of the whsk_ key do not belong together")
)

// key signs what is sent. One of the two is set.
type key struct {
	shared  []byte             // v1, HMAC-SHA256
	private ed25519.PrivateKey // v1a
}

// parseKeys reads secrets as Standard Webhooks spells them (Signature scheme):
// whsec_ for shared ones, whsk_ for private keys.
func parseKeys(secrets []uptime.Secret) ([]key, error) {
	if len(secrets) == 0 {
		return nil, errNoSecret
	}
	if len(secrets) > maxKeys {
		return nil, errManyKeys
	}
	keys := make([]key, len(secrets))
	for i, s := range secrets {
		var err error
		if keys[i], err = parseKey(s.Reveal()); err != nil {
			return nil, fmt.Errorf("reading the webhook's secret %d of %d: %w", i+1, len(secrets), err)
		}
	}
	return keys, nil
}

func parseKey(text string) (key, error) {
	if rest, ok := strings.CutPrefix(text, "whsec_"); ok {
		raw, err := base64.StdEncoding.DecodeString(rest)
		if err != nil {
			return key{}, errSecretForm // err says where, which is of no use
		}
		if len(raw) < 24 || len(raw) > 64 {
			return key{}, errSecretSize
		}
		return key{shared: raw}, nil
	}
	rest, ok := strings.CutPrefix(text, "whsk_")
	raw, err := base64.StdEncoding.DecodeString(rest)
	if !ok || err != nil {
		return key{}, errSecretForm
	}
	return privateKey(raw)
}

func privateKey(raw []byte) (key, error) {
	switch len(raw) {
	case ed25519.SeedSize:
		return key{private: ed25519.NewKeyFromSeed(raw)}, nil
	case ed25519.PrivateKeySize:
		private := ed25519.NewKeyFromSeed(raw[:ed25519.SeedSize])
		if !private.Equal(ed25519.PrivateKey(raw)) {
			return key{}, errKeyParts
		}
		return key{private: private}, nil
	}
	return key{}, errKeySize
}

// sign returns the value of webhook-signature: a signature by each key of what
// was said, when and under which id, with spaces between.
func sign(keys []key, id string, at time.Time, body []byte) string {
	text := append([]byte(id+"."+strconv.FormatInt(at.Unix(), 10)+"."), body...)
	list := make([]string, len(keys))
	for i, k := range keys {
		list[i] = k.sign(text)
	}
	return strings.Join(list, " ")
}

func (k key) sign(text []byte) string {
	if k.private != nil {
		return "v1a," + base64.StdEncoding.EncodeToString(ed25519.Sign(k.private, text))
	}
	mac := hmac.New(sha256.New, k.shared)
	mac.Write(text)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// PublicKeys returns the whpk_ keys that receivers verify v1a signatures with,
// in the order of the secrets; none for shared secrets.
func (s *Sink) PublicKeys() []string {
	var out []string
	for _, k := range s.keys {
		if k.private != nil {
			public, _ := k.private.Public().(ed25519.PublicKey)
			out = append(out, "whpk_"+base64.StdEncoding.EncodeToString(public))
		}
	}
	return out
}
