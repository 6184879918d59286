package audit_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/alivemcp/alivemcp/internal/audit"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func TestClassOfALook(t *testing.T) {
	for _, c := range []struct {
		name string
		look uptime.AuditLook
		want audit.Class
	}{
		{"live and open", uptime.AuditLook{State: uptime.Live, Access: uptime.AccessOpen}, audit.ClassOK},
		{"after a retry", uptime.AuditLook{State: uptime.Degraded, Access: uptime.AccessOpen}, audit.ClassOK},
		{"walled", uptime.AuditLook{State: uptime.Live, Access: uptime.AccessWalled}, audit.ClassAuthProper},
		{"an API key", uptime.AuditLook{State: uptime.Live, Access: uptime.AccessCustom}, audit.ClassAuthCustom},
		{"a broken chain", uptime.AuditLook{State: uptime.Degraded, Access: uptime.AccessBroken, Cause: uptime.AuthBroken}, audit.ClassAuthBroken},
		{"broken by its cause", uptime.AuditLook{State: uptime.Degraded, Cause: uptime.AuthBroken}, audit.ClassAuthBroken},
		{"refused with metadata", uptime.AuditLook{State: uptime.Degraded, Cause: uptime.AuthRequired, AuthChain: true}, audit.ClassAuthProper},
		{"refused without", uptime.AuditLook{State: uptime.Degraded, Cause: uptime.AuthRequired}, audit.ClassAuthCustom},
		{"no name", uptime.AuditLook{State: uptime.Down, Cause: uptime.DNSNXDomain}, audit.ClassDead},
		{"too late", uptime.AuditLook{State: uptime.Down, Cause: uptime.FirstByteTimeout, Access: uptime.AccessOpen}, audit.ClassDead},
		{"a private address", uptime.AuditLook{Cause: uptime.BlockedTarget}, audit.ClassDead},
		{"empty tools", uptime.AuditLook{State: uptime.Down, Cause: uptime.ToolsEmpty, Access: uptime.AccessOpen}, audit.ClassMalformed},
		{"live with tools that are dropped", uptime.AuditLook{State: uptime.Live, Access: uptime.AccessOpen, Malformed: []string{"tool_name_invalid"}}, audit.ClassMalformed},
		{"a web page", uptime.AuditLook{State: uptime.Down, Cause: uptime.NotMCP}, audit.ClassNotMCP},
		{"not found", uptime.AuditLook{State: uptime.Down, Cause: uptime.HTTPNotFound}, audit.ClassNotMCP},
		{"429", uptime.AuditLook{Cause: uptime.RateLimited}, audit.ClassLimited},
		{"a puzzle", uptime.AuditLook{Cause: uptime.BotChallenge}, audit.ClassLimited},
		{"overload", uptime.AuditLook{Cause: uptime.SelfOverload}, audit.ClassUnknown},
		{"overload that was called down", uptime.AuditLook{State: uptime.Down, Cause: uptime.SelfOverload}, audit.ClassUnknown},
		{"nothing", uptime.AuditLook{}, audit.ClassUnknown},
	} {
		if got := audit.ClassOf(&c.look); got != c.want {
			t.Errorf("%s is %s, want %s", c.name, got, c.want)
		}
	}
}

// words are looks by a letter.
func letters() map[rune]uptime.AuditLook {
	ok := uptime.AuditLook{State: uptime.Live, Access: uptime.AccessOpen, ToolsHash: "1", ContractHash: "1"}
	worded, changed := ok, ok
	worded.ToolsHash, changed.ToolsHash, changed.ContractHash = "2", "3", "3"
	refused := ok
	refused.Demo = uptime.Degraded
	accepted := ok
	accepted.Demo = uptime.Live
	return map[rune]uptime.AuditLook{
		'o': ok, 'w': worded, 'c': changed, 't': refused, 'T': accepted,
		'd': {State: uptime.Down, Cause: uptime.ConnectRefused},
		'n': {State: uptime.Down, Cause: uptime.NotMCP},
		'm': {State: uptime.Down, Cause: uptime.ToolsEmpty},
		'p': {State: uptime.Live, Access: uptime.AccessWalled},
		'k': {State: uptime.Live, Access: uptime.AccessCustom},
		'b': {State: uptime.Degraded, Access: uptime.AccessBroken},
		'l': {Cause: uptime.RateLimited},
		'u': {Cause: uptime.SelfOverload},
	}
}

// looksOf reads looks of three rounds, region by region: "ood" is region a. A
// dot is a look that is missing.
func looksOf(regions ...string) []uptime.AuditLook {
	var out []uptime.AuditLook
	for i, rounds := range regions {
		for n, letter := range rounds {
			if letter == '.' {
				continue
			}
			l := letters()[letter]
			l.Region, l.Round = string(rune('a'+i)), n+1
			out = append(out, l)
		}
	}
	return out
}

