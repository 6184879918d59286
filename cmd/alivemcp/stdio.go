package main

import (
	"strings"

	"github.com/spf13/pflag"

	"github.com/alivemcp/alivemcp/internal/app"
	"github.com/alivemcp/alivemcp/internal/uptime"
)

// stdioFlags start a server on this machine.
type stdioFlags struct {
	stdio bool
	env   []string
}

func (f *stdioFlags) declare(flags *pflag.FlagSet) {
	flags.BoolVar(&f.stdio, "stdio", false, "take the server that the command after -- starts")
	flags.StringArrayVar(&f.env, "env", nil, "let the started server see this environment `variable` (repeatable)")
}

// server returns the server that args start. dash is how many of them came
// before --.
func (f *stdioFlags) server(sh Shell, args []string, dash int, command string) (uptime.Server, error) {
	if dash != 0 || len(args) == 0 || args[0] == "" {
		return uptime.Server{}, usage(command+" --stdio -- node server.js", "--stdio wants the command after --, and no other target")
	}
	env, err := sh.environ(f.env)
	if err != nil {
		return uptime.Server{}, err
	}
	srv := app.ParseCommand(args, env)
	srv.Private = true
	return srv, nil
}

// environ returns a minimal environment and the named variables, as KEY=value.
func (sh Shell) environ(names []string) ([]string, error) {
	env := app.MinimalEnv(sh.LookupEnv)
	for _, name := range names {
		value, ok := sh.LookupEnv(name)
		if !ok {
			bare, _, _ := strings.Cut(name, "=")
			return nil, usageError{"--env wants the name of a variable that is set", "try: export " + bare + "=... first"}
		}
		env = append(env, name+"="+value)
	}
	return env, nil
}
