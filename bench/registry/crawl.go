//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/guard"
	"github.com/alivemcp/alivemcp/internal/registry"
	"github.com/alivemcp/alivemcp/internal/registry/fake"
	"github.com/alivemcp/alivemcp/internal/store/sqlite"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// be is the registry, in a process of its own, until its input ends.
func be(ctx context.Context, _ *table, records, _ int) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	s := &http.Server{Handler: fake.New(fake.Generate(records)...), ReadHeaderTimeout: time.Minute}
	go func() { _ = s.Serve(l) }() // until the process ends
	fmt.Println("http://" + l.Addr().String())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// start starts the registry and returns its address.
func start(ctx context.Context, records int) (base string, stop func(), err error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, err
	}
	cmd := exec.CommandContext(ctx, self, "-serve", "-records", strconv.Itoa(records))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	said, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, fmt.Errorf("starting the registry: %w", err)
	}
	stop = func() { _ = in.Close(); _ = cmd.Wait() }
	base, err = bufio.NewReader(said).ReadString('\n')
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("waiting for the registry: %w", err)
	}
	return strings.TrimSpace(base), stop, nil
}

// loopback is a client with the guard of the real one.
func loopback() *http.Client {
	return registry.NewClient(guard.Policy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
}

// measureCrawl crawls a registry for the first time, and again when nothing has
// changed, and reads the same pages without doing anything with them.
func measureCrawl(ctx context.Context, out *table, records int) error {
	base, stop, err := start(ctx, records)
	if err != nil {
		return err
	}
	defer stop()
	dir, err := os.MkdirTemp("", "bench-registry-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	store, err := sqlite.Open(ctx, sqlite.Options{Dir: dir})
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	bare, err := cost(func() error { return readBare(ctx, base, records) })
	if err != nil {
		return fmt.Errorf("reading the pages: %w", err)
	}
	out.times(fmt.Sprintf("the pages of %d records, HTTP and JSON alone", records), bare)
	out.line("  resident", resident(), "")
	for _, way := range []struct {
		what string
		into registry.Records
	}{
		{"crawl them, and keep nothing", nowhere{}}, {"crawl them into the database", store}, {"crawl them again, nothing has changed", store},
	} {
		c, err := cost(func() error { return crawl(ctx, way.into, base, records) })
		if err != nil {
			return err
		}
		out.times(way.what, c)
		out.line("  compared with the pages alone", c.over(bare), "")
		out.line("  resident, most", resident(), "")
	}
	return nil
}

// nowhere keeps nothing: what a crawl costs without a database.
type nowhere struct{}

func (nowhere) BeginCrawl(context.Context, uptime.Crawl) error { return nil }

func (nowhere) StageListings(context.Context, string, []uptime.Listing, []uptime.Endpoint) error {
	return nil
}

func (nowhere) Losses(context.Context, uptime.Crawl, time.Time) (loss uptime.CrawlLoss, err error) {
	return loss, nil
}

func (nowhere) FinishCrawl(context.Context, uptime.Crawl) (added, changed, gone int, err error) {
	return 0, 0, 0, nil
}

func (nowhere) Sources(context.Context) ([]uptime.SourceStatus, error) { return nil, nil }

func crawl(ctx context.Context, store registry.Records, base string, records int) error {
	c := registry.New(registry.Options{Records: store, Fetch: func(uptime.SourceID) *registry.Fetcher {
		return registry.NewFetcher(registry.FetchOptions{Client: loopback(), UserAgent: "AliveMCP/bench"})
	}})
	source := registry.NewGeneric(registry.GenericOptions{Source: uptime.SourceOfficial, Base: base})
	got, err := c.Crawl(ctx, source, false)
	if err == nil && (got.State != uptime.CrawlDone || got.Records != records) {
		err = fmt.Errorf("the crawl is %s (%s) with %d records of %d", got.State, got.Why, got.Records, records)
	}
	return err
}

// readBare follows the cursor and decodes every page.
func readBare(ctx context.Context, base string, records int) error {
	client, seen, cursor := loopback(), 0, ""
	for {
		var page struct {
			Servers []struct {
				Server struct {
					Name    string                       `json:"name"`
					Remotes []struct{ Type, URL string } `json:"remotes"`
				} `json:"server"`
			} `json:"servers"`
			Metadata struct {
				NextCursor string `json:"nextCursor"`
			} `json:"metadata"`
		}
		if err := get(ctx, client, base+"/v0.1/servers?limit=100&version=latest&cursor="+url.QueryEscape(cursor), &page); err != nil {
			return err
		}
		seen += len(page.Servers)
		if cursor = page.Metadata.NextCursor; cursor == "" {
			break
		}
	}
	if seen != records {
		return fmt.Errorf("%d records are there, want %d", seen, records)
	}
	return nil
}

func get(ctx context.Context, client *http.Client, address string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}
