//go:build linux

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/alivemcp/alivemcp/bench/gauge"
)

// storm is a monitor with three sinks, two of which work, and many servers that
// all break at once.
type storm struct {
	servers int
	// perPort is how many servers share a host and port. Four of them are looked at
	// at once, and one that fails holds its place for both gaps between its three
	// attempts.
	perPort  int
	interval time.Duration
	healing  time.Duration
	profiles string // directory

	out                *table
	dir                string
	targets            *targets
	monitor            *monitor
	hook, chat, broken *receiver
	rows               *rows
	memory             *peak
	before             weight
	down, up           time.Time
}

// runStorm breaks all servers, mends them, and tells who heard what when.
func runStorm(ctx context.Context, args []string) (err error) {
	s := &storm{memory: &peak{}}
	set := flag.NewFlagSet("storm", flag.ExitOnError)
	set.IntVar(&s.servers, "servers", 2000, "servers")
	set.IntVar(&s.perPort, "per-port", 10, "servers that share a host and port; at most four of them are looked at at once")
	set.DurationVar(&s.interval, "interval", time.Minute, "interval of the servers")
	set.DurationVar(&s.healing, "healing", 15*time.Minute, "how long the dead sink may take to hear of the end once it lives")
	set.StringVar(&s.profiles, "profiles", "", "write profiles of the monitor's heap to this `directory`")
	_ = set.Parse(args)
	s.out = newTable(fmt.Sprintf("storm: %d servers, %d at a host and port, interval %s, three sinks, one of them dead", s.servers, s.perPort, s.interval))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer func() { err = errors.Join(err, s.stop()) }()
	for _, do := range []func(context.Context) error{s.start, s.calm, s.breakAll, s.mendAll, s.heal, s.judge} {
		if err := do(ctx); err != nil {
			return err
		}
	}
	return s.out.end()
}

// start starts the sinks, the servers and the monitor.
func (s *storm) start(ctx context.Context) (err error) {
	if s.dir, err = os.MkdirTemp("", "alivemcp-bench-"); err != nil {
		return err
	}
	for _, r := range []struct {
		to   **receiver
		dead bool
	}{{&s.hook, false}, {&s.chat, false}, {&s.broken, true}} {
		if *r.to, err = newReceiver(r.dead); err != nil {
			return err
		}
	}
	binary, err := build(ctx, s.dir)
	if err != nil {
		return err
	}
	if s.targets, err = startTargets(ctx, s.servers, s.perPort); err != nil {
		return err
	}
	profile, err := freeAddress(ctx)
	if err != nil {
		return err
	}
	file := filepath.Join(s.dir, "alivemcp.yaml")
	if err := os.WriteFile(file, []byte(s.configuration(profile)), 0o600); err != nil {
		return err
	}
	if s.monitor, err = startMonitor(ctx, binary, file, profile); err != nil {
		return err
	}
	s.rows, err = openRows(filepath.Join(s.dir, "data"))
	return err
}

func (s *storm) configuration(profile string) string {
	var b strings.Builder
	const secret = "a secret of the receiver, long enough"
	fmt.Fprintf(&b, "data: %q\nlog: {level: warn}\nmetrics: {per_server: false}\ndefaults: {interval: %s}\npprof: %q\nbase_url: http://status.test\n",
		filepath.Join(s.dir, "data"), s.interval, profile)
	b.WriteString("regions: [{id: local}]\nsinks:\n")
	fmt.Fprintf(&b, "  - {name: hook, type: webhook, url: %q, secret: %q, verified: operator}\n", s.hook.url, secret)
	fmt.Fprintf(&b, "  - {name: chat, type: slack, url: %q, token: xoxb-0123456789, channel: C0123456789, verified: operator}\n", s.chat.url)
	fmt.Fprintf(&b, "  - {name: broken, type: webhook, url: %q, secret: %q, verified: operator}\nservers:\n", s.broken.url, secret)
	for i := range s.servers {
		fmt.Fprintf(&b, "  - {slug: %s, url: %q}\n", slug(i), s.targets.url(i))
	}
	return b.String()
}

