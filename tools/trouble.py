"""What can go wrong while setting up, and what to say about it. Standard library only."""

import re

NEEDED_GB = 3.0

# Exit codes of the setup; JupyterLab's and pytest's own are all below 10.
WRONG_PYTHON, DISK_FULL, NO_NETWORK, NO_PERMISSION, NO_VENV, OTHER = range(10, 16)

# What installers say when something is wrong, the most certain first, and what it means in words.
CAUSES = (
    (
        r"No space left on device|Errno 28|not enough space|os error 28|os error 112|Disk quota",
        DISK_FULL,
        "The disk is full. The setup needs about {gb:.0f} GB: free some space, then run this again.",
    ),
    (
        (
            r"NewConnectionError|NameResolutionError|Temporary failure in name|getaddrinfo failed"
            r"|Connection refused|ConnectionRefusedError|Network is unreachable|timed out|ReadTimeout"
            r"|ProxyError|error sending request|dns error|SSLError|CERTIFICATE_VERIFY|RemoteDisconnected"
        ),
        NO_NETWORK,
        (
            "The packages could not be fetched: is there a network connection? Behind a proxy or with a "
            "package index of your own, tell pip about it (pip config), then run this again. "
            "What was fetched so far is kept."
        ),
    ),
    (
        r"Long Path",
        OTHER,
        (
            "The path of this folder is too long for Windows: move it nearer to the root of the drive "
            "(for example C:\\dlkit), then run this again."
        ),
    ),
    (
        r"Permission denied|Errno 13|Access is denied|os error 13|Read-only file system",
        NO_PERMISSION,
        (
            "A file could not be written: you do not have the rights in this folder, or another program "
            "holds it open. Close JupyterLab if it is running, or copy the folder to your own files."
        ),
    ),
    (
        r"No matching distribution|no wheels with a matching|only-binary",
        OTHER,
        (
            "A package was not found. If the network is there, it is not made for this kind of machine: "
            "dlkit runs on Linux (glibc, x86-64 or arm64), "
            "macOS on Apple silicon and Windows (x86-64), with 64-bit Python 3.11 to 3.13."
        ),
    ),
)


class Problem(Exception):
    """Something that the user can mend: words and an exit code."""

    def __init__(self, code, words):
        super().__init__(words)
        self.code = code


def explain(said):
    """Return (exit code, words) for what an installer or the system said, None if unknown."""
    for pattern, code, words in CAUSES:
        if re.search(pattern, said, re.IGNORECASE):
            return code, words.format(gb=NEEDED_GB)
    return None


def failure(doing, said):
    """Return the Problem that an installer's output describes."""
    known = explain(said)
    tail = "\n".join("  | " + line[:160] for line in said.splitlines()[-8:] if line.strip())
    code, words = known or (
        OTHER,
        "This is the end of what it said; run this again once it is mended.",
    )
    return Problem(code, f"Something went wrong while {doing}.\n{tail}\n{words}")
