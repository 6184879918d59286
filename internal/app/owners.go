package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/alivemcp/alivemcp/internal/guard"
	"github.com/alivemcp/alivemcp/internal/registry"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

const (
	// ownersFile is where an owner says of a host that it is not to be probed:
	// {"optout":true}.
	ownersFile = "/.well-known/alivemcp.json"
	// ownersAgain is how often a host is asked, ownersOut one that has opted out.
	ownersAgain, ownersOut = 24 * time.Hour, 7 * 24 * time.Hour
	// ownersStale is when what a host said counts no more for what is new of it.
	ownersStale = 2 * ownersAgain
	// ownersGone is how long a file must be missing before that takes back what it
	// said.
	ownersGone = 24 * time.Hour
	// ownersTurn lies between two rounds when nobody wants one, ownersSoon when nobody
	// answered the last: that may be this machine's fault, and is believed the
	// ownersTries-th time.
	ownersTurn, ownersSoon = time.Hour, time.Minute
	ownersTries            = 4
	// ownersAtOnce is how many hosts are asked at once, ownersTold how many before
	// what they said has its effect.
	ownersAtOnce, ownersTold = 16, 200
	// ownersWait bounds one answer, maxOwnersFile its length in bytes.
	ownersWait    = 5 * time.Second
	maxOwnersFile = 4 << 10
)

// ownersStore is where it is kept what owners said.
type ownersStore interface {
	OwnersFiles(ctx context.Context) ([]uptime.OwnersFile, error)
	NoteOwners(ctx context.Context, f uptime.OwnersFile, keys []uptime.EndpointKey, entry uptime.AuditEntry) ([]uptime.EndpointKey, error)
}

// owners asks hosts whether they want to be probed.
type owners struct {
	client *http.Client
	agent  string
	store  ownersStore
	log    *slog.Logger
	now    func() time.Time
	first  time.Duration // until the first round
	silent int           // how many rounds in a row nobody answered
	// served are the endpoints that have a place among those that are served, listed
	// all that may be probed, wanted holds a token when somebody has to be asked soon.
	served, listed readEndpoints
	wanted         <-chan struct{}
	changed        func()
}

func newOwners(private bool, agent string, store ownersStore, log *slog.Logger) *owners {
	client := *registry.NewClient(guard.Policy{AllowPrivate: private})
	client.Timeout = ownersWait
	client.CheckRedirect = func(to *http.Request, via []*http.Request) error {
		if len(via) > 1 || !onlySafer(via[0].URL, to.URL) {
			return http.ErrUseLastResponse // another host says nothing for this one
		}
		return nil
	}
	return &owners{client: &client, agent: agent, store: store, log: log, now: time.Now, first: settle, changed: func() {}}
}

// onlySafer reports whether a redirect leads to the same file of the same host by
// HTTPS, as most hosts answer to everything that is not.
func onlySafer(from, to *url.URL) bool {
	return from.Scheme == "http" && to.Scheme == "https" && from.Hostname() == to.Hostname() && to.EscapedPath() == ownersFile &&
		(from.Port() == "" || from.Port() == "80") && (to.Port() == "" || to.Port() == "443")
}

// readEndpoints returns some of the endpoints that are listed.
type readEndpoints func(context.Context) ([]uptime.Endpoint, error)

// run asks the hosts of what is served, again and again, until ctx ends. What one
// says counts for all that is listed of it.
func (o *owners) run(ctx context.Context) error {
	for wait := o.first; ; {
		turn := time.NewTimer(wait)
		select {
		case <-ctx.Done():
		case <-turn.C:
		case <-o.wanted:
		}
		turn.Stop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		wait = ownersTurn
		switch err := o.round(ctx); {
		case errors.Is(err, errNobody):
			wait = ownersSoon
		case err != nil && ctx.Err() == nil:
			o.log.ErrorContext(ctx, "cannot ask owners, will try again", "error", err)
		}
	}
}

// errNobody ends a round in which nobody answered.
var errNobody = errors.New("nobody answered")

// round asks every host that was not asked of late, and applies what they say.
func (o *owners) round(ctx context.Context) error {
	files, err := o.store.OwnersFiles(ctx)
	if err != nil {
		return err
	}
	served, err := o.served(ctx)
	if err != nil {
		return err
	}
	known := make(map[string]uptime.OwnersFile, len(files))
	for _, f := range files {
		known[f.Origin] = f
	}
	heard := 0
	for some := range slices.Chunk(o.due(served, known), ownersTold) {
		fresh := slices.ContainsFunc(some, func(f uptime.OwnersFile) bool { return !consents(&f, o.now()) && !f.Optout })
		said, answers := o.ask(ctx, some)
		if heard += answers; heard > 0 {
			o.silent = 0
		}
		if fresh && heard == 0 { // without a network nobody has consented
			if o.silent++; o.silent < ownersTries {
				return errNobody
			}
		}
		news, err := o.apply(ctx, said, known)
		if err != nil {
			return err
		}
		if news {
			o.changed()
		}
	}
	return o.spread(ctx, known)
}

// due returns the hosts that are to be asked, those first that never were.
func (o *owners) due(served []uptime.Endpoint, known map[string]uptime.OwnersFile) (out []uptime.OwnersFile) {
	seen := map[string]bool{"": true}
	for i := range served {
		origin := originOf(&served[i])
		f, asked := known[origin]
		if !seen[origin] && (!asked || !f.Optout && ago(f.Asked, o.now()) >= ownersAgain) {
			f.Origin = origin
			out = append(out, f)
		}
		seen[origin] = true
	}
	for _, f := range known {
		often := ownersOut
		if !f.Missing.IsZero() {
			often = ownersGone
		}
		if f.Optout && ago(f.Asked, o.now()) >= often {
			out = append(out, f)
		}
	}
	slices.SortStableFunc(out, func(a, b uptime.OwnersFile) int { return a.Asked.Compare(b.Asked) })
	return out
}

