"""What several test files share."""

import re


def shown(value):
    """Return the text of a value without addresses, the same in every process."""
    return re.sub(r" at 0x[0-9A-Fa-f]+", "", str(value))
