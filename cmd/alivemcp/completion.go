package main

import (
	"github.com/spf13/cobra"
)

func newCompletion(sh Shell) *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish|powershell",
		Short: "Print the completion script for a shell",
		Example: `  source <(alivemcp completion bash)
  alivemcp completion zsh > "${fpath[1]}/_alivemcp"
  alivemcp completion fish > ~/.config/fish/completions/alivemcp.fish`,
		ValidArgs: []string{"bash", "zsh", "fish", "powershell"},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usage("completion bash", "one shell is needed")
			}
			return complete(cmd.Root(), sh, args[0])
		},
	}
}

func complete(root *cobra.Command, sh Shell, name string) error {
	switch name {
	case "bash":
		return root.GenBashCompletionV2(sh.Out, true)
	case "zsh":
		return root.GenZshCompletion(sh.Out)
	case "fish":
		return root.GenFishCompletion(sh.Out, true)
	case "powershell":
		return root.GenPowerShellCompletionWithDesc(sh.Out)
	}
	return usage("completion bash", "no completion for %q: want bash, zsh, fish or powershell", name)
}
