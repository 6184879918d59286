package heartbeat

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// New returns a Pinger that does nothing yet.
func New(o Options) *Pinger {
	p := &Pinger{urls: slices.Clone(o.URLs), healthy: o.Healthy, do: o.Do, now: o.Now, log: o.Logger}
	if p.now == nil {
		p.now = time.Now
	}
	if p.log == nil {
		p.log = slog.New(slog.DiscardHandler)
	}
	for i := range p.urls {
		u := &p.urls[i]
		u.Name = cmp.Or(u.Name, fmt.Sprintf("heartbeat %d", i+1))
		u.Method = cmp.Or(u.Method, http.MethodGet)
		u.Every = max(cmp.Or(u.Every, usual), shortest)
		p.stats.URLs = append(p.stats.URLs, Stat{Name: u.Name})
	}
	return p
}

// Run pings until ctx ends: each URL at once, then at its own pace, and never
// while we are not healthy. One that is slow delays no other.
func (p *Pinger) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	for i := range p.urls {
		wg.Go(func() { p.keep(ctx, i) })
	}
	wg.Wait()
	return nil
}

// Stats returns how the pinger does.
func (p *Pinger) Stats() Stats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return Stats{Silent: p.stats.Silent, URLs: slices.Clone(p.stats.URLs)}
}

// keep pings one URL until ctx ends. A ping that failed is repeated sooner: the
// other side allows for few that are missing.
func (p *Pinger) keep(ctx context.Context, i int) {
	for ctx.Err() == nil {
		began, pause := p.now(), p.urls[i].Every
		if p.well(ctx) {
			if err := p.ping(ctx, &p.urls[i]); p.note(ctx, i, err) != nil {
				pause = max(pause/4, shortest)
			}
		}
		timer := time.NewTimer(pause - min(pause, p.now().Sub(began)))
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
	}
}

// well asks whether we are healthy, and logs when that changed.
func (p *Pinger) well(ctx context.Context) bool {
	ok, why := p.healthy()
	if ok {
		why = ""
	} else {
		why = cmp.Or(why, "not healthy")
	}
	p.mu.Lock()
	was := p.stats.Silent
	p.stats.Silent = why
	p.mu.Unlock()
	switch {
	case !ok && was == "":
		p.log.ErrorContext(ctx, "heartbeats stop: the pipeline does not work", "why", why)
	case ok && was != "":
		p.log.InfoContext(ctx, "heartbeats go on: the pipeline works again")
	}
	return ok
}

func (p *Pinger) ping(ctx context.Context, u *Heartbeat) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	header := http.Header{}
	for _, h := range u.Headers {
		header.Add(h.Name, h.Value.Reveal())
	}
	if err := p.do(ctx, u.Method, u.URL, header); err != nil {
		return errors.New(strings.ReplaceAll(uptime.RefusalOf(err).Reason, u.URL.Reveal(), u.URL.String()))
	}
	return nil
}

// note keeps the end of a ping, logs when that changed, and returns err. What
// ended because we stop says nothing.
func (p *Pinger) note(ctx context.Context, i int, err error) error {
	if err != nil && ctx.Err() != nil {
		return err
	}
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &p.stats.URLs[i]
	name := s.Name
	switch {
	case err == nil:
		if !s.FailingSince.IsZero() {
			p.log.InfoContext(ctx, "a heartbeat arrives again", "heartbeat", name)
		}
		s.FailingSince, s.Error, s.Last = time.Time{}, "", now
		s.Sent++
	case s.FailingSince.IsZero():
		s.FailingSince = now
		p.log.WarnContext(ctx, "a heartbeat does not arrive: whoever waits for it will raise the alarm", "heartbeat", name, "error", err)
		fallthrough
	default:
		s.Error = err.Error()
	}
	return err
}
