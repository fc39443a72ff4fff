"""Short names for the types of arguments and results, for annotations."""

from collections.abc import Callable
from typing import Any, TypeAlias

Checks: TypeAlias = dict[str, Callable[[str, Any], None]]
