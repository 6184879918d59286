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

// createKeyFile makes a new key in a file, as writeKeyFile does.
func createKeyFile(path string) error {
	key := make([]byte, keyBytes)
	_, _ = rand.Read(key) // never fails
	return writeKeyFile(path, []byte(base64.StdEncoding.EncodeToString(key)+"\n"))
}

// writeKeyFile makes a file that only its owner can read, durably, and not over
// another: fs.ErrExist means that there is one.
func writeKeyFile(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("creating the key file: %w", err)
	}
	_, err = f.Write(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("writing the key file: %w", err), os.Remove(path))
	}
	return nil
}

// firstKeyFile makes the key file when there is none. It appears whole or not
// at all, by link, which is os.Link; where the file system has no hard links, a
// power cut in that very moment leaves a part, which readKeyFile refuses.
func firstKeyFile(path string, link func(from, to string) error) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return nil // readKeyFile says what is wrong with it
	}
	fresh, err := freshKeyFile(path)
	if err != nil {
		return err
	}
	err = link(fresh, path)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		err = createKeyFile(path)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) { // by another that starts
		return errors.Join(err, os.Remove(fresh))
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
	if err := keepAside(path); err != nil {
		return err
	}
	fresh, err := freshKeyFile(path)
	if err != nil {
		return err
	}
	if err := syncDir(filepath.Dir(path)); err != nil {
		return err
	}
	if err := os.Rename(fresh, path); err != nil {
		return fmt.Errorf("replacing the key file: %w", err)
	}
	return syncDir(filepath.Dir(path))
}

// keepAside copies the key in use, which appears there whole or not at all, and
// not over another: without one that is needed still, something could not be
// opened again.
func keepAside(path string) error {
	aside := path + oldSuffix
	if _, err := os.Lstat(aside); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: there is a former key in %s, which another process has put there: start this one again, it finishes what that has begun", uptime.ErrConflict, aside)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("keeping the former key: %w", err)
	}
	partial := aside + newSuffix
	if err := os.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("keeping the former key: %w", err)
	}
	if err := writeKeyFile(partial, text); err != nil {
		return err
	}
	if err := os.Rename(partial, aside); err != nil {
		return fmt.Errorf("keeping the former key: %w", err)
	}
	return nil
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
