"""Imported before gateways are forked for tests: what each of them would read and compile at its start."""

from __future__ import annotations

from importlib import import_module

from gateway.config.model import EnvironmentSettings
from gateway.pages.catalogue import catalogues
from gateway.pages.render import Pages
from gateway.pages.settings import SupportSettings
from gateway.plugin.discovery import load_policies
from tests.hurry import hurry
from tests.trials import fork_trials
from tests.workers import fork_workers

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
fork_workers()
Pages(SupportSettings(), "ti", tuple(catalogues()))
EnvironmentSettings.model_rebuild(force=True)
