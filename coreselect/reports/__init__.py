"""Pages on selections and comparisons: one HTML file each (extra ``report``)."""

from coreselect.reports._again import parameters_of as parameters_of
from coreselect.reports._report import Report as Report
from coreselect.reports._report import comparison_page as comparison_page
from coreselect.reports._report import report as report
from coreselect.reports._report import selection_page as selection_page

__all__ = ["Report", "comparison_page", "report"]
