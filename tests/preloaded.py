"""Imported before gateways are forked for tests: what each of them would read and compile at its start."""

from __future__ import annotations

from importlib import import_module

from gateway.pages.catalogue import catalogues
from gateway.pages.render import Pages
from gateway.pages.settings import SupportSettings
from gateway.plugin.discovery import load_policies
from tests.hurry import hurry
from tests.trials import fork_trials

for each in (
    "anyio._backends._asyncio",
    "uvicorn.lifespan.on",
    "uvicorn.loops.uvloop",
    "uvicorn.protocols.http.httptools_impl",
):
    import_module(each)
load_policies()
hurry()
fork_trials()
Pages(SupportSettings(), "ti", tuple(catalogues()))
