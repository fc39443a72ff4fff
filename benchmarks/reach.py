"""asv: the figures of `must_reach` that take seconds, one `track_*` each."""

from types import SimpleNamespace

from benchmarks import must_reach

OPTIONS = SimpleNamespace(repeat=3)


def _figure(section, words):
    """Measure a section; return its figure whose name holds `words`."""
    figures = list(must_reach.SECTIONS[section](OPTIONS))
    (value,) = (figure.value for figure in figures if words in figure.name)
    return float(value)


class Reach:
    """Ratios beside NumPy in the same process; see the limits in must_reach.py."""

    timeout = 600

    def track_leverage_faster_than_qr(self):
        """At least 12."""
        return _figure("leverage", "times faster than QR")

    def track_leverage_beside_gram(self):
        """At most 3.5."""
        return _figure("leverage", "times as long as X.T @ X")

    def track_draw_systematic(self):
        """At most 1.5."""
        return _figure("draw", "times as long, systematic")

    def track_draw_pivotal(self):
        """At most 3."""
        return _figure("draw", "times as long, pivotal")

    def track_rounds(self):
        """At most 2.5."""
        return _figure("rounds", "times rng.permutation")

    def track_import_seconds(self):
        """At most 0.15."""
        return _figure("import", "seconds, import coreselect")
