"""Runs a program in a terminal of 80 by 24: it shows the platform, and gives the terminal back.

Ends with 0 if all was as it must be; what was not is on stderr.
"""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios

end, program = sys.argv[1], sys.argv[2:]
child, terminal = pty.fork()
if child == 0:
    os.environ["TERM"] = "xterm-256color"
    os.execv(program[0], program)
fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
os.kill(child, signal.SIGWINCH)
before = termios.tcgetattr(terminal)
output = b""


def read():
    """Reads what comes, and answers where the cursor is if that is asked; false at the end."""
    global output
    ready, _, _ = select.select([terminal], [], [], 30)
    if not ready:
        sys.exit(f"nothing more came: {output[-2000:]!r}")
    try:
        block = os.read(terminal, 65536)
    except OSError:
        return False
    output += block
    if b"\x1b[6n" in block:
        os.write(terminal, b"\x1b[1;1R")
    return bool(block)


def shows(wanted):
    """Waits until a text was shown; what places it is left out."""
    while wanted not in re.sub(rb"\x1b\[[0-9;?]*[a-zA-Z]", b"", output).replace(b" ", b""):
        if not read():
            sys.exit(f"it ended without {wanted!r}: {output[-2000:]!r}")


shows(b"Catalogue")
shows(b"quit")
os.write(terminal, b"?")
shows(b"searchbyname")
os.write(terminal, b"\x1b" if end != "q" else b" ")
if end == "q":
    os.write(terminal, b"q")
else:
    os.kill(child, signal.SIGTERM)
while read():
    pass
_, status = os.waitpid(child, 0)
code = os.waitstatus_to_exitcode(status)
if code != 0:
    sys.exit(f"exit code {code}: {output[-2000:]!r}")
if output.rfind(b"\x1b[?1049l") < output.rfind(b"\x1b[?1049h"):
    sys.exit("the other screen was not left")
if output.rfind(b"\x1b[?25h") < output.rfind(b"\x1b[?25l"):
    sys.exit("the cursor is hidden")
