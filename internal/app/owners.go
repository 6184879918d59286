package app

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/alivemcp/alivemcp/internal/guard"
	"github.com/alivemcp/alivemcp/internal/registry"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// ownersFile is where an owner says of a host that it is not to be probed:
	// {"optout":true}.
	ownersFile = "/.well-known/alivemcp.json"
	// ownersAgain is how often a host is asked.
	ownersAgain = 24 * time.Hour
	// ownersGap lies between two hosts, ownersTurn between two rounds.
	ownersGap  = 100 * time.Millisecond
	ownersTurn = time.Hour
	// ownersWait bounds one answer, maxOwnersFile its length in bytes.
	ownersWait    = 5 * time.Second
	maxOwnersFile = 4 << 10
)

// owners asks hosts whether they want to be probed.
type owners struct {
	client *http.Client
	agent  string
	asked  map[string]time.Time // by origin; of run alone
	note   func(ctx context.Context, key uptime.EndpointKey) error
	log    *slog.Logger
}

func newOwners(private bool, agent string, note func(context.Context, uptime.EndpointKey) error, log *slog.Logger) *owners {
	client := *registry.NewClient(guard.Policy{AllowPrivate: private})
	client.Timeout = ownersWait
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // another host says nothing for this one
	return &owners{client: &client, agent: agent, asked: map[string]time.Time{}, note: note, log: log}
}

// run asks the hosts of what is served, again and again, until ctx ends.
func (o *owners) run(ctx context.Context, served func(context.Context) ([]uptime.Endpoint, error), changed func()) error {
	for wait := settle; ; wait = ownersTurn {
		if err := rest(ctx, wait); err != nil {
			return err
		}
		endpoints, err := served(ctx)
		if err != nil {
			o.log.ErrorContext(ctx, "cannot ask owners, will try again", "error", err)
			continue
		}
		if o.round(ctx, endpoints) {
			changed()
		}
	}
}

// round asks every host that was not asked of late, and reports whether one does
// not want to be probed.
func (o *owners) round(ctx context.Context, endpoints []uptime.Endpoint) (refused bool) {
	of := map[string][]uptime.EndpointKey{}
	var order []string
	for i := range endpoints {
		origin := originOf(&endpoints[i])
		if of[origin] == nil {
			order = append(order, origin)
		}
		of[origin] = append(of[origin], endpoints[i].Key)
	}
	for _, origin := range order {
		if origin == "" || time.Since(o.asked[origin]) < ownersAgain {
			continue
		}
		o.asked[origin] = time.Now()
		if o.refuses(ctx, origin) {
			refused = true
			o.notes(ctx, of[origin])
		}
		if rest(ctx, ownersGap) != nil {
			return refused
		}
	}
	o.forget(of)
	return refused
}

// forget drops hosts that are not served any more.
func (o *owners) forget(served map[string][]uptime.EndpointKey) {
	for origin := range o.asked {
		if served[origin] == nil {
			delete(o.asked, origin)
		}
	}
}

func (o *owners) notes(ctx context.Context, keys []uptime.EndpointKey) {
	for _, key := range slices.Sorted(slices.Values(keys)) {
		if err := o.note(ctx, key); err != nil {
			o.log.ErrorContext(ctx, "an opt-out is not noted, will try again", "endpoint", key, "error", err)
		}
	}
}

// refuses reports whether a host's file says so. One without a file says nothing.
func (o *owners) refuses(ctx context.Context, origin string) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, origin+ownersFile, nil)
	if err != nil {
		return false
	}
	req.Header.Set("User-Agent", o.agent)
	req.Header.Set("Accept", "application/json")
	res, err := o.client.Do(req)
	if err != nil {
		return false
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxOwnersFile))
	var said struct{ Optout bool }
	return err == nil && res.StatusCode == http.StatusOK && json.Unmarshal(text, &said) == nil && said.Optout
}

// originOf is the scheme and host of an endpoint.
func originOf(e *uptime.Endpoint) string {
	u, err := url.Parse(e.URL)
	if err != nil || u.Host == "" {
		return ""
	}
	return fmt.Sprintf("%s://%s", u.Scheme, u.Host)
}

// rest waits, or for the end of ctx.
func rest(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
