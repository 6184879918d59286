package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/config"
	"github.com/alivemcp/alivemcp/internal/show"
)

// adminFlags say whose data are cared for.
type adminFlags struct {
	config string
	data   string
}

func newAdmin(sh Shell) *cobra.Command {
	var f adminFlags
	cmd := &cobra.Command{
		Use:   "admin",
		Short: "Care for the data of a monitor: status, backup, restore, vacuum, notes, keys",
		Long: `Admin works on the data directory of a monitor. While the monitor runs, the
commands go to it through a socket in that directory; otherwise they work on the
files themselves.`,
		Example: `  alivemcp admin status --data /var/lib/alivemcp
  alivemcp admin backup alivemcp-2026-10-01.db
  alivemcp admin accept drf_0123456789abcdef --note "announced last week"`,
		Args: noArgs("admin status"),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	flags := cmd.PersistentFlags()
	flags.StringVarP(&f.config, "config", "c", "", "the data directory is the one that this `file` names; default "+defaultConfig)
	flags.StringVar(&f.data, "data", "", "the data `directory`")
	cmd.AddCommand(newAdminStatus(sh, &f), newAdminBackup(sh, &f), newAdminRestore(sh, &f),
		newAdminVacuum(sh, &f), newAdminCheck(sh, &f), newAdminAccept(sh, &f), newAdminNote(sh, &f), newAdminRotateKey(sh, &f))
	return cmd
}

// dir finds the data directory.
func (f *adminFlags) dir(sh Shell) (string, error) {
	if f.data != "" {
		return f.data, nil
	}
	name := f.config
	if name == "" {
		name = defaultConfig
	}
	file, _ := config.Load(name, configOptions(sh))
	if file == nil {
		return "", usage("admin status --data ./data", "%s cannot be read: name the data directory with --data", name)
	}
	return file.Data, nil
}

// with opens the data for do.
func (f *adminFlags) with(ctx context.Context, sh Shell, do func(*app.Admin) error) error {
	dir, err := f.dir(sh)
	if err != nil {
		return err
	}
	a, err := app.OpenAdmin(ctx, dir)
	if err != nil {
		return err
	}
	return errors.Join(do(a), a.Close())
}

func newAdminStatus(sh Shell, f *adminFlags) *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "status", Short: "Say whether the monitor runs, and how its data are",
		Example: "  alivemcp admin status\n  alivemcp admin status --format json",
		Args:    noArgs("admin status"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			as, err := parseFormat(format, "admin status", show.Text, show.JSON)
			if err != nil {
				return err
			}
			return f.with(cmd.Context(), sh, func(a *app.Admin) error {
				s, err := a.Status(cmd.Context())
				if err != nil {
					return err
				}
				return writeStatus(sh, as, s)
			})
		},
	}
	formatFlag(cmd, &format, show.Text, show.JSON)
	return cmd
}

func writeStatus(sh Shell, as show.Format, s app.Status) error {
	if as == show.JSON {
		enc := json.NewEncoder(sh.Out)
		enc.SetIndent("", "  ")
		return enc.Encode(s)
	}
	running := "not running"
	if s.Running {
		running = fmt.Sprintf("running since %s at http://%s/, version %s, %d servers", s.Since.Format("2006-01-02 15:04:05"), s.Address, s.Version, s.Servers)
	}
	archived := "nothing yet"
	if !s.Archived.IsZero() {
		archived = "through " + s.Archived.Format("2006-01-02 15:04 UTC")
	}
	_, err := fmt.Fprintf(sh.Out, "monitor   %s\ndata      %s, %.1f MiB, schema %d\narchived  %s\n",
		running, s.Data, float64(s.Bytes)/(1<<20), s.Schema, archived)
	return err
}

func newAdminBackup(sh Shell, f *adminFlags) *cobra.Command {
	return &cobra.Command{
		Use: "backup FILE", Short: "Copy the database, also while the monitor runs",
		Long:    "Backup writes a consistent copy of the database to FILE, which must not exist, and\nverifies it.",
		Example: "  alivemcp admin backup alivemcp-$(date +%F).db",
		Args:    exactly(1, "admin backup FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.with(cmd.Context(), sh, func(a *app.Admin) error {
				if err := a.Backup(cmd.Context(), args[0]); err != nil {
					return err
				}
				sh.remark("wrote " + args[0])
				return nil
			})
		},
	}
}

