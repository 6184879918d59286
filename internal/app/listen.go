package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"golang.org/x/net/netutil"
)

const (
	// maxConns bounds the connections to the pages and the API.
	maxConns = 20_000
	// stopTime is how long answers under way may take when we stop.
	stopTime = 5 * time.Second
)

// webServer is an HTTP server with a listener of its own.
type webServer struct {
	listener net.Listener
	server   *http.Server
	// stop ends what Shutdown does not: streams.
	stop func()
}

// listenHTTP opens a port. Nobody is answered before run.
func listenHTTP(ctx context.Context, addr string, h http.Handler, log *slog.Logger) (*webServer, error) {
	var conf net.ListenConfig
	ln, err := conf.Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w; choose another address with `listen` or --listen", addr, err)
	}
	return &webServer{
		listener: netutil.LimitListener(ln, maxConns),
		stop:     func() {},
		server: &http.Server{
			Handler: h, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
			ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second,
			IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		},
	}, nil
}

// run answers until ctx ends and then finishes what was begun.
func (w *webServer) run(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() { ended <- w.server.Serve(w.listener) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving HTTP: %w", err)
	case <-ctx.Done():
	}
	w.stop()
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if err := w.server.Shutdown(grace); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("stopping HTTP: %w", err)
	}
	return w.server.Close()
}

// profiler serves Go's profiles. Whoever reaches it can slow the process down:
// it belongs on a private port.
func profiler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	return mux
}
