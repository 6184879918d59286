// Command embed measures what an answer of /api/embed-status costs the server,
// against a bare net/http handler that writes the same bytes. The server is a
// process of its own with GOMAXPROCS=1; the client speaks raw bytes over
// loopback. Rounds of the variants are interleaved.
package main

import (
	"bufio"
	"cmp"
	"context"
	"flag"
	"fmt"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/alivemcp/alivemcp/internal/board/boardtest"
	"github.com/alivemcp/alivemcp/internal/embed"
	"github.com/alivemcp/alivemcp/internal/web"
)

const path = "/api/embed-status/weather"

func main() {
	serve := flag.Bool("serve", false, "be the server (started by the command itself)")
	seconds := flag.Duration("for", time.Second, "length of a round")
	rounds := flag.Int("rounds", 7, "rounds of each variant")
	clients := flag.Int("clients", 32, "connections")
	flag.Parse()
	ctx := context.Background()
	run := func() error { return measure(ctx, *rounds, *clients, *seconds) }
	if *serve {
		run = func() error { return server(ctx) }
	}
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

// server announces its address on standard output and serves until its input
// ends.
func server(ctx context.Context) error {
	served := http.NewServeMux()
	embed.Register(served, embed.Options{
		Tenant: boardtest.Tenant, BaseURL: "https://status.example.com", Source: boardtest.New(time.Now()),
	})
	site, like := web.Protect(web.Compress(served)), httptest.NewRecorder()
	site.ServeHTTP(like, httptest.NewRequestWithContext(ctx, http.MethodGet, path, nil))
	mux := http.NewServeMux()
	mux.Handle("/api/", site)
	mux.HandleFunc("/bare", bare(like))
	mux.HandleFunc("/usage", func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, cpu()) })
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	go func() { _, _ = os.Stdin.Read(make([]byte, 1)); os.Exit(0) }()
	return http.Serve(l, mux)
}

// bare is the floor: the same headers and bytes, and nothing else.
func bare(like *httptest.ResponseRecorder) http.HandlerFunc {
	header, body := like.Header().Clone(), like.Body.Bytes()
	return func(w http.ResponseWriter, _ *http.Request) {
		maps.Copy(w.Header(), header)
		_, _ = w.Write(body)
	}
}

// cpu is the time that the process has used, in microseconds.
func cpu() int64 {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // of ourselves: does not fail
	return (u.Utime.Nano() + u.Stime.Nano()) / 1000
}

type sample struct{ micros, rate float64 }

func measure(ctx context.Context, rounds, clients int, length time.Duration) error {
	child := exec.CommandContext(ctx, os.Args[0], "-serve")
	child.Env, child.Stderr = append(os.Environ(), "GOMAXPROCS=1"), os.Stderr
	stdin, err := child.StdinPipe()
	if err != nil {
		return err
	}
	defer stdin.Close()
	stdout, err := child.StdoutPipe()
	if err != nil {
		return err
	}
	if err := child.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return err
	}
	addr := strings.TrimSpace(line)
	tag, err := tagOf(ctx, addr)
	if err != nil {
		return err
	}
	names := []string{"bare handler", "embed-status", "embed-status, 304"}
	requests := []string{request("/bare", ""), request(path, ""), request(path, "If-None-Match: "+tag+"\r\n")}
	results := make([][]sample, len(names))
	for range rounds {
		for i, req := range requests {
			s, err := round(ctx, addr, req, clients, length)
			if err != nil {
				return fmt.Errorf("measuring %s: %w", names[i], err)
			}
			results[i] = append(results[i], s)
		}
	}
	return report(names, results)
}

func request(path, header string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: status.example.com\r\nAccept-Encoding: gzip\r\n" + header + "\r\n"
}

func tagOf(ctx context.Context, addr string) (string, error) {
	res, err := get(ctx, "http://"+addr+path)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	return res.Header.Get("ETag"), nil
}

// round asks from all connections at once, each waiting for its answer.
func round(ctx context.Context, addr, req string, clients int, length time.Duration) (sample, error) {
	conns := make([]net.Conn, clients)
	for i := range conns {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
		if err != nil {
			return sample{}, err
		}
		defer func() { _ = c.Close() }()
		conns[i] = c
	}
	before, began := usage(ctx, addr), time.Now()
	done := make(chan int, clients)
	for _, c := range conns {
		go func() { done <- ask(c, req, began.Add(length)) }()
	}
	total := 0
	for range conns {
		total += <-done
	}
	took, used := time.Since(began), usage(ctx, addr)-before
	if total == 0 {
		return sample{}, fmt.Errorf("no answers")
	}
	return sample{float64(used) / float64(total), float64(total) / took.Seconds()}, nil
}

// ask counts answers. They are all equally long, so the first one says where
// the others end.
func ask(c net.Conn, req string, until time.Time) int {
	buf := make([]byte, 4096)
	size, n := 0, 0
	for time.Now().Before(until) {
		if _, err := c.Write([]byte(req)); err != nil {
			return n
		}
		got := 0
		for got == 0 || got < size {
			k, err := c.Read(buf[got:])
			if err != nil {
				return n
			}
			got += k
		}
		size = got
		n++
	}
	return n
}

func get(ctx context.Context, url string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	return http.DefaultClient.Do(req)
}

func usage(ctx context.Context, addr string) int64 {
	res, err := get(ctx, "http://"+addr+"/usage")
	if err != nil {
		return 0
	}
	defer res.Body.Close()
	var n int64
	_, _ = fmt.Fscan(res.Body, &n)
	return n
}

func report(names []string, results [][]sample) error {
	w := tabwriter.NewWriter(os.Stdout, 2, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "variant\tCPU us/request (min-max)\trequests/s/core\tseen requests/s\tratio")
	micros := func(s sample) float64 { return s.micros }
	byMicros := func(a, b sample) int { return cmp.Compare(a.micros, b.micros) }
	floor := middle(results[0], micros)
	for i, name := range names {
		us, all := middle(results[i], micros), results[i]
		_, _ = fmt.Fprintf(w, "%s\t%.1f (%.1f-%.1f)\t%.0f\t%.0f\t%.2f\n", name, us,
			slices.MinFunc(all, byMicros).micros, slices.MaxFunc(all, byMicros).micros,
			1e6/us, middle(all, func(s sample) float64 { return s.rate }), us/floor)
	}
	return w.Flush()
}

func middle(all []sample, of func(sample) float64) float64 {
	var values []float64
	for _, s := range all {
		values = append(values, of(s))
	}
	slices.Sort(values)
	return values[len(values)/2]
}
