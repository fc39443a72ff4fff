"""Tags: what a selector or a resampler promises, beside the tags of scikit-learn."""

from dataclasses import dataclass, fields

from sklearn.utils import Tags


@dataclass(slots=True)
class SelectorTags:
    """What a selector promises; `coreselect.testing.check_selector` holds it to this.

    Attributes
    ----------
    unbiased : bool
        Weighted sums over the selected rows are unbiased.
    exact_size : bool
        An int ``n_select`` gives exactly that many rows.
    repeats : bool
        ``n_select`` counts draws with repeats, which merge.
    layout_stable : bool
        C, Fortran and CSR input give the same rows.
    bounded : bool
        Sizes that the rank of the data or the number of its classes do not allow raise
        a ValueError that says so.
    unit_free : bool
        Weights times a constant give the same rows: no parameter, such as a ridge, is
        on the scale of the weights.
    reads_features : bool
        The selection depends on X. If not, X may hold anything, and is not read.
    random_scores : bool
        Scores depend on random numbers drawn in `fit`, so that one seed gives other
        scores for rows in another order; on average over seeds it does not.
    rules : tuple of str
        Which of these the method respects; the others are refused by its name:
        "groups" (alone), "quotas" (of groups), "cost" (with a budget), "include" and
        "exclude".
    """

    unbiased: bool = True
    exact_size: bool = True
    repeats: bool = False
    layout_stable: bool = True
    bounded: bool = False
    unit_free: bool = True
    reads_features: bool = True
    random_scores: bool = False
    rules: tuple[str, ...] = ()


@dataclass(slots=True)
class SamplerTags:
    """What imbalanced-learn's tools ask of a sampler."""

    sample_indices: bool = True


@dataclass(slots=True)
class RowTags(Tags):
    """The tags of scikit-learn, and two groups of tags more."""

    selector_tags: SelectorTags | None = None
    sampler_tags: SamplerTags | None = None


def with_own_tags(tags, selector_tags, sampler_tags):
    """Return the tags of scikit-learn with ours added."""
    inherited = {field.name: getattr(tags, field.name) for field in fields(tags)}
    return RowTags(**inherited, selector_tags=selector_tags, sampler_tags=sampler_tags)
