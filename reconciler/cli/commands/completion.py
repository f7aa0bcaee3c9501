"""``reconciler completion``: the script that makes a shell complete commands, options and names."""

from __future__ import annotations

import click


@click.command()
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def completion(shell: str) -> int:
    """Print the script that makes a shell complete commands, options, accounts and presets.

    Each file below is read by new shells of its kind; zsh's folder must stand in fpath before compinit. To read the
    script at every start instead, write into ~/.bashrc, or into ~/.zshrc below compinit:

    \b
        eval "$(reconciler completion bash)"
        eval "$(reconciler completion zsh)"

    \b
    Examples:
        reconciler completion bash > \\
            ~/.local/share/bash-completion/completions/reconciler
        reconciler completion zsh > ~/.zfunc/_reconciler
        reconciler completion fish > ~/.config/fish/completions/reconciler.fish
    """
    from click.shell_completion import ShellComplete, get_completion_class

    from reconciler.cli.app import reconciler
    from reconciler.cli.output import put

    chosen = get_completion_class(shell)
    assert chosen is not None  # noqa: S101 - click completes all three
    completer = chosen(reconciler, {}, "reconciler", "_RECONCILER_COMPLETE")
    put(ShellComplete.source(completer) + "\n")  # not the class's own: bash's looks for a bash on this machine
    return 0
