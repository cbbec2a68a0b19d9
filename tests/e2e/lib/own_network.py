# SPDX-License-Identifier: Apache-2.0
"""Runs a command in a network of its own, whose only way out is one port of its loopback: the
parent, which is handed the listening socket, answers there.

    unshare -rn python3 own_network.py SOCKET PORT COMMAND...

swupdate needs that where several run on one machine: the processes of an instance log to each
other through an abstract socket, "NotifyServer", of which a network has one (core/notifier.c).
Beside each other instances take the first free one of eleven such names, and may write into each
other's log.
"""
import fcntl
import os
import socket
import struct
import sys

SIOCSIFFLAGS, IFF_UP = 0x8914, 1

channel = socket.socket(fileno=int(sys.argv[1]))
with socket.socket() as any_socket:
    fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
with socket.create_server(("127.0.0.1", int(sys.argv[2]))) as listener:
    socket.send_fds(channel, [b"listening"], [listener.fileno()])
channel.close()
os.execvp(sys.argv[3], sys.argv[3:])
