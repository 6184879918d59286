package secret

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// version begins everything that is sealed or signed.
const version = 1

const (
	idBytes = 4 // of the id of a key: which key it was, not what it is
	// overhead is what a sealed value is longer than its plaintext.
	overhead = 1 + idBytes + 12 + 16
	// maxPlain bounds what is sealed, in bytes.
	maxPlain = 1 << 20
)

// box seals values with one key.
type box struct {
	id   [idBytes]byte
	aead cipher.AEAD
}

// newBox derives a box from a key; what names its use.
func newBox(key []byte, what string) (box, error) {
	derived, err := derive(key, what)
	if err != nil {
		return box{}, err
	}
	block, err := aes.NewCipher(derived)
	if err != nil {
		return box{}, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return box{}, err
	}
	id, err := derive(key, what+" id")
	return box{id: [idBytes]byte(id), aead: aead}, err
}

// derive returns a key for one use of a key (HKDF-SHA256, RFC 5869).
func derive(key []byte, what string) ([]byte, error) {
	return hkdf.Key(sha256.New, key, nil, "alivemcp "+what, keyBytes)
}

// seal returns the sealed form of a value, which opens with the same additional
// data only.
func (b *box) seal(plain, data []byte) []byte {
	out := make([]byte, 0, overhead+len(plain))
	out = append(append(out, version), b.id[:]...)
	return b.aead.Seal(out, nil, plain, data)
}

// open returns the value. uptime.ErrInvalid means that it was sealed by another
// key, for another place, or was changed.
func (b *box) open(sealed, data []byte) ([]byte, error) {
	switch {
	case len(sealed) < overhead || len(sealed) > maxPlain+overhead:
		return nil, fmt.Errorf("%w: a sealed value of %d bytes", uptime.ErrInvalid, len(sealed))
	case sealed[0] != version:
		return nil, fmt.Errorf("%w: a sealed value of version %d", uptime.ErrInvalid, sealed[0])
	case !b.made(sealed):
		return nil, fmt.Errorf("%w: sealed with another key", uptime.ErrInvalid)
	}
	plain, err := b.aead.Open(nil, nil, sealed[1+idBytes:], data)
	if err != nil {
		return nil, fmt.Errorf("%w: the sealed value was changed, or was sealed for another place", uptime.ErrInvalid)
	}
	return plain, nil
}

// made reports whether a sealed value says that this key made it.
func (b *box) made(sealed []byte) bool {
	return len(sealed) >= overhead && bytes.Equal(sealed[1:1+idBytes], b.id[:])
}

// joined are texts as one, from which they can be told apart again.
func joined(texts ...string) []byte {
	var out []byte
	for _, t := range texts {
		out = append(binary.AppendUvarint(out, uint64(len(t))), t...)
	}
	return out
}

// wrapper wraps data keys by the key of a file.
type wrapper struct{ box }

func newWrapper(key []byte) (wrapper, error) {
	b, err := newBox(key, "wrap")
	return wrapper{b}, err
}

func (w *wrapper) wrap(tenant uptime.TenantID, key []byte) []byte {
	return w.seal(key, joined("data key", string(tenant)))
}

func (w *wrapper) unwrap(tenant uptime.TenantID, wrapped []byte) ([]byte, error) {
	return w.open(wrapped, joined("data key", string(tenant)))
}
