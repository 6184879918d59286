package lab

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// The servers of this file are built on the official SDK: they are what a
// correct server is, and keep the scripted ones honest.

// sdk serves the SDK's streamable HTTP handler with a server that build fills.
func sdk(opt *mcp.StreamableHTTPOptions, conf *mcp.ServerOptions, fill func(*mcp.Server)) func(*stage) http.Handler {
	return func(s *stage) http.Handler {
		server := newServer(s, conf, fill)
		return mcp.NewStreamableHTTPHandler(func(*http.Request) *mcp.Server { return server }, opt)
	}
}

// sdkSSE serves the SDK's handler for the older pair of stream and endpoint.
func sdkSSE(s *stage) http.Handler {
	server := newServer(s, nil, threeTools)
	return mcp.NewSSEHandler(func(*http.Request) *mcp.Server { return server }, nil)
}

func newServer(s *stage, conf *mcp.ServerOptions, fill func(*mcp.Server)) *mcp.Server {
	server := mcp.NewServer(&mcp.Implementation{Name: "lab", Version: "1.0.0"}, conf)
	fill(server)
	s.atEnd(func() {
		for session := range server.Sessions() {
			_ = session.Close()
		}
	})
	return server
}

// revisions limits a server to these protocol revisions.
func revisions(v ...string) *mcp.ServerOptions {
	return &mcp.ServerOptions{SupportedProtocolVersions: v, Capabilities: &mcp.ServerCapabilities{}}
}

type (
	searchArgs  struct{ Query string }
	weatherArgs struct{ City string }
	convertArgs struct{ Metres float64 }
	answerText  struct {
		Text string `json:"text"`
	}
)

// threeTools gives the server toolCount tools.
func threeTools(s *mcp.Server) {
	readOnly := &mcp.ToolAnnotations{ReadOnlyHint: true}
	mcp.AddTool(s, &mcp.Tool{Name: "search_docs", Description: "Search the documentation.", Annotations: readOnly},
		func(_ context.Context, _ *mcp.CallToolRequest, in searchArgs) (*mcp.CallToolResult, answerText, error) {
			return nil, answerText{Text: "found a page about " + in.Query}, nil
		})
	mcp.AddTool(s, &mcp.Tool{Name: "get_weather", Description: "Tell the weather of a city.", Annotations: readOnly},
		func(_ context.Context, _ *mcp.CallToolRequest, in weatherArgs) (*mcp.CallToolResult, answerText, error) {
			return nil, answerText{Text: "it is mild in " + in.City}, nil
		})
	mcp.AddTool(s, &mcp.Tool{Name: "convert_units", Description: "Convert a length.", Annotations: readOnly},
		func(_ context.Context, _ *mcp.CallToolRequest, in convertArgs) (*mcp.CallToolResult, answerText, error) {
			return nil, answerText{Text: fmt.Sprintf("%g m", in.Metres)}, nil
		})
}

// manyTools gives the server n tools of the same kind.
func manyTools(n int) func(*mcp.Server) {
	return func(s *mcp.Server) {
		for i := range n {
			tool := &mcp.Tool{Name: fmt.Sprintf("tool_%03d", i), Description: "One of many."}
			mcp.AddTool(s, tool, func(context.Context, *mcp.CallToolRequest, searchArgs) (*mcp.CallToolResult, any, error) {
				return nil, nil, nil
			})
		}
	}
}

// everything gives the server tools, resources and prompts.
func everything(s *mcp.Server) {
	threeTools(s)
	onlyResources(s)
	s.AddPrompt(&mcp.Prompt{
		Name: "greet", Description: "Greet somebody.",
		Arguments: []*mcp.PromptArgument{{Name: "language", Description: "In this language."}},
	}, func(context.Context, *mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
		text := &mcp.TextContent{Text: "Say hello."}
		return &mcp.GetPromptResult{Messages: []*mcp.PromptMessage{{Role: "user", Content: text}}}, nil
	})
}

// onlyResources gives the server one resource and no tool.
func onlyResources(s *mcp.Server) {
	s.AddResource(&mcp.Resource{URI: "lab://readme", Name: "readme", MIMEType: "text/plain"},
		func(context.Context, *mcp.ReadResourceRequest) (*mcp.ReadResourceResult, error) {
			return &mcp.ReadResourceResult{Contents: []*mcp.ResourceContents{{URI: "lab://readme", Text: "read me"}}}, nil
		})
}

// completing completes arguments by a fixed list.
func completing() *mcp.ServerOptions {
	return &mcp.ServerOptions{
		CompletionHandler: func(_ context.Context, r *mcp.CompleteRequest) (*mcp.CompleteResult, error) {
			var hits []string
			for _, word := range []string{"english", "esperanto", "french"} {
				if strings.HasPrefix(word, r.Params.Argument.Value) {
					hits = append(hits, word)
				}
			}
			return &mcp.CompleteResult{Completion: mcp.CompletionResultDetails{Values: hits}}, nil
		},
	}
}
