"""Runs a command on a pseudo-terminal: what it shows goes to stdout, orders come by stdin, one JSON object a line.

Usage: terminal.py COLUMNS ROWS COMMAND [ARGUMENT...]; orders: {"keys": "text"}, {"columns": 40, "rows": 10}.
Ends with the command's exit code.
"""
import fcntl
import json
import os
import pty
import select
import struct
import sys
import termios


def resize(terminal, columns, rows):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def main():
    columns, rows = int(sys.argv[1]), int(sys.argv[2])
    child, terminal = pty.fork()
    if child == 0:
        resize(0, columns, rows)
        os.execvp(sys.argv[3], sys.argv[3:])
    orders = b""
    sources = [terminal, 0]
    while True:
        ready, _, _ = select.select(sources, [], [])
        if terminal in ready:
            try:
                shown = os.read(terminal, 65536)
            except OSError:  # the last process on the terminal is gone
                shown = b""
            if not shown:
                break
            os.write(1, shown)
        if 0 in ready:
            text = os.read(0, 65536)
            if not text:  # whoever gave orders is gone: so is the terminal
                break
            *lines, orders = (orders + text).split(b"\n")
            for line in lines:
                order = json.loads(line)
                if "keys" in order:
                    os.write(terminal, order["keys"].encode())
                else:
                    resize(terminal, order["columns"], order["rows"])
    os.close(terminal)
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


main()
