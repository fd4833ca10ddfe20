"""`gateway completion`: completion of commands, options and environments in bash, zsh and fish."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import typer
from typer._completion_classes import completion_init
from typer._completion_shared import get_completion_script

from gateway.files.plain_file import read_plain

_ASKED: Final = "_GATEWAY_COMPLETE"
_WORDS: Final = ("COMP_WORDS", "_TYPER_COMPLETE_ARGS")
_CONFIG: Final = "config.yaml"
# zsh makes a function of a file in its fpath, which must answer each completion that it is called for.
_ZSH_REGISTERED: Final = "compdef _gateway_completion gateway"
_ZSH_LOADED: Final = f"""\
if [[ $zsh_eval_context[-1] == (loadautofunc|shfunc) ]]; then
  _gateway_completion "$@"
else
  {_ZSH_REGISTERED}
fi"""


def completion(
    shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument(help="Your shell.")],
) -> None:
    """Print the script that makes a shell complete commands, options and environments.

    Examples:
        gateway completion bash > ~/.local/share/bash-completion/completions/gateway
        gateway completion zsh > ~/.zfunc/_gateway
        gateway completion fish > ~/.config/fish/completions/gateway.fish

    Exit codes:
        0: printed
    """
    script = get_completion_script(prog_name="gateway", complete_var=_ASKED, shell=shell)
    typer.echo(script.replace(_ZSH_REGISTERED, _ZSH_LOADED) if shell == "zsh" else script)


def asked_for(environment: Mapping[str, str]) -> Sequence[str]:
    """The words behind `gateway` where a shell asks for completion; nothing where it does not."""
    if _ASKED not in environment:
        return ()
    completion_init()
    line = next((environment[name] for name in _WORDS if name in environment), "")
    try:
        words = shlex.split(line)
    except ValueError:  # a quote that is still open
        words = line.split()
    return words[1:] or ("",)


def environments(ctx: typer.Context, incomplete: str) -> list[str]:
    """The names of the environments in the configuration that the line names so far."""
    from gateway.config.positions import read_yaml  # noqa: PLC0415 - most commands start without it
    from gateway.config.problems import ConfigError  # noqa: PLC0415

    given: Any = ctx.params.get("config") or ctx.params.get("file") or _CONFIG
    try:
        data, _ = read_yaml(read_plain(Path(given)), str(given))
        return [name for name in data["environments"] if name.startswith(incomplete)]
    except (OSError, ConfigError, KeyError, TypeError):
        return []