func TestEveryBucket(t *testing.T) {
	run := threeRounds(time.Unix(0, 0), "a", "b", "c")
	for _, c := range []struct {
		looks []uptime.AuditLook
		want  uptime.AuditBucket
	}{
		{looksOf("ooo", "ooo", "ooo"), uptime.BucketStable},
		{looksOf("ood", "doo", "ono"), uptime.BucketStable},
		{looksOf("oo.", "ooo", "..."), uptime.BucketStable},
		{looksOf("o..", "oo.", "oou"), uptime.BucketStable},
		{looksOf("oow", "ooo", "ooo"), uptime.BucketDrift},
		{looksOf("ooc", "ooc", "ooc"), uptime.BucketDrift},
		{looksOf("odc", "ooo", "ooo"), uptime.BucketDrift},
		{looksOf("ooo", "ccc", "ooo"), uptime.BucketStable}, // regions differ, rounds do not
		{looksOf("ooo", "ooo", "odd"), uptime.BucketRegional},
		{looksOf("ddd", "ooo", "ddd"), uptime.BucketRegional},
		{looksOf("ooo", "ooo", "od."), uptime.BucketRegional}, // half is no majority
		{looksOf("ttt", "ttt", "ttt"), uptime.BucketCredentialed},
		{looksOf("ttT", "ttT", "ttT"), uptime.BucketCredentialed},
		{looksOf("tTT", "tTT", "tTT"), uptime.BucketStable},
		{looksOf("tTT", "TtT", "TTt"), uptime.BucketStable},
		{looksOf("ppp", "ppp", "ppp"), uptime.BucketAuthProper},
		{looksOf("kkk", "kkk", "kkp"), uptime.BucketAuthCustom},
		{looksOf("bbb", "bbb", "bbb"), uptime.BucketAuthBroken},
		{looksOf("ddd", "ddd", "ddd"), uptime.BucketDead},
		{looksOf("ddo", "ddo", "nno"), uptime.BucketDead},
		{looksOf("nnn", "nnn", "ddd"), uptime.BucketNotMCP},
		{looksOf("nnn", "ddd", "ppp"), uptime.BucketDead}, // equally frequent: the worst
		{looksOf("mmm", "nnn", "ppp"), uptime.BucketNotMCP},
		{looksOf("mmm", "bbb", "kkk"), uptime.BucketMalformed},
		{looksOf("bbb", "kkk", "ppp"), uptime.BucketAuthBroken},
		{looksOf("kkk", "ppp", "..."), uptime.BucketAuthCustom},
		{looksOf("mmm", "mmm", "mmm"), uptime.BucketMalformed},
		{looksOf("lll", "lll", "lll"), uptime.BucketLimited},
		{looksOf("lll", "ooo", "oll"), uptime.BucketLimited},
		{looksOf("lll", "ooo", "ool"), uptime.BucketStable}, // five of nine are judged
		{looksOf("uuu", "lll", "..."), uptime.BucketUnknown},
		{looksOf("uuu", "uuu", "uuu"), uptime.BucketUnknown},
		{looksOf("ooo", "o..", "..."), uptime.BucketUnknown},
		{nil, uptime.BucketUnknown},
	} {
		target := target("x", "x.example")
		target.Demo = true
		if got := audit.Classify(&run, &target, c.looks); got != c.want {
			t.Errorf("%v is %s, want %s", shown(c.looks), got, c.want)
		}
		target.Kind = uptime.EndpointPlaceholder
		if got := audit.Classify(&run, &target, c.looks); got != uptime.BucketTemplated {
			t.Errorf("%v at no address is %s", shown(c.looks), got)
		}
	}
	target := target("x", "x.example")
	if got := audit.Classify(&run, &target, looksOf("ttt", "ttt", "ttt")); got != uptime.BucketStable {
		t.Errorf("a token that was not published makes %s", got)
	}
}

func shown(looks []uptime.AuditLook) string {
	var s strings.Builder
	for i := range looks {
		fmt.Fprintf(&s, "%s%d:%s ", looks[i].Region, looks[i].Round, audit.ClassOf(&looks[i]))
	}
	return s.String()
}

