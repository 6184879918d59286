package sinktest

import (
	"fmt"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/internal/uptime"
)

// What a delivery holds and no payload may.
const (
	// Secret is for tests to configure where a sink's secret does not belong into
	// the payload.
	Secret = "s3cr3t-canary-7f21"
	// Tenant owns the samples. Payloads do not name tenants.
	Tenant = "tnt_canary_owner"
	// Address, Region and Internal stand in the former error of each sample.
	Address  = "10.66.77.88"
	Region   = "eu-west"
	Internal = "supervisor[pool-3]"
)

// Ack is the code in the links of every sample: who has it can act.
const Ack = "https://alive.example/a/ack?t=Zm9v"

// Sample is a delivery with a name for subtests.
type Sample struct {
	Name     string
	Delivery uptime.Delivery
}

// Start is when the outage of the samples began.
func Start() time.Time { return time.Date(2026, 11, 3, 9, 30, 0, 0, time.UTC) }

// Outage is a notice of one server that is down, in a phase. All phases are of
// one thread.
func Outage(phase uptime.NoticePhase) uptime.Notice {
	n := uptime.Notice{
		Type: uptime.NoticeTriggered, Key: "inc_sample_outage", Phase: phase, Kind: uptime.AlertIncident,
		At: Start().Add(2 * time.Minute), Priority: uptime.P1, Reason: uptime.ConnectionRefused, Cause: uptime.ConnectRefused,
		Servers: []uptime.NoticeServer{server("weather", "Weather", "down")}, Failing: 1, Total: 1,
		Regions: []string{"London", "Virginia"}, Started: Start(),
		Title:      "Weather is down: the connection is refused",
		Summary:    "Weather refuses connections since 2026-11-03 09:30 UTC, seen from London and Virginia.",
		FirstStep:  "Look whether the process or container runs.",
		RunbookURL: "https://wiki.example/runbooks/weather?a=1&b=2", StatusPage: "https://alive.example/status/weather/incidents/1",
		AckURL: Ack, SilenceURL: "https://alive.example/a/silence?t=Zm9v",
	}
	switch phase {
	case uptime.NoticeOpens:
	case uptime.NoticeChanges:
		n.Type, n.At, n.AckedBy = uptime.NoticeUpdated, Start().Add(10*time.Minute), "Ada"
	case uptime.NoticeCloses:
		n.Type, n.At, n.Resolved = uptime.NoticeResolved, Start().Add(14*time.Minute), Start().Add(14*time.Minute)
		n.Title, n.Failing, n.FirstStep = "Weather works again", 0, ""
		n.Summary = "Weather was down for 14 minutes, until 2026-11-03 09:44 UTC."
		n.Servers[0].State, n.Servers[0].Until = "recovered", n.Resolved
	}
	return n
}

func server(slug, name, state string) uptime.NoticeServer {
	return uptime.NoticeServer{
		Slug: slug, Name: name, URL: "https://" + slug + ".example/mcp", State: state,
		Since: Start(), StatusPage: "https://alive.example/status/" + slug,
	}
}

// Several is a notice of 60 servers with one cause, of which it lists 50.
func Several() uptime.Notice {
	n := Outage(uptime.NoticeOpens)
	n.Key, n.Failing, n.Total, n.More = "inc_sample_several", 60, 60, 10
	n.Title = "60 servers are down: the connection is refused"
	n.Servers = nil
	for i := range 50 {
		n.Servers = append(n.Servers, server(fmt.Sprintf("server-%02d", i), fmt.Sprintf("Server %02d", i), "down"))
	}
	return n
}

// Graver is a change that must not be missed.
func Graver() uptime.Notice {
	n := Outage(uptime.NoticeChanges)
	n.Rings = true
	return n
}

// Test is the notice that asks the receiver to give a code back.
func Test() uptime.Notice {
	return uptime.Notice{
		Type: uptime.NoticeTest, Key: "test_sample_ping", Phase: uptime.NoticeOpens, Kind: uptime.AlertTest,
		At: Start(), Priority: uptime.P3, Started: Start(), Challenge: "c0ffee-challenge",
		Title: "AliveMCP asks whether you want its alerts here", Summary: "Enter the code 482913 to say yes.",
	}
}

// Samples returns deliveries of every kind and phase, and hostile ones.
func Samples() []Sample {
	out := []Sample{
		sample("opens", 1, Outage(uptime.NoticeOpens)),
		sample("changes", 2, Outage(uptime.NoticeChanges)),
		sample("closes", 3, Outage(uptime.NoticeCloses)),
		sample("several", 1, Several()),
		sample("test", 1, Test()),
		sample("bare", 1, bare()),
	}
	for _, k := range kinds() {
		for i, phase := range []uptime.NoticePhase{uptime.NoticeOpens, uptime.NoticeChanges, uptime.NoticeCloses} {
			out = append(out, sample(fmt.Sprintf("%s %s", k.kind, phase), i+1, k.notice(phase)))
		}
	}
	for name, text := range Hostile() {
		out = append(out, sample("hostile "+name, 1, hostile(text)))
	}
	return out
}

