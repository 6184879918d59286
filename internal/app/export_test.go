package app

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"time"

	"github.com/alivemcp/alivemcp/internal/alert/outbox"
	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Egress is how a region reaches the world.
func Egress(spec string) (func(context.Context, netip.AddrPort) (net.Conn, error), error) {
	return egress(spec)
}

// ReferencesLost reports whether none of the endpoints can be reached.
func ReferencesLost(ctx context.Context, addrs []string, dial func(context.Context, string, string) (net.Conn, error)) bool {
	r := &references{addrs: addrs, dial: dial}
	return r.Lost(ctx)
}

// RunStages runs each function as a stage of its own.
func RunStages(ctx context.Context, runs ...func(context.Context) error) error {
	var stages []stage
	for _, run := range runs {
		stages = append(stages, stage{name: "test", parts: []part{{name: "part", run: run}}})
	}
	return runStages(ctx, slog.New(slog.DiscardHandler), stages)
}

// Store is where the monitor keeps its rows.
func (m *Monitor) Store() *sqlite.Store { return m.store }

// Plan is what is monitored now.
func (m *Monitor) Plan() *uptime.Plan { return m.plans.Plan() }

// BoardReady is closed when the board shows what was known before the start.
func (m *Monitor) BoardReady() <-chan struct{} { return m.board.Ready() }

// Outlet returns what the outbox delivers to for a sink.
func (m *Monitor) Outlet(name string) (outbox.Sink, bool) { return m.alarms.sink(DefaultTenant, name) }

// ListedStore is where is kept what is listed, and what owners said of it.
type ListedStore interface {
	listedStore
	ownersStore
}

// Listed returns the servers that are made of what a store lists, and binds them
// when it is given their ids.
func Listed(store listedStore, f *config.File, asks bool) (servers func(context.Context) ([]uptime.Server, error), bind func(context.Context, []uptime.Server) error) {
	l := newListed(store, f)
	l.asks = asks
	return l.servers, l.bind
}

// AskOwners asks the hosts of what has a place, once, or as often as nobody answers and
// that is not believed, and returns how often that changed what is served.
func AskOwners(ctx context.Context, store ListedStore, f *config.File, now time.Time) (changed int, err error) {
	ask := Owners(store, f)
	for err = errNobody; errors.Is(err, errNobody); {
		changed, err = ask(ctx, now)
	}
	return changed, err
}

// Owners returns what asks as AskOwners does, and remembers who did not answer.
func Owners(store ListedStore, f *config.File) func(context.Context, time.Time) (changed int, err error) {
	l := newListed(store, f)
	o := newOwners(true, "test", store, slog.New(slog.DiscardHandler))
	return func(ctx context.Context, now time.Time) (changed int, err error) {
		o.client.Timeout, o.now = 300*time.Millisecond, func() time.Time { return now }
		o.served, o.listed, o.changed = l.chosen, l.remote, func() { changed++ }
		err = o.round(ctx)
		return changed, err
	}
}

// OnlySafer reports whether an owner's file is read where a redirect leads.
func OnlySafer(from, to *url.URL) bool { return onlySafer(from, to) }

// Strange is where the pages of listed servers are served.
func (m *Monitor) Strange() string { return m.strange.listener.Addr().String() }

// SweepRetired erases listed servers that are retired since before a time.
func (m *Monitor) SweepRetired(ctx context.Context, before time.Time) error {
	return m.sweepRetired(ctx, before)
}

// Library is what readers search.
type Library = library

// NewLibrary makes one of a store.
func NewLibrary(s *sqlite.Store) *Library { return newLibrary(s) }

// Crowd takes all turns to search until the function that it returns is called.
func (l *library) Crowd() (leave func()) {
	for range cap(l.turns) {
		l.turns <- struct{}{}
	}
	return func() {
		for range cap(l.turns) {
			<-l.turns
		}
	}
}
