"""How far a pass over the data is, as log records at the level DEBUG."""

import logging

logger = logging.getLogger("coreselect.rows")


def tell(done, total, what="block"):
    """Log that `done` of `total` blocks, rows or bytes of a pass are done.

    The records have these three values as attributes.
    """
    if logger.isEnabledFor(logging.DEBUG):
        extra = {"done": done, "total": total, "what": what}
        text = "pass over the data: %s %d of %d"
        logger.debug(text, what, done, total, extra=extra)
