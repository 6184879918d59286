package audit

import (
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Bounds of what strangers say of themselves, in runes, and of how many findings
// are kept.
const (
	maxWords    = 100
	maxFindings = 20
)

// LookOf returns the evidence of a look from what the prober found. Endpoint,
// Round and At are left to the runner, Demo to who tried the token; see [DemoOf].
func LookOf(cell uptime.Cell) uptime.AuditLook {
	l := uptime.AuditLook{Region: cell.Region, Attempts: len(cell.Attempts)}
	if len(cell.Attempts) == 0 {
		l.Cause = uptime.AgentLost
		return l
	}
	res := cell.Last()
	l.State = uptime.Live
	if l.Attempts > 1 {
		l.State = uptime.Degraded
	}
	if f := res.Failure; f != nil {
		l.State, l.Cause, l.Failed = f.Effect, f.Cause, f.Step
	}
	l.Access, l.Transport, l.Era, l.Version = res.Access, res.Transport, res.Era, plain(res.Version)
	l.ServerName, l.ServerVer = plain(res.ServerName), plain(res.ServerVer)
	l.Status, l.SDK = statusOf(&res), guessSDK(&res)
	l.Malformed = malformed(res.Findings)
	l.Handshake, l.Total = millis(res.Timings.Handshake), millis(res.Timings.Total)
	if a := res.Auth; a != nil {
		l.AuthBroken, l.AuthChain = plain(a.Broken), a.ResourceMetadata != ""
		if a.Unfinished && l.Access == uptime.AccessCustom {
			l.State = uptime.Unknown // it may well say how to sign in, where we did not come to read it
		}
	}
	if t := res.Tools; t != nil {
		l.Tools, l.ToolsHash, l.ContractHash = t.Count, t.Hash, t.ContractHash
	}
	return l
}

// DemoOf returns the state that a look with the published token had, which is all
// that is kept of it: Live also when the server was slow, or when only the second
// try succeeded; Unknown when the fault may be ours, or a limit was met.
func DemoOf(cell uptime.Cell) uptime.State {
	if len(cell.Attempts) == 0 {
		return uptime.Unknown
	}
	switch f := cell.Last().Failure; {
	case f == nil:
		return uptime.Live
	case ours(f.Cause):
		return uptime.Unknown
	default:
		return f.Effect
	}
}

// millis rounds up: what took time is not 0.
func millis(d time.Duration) int {
	return int((d + time.Millisecond - 1) / time.Millisecond)
}

// plain returns a stranger's words on one line, without what cannot be seen, and
// cut.
func plain(s string) string {
	s = visible(s[:min(len(s), 4*maxWords)])
	if runes := []rune(s); len(runes) > maxWords {
		return string(runes[:maxWords-1]) + "…"
	}
	return s
}

// visible returns words on one line, without what cannot be seen.
func visible(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, ""))
	return strings.Join(strings.Fields(s), " ")
}

// malformed returns the findings about the list of tools for which strict clients
// drop it, sorted.
func malformed(findings []uptime.Finding) []string {
	var ids []string
	for _, f := range findings {
		if f.Severity == uptime.SeverityFail && strings.HasPrefix(f.ID, "tool") {
			ids = append(ids, plain(f.ID))
		}
	}
	slices.Sort(ids)
	ids = slices.Compact(ids)
	return ids[:min(len(ids), maxFindings)]
}

// statusOf returns the HTTP status of the answer that decided: that to a client
// without credentials, else that of the last exchange that is kept.
func statusOf(res *uptime.Result) int {
	if res.Auth != nil && res.Auth.Status != 0 {
		return res.Auth.Status
	}
	if len(res.Transcript) == 0 {
		return 0
	}
	line, _, _ := strings.Cut(res.Transcript[len(res.Transcript)-1].Response, "\n")
	proto, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
	if !strings.HasPrefix(proto, "HTTP/") || len(rest) < 3 {
		return 0
	}
	status, err := strconv.Atoi(rest[:3])
	if err != nil || status < 100 {
		return 0
	}
	return status
}
