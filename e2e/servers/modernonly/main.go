// Command modernonly serves MCP revision 2026-07-28 and nothing older, which no
// published server does yet: the case in which a legacy handshake must not be
// taken for a sign of life.
package main

import (
	"context"
	"flag"
	"log"
	"net/http"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

type subject struct {
	Name string `json:"name" jsonschema:"whom to greet"`
}

func main() {
	addr := flag.String("http", "127.0.0.1:0", "address to listen on")
	flag.Parse()
	handler := mcp.NewStreamableHTTPHandler(
		func(*http.Request) *mcp.Server { return newServer() },
		&mcp.StreamableHTTPOptions{Stateless: true, JSONResponse: true},
	)
	server := &http.Server{Addr: *addr, Handler: handler, ReadHeaderTimeout: 5 * time.Second}
	log.Fatal(server.ListenAndServe())
}

// newServer has three tools and pages of two, so that a client must follow a
// cursor.
func newServer() *mcp.Server {
	server := mcp.NewServer(
		&mcp.Implementation{Name: "modern-only", Version: "1"},
		&mcp.ServerOptions{PageSize: 2, SupportedProtocolVersions: []string{"2026-07-28"}},
	)
	for _, name := range []string{"bow", "greet", "wave"} {
		mcp.AddTool(server, &mcp.Tool{Name: name, Description: "Greets by " + name + "."}, greet)
	}
	return server
}

func greet(_ context.Context, _ *mcp.CallToolRequest, to subject) (*mcp.CallToolResult, any, error) {
	return &mcp.CallToolResult{Content: []mcp.Content{&mcp.TextContent{Text: "Hello " + to.Name}}}, nil, nil
}
