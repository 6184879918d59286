package mcpwire

import "encoding/base64"

// headerText returns s as Mcp-Name wants it: as it is when it is visible ASCII,
// else as =?base64?...?= (2026-07-28 basic/transports/streamable-http).
func headerText(s string) string {
	for i := range len(s) {
		if s[i] < 0x21 || s[i] > 0x7e {
			return "=?base64?" + base64.StdEncoding.EncodeToString([]byte(s)) + "?="
		}
	}
	return s
}
