package config

import (
	"context"
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// WatchEvery is how often a Watcher looks, when nothing else is said.
const WatchEvery = 2 * time.Second

// A Watcher loads a configuration again when it changes, and keeps the last
// good one. It looks at the content of the file and of every file that it
// names, so that it does not matter how they are replaced: written in place,
// renamed over, or by a symbolic link that turns to another folder, as
// Kubernetes does. It is safe for concurrent use.
type Watcher struct {
	name string
	o    Options

	mu       sync.Mutex
	good     *File
	prints   map[string]fingerprint
	sources  []string // of the last load, good or not
	listing  string   // the files that the patterns of the last load meant
	patterns []string
}

// A fingerprint tells whether a file is the one that was read. The hash is computed
// again only when the rest differs, or is too young to be trusted: two writes
// can fall into one tick of a file system's clock.
type fingerprint struct {
	info os.FileInfo // nil when the file cannot be had
	sum  [sha256.Size]byte
	at   time.Time // when sum was computed
}

// fresh is how close to its computation a modification makes a hash doubtful.
const fresh = 5 * time.Second

// coarse is how far the clock of a file system may lag behind ours.
const coarse = 20 * time.Millisecond

// NewWatcher returns a Watcher of the configuration at name. It reads nothing
// yet.
func NewWatcher(name string, o Options) *Watcher {
	return &Watcher{name: name, o: o, prints: map[string]fingerprint{}}
}

// Load loads the configuration now, changed or not: on start, and when the
// operator asks for it. The file is nil when there is an error among the
// problems; then Current stays what it was.
func (w *Watcher) Load() (*File, Problems) {
	w.mu.Lock()
	defer w.mu.Unlock()
	started := time.Now()
	w.mark(append(w.sources, w.name), time.Time{}) // before: what changes meanwhile differs then
	f, problems, read := load(w.name, w.o)
	w.sources, w.patterns, w.listing = read.sources, read.patterns, listing(read.patterns)
	w.mark(w.sources, started)
	if f != nil {
		w.good = f
	}
	return f, problems
}

// mark takes the fingerprints of files. With a time it takes only those it does
// not have, and none of a file that changed since.
func (w *Watcher) mark(names []string, since time.Time) {
	for _, name := range names {
		before, known := w.prints[name]
		if known && !since.IsZero() {
			continue
		}
		now := printOf(name, before)
		if !since.IsZero() && now.info != nil && now.info.ModTime().After(since.Add(-coarse)) {
			now = fingerprint{}
		}
		w.prints[name] = now
	}
}

// listing is which files patterns mean now.
func listing(patterns []string) string {
	var all []string
	for _, pattern := range patterns {
		names, _ := filepath.Glob(pattern) // a bad pattern was named when it was loaded
		all = append(all, names...)
	}
	return strings.Join(all, "\n")
}

// load is Load, and gives what was read even when it is broken.
func load(name string, o Options) (good *File, problems Problems, read *File) {
	data, err := readBounded(name, maxFile)
	if err != nil {
		return nil, Problems{{File: name, Severity: SeverityError, Message: err.Error()}}, &File{sources: []string{name}}
	}
	read, problems = parse(name, data, o)
	if problems.Broken() {
		return nil, problems, read
	}
	return read, problems, read
}

// Current returns the last configuration that was loaded without errors; nil
// before there was one.
func (w *Watcher) Current() *File {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.good
}

// Run looks every so often, until ctx ends, whether a file has changed; 0 means
// WatchEvery. Then it loads, and calls changed with what Load returned. A file
// that vanished is no change as long as it is away: an editor may be about to
// put the new one there.
func (w *Watcher) Run(ctx context.Context, every time.Duration, changed func(*File, Problems)) error {
	if every <= 0 {
		every = WatchEvery
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			if w.differs() {
				changed(w.Load())
			}
		}
	}
}

// differs reports whether a source has another content than when it was read.
func (w *Watcher) differs() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, err := os.Stat(w.name); err != nil {
		return false
	}
	differs := listing(w.patterns) != w.listing
	for _, name := range w.sources {
		before := w.prints[name]
		now := printOf(name, before)
		if (now.info == nil) != (before.info == nil) || now.sum != before.sum {
			differs = true
		}
		w.prints[name] = now
	}
	return differs
}

// printOf looks at a file anew.
func printOf(name string, before fingerprint) fingerprint {
	info, err := os.Stat(name)
	if err != nil {
		return fingerprint{}
	}
	settled := before.at.Sub(info.ModTime()) > fresh
	if b := before.info; b != nil && settled && os.SameFile(b, info) && b.Size() == info.Size() && b.ModTime().Equal(info.ModTime()) {
		return before
	}
	return fingerprint{info: info, sum: sumOf(name, info), at: time.Now()}
}

// sumOf hashes at most as much of a file as is ever read.
func sumOf(name string, info os.FileInfo) (sum [sha256.Size]byte) {
	if !info.Mode().IsRegular() {
		return sum
	}
	f, err := os.Open(name) // #nosec G304 -- the operator names the file
	if err != nil {
		return sum
	}
	defer func() { _ = f.Close() }()
	h := sha256.New()
	if _, err := io.Copy(h, io.LimitReader(f, maxBaseline+1)); err != nil {
		return sum
	}
	return [sha256.Size]byte(h.Sum(nil))
}
