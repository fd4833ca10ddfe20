"""Restarts under load: of two gateways behind nginx, and by a service manager that holds the socket."""

from __future__ import annotations

from benchmarks.restart import fleet
from tests.cli.test_restart import nothing_lost


def test_two_gateways_behind_nginx_are_restarted_one_after_the_other() -> None:
    with fleet("fleet", drain={"wait": "1s", "finish": "30s"}) as gateways:
        nothing_lost("fleet", gateways)


def test_a_service_manager_that_holds_the_socket_stops_and_starts_the_gateway() -> None:
    with fleet("activated", drain={"wait": "0s", "finish": "30s"}) as gateways:
        nothing_lost("activated", gateways)