// calm waits until every server is well, and weighs the monitor.
func (s *storm) calm(ctx context.Context) (err error) {
	began := time.Now()
	err = until(ctx, 3*s.interval+2*time.Minute, "every server is live", func() (bool, error) {
		n, err := s.monitor.metric(ctx, `alivemcp_servers{state="live"}`)
		return int(n) == s.servers, err
	})
	if err != nil {
		return err
	}
	s.out.line("start until every server is live", "%s", gauge.Round(time.Since(began)))
	go s.memory.watch(ctx, s.monitor.cmd.Process.Pid)
	if err := pause(ctx, s.interval); err != nil {
		return err
	}
	s.before, err = s.weigh(ctx, "before", "while all are well")
	return err
}

// weigh tells the memory of the monitor: the most since it was told last, and
// what is left after a collection.
func (s *storm) weigh(ctx context.Context, key, when string) (weight, error) {
	most, file := s.memory.take(), ""
	if s.profiles != "" {
		file = filepath.Join(s.profiles, "heap-"+key+".pprof")
	}
	now, err := s.monitor.weigh(ctx, file)
	s.out.figure("resident_most_mib_"+key, gauge.MiB(most))
	s.out.figure("live_heap_mib_"+key, gauge.MiB(now.live))
	s.out.line("memory "+when, "resident at most %.0f MiB; live heap after a collection %.1f MiB", gauge.MiB(most), gauge.MiB(now.live))
	return weight{most, now.live}, err
}

// breakAll breaks all servers and waits until the sinks that work know of each.
func (s *storm) breakAll(ctx context.Context) (err error) {
	defer func() { err = s.with(err) }()
	if s.down, err = s.targets.be("down"); err != nil {
		return err
	}
	err = until(ctx, s.interval+4*time.Minute, "both sinks know that all are down", func() (bool, error) {
		hook, _ := state(s.hook.events())
		chat, _ := state(s.chat.events())
		return hook >= s.servers && chat >= s.servers, nil
	})
	if err != nil {
		return err
	}
	detected, err := s.moment(ctx, "SELECT min(detected) FROM incidents")
	if err != nil {
		return err
	}
	all, err := s.moment(ctx, "SELECT max(detected) FROM incidents")
	if err != nil {
		return err
	}
	s.out.timed("broken_to_verdict_s", "broken until the first red verdict", detected.Sub(s.down))
	s.out.timed("broken_to_all_verdicts_s", "broken until the last red verdict", all.Sub(s.down))
	worst := time.Duration(0)
	for _, sink := range s.good() {
		first := sink.events()[0]
		worst = max(worst, first.at.Sub(detected))
		s.out.timed("verdict_to_first_notice_s_"+sink.name, "first red verdict until the first notice at "+sink.name, first.at.Sub(detected))
		s.out.timed("broken_to_first_notice_s_"+sink.name, "broken until the first notice at "+sink.name, first.at.Sub(s.down))
		s.out.timed("last_verdict_to_whole_list_s_"+sink.name, fmt.Sprintf("last red verdict until %s was told of all %d", sink.name, s.servers), knows(sink.events(), s.servers).Sub(all))
	}
	s.out.line("aim: told within 10 s of the first verdict", "%s", reached(worst <= 10*time.Second))
	_, err = s.weigh(ctx, "during", "from then until all are down and told")
	return err
}

// with adds to an error what the sinks know.
func (s *storm) with(err error) error {
	if err == nil {
		return nil
	}
	for _, sink := range s.good() {
		servers, over := state(sink.events())
		err = fmt.Errorf("%w; %s was told %d times, of %d servers, all over: %t", err, sink.name, len(sink.events()), servers, over)
	}
	return err
}

// named is a receiver with its name.
type named struct {
	*receiver
	name string
}

