"""Certificates: how far sums over a selection can be from sums over all rows."""

from coreselect.certificates._certificate import Certificate
from coreselect.certificates._certify import OBJECTIVES, certify
from coreselect.certificates._sizing import EPSILON_CHECKS as EPSILON_CHECKS
from coreselect.certificates._sizing import first_certified as first_certified
from coreselect.certificates._sizing import theory_size as theory_size

__all__ = ["OBJECTIVES", "Certificate", "certify"]
