// Package config reads configuration files: AliveMCP's own, alivemcp.yaml, and
// those of others.
//
// [Load] reads alivemcp.yaml into a [File], whose types are the reference of the
// format, and names every problem at once with its place. [File.ServersOf] and
// its neighbours make the words of package uptime of it. [Watcher] loads it
// again when it changes.
//
// [ReadClientConfig] reads the files in which MCP clients keep their servers, so
// that the servers can be checked and the field names that a client will not
// understand can be named. It does no I/O: it is given bytes, and the
// environment as a function.
//
// Where each client keeps its file and what it reads there:
//
//	client          file                                        root             remote URL   transport words                comments
//	Claude Desktop  claude_desktop_config.json                  mcpServers       none: stdio  stdio                          no
//	Claude Code     .mcp.json, ~/.claude.json                   mcpServers       url          type: stdio http sse           no
//	Cursor          .cursor/mcp.json                            mcpServers       url          type: stdio (remote: found)    not documented
//	Cline           cline_mcp_settings.json                     mcpServers       url          type: stdio sse streamableHttp no
//	Windsurf        ~/.codeium/windsurf/mcp_config.json         mcpServers       serverUrl    none: found                    not documented
//	VS Code         .vscode/mcp.json, Code/User/mcp.json        servers          url          type: stdio http sse           yes
//	Continue        .continue/config.yaml, mcpServers/*.yaml    mcpServers list  url          type: stdio sse streamable-http yes (YAML)
//	Continue JSON   .continue/mcpServers/*.json                 mcpServers       url          type: stdio http sse           not documented
//	Zed             zed/settings.json, .zed/settings.json       context_servers  url          none: found                    yes
//
// Headers stand in "headers", in Continue's YAML in "requestOptions.headers".
// Placeholders: ${env:NAME} in Cursor, Windsurf and VS Code; ${NAME} and
// ${NAME:-default} in Claude Code; ${{ secrets.NAME }} in Continue; none in
// Claude Desktop. VS Code also has ${input:id}, which it asks its user for.
//
// The facts come from the clients' public documentation and, for Cline,
// Continue and VS Code, from their published schemas.
package config
