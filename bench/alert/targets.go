//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync/atomic"
	"time"
)

// targets is the process with the servers that are probed. They all break, and
// all work again, at a word.
type targets struct {
	cmd   *exec.Cmd
	say   io.Writer
	hear  *bufio.Reader
	Addrs []string
}

func startTargets(ctx context.Context, servers, perPort int) (*targets, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ports := (servers + perPort - 1) / perPort
	t := &targets{cmd: exec.CommandContext(ctx, exe, "targets", "-ports", strconv.Itoa(ports))}
	t.cmd.Stderr = os.Stderr
	out, err := t.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if t.say, err = t.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if err := t.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the targets: %w", err)
	}
	t.hear = bufio.NewReader(out)
	line, err := t.hear.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("reading the addresses of the targets: %w", err)
	}
	return t, json.Unmarshal(line, &t.Addrs)
}

// be makes all servers down, or up, and returns when they are.
func (t *targets) be(word string) (time.Time, error) {
	if _, err := io.WriteString(t.say, word+"\n"); err != nil {
		return time.Time{}, fmt.Errorf("telling the targets to be %s: %w", word, err)
	}
	_, err := t.hear.ReadString('\n')
	return time.Now(), err
}

func (t *targets) stop() {
	_ = t.cmd.Process.Kill()
	_ = t.cmd.Wait()
}

func (t *targets) url(i int) string {
	return fmt.Sprintf("http://%s/%s/mcp", t.Addrs[i%len(t.Addrs)], slug(i))
}

func slug(i int) string { return fmt.Sprintf("server-%05d", i) }

// serveTargets is the other process. It serves until its input ends.
func serveTargets(ctx context.Context, args []string) error {
	set := flag.NewFlagSet("targets", flag.ExitOnError)
	ports := set.Int("ports", 1, "ports")
	_ = set.Parse(args)
	var down atomic.Bool
	server := &http.Server{Handler: mcp(&down), ReadHeaderTimeout: time.Minute}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	var addrs []string
	for range *ports {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		addrs = append(addrs, l.Addr().String())
		go func() { _ = server.Serve(l) }()
	}
	if err := json.NewEncoder(os.Stdout).Encode(addrs); err != nil {
		return err
	}
	for words := bufio.NewScanner(os.Stdin); words.Scan(); {
		down.Store(words.Text() == "down")
		fmt.Println("ok")
	}
	return server.Close()
}

// mcp is a server with one tool, as small as it can be: it is not what is
// measured.
func mcp(down *atomic.Bool) http.Handler {
	const tools = `{"tools":[{"name":"search","description":"Searches the catalogue.","inputSchema":{"type":"object"}}]}`
	const hello = `{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"bench","version":"1"}}`
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if down.Load() {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		var m struct {
			ID     json.RawMessage
			Method string
		}
		_ = json.Unmarshal(body, &m)
		answer := func(result string) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprintf(w, `{"jsonrpc":"2.0","id":%s,"result":%s}`, m.ID, result)
		}
		switch m.Method {
		case "initialize":
			w.Header().Set("Mcp-Session-Id", "0123456789abcdef")
			answer(hello)
		case "tools/list":
			answer(tools)
		case "server/discover":
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Server not initialized"}}`)
		case "":
			w.WriteHeader(http.StatusNoContent)
		default:
			w.WriteHeader(http.StatusAccepted)
		}
	})
}
