package registry

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Cache keeps what was read, so that it need not be asked for again. It may lose
// anything at any time: that costs a request, and nothing else.
type Cache interface {
	// Get returns what was put last under a key, and when.
	Get(ctx context.Context, key string) (value []byte, at time.Time, ok bool)
	Put(ctx context.Context, key string, value []byte)
}

// noCache remembers nothing.
type noCache struct{}

func (noCache) Get(context.Context, string) ([]byte, time.Time, bool) { return nil, time.Time{}, false }

func (noCache) Put(context.Context, string, []byte) {}

// Dir is a Cache of files in a directory. It is safe for concurrent use.
type Dir struct{ path string }

// NewDir returns a cache in a directory, which is made when it is needed.
func NewDir(path string) *Dir { return &Dir{path: path} }

// maxKept is how long a value may be, in bytes.
const maxKept = 8 << 20

func (d *Dir) file(key string) string {
	sum := sha256.Sum256([]byte(key))
	name := hex.EncodeToString(sum[:16])
	return filepath.Join(d.path, name[:2], name[2:])
}

// Get implements Cache.
func (d *Dir) Get(_ context.Context, key string) (value []byte, at time.Time, ok bool) {
	raw, err := os.ReadFile(d.file(key))
	if err != nil || len(raw) < 8 {
		return nil, time.Time{}, false
	}
	return raw[8:], time.Unix(0, int64(binary.BigEndian.Uint64(raw))), true //nolint:gosec // written by Put
}

// Put implements Cache. What is longer than 8 MiB, or cannot be written, is not
// kept.
func (d *Dir) Put(_ context.Context, key string, value []byte) {
	if len(value) > maxKept {
		return
	}
	path := d.file(key)
	raw := binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(value)), uint64(time.Now().UnixNano())) //nolint:gosec // after 1970
	if os.MkdirAll(filepath.Dir(path), 0o700) != nil {
		return
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "new-*")
	if err != nil {
		return
	}
	_, err = tmp.Write(append(raw, value...))
	if tmp.Close() != nil || err != nil || os.Rename(tmp.Name(), path) != nil {
		_ = os.Remove(tmp.Name()) // a rest is swept later
	}
}

// Sweep removes what was put before a time, and the oldest of what is more than so
// many bytes together.
func (d *Dir) Sweep(before time.Time, most int64) error {
	var kept []fs.FileInfo
	paths := map[fs.FileInfo]string{}
	err := filepath.WalkDir(d.path, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		switch {
		case err != nil:
			return err
		case info.ModTime().Before(before):
			return os.Remove(path)
		}
		kept = append(kept, info)
		paths[info] = path
		return nil
	})
	if os.IsNotExist(err) {
		return nil
	}
	slices.SortFunc(kept, func(a, b fs.FileInfo) int { return b.ModTime().Compare(a.ModTime()) })
	for _, info := range kept {
		if most -= info.Size(); most < 0 && err == nil {
			err = os.Remove(paths[info])
		}
	}
	return err
}
