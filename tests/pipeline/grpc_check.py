"""A check as Envoy sends it over gRPC, and the answer as it would stand in HTTP."""

from __future__ import annotations

import grpc
import httpx2
from envoy.config.core.v3 import base_pb2
from envoy.service.auth.v3 import attribute_context_pb2 as attributes
from envoy.service.auth.v3 import external_auth_pb2 as authz
from envoy.service.auth.v3 import external_auth_pb2_grpc as service

Header = base_pb2.HeaderValue


def check_request(method: str, target: str, headers: list[tuple[str, str]]) -> authz.CheckRequest:
    """With `host` as :authority, and all others as they are."""
    pseudo = {":method": method, ":path": target, ":scheme": "http"}
    lines = [*pseudo.items(), *((":authority" if name == "host" else name, value) for name, value in headers)]
    http = attributes.AttributeContext.HttpRequest(
        method=method,
        path=target,
        header_map=base_pb2.HeaderMap(
            headers=[Header(key=name, raw_value=value.encode("latin-1")) for name, value in lines]
        ),
    )
    request = attributes.AttributeContext.Request(http=http)
    return authz.CheckRequest(attributes=attributes.AttributeContext(request=request))


def check(port: int, method: str, target: str, headers: dict[str, str]) -> httpx2.Response:
    """Headers for the client of a permission stand with those for the register."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        answer = service.AuthorizationStub(channel).Check(
            check_request(method, target, list(headers.items())), timeout=10
        )
    if answer.status.code:
        refused = answer.denied_response
        return httpx2.Response(
            refused.status.code, headers=_lines(refused.headers), content=refused.body.encode()
        )
    allowed = answer.ok_response
    lines = [*_lines(allowed.headers), *_lines(allowed.response_headers_to_add)]
    lines.append((b"x-envoy-auth-headers-to-remove", ",".join(allowed.headers_to_remove).encode()))
    return httpx2.Response(200, headers=lines)


def _lines(options: list[base_pb2.HeaderValueOption]) -> list[tuple[bytes, bytes]]:
    return [(each.header.key.encode(), each.header.value.encode()) for each in options]
