"""Found on PYTHONPATH by every process of a run: whatever it is, it reaches nothing but itself."""

import ipaddress
import socket

_connect, _connect_ex, _sendto = (
    socket.socket.connect,
    socket.socket.connect_ex,
    socket.socket.sendto,
)


def _refuse(family, address):
    if family not in (socket.AF_INET, socket.AF_INET6):
        return
    host = address[0] if isinstance(address, tuple) else str(address)
    try:
        if host == "localhost" or ipaddress.ip_address(host).is_loopback:
            return
    except ValueError:
        pass
    raise OSError(f"the network is cut: {host} is not this machine")


def _cut(original, place):
    def guarded(self, *arguments):
        _refuse(self.family, arguments[place])
        return original(self, *arguments)

    return guarded


socket.socket.connect = _cut(_connect, 0)
socket.socket.connect_ex = _cut(_connect_ex, 0)
socket.socket.sendto = _cut(_sendto, -1)
_getaddrinfo = socket.getaddrinfo


def _resolve(host, *arguments, **options):
    if host not in (None, "", "localhost", b"localhost"):
        _refuse(socket.AF_INET, (host.decode() if isinstance(host, bytes) else host,))
    return _getaddrinfo(host, *arguments, **options)


socket.getaddrinfo = _resolve
