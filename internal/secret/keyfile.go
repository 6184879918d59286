package secret

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// keyBytes is the length of every key: AES-256.
const keyBytes = 32

// maxKeyFile bounds what is read of a key file, in bytes.
const maxKeyFile = 4 << 10

// Beside the key file, while the key is replaced.
const (
	oldSuffix = ".old" // the former key, until nothing is wrapped by it
	newSuffix = ".new" // the next key, until it takes the place
)

// readKeyFile returns the key in a file. fs.ErrNotExist means that there is
// none, uptime.ErrForbidden that others may read it, uptime.ErrInvalid that it
// holds no key.
func readKeyFile(path string) (w wrapper, err error) {
	f, err := os.Open(path)
	if err != nil {
		return wrapper{}, fmt.Errorf("reading the key file: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return wrapper{}, fmt.Errorf("reading the key file: %w", err)
	}
	// Windows has no such permissions; what it reports means nothing.
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return wrapper{}, fmt.Errorf("%w: the key file %s can be read by others (mode %o): run chmod 600 on it, and replace the key",
			uptime.ErrForbidden, path, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile))
	if err != nil {
		return wrapper{}, fmt.Errorf("reading the key file: %w", err)
	}
	return parseKey(path, text)
}

func parseKey(path string, text []byte) (wrapper, error) {
	key, err := base64.StdEncoding.DecodeString(string(bytes.TrimSpace(text)))
	if err != nil || len(key) != keyBytes { // the decoder's error quotes what it read
		return wrapper{}, fmt.Errorf("%w: the key file %s does not hold %d bytes in base64: restore it from your backup of it",
			uptime.ErrInvalid, path, keyBytes)
	}
	return newWrapper(key)
}

// createKeyFile makes a key file that only its owner can read, durably, and not
// over another: fs.ErrExist means that there is one.
func createKeyFile(path string) error {
	key := make([]byte, keyBytes)
	_, _ = rand.Read(key) // never fails
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("creating the key file: %w", err)
	}
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(key) + "\n")
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("writing the key file: %w", err), os.Remove(path))
	}
	return nil
}

// firstKeyFile makes the key file when there is none. It appears whole or not
// at all.
func firstKeyFile(path string) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil // readKeyFile says what is wrong with it
	}
	fresh, err := freshKeyFile(path)
	if err != nil {
		return err
	}
	if err := os.Link(fresh, path); err != nil && !errors.Is(err, fs.ErrExist) {
		return errors.Join(fmt.Errorf("creating the key file: %w", err), os.Remove(fresh))
	}
	if err := os.Remove(fresh); err != nil {
		return fmt.Errorf("creating the key file: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

// freshKeyFile makes a new key in a file of its own beside another.
func freshKeyFile(path string) (string, error) {
	fresh := path + newSuffix
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("removing a key that was never used: %w", err)
	}
	return fresh, createKeyFile(fresh)
}

// replaceKeyFile puts a new key into the place of the one in use, which it keeps
// aside. Killed at any moment, it leaves the key in use at path or aside.
func replaceKeyFile(path string) error {
	fresh, err := freshKeyFile(path)
	if err != nil {
		return err
	}
	if err := os.Link(path, path+oldSuffix); err != nil {
		return fmt.Errorf("keeping the former key: %w", err)
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return err
	}
	if err := os.Rename(fresh, path); err != nil {
		return fmt.Errorf("replacing the key file: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

// dropOld removes the former key.
func dropOld(path string) error {
	if err := os.Remove(path + oldSuffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the former key: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

// syncDir waits until the names in a directory are on the disk. Systems that
// cannot do that do it by themselves.
func syncDir(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("syncing the directory of the key file: %w", err)
	}
	_ = f.Sync() // not every system can sync a directory
	return f.Close()
}