// drawnLook draws any look, of real states and causes.
func drawnLook(t *rapid.T) uptime.AuditLook {
	causes := append(uptime.Causes(), "", "", "", "", "", "", "", "")
	return uptime.AuditLook{
		State:        rapid.SampledFrom([]uptime.State{uptime.Unknown, uptime.Live, uptime.Degraded, uptime.Down}).Draw(t, "state"),
		Cause:        rapid.SampledFrom(causes).Draw(t, "cause"),
		Access:       rapid.SampledFrom([]uptime.Access{"", uptime.AccessOpen, uptime.AccessWalled, uptime.AccessCustom, uptime.AccessBroken}).Draw(t, "access"),
		AuthChain:    rapid.Bool().Draw(t, "chain"),
		ToolsHash:    rapid.SampledFrom([]string{"", "1", "2"}).Draw(t, "tools"),
		ContractHash: rapid.SampledFrom([]string{"", "1", "2"}).Draw(t, "contract"),
		Demo:         rapid.SampledFrom([]uptime.State{uptime.Unknown, uptime.Live, uptime.Degraded, uptime.Down}).Draw(t, "demo"),
	}
}

func drawn(t *rapid.T) (uptime.AuditRun, uptime.AuditTarget, []uptime.AuditLook) {
	run := threeRounds(time.Unix(0, 0), "a", "b", "c", "d", "e")
	run.Regions = run.Regions[:rapid.IntRange(1, 5).Draw(t, "regions")]
	run.Rounds = rapid.IntRange(1, 4).Draw(t, "rounds")
	target := target("x", "x.example")
	target.Kind = rapid.SampledFrom([]uptime.EndpointKind{uptime.EndpointRemote, uptime.EndpointRemote, uptime.EndpointRemote, uptime.EndpointJunk, ""}).Draw(t, "kind")
	target.Demo = rapid.Bool().Draw(t, "token")
	var looks []uptime.AuditLook
	for _, region := range run.Regions {
		for n := range run.Rounds {
			if rapid.IntRange(0, 5).Draw(t, "there") > 0 {
				l := drawnLook(t)
				l.Region, l.Round = region.ID, n+1
				looks = append(looks, l)
			}
		}
	}
	return run, target, looks
}

func TestExactlyOneBucketWhateverTheOrder(t *testing.T) {
	ctx := t.Context()
	rapid.Check(t, func(t *rapid.T) {
		run, target, looks := drawn(t)
		want := audit.Classify(&run, &target, looks)
		if !slices.Contains(audit.Buckets(), want) {
			t.Fatalf("%q is no bucket", want)
		}
		p := &planted{records: newRecords(run, []uptime.AuditTarget{target})}
		for _, l := range looks {
			l.Endpoint = target.Key
			p.looks[lookKey(&l)] = l
		}
		report, err := audit.Build(ctx, run, nil, p)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range report.Buckets {
			if (b.Endpoints == 1) != (b.Bucket == want) {
				t.Fatalf("it is in %s, and %d are in %s", want, b.Endpoints, b.Bucket)
			}
		}
		if got := audit.Classify(&run, &target, rapid.Permutation(looks).Draw(t, "order")); got != want {
			t.Fatalf("%s in another order, else %s", got, want)
		}
	})
}

// rank orders buckets by how well the endpoint does.
func rank(b uptime.AuditBucket) int {
	switch b {
	case uptime.BucketStable, uptime.BucketDrift, uptime.BucketCredentialed:
		return 2
	case uptime.BucketRegional:
		return 1
	}
	return 0
}

func TestABetterLookNeverMakesItWorse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		run, target, looks := drawn(t)
		if len(looks) == 0 {
			return
		}
		i := rapid.IntRange(0, len(looks)-1).Draw(t, "which")
		before := looks[i]
		if c := audit.ClassOf(&before); c == audit.ClassUnknown || c == audit.ClassLimited {
			return
		}
		was := audit.Classify(&run, &target, looks)
		looks[i] = uptime.AuditLook{Region: before.Region, Round: before.Round, State: uptime.Live, Access: uptime.AccessOpen}
		if now := audit.Classify(&run, &target, looks); rank(now) < rank(was) {
			t.Fatalf("%s became %s by a look that is ok instead of %s", was, now, audit.ClassOf(&before))
		}
	})
}

func TestTheTablesHaveWords(t *testing.T) {
	var named []uptime.AuditBucket
	for _, rule := range audit.Table() {
		if rule.Words == "" {
			t.Errorf("%s has no words", rule.Bucket)
		}
		named = append(named, rule.Bucket)
	}
	all := audit.Buckets()
	slices.Sort(all)
	slices.Sort(named)
	if !slices.Equal(all, named) {
		t.Errorf("the table names %v, the buckets are %v", named, all)
	}
	for _, rule := range audit.LookTable() {
		if rule.Words == "" {
			t.Errorf("%s has no words", rule.Class)
		}
	}
}
