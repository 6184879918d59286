package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/show"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

func newAlert(sh Shell) *cobra.Command {
	var f adminFlags
	cmd := &cobra.Command{
		Use:   "alert",
		Short: "Ask who was told what, try sinks, acknowledge, silence",
		Long: `Alert speaks with a running monitor about its notices: who was told of an incident
and why, how the sinks are, and what waits. Sinks are declared in the configuration;
one that is not vouched for there delivers nothing until it is verified.`,
		Example: `  alivemcp alert sinks
  alivemcp alert test team
  alivemcp alert verify team
  alivemcp alert explain inc_0123456789abcdef
  alivemcp alert ack inc_0123456789abcdef --by mara
  alivemcp alert silence weather --for 2h --note "we move the database"`,
		Args: noArgs("alert sinks"),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	flags := cmd.PersistentFlags()
	flags.StringVarP(&f.config, "config", "c", "", "the data directory is the one that this `file` names; default "+defaultConfig)
	flags.StringVar(&f.data, "data", "", "the data `directory`")
	cmd.AddCommand(newAlertSinks(sh, &f), newAlertTest(sh, &f), newAlertVerify(sh, &f), newAlertExplain(sh, &f),
		newAlertAck(sh, &f), newAlertSilence(sh, &f), newAlertDeliveries(sh, &f), newAlertReplay(sh, &f))
	return cmd
}

func newAlertTest(sh Shell, f *adminFlags) *cobra.Command {
	var by string
	cmd := &cobra.Command{
		Use: "test SINK", Short: "Send a test notice to a sink, and say what came of it",
		Example: "  alivemcp alert test team", Args: exactly(1, "alert test SINK"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.with(cmd.Context(), sh, func(a *app.Admin) error {
				begin := time.Now()
				if err := a.Test(cmd.Context(), args[0], by); err != nil {
					return err
				}
				sh.remark(fmt.Sprintf("%s took the test notice in %s", args[0], time.Since(begin).Round(time.Millisecond)))
				return nil
			})
		},
	}
	byFlag(cmd, &by, "tries it")
	return cmd
}

func byFlag(cmd *cobra.Command, by *string, does string) {
	cmd.Flags().StringVar(by, "by", "", "`who` "+does)
}

func newAlertVerify(sh Shell, f *adminFlags) *cobra.Command {
	var by string
	cmd := &cobra.Command{
		Use: "verify SINK [CODE]", Short: "Prove that a sink's owner wants what is sent there",
		Long: `Verify without a code asks the sink: a webhook has to answer a signed challenge, or
its domain has to carry a TXT record; a mailbox gets a link; every other sink gets a
code. With that code, verify again.`,
		Example: "  alivemcp alert verify team\n  alivemcp alert verify team 4F7K-9QXM",
		Args: func(_ *cobra.Command, args []string) error {
			if n := len(args); n != 1 && n != 2 {
				return usage("alert verify SINK [CODE]", "want a sink, and the code that it got if you have it; got %d arguments", n)
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.with(cmd.Context(), sh, func(a *app.Admin) error { return verifySink(cmd.Context(), sh, a, args, by) })
		},
	}
	byFlag(cmd, &by, "verifies it")
	return cmd
}

func verifySink(ctx context.Context, sh Shell, a *app.Admin, args []string, by string) error {
	if len(args) == 2 {
		if err := a.Prove(ctx, args[0], args[1], by); err != nil {
			return err
		}
		sh.remark(args[0] + " is verified")
		return nil
	}
	if err := a.Challenge(ctx, args[0], by); err != nil {
		return err
	}
	sinks, err := a.Sinks(ctx)
	if err != nil {
		return err
	}
	for _, s := range sinks {
		if s.Name == args[0] && s.Verified {
			sh.remark(args[0] + " is verified")
			return nil
		}
	}
	sh.remark("sent: follow the link, or enter the code with: alivemcp alert verify " + args[0] + " CODE")
	return nil
}

func newAlertExplain(sh Shell, f *adminFlags) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "explain INCIDENT", Short: "Say why somebody was told of an incident, or was not",
		Long:    "Explain shows every decision about an incident, a drift or another alert, and what was\nsent to whom. The id stands in messages, on the incident's page and in its address.",
		Example: "  alivemcp alert explain inc_0123456789abcdef\n  alivemcp alert explain drf_0123456789abcdef --format json",
		Args:    exactly(1, "alert explain INCIDENT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			as, err := parseFormat(format, "alert explain INCIDENT", show.Text, show.JSON)
			if err != nil {
				return err
			}
			return f.with(cmd.Context(), sh, func(a *app.Admin) error {
				s, err := a.Explain(cmd.Context(), args[0])
				if err != nil {
					return orWhere(err, "alivemcp alert deliveries")
				}
				if as == show.JSON {
					return writeJSON(sh, s)
				}
				_, err = sh.Out.Write(show.Story(s, sh.style()))
				return err
			})
		},
	}
	formatFlag(cmd, &format, show.Text, show.JSON)
	return cmd
}

