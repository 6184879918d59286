package statuspage

import (
	"net/url"
	"strconv"
	"strings"
)

// recipe is a short program that uses what is published about a server.
type recipe struct{ ID, Name, Note, Text string }

// recipes are for the people who depend on a server. They need nothing but what
// they name, and take a monitor that does not answer for unknown, never down.
func recipes(base, slug string) []recipe {
	address := base + "/api/embed-status/" + url.PathEscape(slug)
	fill := strings.NewReplacer("{sh}", shellQuote(address), "{js}", strconv.Quote(address), "{slug}", shellQuote(slug),
		"{base}", base, "{path}", url.PathEscape(slug))
	return []recipe{
		{"curl", "curl", "Ask again for nothing: the second answer is 304 until there is a new verdict.", fill.Replace(curlRecipe)},
		{"ci", "CI guardrail (bash)", "Stops a job that needs the server while it is down. Exit status 1 means down.", fill.Replace(bashRecipe)},
		{"node", "Node 18+", "Asks before it depends on the server, and goes on without an answer.", fill.Replace(nodeRecipe)},
		{"prometheus", "Prometheus", "For the textfile collector of node_exporter; needs jq. State: 0 unknown, 1 live, 2 degraded, 3 down.", fill.Replace(prometheusRecipe)},
	}
}

const curlRecipe = `curl -sS --etag-save alivemcp.etag --etag-compare alivemcp.etag {sh}`

const bashRecipe = `#!/usr/bin/env bash
set -uo pipefail
status=$(curl -fsS --max-time 10 --retry 2 {sh}) || status=
case "$status" in
  *'"state":"live"'*)     echo "live: "{slug} ;;
  *'"state":"degraded"'*) echo "::warning::degraded: "{slug} ;;
  *'"state":"down"'*)     echo "::error::down: "{slug}; exit 1 ;;
  *)                      echo "::warning::unknown, the job goes on: "{slug} ;;
esac
case "$status" in
  *'"drift_24h":true'*)   echo "::warning::tools changed in the last 24 h: "{slug} ;;
esac`

const nodeRecipe = `export async function mcpState() {
  try {
    const res = await fetch({js}, { signal: AbortSignal.timeout(3000) });
    return res.ok ? (await res.json()).state : 'unknown';
  } catch {
    return 'unknown'; // the monitor being away says nothing about the server
  }
}

if (await mcpState() === 'down') console.warn('MCP server is down: working without its tools');`

const prometheusRecipe = `#!/usr/bin/env bash
# Every minute from cron: prometheus.sh /var/lib/node_exporter/textfile/mcp-{path}.prom
set -euo pipefail
curl -fsS --max-time 10 {sh} | jq -r '"{slug=\"\(.slug)\"}" as $of |
  "mcp_server_state\($of) \({unknown: 0, live: 1, degraded: 2, down: 3}[.state])",
  "mcp_server_tools_changed_24h\($of) \(if .drift_24h then 1 else 0 end)",
  (.uptime_30d | values | "mcp_server_uptime_30d_percent\($of) \(.)"),
  (.p95_ms | values | "mcp_server_p95_milliseconds\($of) \(.)"),
  (.last_probe_at | values | "mcp_server_last_probe_seconds\($of) \(fromdate)")' > "$1.$$"
mv "$1.$$" "$1"

# The rule that goes with it:
#   - alert: McpServerDown
#     expr: mcp_server_state == 3
#     for: 2m`

// policyRow says what a job should do about an answer, and why.
type policyRow struct{ Answer, Do, Why string }

// policy survives a real incident: it fails a job only on evidence.
func policy() []policyRow {
	return []policyRow{
		{"live", "Go on.", "A client could work with the server a minute ago."},
		{"degraded", "Go on and warn. Allow for retries and a longer timeout.", "Calls succeed, but slowly, only from some places, or with a contract that changed."},
		{"down", "Fail the jobs that call the server; skip the others' tests that touch it.", "Two places or more could not complete a handshake, three times each."},
		{"unknown", "Go on and warn. Never fail.", "There is no evidence either way: rate limits, a bot check, or the monitor itself."},
		{"no answer, 5xx", "As unknown.", "The monitor being away says nothing about the server."},
		{"404", "Fail: correct the slug.", "Nobody watches a server of this name, so nothing guards the job."},
		{"drift_24h: true", "Warn, and compare: alivemcp diff saved.json URL.", "The tools changed. The comparison says whether that breaks you."},
	}
}

// shellQuote makes one word of any text for a POSIX shell.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
