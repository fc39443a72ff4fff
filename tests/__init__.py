"""What several test files share."""

import gzip
import re


def shown(value):
    """Return the text of a value without addresses, the same in every process."""
    return re.sub(r" at 0x[0-9A-Fa-f]+", "", str(value))


def gzipped(content):
    """Return text or bytes compressed, the same in every process: without the time."""
    content = content.encode() if isinstance(content, str) else content
    return gzip.compress(content, mtime=0)
