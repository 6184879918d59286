//go:build linux

package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"time"

	"github.com/alivemcp/alivemcp/internal/audit"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// world is what is listed, and how it answers.
type world struct {
	run     uptime.AuditRun
	targets []uptime.AuditTarget
	takes   time.Duration
}

func newWorld(endpoints, regions, rounds int, takes time.Duration) *world {
	w := &world{takes: takes, run: uptime.AuditRun{
		ID: runID, Rounds: rounds, Gap: time.Millisecond, Began: time.Now().UTC(),
		Endpoints: endpoints, Version: "bench", Command: "go run ./bench/audit",
	}}
	for i := range regions {
		w.run.Regions = append(w.run.Regions, uptime.Region{ID: fmt.Sprintf("region-%d", i), City: fmt.Sprintf("City %d", i)})
	}
	var all []uptime.AuditTarget
	for i := range endpoints {
		all = append(all, newTarget(i))
	}
	w.targets, _, _ = audit.Plan(all, audit.Draw{})
	return w
}

func newTarget(n int) uptime.AuditTarget {
	url, host, platform := address(n)
	return uptime.AuditTarget{
		Endpoint: uptime.Endpoint{
			Key: uptime.NewEndpointKey(url, ""), Kind: uptime.EndpointRemote, URL: url, Probe: url, Host: host, Platform: platform, Service: host, Listings: 1 + n%3,
		},
		Sources: []uptime.SourceID{uptime.SourceOfficial, uptime.SourceGlama}[:1+n%2], Names: []string{fmt.Sprintf("io.example/server-%d", n)},
		ListedVersion: "1.0.0", ListedTransport: "streamable-http",
	}
}

// look answers as a quarter of the endpoints that work, and the others in the
// ways in which they fail, after the time that this takes.
func (w *world) look(ctx context.Context, t *uptime.AuditTarget, region string) uptime.AuditLook {
	luck := chance(string(t.Key))
	select {
	case <-time.After(time.Duration(chance(string(t.Key)+region) % uint64(w.takes+1))):
	case <-ctx.Done():
	}
	l := uptime.AuditLook{Attempts: 1, State: uptime.Live, Access: uptime.AccessOpen}
	switch n := luck % 100; {
	case n < 36:
		return failed(uptime.DNSNXDomain)
	case n < 62:
		return failed(uptime.HTTPNotFound)
	case n < 75:
		l.Access, l.Status, l.AuthChain = uptime.AccessWalled, 401, true
		return l
	}
	l.Transport, l.Era, l.Version, l.SDK = uptime.StreamableHTTP, uptime.Legacy, "2025-06-18", "typescript-sdk"
	l.ServerName, l.ServerVer, l.Tools = t.Names[0], "1.0.3", int(luck%40)
	l.ToolsHash, l.ContractHash = fmt.Sprintf("sha256:%064x", luck), fmt.Sprintf("sha256:%064x", luck+1)
	l.Handshake, l.Total = 30+int(luck%2000), 60+int(luck%4000)
	return l
}

func failed(c uptime.Cause) uptime.AuditLook {
	return uptime.AuditLook{State: c.Effect(), Cause: c, Failed: uptime.StepDNS, Attempts: 3, Total: 11_000}
}

// chance returns a number that hangs upon a name alone.
func chance(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // never fails
	return binary.BigEndian.Uint64(h.Sum(nil)) >> 3
}