// orWhere tells where to find the id of what was not found. What a running monitor
// answers is a text.
func orWhere(err error, command string) error {
	if strings.HasSuffix(err.Error(), uptime.ErrNotFound.Error()) {
		return fmt.Errorf("%w; `%s` lists what there is", err, command)
	}
	return err
}

func writeJSON(sh Shell, v any) error {
	enc := json.NewEncoder(sh.Out)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

func newAlertAck(sh Shell, f *adminFlags) *cobra.Command {
	var by, note string
	cmd := &cobra.Command{
		Use: "ack INCIDENT", Short: "Take an incident on: nobody else is called",
		Example: `  alivemcp alert ack inc_0123456789abcdef --by mara --note "looking at it"`,
		Args:    exactly(1, "alert ack INCIDENT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.with(cmd.Context(), sh, func(a *app.Admin) error {
				if err := a.Acknowledge(cmd.Context(), args[0], by, note); err != nil {
					return orWhere(err, "alivemcp alert deliveries")
				}
				sh.remark("acknowledged " + args[0] + ": nobody else is called")
				return nil
			})
		},
	}
	byFlag(cmd, &by, "takes it on")
	cmd.Flags().StringVar(&note, "note", "", "what is being done")
	return cmd
}

func newAlertSilence(sh Shell, f *adminFlags) *cobra.Command {
	var by, note string
	var d time.Duration
	cmd := &cobra.Command{
		Use: "silence [SERVER...]", Short: "Keep sinks quiet about servers, or about all, until it ends by itself",
		Example: `  alivemcp alert silence weather search --for 2h --note "we move the database"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if d <= 0 || d > 30*24*time.Hour {
				return usage("alert silence weather --for 2h", "a silence lasts up to 720h")
			}
			return f.with(cmd.Context(), sh, func(a *app.Admin) error {
				if err := a.Silence(cmd.Context(), args, d, by, note); err != nil {
					return err
				}
				whom := cmp.Or(strings.Join(args, ", "), "all servers")
				sh.remark(whom + ": quiet until " + moment(time.Now().Add(d)) + "; the page of silences ends it sooner")
				return nil
			})
		},
	}
	byFlag(cmd, &by, "wants it quiet")
	cmd.Flags().StringVar(&note, "note", "", "why")
	cmd.Flags().DurationVar(&d, "for", time.Hour, "how long")
	return cmd
}

func newAlertReplay(sh Shell, f *adminFlags) *cobra.Command {
	var by string
	cmd := &cobra.Command{
		Use: "replay DELIVERY", Short: "Send a delivery again that was given up",
		Example: "  alivemcp alert deliveries --state dead\n  alivemcp alert replay dlv_0123456789abcdef",
		Args:    exactly(1, "alert replay DELIVERY"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.with(cmd.Context(), sh, func(a *app.Admin) error {
				if err := a.ReplayDelivery(cmd.Context(), args[0], by); err != nil {
					return orWhere(err, "alivemcp alert deliveries --state dead")
				}
				sh.remark(args[0] + " is sent again, as soon as its sink's turn comes")
				return nil
			})
		},
	}
	byFlag(cmd, &by, "sends it again")
	return cmd
}

func newAlertSinks(sh Shell, f *adminFlags) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "sinks", Short: "List the sinks and how they are",
		Example: "  alivemcp alert sinks\n  alivemcp alert sinks --format json", Args: noArgs("alert sinks"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			as, err := parseFormat(format, "alert sinks", show.Text, show.JSON)
			if err != nil {
				return err
			}
			return f.with(cmd.Context(), sh, func(a *app.Admin) error {
				sinks, err := a.Sinks(cmd.Context())
				if err != nil {
					return err
				}
				if as == show.JSON {
					return writeJSON(sh, append([]uptime.SinkStatus{}, sinks...))
				}
				return writeSinks(sh, sinks)
			})
		},
	}
	formatFlag(cmd, &format, show.Text, show.JSON)
	return cmd
}

func writeSinks(sh Shell, sinks []uptime.SinkStatus) error {
	if len(sinks) == 0 {
		sh.remark("there are no sinks; add some below sinks: in the configuration")
		return nil
	}
	w := tabwriter.NewWriter(sh.Out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "SINK\tTYPE\tSTATE\tLAST SENT\tWAITING\tGIVEN UP\tLAST ERROR") // Flush tells
	for _, s := range sinks {
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\t%s\n", s.Name, s.Type, sinkWord(s), moment(s.LastSent), s.Waiting, s.Dead, show.Clean(s.LastError, 80))
	}
	return w.Flush()
}

// sinkWord says in a few words how a sink is.
func sinkWord(s uptime.SinkStatus) string {
	switch {
	case !s.Proof.Stopped.IsZero():
		return "stopped by its reader"
	case !s.Verified:
		return "not verified"
	case s.Open:
		return "rests until " + s.Retry.UTC().Format("15:04:05")
	case !s.FailingSince.IsZero():
		return "fails since " + moment(s.FailingSince)
	}
	return "works"
}

func moment(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

func newAlertDeliveries(sh Shell, f *adminFlags) *cobra.Command {
	var format, sink, state string
	cmd := &cobra.Command{
		Use: "deliveries", Short: "List the newest deliveries",
		Example: "  alivemcp alert deliveries\n  alivemcp alert deliveries --sink team --state dead\n  alivemcp alert deliveries --format json", Args: noArgs("alert deliveries"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			as, err := parseFormat(format, "alert deliveries", show.Text, show.JSON)
			if err != nil {
				return err
			}
			if err := parseState(state); err != nil {
				return err
			}
			return f.with(cmd.Context(), sh, func(a *app.Admin) error {
				list, err := a.Deliveries(cmd.Context(), sink, state)
				if err != nil {
					return err
				}
				if as == show.JSON {
					return writeJSON(sh, append([]uptime.Delivery{}, list...))
				}
				return writeDeliveries(sh, list)
			})
		},
	}
	formatFlag(cmd, &format, show.Text, show.JSON)
	cmd.Flags().StringVar(&sink, "sink", "", "only those to this `sink`")
	cmd.Flags().StringVar(&state, "state", "", "only those that are waiting, sent, dead or superseded")
	return cmd
}

func parseState(state string) error {
	switch uptime.DeliveryState(state) {
	case "", uptime.DeliveryWaiting, uptime.DeliverySent, uptime.DeliveryDead, uptime.DeliverySuperseded:
		return nil
	}
	return usage("alert deliveries --state dead", "a delivery is waiting, sent, dead or superseded, never %q", state)
}

func writeDeliveries(sh Shell, list []uptime.Delivery) error {
	if len(list) == 0 {
		sh.remark("there are no such deliveries")
		return nil
	}
	w := tabwriter.NewWriter(sh.Out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(w, "CREATED\tDELIVERY\tSINK\tSTATE\tTRIES\tINCIDENT\tWHAT") // Flush tells
	for _, d := range list {
		what := strings.TrimSpace(string(d.Notice.Type) + " " + cmp.Or(d.Error, d.Notice.Title))
		_, _ = fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%s\t%s\n", moment(d.Created), d.ID, d.Sink, d.State, d.Attempts, d.Thread, show.Clean(what, 100))
	}
	return w.Flush()
}
