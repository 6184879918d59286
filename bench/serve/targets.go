//go:build linux

package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// perPort is how many servers share a host and port: with the four looks at once
// that a host is given by default they do not wait for each other. Servers that
// follow each other are at different ports, since a start looks at them in turn.
const perPort = 100

// targets is the process with the servers that are probed.
type targets struct {
	cmd *exec.Cmd
	// Addrs are the ports, CA the authority of their certificates in PEM; empty
	// without TLS.
	Addrs []string
	CA    string
}

func startTargets(ctx context.Context, servers int, secure bool) (*targets, error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, err
	}
	ports := (servers + perPort - 1) / perPort
	t := &targets{cmd: exec.CommandContext(ctx, exe, "targets", "-ports", strconv.Itoa(ports), "-tls="+strconv.FormatBool(secure))}
	t.cmd.Stderr = os.Stderr
	out, err := t.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := t.cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting the targets: %w", err)
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("reading the addresses of the targets: %w", err)
	}
	return t, json.Unmarshal(line, t)
}

func (t *targets) stop() {
	_ = t.cmd.Process.Kill()
	_ = t.cmd.Wait()
}

// url is where a server answers.
func (t *targets) url(i int) string {
	scheme := "http"
	if t.CA != "" {
		scheme = "https"
	}
	return fmt.Sprintf("%s://%s/%s/mcp", scheme, t.Addrs[i%len(t.Addrs)], slug(i))
}

// trust is what makes a process trust the targets' authority: a file that Go
// reads in place of the system's.
func (t *targets) trust(dir string) ([]string, error) {
	if t.CA == "" {
		return nil, nil
	}
	file := filepath.Join(dir, "ca.pem")
	return []string{"SSL_CERT_FILE=" + file, "SSL_CERT_DIR=" + dir}, os.WriteFile(file, []byte(t.CA), 0o600)
}

// serveTargets is the other process. It serves until it is killed.
func serveTargets(ctx context.Context, args []string) error {
	set := flag.NewFlagSet("targets", flag.ExitOnError)
	ports, secure := set.Int("ports", 1, "ports"), set.Bool("tls", false, "with TLS")
	_ = set.Parse(args)
	var conf *tls.Config
	var t targets
	if *secure {
		cert, ca, err := makeChain()
		if err != nil {
			return err
		}
		t.CA, conf = ca, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}}
	}
	server := &http.Server{Handler: mcp(), ErrorLog: log.New(io.Discard, "", 0)}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	ended := make(chan error, *ports)
	for range *ports {
		l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		t.Addrs = append(t.Addrs, l.Addr().String())
		if conf != nil {
			l = tls.NewListener(l, conf)
		}
		go func() { ended <- server.Serve(l) }()
	}
	if err := json.NewEncoder(os.Stdout).Encode(t); err != nil {
		return err
	}
	if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// mcp is a server of the sessions' era with ten tools of together 9 kB, which
// differ from path to path. It is as small as it can be: it is not what is
// measured.
func mcp() http.Handler {
	tools := toolsJSON()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
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
			answer(`{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"bench","version":"1"}}`)
		case "tools/list":
			answer(strings.Replace(tools, "$PATH", r.URL.Path, 1))
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

func toolsJSON() string {
	var tools []string
	for i := range 10 {
		var parameters []string
		for p := range 5 {
			parameters = append(parameters, fmt.Sprintf(`"parameter_%d":{"type":"string","description":"The %d. thing to look for.","minLength":1}`, p, p))
		}
		tools = append(tools, fmt.Sprintf(`{"name":"tool_%d","title":"Tool %d of $PATH","description":%q,"inputSchema":{"type":"object","properties":{%s},"required":["parameter_0"],"additionalProperties":false},"annotations":{"readOnlyHint":true}}`,
			i, i, strings.Repeat("Searches the catalogue and returns what fits. ", 8), strings.Join(parameters, ",")))
	}
	return `{"tools":[` + strings.Join(tools, ",") + `]}`
}

// makeChain returns a P-256 leaf for this machine's loopback address, signed by a
// P-256 authority.
func makeChain() (tls.Certificate, string, error) {
	caKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(90 * 24 * time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	caDER, err := x509.CreateCertificate(rand.Reader, ca, ca, &caKey.PublicKey, caKey)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "bench"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: ca.NotBefore, NotAfter: ca.NotAfter, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, ca, &key.PublicKey, caKey)
	if err != nil {
		return tls.Certificate{}, "", err
	}
	chain := tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	return chain, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: caDER})), nil
}
