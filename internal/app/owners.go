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
	first  time.Duration // until the first round
}

func newOwners(private bool, agent string, note func(context.Context, uptime.EndpointKey) error, log *slog.Logger) *owners {
	client := *registry.NewClient(guard.Policy{AllowPrivate: private})
	client.Timeout = ownersWait
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse } // another host says nothing for this one
	return &owners{client: &client, agent: agent, asked: map[string]time.Time{}, note: note, log: log, first: settle}
}

// readEndpoints returns some of the endpoints that are listed.
type readEndpoints func(context.Context) ([]uptime.Endpoint, error)

// run asks the hosts of what is served, again and again, until ctx ends. What one
// says counts for all that is listed of it.
func (o *owners) run(ctx context.Context, served, listed readEndpoints, changed func()) error {
	for wait := o.first; ; wait = ownersTurn {
		if err := rest(ctx, wait); err != nil {
			return err
		}
		endpoints, err := served(ctx)
		if err != nil {
			o.log.ErrorContext(ctx, "cannot ask owners, will try again", "error", err)
			continue
		}
		if refused := o.round(ctx, endpoints); len(refused) > 0 {
			o.notes(ctx, refused, listed)
			changed()
		}
	}
}

// round asks every host that was not asked of late, and returns those that do not
// want to be probed.
func (o *owners) round(ctx context.Context, endpoints []uptime.Endpoint) (refused []string) {
	served := map[string]bool{}
	var order []string
	for i := range endpoints {
		origin := originOf(&endpoints[i])
		if !served[origin] {
			order = append(order, origin)
		}
		served[origin] = true
	}
	for _, origin := range order {
		if origin == "" || time.Since(o.asked[origin]) < ownersAgain {
			continue
		}
		o.asked[origin] = time.Now()
		if o.refuses(ctx, origin) {
			refused = append(refused, origin)
			delete(o.asked, origin) // what is listed of it later is a reason to ask at once
		}
		if rest(ctx, ownersGap) != nil {
			return refused
		}
	}
	o.forget(served)
	return refused
}

// forget drops hosts that are not served any more.
func (o *owners) forget(served map[string]bool) {
	for origin := range o.asked {
		if !served[origin] {
			delete(o.asked, origin)
		}
	}
}

// notes notes everything that is listed of hosts.
func (o *owners) notes(ctx context.Context, hosts []string, listed readEndpoints) {
	all, err := listed(ctx)
	if err != nil {
		o.log.ErrorContext(ctx, "opt-outs are not noted, will try again", "error", err)
	}
	for i := range all {
		if !slices.Contains(hosts, originOf(&all[i])) {
			continue
		}
		if err := o.note(ctx, all[i].Key); err != nil {
			o.log.ErrorContext(ctx, "an opt-out is not noted, will try again", "endpoint", all[i].Key, "error", err)
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
