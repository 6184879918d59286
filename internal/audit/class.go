package audit

import (
	"slices"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// Class is what one look says by itself.
type Class string

// The classes of looks. The first two are no judgement of the endpoint.
const (
	ClassUnknown    Class = "unknown"
	ClassLimited    Class = "limited"
	ClassOK         Class = "ok"
	ClassAuthProper Class = "auth_proper"
	ClassAuthCustom Class = "auth_custom"
	ClassAuthBroken Class = "auth_broken"
	ClassDead       Class = "dead"
	ClassNotMCP     Class = "not_mcp"
	ClassMalformed  Class = "malformed"
)

// judged reports whether a class says something about the endpoint.
func (c Class) judged() bool { return c != ClassUnknown && c != ClassLimited }

// Answered reports whether a class says that the endpoint answered, and not only
// that it would rather not be asked.
func (c Class) Answered() bool { return c.judged() && c != ClassDead }

// LookRule is a row of the table that classes looks: the first that holds
// decides.
type LookRule struct {
	Class Class  `json:"class"`
	Words string `json:"words"`
	holds func(*uptime.AuditLook) bool
}

// LookTable returns the rows in the order in which they are tried. The last one
// always holds.
func LookTable() []LookRule {
	return []LookRule{
		{ClassLimited, "It answered 429, or with a puzzle for browsers.", causeIs(uptime.RateLimited, uptime.BotChallenge)},
		{ClassDead, "The name did not resolve or leads to no public address, no connection or no TLS session came about, or no answer came in time.", isDead},
		{ClassUnknown, "There is no look, or it failed through our own fault, or it came to no judgement, as when strangers are refused and we did not come to read how to sign in.", isUnknown},
		{ClassAuthBroken, "It announces a sign-in that cannot be completed.", func(l *uptime.AuditLook) bool {
			return l.Access == uptime.AccessBroken || l.Cause == uptime.AuthBroken
		}},
		{ClassAuthProper, "It refuses strangers and tells them how to sign in, as RFC 9728 says, or its sign-in metadata were found.", func(l *uptime.AuditLook) bool {
			return l.Access == uptime.AccessWalled || refused(l) && l.AuthChain
		}},
		{ClassAuthCustom, "It refuses strangers in a way of its own, upon which no client can act by itself.", func(l *uptime.AuditLook) bool {
			return l.Access == uptime.AccessCustom || refused(l)
		}},
		{ClassMalformed, "The handshake works, but the list of tools is empty though declared, has no end, or holds entries that make strict clients drop it.", isMalformed},
		{ClassOK, "The handshake is complete, the tools are listed, and strangers are served; also when only the second try succeeded, or slowly.", func(l *uptime.AuditLook) bool {
			return l.State == uptime.Live || l.State == uptime.Degraded
		}},
		{ClassNotMCP, "Something answered, but not as any revision of the protocol says.", func(*uptime.AuditLook) bool { return true }},
	}
}

func causeIs(causes ...uptime.Cause) func(*uptime.AuditLook) bool {
	return func(l *uptime.AuditLook) bool { return slices.Contains(causes, l.Cause) }
}

func isDead(l *uptime.AuditLook) bool {
	reason := l.Cause.Reason()
	return reason == uptime.ConnectionRefused || reason == uptime.Timeout || l.Cause == uptime.BlockedTarget
}

// isUnknown is asked after the causes that leave the state unknown and still say
// something.
func isUnknown(l *uptime.AuditLook) bool {
	return l.State == uptime.Unknown || ours(l.Cause) || l.Cause == uptime.CredentialExpired
}

func refused(l *uptime.AuditLook) bool {
	return l.Cause == uptime.AuthRequired || l.Cause == uptime.CredentialRefused
}

func isMalformed(l *uptime.AuditLook) bool {
	return len(l.Malformed) > 0 || causeIs(uptime.ToolsEmpty, uptime.ToolsMalformed, uptime.PaginationLoop, uptime.CapabilityLie)(l)
}

// ClassOf returns the class of a look.
func ClassOf(l *uptime.AuditLook) Class { return classOf(LookTable(), l) }

func classOf(table []LookRule, l *uptime.AuditLook) Class {
	for _, rule := range table {
		if rule.holds(l) {
			return rule.Class
		}
	}
	return ClassUnknown
}
