package e2e_test

import (
	"context"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

const oracleTakesAtMost = 30 * time.Second

// agreeWithSDK holds the report against the official Go client: a server with
// which that client can work is live and has as many tools as it finds. The
// reverse need not hold, since a check may well be more patient.
func agreeWithSDK(t *testing.T, endpoint string, got report) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), oracleTakesAtMost)
	defer cancel()
	tools, err := sdkTools(ctx, transport(endpoint, got.Transport))
	if err != nil {
		if got.State == "live" && got.Access == "open" {
			t.Errorf("reported live and open, but the SDK's client fails: %v", err)
		}
		t.Logf("the SDK's client fails: %v", err)
		return
	}
	if got.State != "live" || got.tools() != tools {
		t.Errorf("the SDK's client finds %d tools, the report says %s with %d", tools, got.State, got.tools())
	}
}

func transport(endpoint, kind string) mcp.Transport {
	if kind == "sse" {
		return &mcp.SSEClientTransport{Endpoint: endpoint}
	}
	return &mcp.StreamableClientTransport{Endpoint: endpoint, DisableStandaloneSSE: true, MaxRetries: -1}
}

// sdkTools declares no capabilities, as a check does: some servers offer more
// tools to clients that can do more.
func sdkTools(ctx context.Context, transport mcp.Transport) (n int, err error) {
	options := &mcp.ClientOptions{Capabilities: &mcp.ClientCapabilities{}}
	client := mcp.NewClient(&mcp.Implementation{Name: "oracle", Version: "1"}, options)
	session, err := client.Connect(ctx, transport, nil)
	if err != nil {
		return 0, err
	}
	defer session.Close()
	for _, err := range session.Tools(ctx, nil) {
		if err != nil {
			return 0, err
		}
		n++
	}
	return n, nil
}
