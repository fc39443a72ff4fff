"""coreselect picks the rows that matter.

From n rows it returns a small set of row numbers with a weight each, such that
``sum(weights * f(X[indices]))`` estimates ``sum(f(X))``. Names load on first use,
so that ``import coreselect`` costs next to nothing.
"""

import importlib

__version__ = "0.1.0"

# One line per public name: where it lives. Everything else (checks, API pages,
# command line, benchmarks) is generated from this table.
_EXPORTS = {
    "Selection": "coreselect.selection",
    "Synthesis": "coreselect.selection",
    "draw": "coreselect.sampling",
    "inclusion_probabilities": "coreselect.sampling",
    "DESIGNS": "coreselect.sampling",
    "BaseSelector": "coreselect.base",
    "ScoreSelector": "coreselect.base",
    "LawSelector": "coreselect.base",
    "RankSelector": "coreselect.base",
    "DroppedWeightsWarning": "coreselect.base",
    "OutsidePopulationWarning": "coreselect.base",
    "UncertifiedWarning": "coreselect.base",
    "UniformSelector": "coreselect.selectors.uniform",
    "LeverageSelector": "coreselect.selectors.leverage",
    "RS2": "coreselect.selectors.rs2",
    "RepeatedSubsetTrainer": "coreselect.training",
    "schedule_length": "coreselect.training",
    "TAROT": "coreselect.selectors.tarot",
    "AutoCoreset": "coreselect.selectors.auto",
    "TargetInPoolWarning": "coreselect.transport.inputs",
    "DPPSelector": "coreselect.selectors.dpp",
    "ProjectionDPPSelector": "coreselect.selectors.projection_dpp",
    "VolumeSelector": "coreselect.selectors.volume",
    "VolumeRescaledSelector": "coreselect.selectors.volume_rescaled",
    "ChristoffelSelector": "coreselect.selectors.christoffel",
    "LightweightSelector": "coreselect.selectors.lightweight",
    "KMeansSensitivitySelector": "coreselect.selectors.kmeans",
    "GroupSamplingSelector": "coreselect.selectors.group",
    "LewisSelector": "coreselect.selectors.lewis",
    "LpSensitivitySelector": "coreselect.selectors.lp_sensitivity",
    "LogisticSelector": "coreselect.selectors.logistic",
    "SeparableWarning": "coreselect.linalg",
    "BaseResampler": "coreselect.imbalance",
    "SingleRowWarning": "coreselect.imbalance",
    "RandomOverSampler": "coreselect.imbalance.random_over_sampler",
    "SMOTE": "coreselect.imbalance.smote",
    "SMOTENC": "coreselect.imbalance.smotenc",
    "SMOTEN": "coreselect.imbalance.smoten",
    "RandomUnderSampler": "coreselect.imbalance.random_under_sampler",
    "NearMiss": "coreselect.imbalance.near_miss",
    "InstanceHardnessThreshold": "coreselect.imbalance.instance_hardness_threshold",
    "ClusterCentroids": "coreselect.imbalance.cluster_centroids",
    "BorderlineSMOTE": "coreselect.imbalance.borderline_smote",
    "SVMSMOTE": "coreselect.imbalance.svm_smote",
    "ADASYN": "coreselect.imbalance.adasyn",
    "KMeansSMOTE": "coreselect.imbalance.kmeans_smote",
    "SmoteUndersample": "coreselect.imbalance.smote_undersample",
    "certify": "coreselect.certificates",
    "Certificate": "coreselect.certificates",
    "CoresetEstimator": "coreselect.estimators",
    "ClassAddedWarning": "coreselect.estimators",
    "MisreadWeightsWarning": "coreselect.estimators",
    "InterceptWarning": "coreselect.estimators",
    "TomekLinks": "coreselect.imbalance.tomek_links",
    "EditedNearestNeighbours": "coreselect.imbalance.edited_nearest_neighbours",
    "RepeatedEditedNearestNeighbours": "coreselect.imbalance.repeated_enn",
    "AllKNN": "coreselect.imbalance.all_knn",
    "CondensedNearestNeighbour": "coreselect.imbalance.condensed_nearest_neighbour",
    "OneSidedSelection": "coreselect.imbalance.one_sided_selection",
    "NeighbourhoodCleaningRule": "coreselect.imbalance.neighbourhood_cleaning_rule",
    "SMOTEENN": "coreselect.imbalance.smote_enn",
    "SMOTETomek": "coreselect.imbalance.smote_tomek",
    "compare": "coreselect.comparison",
    "Comparison": "coreselect.comparison",
    "PriorShiftCalibrator": "coreselect.calibration",
    "warmup": "coreselect._kernels",
}
_SUBMODULES = (
    "approximation",
    "calibration",
    "certificates",
    "clustering",
    "comparison",
    "dpp",
    "estimators",
    "features",
    "imbalance",
    "linalg",
    "losses",
    "metrics",
    "neighbors",
    "plot",
    "rows",
    "samplers",
    "sampling",
    "selectors",
    "testing",
    "training",
    "transport",
    "vectorsum",
)

__all__ = ["__version__", "all_resamplers", "all_selectors", *_EXPORTS]


def all_selectors():
    """Return every public selector class by name.

    Returns
    -------
    dict of str to type
        The concrete subclasses of `BaseSelector` among the public names, in the
        order of their export.

    Examples
    --------
    >>> import coreselect
    >>> list(coreselect.all_selectors())[0]
    'UniformSelector'
    """
    return _classes_in("coreselect.selectors.")


def all_resamplers():
    """Return every public resampler class by name.

    Returns
    -------
    dict of str to type
        The concrete subclasses of `BaseResampler` among the public names, in the
        order of their export.

    Examples
    --------
    >>> import coreselect
    >>> "SMOTE" in coreselect.all_resamplers()
    True
    """
    return _classes_in("coreselect.imbalance.")


def _classes_in(home):
    return {
        name: __getattr__(name)
        for name, module in _EXPORTS.items()
        if module.startswith(home)
    }


def __getattr__(name):
    if name in _EXPORTS:
        value = getattr(importlib.import_module(_EXPORTS[name]), name)
    elif name in _SUBMODULES:
        value = importlib.import_module(f"coreselect.{name}")
    else:
        raise AttributeError(f"module 'coreselect' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__, *_SUBMODULES})