// bare has nothing but what every notice has.
func bare() uptime.Notice {
	return uptime.Notice{
		Type: uptime.NoticeTriggered, Key: "inc_sample_bare", Phase: uptime.NoticeOpens, Kind: uptime.AlertIncident,
		At: Start(), Started: Start(), Priority: uptime.P2, Title: "Something is down", Summary: "It is.",
	}
}

// Wrap returns a delivery of n. Around the notice it holds what no payload may.
func Wrap(n uptime.Notice, transition int) *uptime.Delivery {
	d := sample("", transition, n).Delivery
	return &d
}

func sample(name string, transition int, n uptime.Notice) Sample {
	return Sample{name, uptime.Delivery{
		ID: uptime.NewDeliveryID(Tenant, n.Key, "canary-sink", transition), Tenant: Tenant, Thread: n.Key,
		Sink: "canary-sink", Transition: transition, Notice: n, State: uptime.DeliveryWaiting, Created: n.At, Due: n.At,
		Attempts: 3, Error: fmt.Sprintf("%s in %s: dial tcp %s:443: %s", Internal, Region, Address, Secret),
	}}
}

type kind struct {
	kind  uptime.AlertKind
	typ   uptime.NoticeType
	state string
	cause uptime.Cause
	title string
}

func kinds() []kind {
	return []kind{
		{uptime.AlertDegraded, uptime.NoticeTriggered, "degraded", uptime.CanaryFailed, "Weather is degraded: its tool fails"},
		{uptime.AlertDrift, uptime.NoticeDrift, "changed", uptime.DriftDetected, "Weather changed its tools in a breaking way"},
		{uptime.AlertTLS, uptime.NoticeTLS, "expiring", "", "The certificate of Weather ends in 7 days"},
		{uptime.AlertCredential, uptime.NoticeCredential, "expiring", "", "The credential for Weather ends in 7 days"},
		{uptime.AlertBurn, uptime.NoticeBurn, "burning", "", "Weather burns its error budget"},
		{uptime.AlertSink, uptime.NoticeTriggered, "", "", "The sink team-chat takes nothing"},
		{uptime.AlertRegistry, uptime.NoticeTriggered, "", "", "The registry official is not taken over"},
		{uptime.AlertCluster, uptime.NoticeTriggered, "", "", "Many servers share one cause"},
		{uptime.AlertDigest, uptime.NoticeTriggered, "", "", "12 more alerts in the last hour"},
	}
}

func (k kind) notice(phase uptime.NoticePhase) uptime.Notice {
	n := Outage(phase)
	n.Key, n.Kind, n.Cause, n.Title, n.Priority = uptime.AlertKey("inc_sample_"+string(k.kind)), k.kind, k.cause, k.title, uptime.P3
	n.Reason = uptime.NoReason
	if phase == uptime.NoticeOpens {
		n.Type = k.typ
	}
	if k.state == "" {
		n.Servers = nil
		return n
	}
	if phase != uptime.NoticeCloses {
		n.Servers[0].State = k.state
	}
	return n
}

// Hostile returns texts that break what is careless with them, by name.
func Hostile() map[string]string {
	return map[string]string{
		"html":     `<script>alert(1)</script><img src=x onerror=y>&amp;"'`,
		"markdown": "[click](https://evil.example) **b** _i_ ~s~ `c` ||spoiler|| # h\n> q",
		"mentions": "@everyone @here <!channel> <!here> <@U123> <@&456> <#C789> @[x](y)",
		"slack":    "<https://evil.example|click here> &lt;b&gt; *bold*",
		"rtl":      "evil\u202egnp.exe \u2066x\u2069 \u200b\ufeffzero \u00ads\u3164f\U000e0041t",
		"lines":    "one\r\nBcc: victim@evil.example\r\n\r\ntwo\x00\x1b[31mred\u2028three\u0085four",
		"megabyte": strings.Repeat("ä€𝄞 ", 100_000),
		"one word": strings.Repeat("x", 1<<20),
		"template": "{{.Secret}} ${SECRET} $(id) %s%n `id` \\u0041 ';drop--",
		"invalid":  "bad \xff\xfe utf-8 \xed\xa0\x80 end",
		"emoji":    strings.Repeat("👩‍👩‍👧‍👦", 2000),
		"json":     `"},{"severity":"P1","x":"` + "\\",
		"empty":    "",
	}
}

func hostile(text string) uptime.Notice {
	n := Outage(uptime.NoticeOpens)
	n.Key = "inc_sample_hostile"
	n.Title, n.Summary, n.FirstStep, n.AckedBy = text, text, text, text
	n.Regions = []string{text}
	n.Servers[0].Name = text
	return n
}