// ask asks some hosts at once, and returns what they say now, and how many answered.
func (o *owners) ask(ctx context.Context, files []uptime.OwnersFile) (said []uptime.OwnersFile, answers int) {
	var g errgroup.Group
	g.SetLimit(ownersAtOnce)
	said = slices.Clone(files)
	says := make([]ownersWord, len(said))
	for i := range said {
		g.Go(func() error {
			says[i] = o.says(ctx, said[i].Origin)
			said[i] = heard(said[i], says[i], o.now())
			return nil
		})
	}
	_ = g.Wait() // none fails
	for _, word := range says {
		if word != saidNothing {
			answers++
		}
	}
	return said, answers
}

// apply keeps what hosts said, and reports whether anything follows from it.
func (o *owners) apply(ctx context.Context, said []uptime.OwnersFile, known map[string]uptime.OwnersFile) (news bool, err error) {
	for _, f := range said {
		if ctx.Err() != nil { // it was not asked to the end
			return news, ctx.Err()
		}
		before := known[f.Origin]
		if _, err := o.store.NoteOwners(ctx, f, nil, optoutEntry("", "owner", reasonOf(f.Optout), f.Optout)); err != nil {
			return news, err
		}
		if before.Optout && !f.Optout {
			o.log.InfoContext(ctx, "an owner wants to be probed again", "host", f.Origin)
		}
		known[f.Origin] = f
		news = news || before.Optout != f.Optout || !f.Optout && !consents(&before, o.now())
	}
	return news, nil
}

// consents reports whether a host did not mind of late.
func consents(f *uptime.OwnersFile, now time.Time) bool {
	return !f.Optout && ago(f.Asked, now) < ownersStale
}

// ago is how long a moment is past. One in the future is of a clock that was wrong, and
// nobody knows when it was.
func ago(at, now time.Time) time.Duration {
	if at.After(now) {
		return math.MaxInt64
	}
	return now.Sub(at)
}

func reasonOf(out bool) string {
	if out {
		return "by " + ownersFile
	}
	return "by " + ownersFile + ", which says so no more"
}

// spread notes everything that is listed of hosts that do not want to be probed.
func (o *owners) spread(ctx context.Context, known map[string]uptime.OwnersFile) error {
	of := map[string][]uptime.EndpointKey{}
	for _, f := range known {
		if f.Optout {
			of[f.Origin] = nil
		}
	}
	if len(of) == 0 {
		return nil
	}
	all, err := o.listed(ctx)
	if err != nil {
		return err
	}
	for i := range all {
		if keys, out := of[originOf(&all[i])]; out {
			of[originOf(&all[i])] = append(keys, all[i].Key)
		}
	}
	for origin, keys := range of {
		if len(keys) == 0 {
			continue
		}
		changed, err := o.store.NoteOwners(ctx, known[origin], keys, optoutEntry("", "owner", reasonOf(true), true))
		if err != nil {
			return err
		}
		if len(changed) > 0 {
			o.changed()
		}
	}
	return nil
}

// ownersWord is what a host says.
type ownersWord int

const (
	saidNothing ownersWord = iota // it could not be asked
	saysElse                      // it answered something that says neither
	saysOut
	saysIn
	saysNone // there is no file
)

// heard is what is known of a host after it was asked. That a file is gone takes back
// what it said only when it is gone a day later, too; that a host cannot be asked
// takes back nothing.
func heard(f uptime.OwnersFile, says ownersWord, now time.Time) uptime.OwnersFile {
	f.Asked = now.UTC()
	switch {
	case says == saysOut:
		f.Optout, f.Missing = true, time.Time{}
	case says == saysIn:
		f.Optout, f.Missing = false, time.Time{}
	case says == saysNone && f.Optout && f.Missing.IsZero():
		f.Missing = f.Asked
	case says == saysNone && f.Optout && f.Asked.Sub(f.Missing) >= ownersGone:
		f.Optout, f.Missing = false, time.Time{}
	}
	return f
}

// says asks a host for its file.
func (o *owners) says(ctx context.Context, origin string) ownersWord {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, origin+ownersFile, nil)
	if err != nil {
		return saidNothing
	}
	req.Header.Set("User-Agent", o.agent)
	req.Header.Set("Accept", "application/json")
	req.Close = true // of thousands of hosts each is asked once
	res, err := o.client.Do(req)
	if err != nil {
		return saidNothing
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxOwnersFile))
	switch {
	case res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusGone:
		return saysNone
	case res.StatusCode != http.StatusOK || err != nil:
		return saysElse
	}
	return wordOf(text)
}

// wordOf reads a file. What is no JSON, or says nothing of this, is what many hosts
// answer for every address.
func wordOf(text []byte) ownersWord {
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\ufeff"))) // as some editors begin a file
	if !bytes.HasPrefix(text, []byte("{")) {
		return saysNone
	}
	var said struct{ Optout *bool }
	switch {
	case json.Unmarshal(text, &said) != nil:
		return saysElse // it may have meant something
	case said.Optout == nil:
		return saysNone
	case *said.Optout:
		return saysOut
	}
	return saysIn
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
