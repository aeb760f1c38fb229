"""Where requests may go: nowhere near a machine's own network or its cloud's metadata service.

A base URL in a recipe is data from elsewhere, and a metadata service hands out the machine's credentials
to whoever asks. Link-local and metadata addresses are refused, by whatever spelling or name they are
reached, unless the recipe names them under `allow_addresses`.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from prompts.errors import InputError
from teachers.errors import InvalidRequest

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

REFUSED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "169.254.0.0/16",  # link-local: metadata of AWS, Azure, Google, Oracle
        "fe80::/10",  # link-local
        "100.100.100.200/32",  # metadata of Alibaba
        "168.63.129.16/32",  # Azure's wire server
        "192.0.0.192/32",  # metadata of Oracle
        "fd00:ec2::254/128",  # metadata of AWS
        "fd20:ce::254/128",  # metadata of Google
    )
)

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class Refused(InvalidRequest):
    """The host is at an address that the recipe does not allow."""


def check_base_url(base_url: str, allowed: Iterable[str] = ()) -> None:
    """InputError where the URL spells a refused address out, in any notation; asks no name server."""
    host = urlsplit(base_url).hostname or ""
    address = _first_refused(literal_addresses(host), allowed)
    if address is not None:
        raise InputError(f"refuses {_why(host, address)}", field="allow_addresses", remedy=_remedy(address))


def check_host(host: str, port: int, allowed: Iterable[str] = (), *, provider: str) -> list[str]:
    """Returns the addresses of a host, all of them allowed; Refused where one is not. Blocks: it asks the resolver.

    An unknown host has none. For a client that resolves again by itself: between the two an attacker's
    name server may change its mind, which `http_client` rules out.
    """
    try:
        answers = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    addresses = addresses_of(answers)
    check_addresses(host, addresses, allowed, provider=provider)
    return addresses


def check_host_of(url: str, allowed: Iterable[str] = (), *, provider: str) -> None:
    """Raises Refused where the URL's host is at an address that is not allowed; blocks, as `check_host`."""
    parts = urlsplit(url)
    if parts.hostname:
        default = 443 if parts.scheme == "https" else 80
        check_host(parts.hostname, parts.port or default, allowed, provider=provider)


def proxy_for(base_url: str) -> str | None:
    """Returns the proxy that the environment names for this URL; none for this machine. InputError for one of SOCKS."""
    parts = urlsplit(base_url)
    host, proxies = parts.hostname or "", getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or _is_loopback(host) or proxy_bypass(host):
        return None
    if "://" not in proxy:
        proxy = f"http://{proxy}"
    if urlsplit(proxy).scheme not in ("http", "https"):
        remedy = f"Set {parts.scheme}_proxy to an HTTP proxy, or name {host} in no_proxy"
        raise InputError(f"the environment names a proxy of {urlsplit(proxy).scheme}", remedy=remedy)
    return proxy


def literal_addresses(host: str) -> list[str]:
    """Returns the address that a host spells out, as decimal, hexadecimal or octal numbers too; none for a name."""
    try:
        _parse(host)
        return [host]
    except ValueError:
        pass
    try:
        return addresses_of(socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST))
    except (OSError, UnicodeError):
        return []


def addresses_of(answers: Iterable[tuple[object, object, object, object, tuple[object, ...]]]) -> list[str]:
    """Returns the distinct addresses that `getaddrinfo` answered, in its order."""
    return list(dict.fromkeys(str(item[4][0]) for item in answers))


def check_addresses(host: str, addresses: Iterable[str], allowed: Iterable[str], *, provider: str) -> None:
    """Refused where one of a host's addresses is, and is not among `allowed`; InputError where those are none."""
    address = _first_refused(addresses, allowed)
    if address is not None:
        raise Refused(f"refuses to talk to {_why(host, address)}", provider=provider, remedy=_remedy(address))


def is_refused(address: Address) -> bool:
    """Tells an address that is link-local or a metadata service, itself or by the IPv4 address inside it."""
    return any(form in network for form in _forms(address) for network in REFUSED if form.version == network.version)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    return any(ipaddress.ip_address(text).is_loopback for text in literal_addresses(host))


def _first_refused(addresses: Iterable[str], allowed: Iterable[str]) -> str | None:
    permitted = {_allowed(text) for text in allowed}
    for text in addresses:
        address = _parse(text)
        if is_refused(address) and not permitted & set(_forms(address)):
            return text
    return None


def _why(host: str, address: str) -> str:
    name = host
    if host != address:
        name = f"{host} ({address})"
    return f"{name}: a link-local or metadata address"


def _remedy(address: str) -> str:
    return f"If it is your teacher, name it in the recipe: allow_addresses: ['{address}']"


def _allowed(text: str) -> Address:
    try:
        return _parse(text)
    except ValueError as error:
        remedy = "Give addresses such as 169.254.10.7"
        raise InputError(f"'{text}' is no IP address", field="allow_addresses", remedy=remedy) from error


def _parse(text: str) -> Address:
    return ipaddress.ip_address(text.partition("%")[0])  # fe80::1%eth0: the zone is not the address


def _forms(address: Address) -> list[Address]:
    """Returns the address, and the IPv4 address it stands for where it is a mapped, translated or tunnelled one."""
    if isinstance(address, ipaddress.IPv4Address):
        return [address]
    inner = [address.ipv4_mapped, address.sixtofour]
    if address in _NAT64 or int(address) >> 32 == 0:
        inner.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return [address, *(form for form in inner if form is not None)]