func (s *storm) good() []named { return []named{{s.hook, "hook"}, {s.chat, "chat"}} }

func (s *storm) moment(ctx context.Context, query string) (time.Time, error) {
	n, err := s.rows.number(ctx, query)
	return time.Unix(0, n), err
}

// mendAll mends all servers and waits until the sinks that work know it.
func (s *storm) mendAll(ctx context.Context) (err error) {
	defer func() { err = s.with(err) }()
	if s.up, err = s.targets.be("up"); err != nil {
		return err
	}
	err = until(ctx, 3*s.interval+4*time.Minute, "both sinks know that all work again", func() (bool, error) {
		return s.hook.over() && s.chat.over(), nil
	})
	if err != nil {
		return err
	}
	closed, err := s.moment(ctx, "SELECT max(closed) FROM incidents")
	if err != nil {
		return err
	}
	s.out.timed("mended_to_last_incident_closed_s", "mended until the last incident is closed, after two good verdicts", closed.Sub(s.up))
	for _, sink := range s.good() {
		s.out.timed("last_incident_closed_to_resolved_s_"+sink.name, "last incident closed until resolved at "+sink.name, sink.events()[len(sink.events())-1].at.Sub(closed))
	}
	open, err := s.rows.unresolved(ctx)
	if err != nil {
		return err
	}
	s.out.figure("left_open", open)
	s.out.line("incidents, alerts and threads left open", "%d", open)
	_, err = s.weigh(ctx, "mended", "from then until all work and are told")
	return err
}

// heal lets the dead sink live and waits until it knows the end.
func (s *storm) heal(ctx context.Context) error {
	s.broken.heal()
	began := time.Now()
	err := until(ctx, s.healing, "the sink that was dead knows that all work again", func() (bool, error) {
		return s.broken.over(), nil
	})
	if err != nil {
		return err
	}
	s.out.timed("healed_to_resolved_s_broken", "the dead sink lives until it is told the end", time.Since(began))
	after, err := s.weigh(ctx, "after", "after all that")
	grown := gauge.MiB(after.live - s.before.live)
	s.out.figure("live_heap_grown_mib", grown)
	s.out.line("live heap, after against before", "%+.1f MiB", grown)
	return err
}

// judge tells what each sink got, and what was written.
func (s *storm) judge(ctx context.Context) error {
	for _, sink := range append(s.good(), named{s.broken, "broken"}) {
		got := sink.events()
		s.out.figure("notices_"+sink.name, map[string]int{
			"threads": keys(got), opens: count(got, opens), changes: count(got, changes), closes: count(got, closes),
			answers: count(got, answers), "attempts": sink.tried(),
		})
		s.out.line("told at "+sink.name, "%d thread(s): %d opens, %d updates of it, %d closes, %d answers in it; %d attempts; all over: %t",
			keys(got), count(got, opens), count(got, changes), count(got, closes), count(got, answers), sink.tried(), sink.over())
	}
	states, err := s.rows.outbox(ctx)
	if err != nil {
		return err
	}
	s.out.line("outbox", "%s", states)
	written, err := s.rows.written(ctx)
	if err != nil {
		return err
	}
	s.out.figure("rows", written)
	for _, name := range append(tables(), "news") {
		s.out.line("rows of "+name, "%d", written[name])
	}
	most, err := s.rows.number(ctx, `SELECT max(n) FROM (SELECT count(*) AS n FROM decisions GROUP BY tenant, alert)`)
	s.out.figure("most_decisions_of_an_alert", most)
	s.out.line("most decisions of one alert", "%d", most)
	return err
}

// stop ends everything and leaves nothing behind.
func (s *storm) stop() (err error) {
	if s.rows != nil {
		err = s.rows.close()
	}
	if s.monitor != nil {
		err = errors.Join(err, s.monitor.stop())
	}
	if s.targets != nil {
		s.targets.stop()
	}
	for _, r := range []*receiver{s.hook, s.chat, s.broken} {
		if r != nil {
			r.end()
		}
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}
