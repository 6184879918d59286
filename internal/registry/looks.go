package registry

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// maxLooks is how many records with pages of their own are read in one crawl.
const maxLooks = 2000

// looks reads what has a page of its own, remembers it, and reads only so many
// anew in one crawl: what was remembered longest waits for the next ones.
type looks struct {
	cache Cache
	fetch *Fetcher
	left  int
	late  int       // how many had to wait, and of which nothing is remembered
	done  []Fetched // since the last page
}

func newLooks(c Cache, f *Fetcher) *looks { return &looks{cache: c, fetch: f, left: maxLooks} }

// get returns what is remembered under a key while it is fresh, and otherwise what
// read finds. It is empty when nothing is remembered and it has to wait.
func (l *looks) get(ctx context.Context, key string, fresh func(value []byte, at time.Time) bool, read func() ([]byte, error)) ([]byte, error) {
	old, at, ok := l.cache.Get(ctx, key)
	switch {
	case ok && fresh(old, at):
		return old, nil
	case l.left == 0:
		if !ok {
			l.late++
		}
		return old, nil
	}
	l.left--
	value, err := read()
	if err == nil {
		l.cache.Put(ctx, key, value)
	}
	return value, err
}

// forAWeek is the freshness of what changes rarely.
func forAWeek(_ []byte, at time.Time) bool { return time.Since(at) < 7*24*time.Hour }

// file reads the first MiB of an address; one that does not exist is empty.
func (l *looks) file(ctx context.Context, url string, header Header) ([]byte, error) {
	body, fetched, err := l.fetch.Again(ctx, url, header)
	if status := (*StatusError)(nil); errors.As(err, &status) && (status.Status == http.StatusNotFound || status.Status == http.StatusGone) {
		return nil, nil
	}
	if err == nil {
		l.done = append(l.done, fetched)
	}
	return body[:min(len(body), maxDetail)], err
}

// tell adds to a page what was read for it, and what had to wait.
func (l *looks) tell(p *Page) {
	p.Fetched = append(p.Fetched, l.done...)
	for range l.late {
		p.refuse("not looked at yet")
	}
	l.done, l.late = nil, 0
}