func newAdminRestore(sh Shell, f *adminFlags) *cobra.Command {
	return &cobra.Command{
		Use: "restore FILE", Short: "Put a backup in the place of the database",
		Long:    "Restore verifies FILE and puts it in the place of the database, which is kept aside.\nThe monitor must not be running.",
		Example: "  alivemcp admin restore alivemcp-2026-10-01.db",
		Args:    exactly(1, "admin restore FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, err := f.dir(sh)
			if err != nil {
				return err
			}
			aside, err := app.Restore(cmd.Context(), args[0], dir)
			if err != nil {
				return err
			}
			sh.remark("restored " + args[0] + " into " + dir)
			if aside != "" {
				sh.remark("the former database is kept as " + aside)
			}
			return nil
		},
	}
}

func newAdminVacuum(sh Shell, f *adminFlags) *cobra.Command {
	return &cobra.Command{
		Use: "vacuum", Short: "Give unused space in the database back to the system",
		Example: "  alivemcp admin vacuum", Args: noArgs("admin vacuum"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.with(cmd.Context(), sh, func(a *app.Admin) error { return a.Vacuum(cmd.Context()) })
		},
	}
}

func newAdminCheck(sh Shell, f *adminFlags) *cobra.Command {
	return &cobra.Command{
		Use: "verify", Short: "Read the whole database and say what is broken",
		Example: "  alivemcp admin verify", Args: noArgs("admin verify"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.with(cmd.Context(), sh, func(a *app.Admin) error {
				if err := a.Check(cmd.Context()); err != nil {
					return err
				}
				sh.remark("the database is whole")
				return nil
			})
		},
	}
}

func newAdminAccept(sh Shell, f *adminFlags) *cobra.Command {
	var by, note string
	cmd := &cobra.Command{
		Use: "accept DRIFT", Short: "Accept a drift's new contract as the baseline",
		Example: `  alivemcp admin accept drf_0123456789abcdef --by mara --note "announced last week"`,
		Args:    exactly(1, "admin accept DRIFT"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.with(cmd.Context(), sh, func(a *app.Admin) error { return a.Accept(cmd.Context(), args[0], by, note) })
		},
	}
	cmd.Flags().StringVar(&by, "by", "", "`who` accepts it")
	cmd.Flags().StringVar(&note, "note", "", "why, as people will read it on the page")
	return cmd
}

func newAdminNote(sh Shell, f *adminFlags) *cobra.Command {
	var by string
	cmd := &cobra.Command{
		Use: "note INCIDENT TEXT", Short: "Say on an incident's page what is being done",
		Example: `  alivemcp admin note inc_0123456789abcdef "We roll back to 2.3."`,
		Args:    exactly(2, `admin note INCIDENT "We roll back."`),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.with(cmd.Context(), sh, func(a *app.Admin) error { return a.Note(cmd.Context(), args[0], by, args[1]) })
		},
	}
	cmd.Flags().StringVar(&by, "by", "", "`who` says it")
	return cmd
}

func newAdminRotateKey(sh Shell, f *adminFlags) *cobra.Command {
	var by string
	cmd := &cobra.Command{
		Use: "rotate-key", Short: "Replace the key that seals addresses and signs links",
		Long: `Rotate-key has the running monitor make a new key, wrap every data key by it and
remove the former one. What was sealed still opens, and links in messages still
work. Killed at any moment, it is finished at the next start.

A backup of the database opens with the key of its time alone: keep the copy of the
former key for as long as you keep backups from before.`,
		Example: "  alivemcp admin rotate-key",
		Args:    noArgs("admin rotate-key"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.with(cmd.Context(), sh, func(a *app.Admin) error {
				r, err := a.RotateKey(cmd.Context(), by)
				if err != nil {
					return err
				}
				sh.remark(fmt.Sprintf("replaced the key in %s; data keys wrapped by it: %d", r.File, r.Keys))
				sh.remark("copy that file to where your backups are not, and keep the copy of the former key for as long as backups from before")
				return nil
			})
		},
	}
	byFlag(cmd, &by, "replaces it")
	return cmd
}
