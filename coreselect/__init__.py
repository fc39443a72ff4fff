"""coreselect picks the rows that matter.

From n rows it returns a small set of row numbers, each with a weight, such that
``sum(weights * f(X[indices]))`` estimates ``sum(f(X))``. Names load on first use,
so that ``import coreselect`` costs next to nothing.
"""

import importlib

__version__ = "0.1.0"

# One line per public name: where it lives. Everything else (checks, API pages,
# command line, benchmarks) is generated from this table.
_EXPORTS = {
    "Selection": "selection",
    "SamplingDesign": "selection",
    "Synthesis": "selection",
    "draw": "sampling",
    "calibrate": "sampling",
    "inclusion_probabilities": "sampling",
    "DESIGNS": "sampling",
    "BaseSelector": "base",
    "ScoreSelector": "base",
    "LawSelector": "base",
    "RankSelector": "base",
    "DroppedWeightsWarning": "base",
    "OutsidePopulationWarning": "base",
    "UncertifiedWarning": "base",
    "UniformSelector": "selectors.uniform",
    "LeverageSelector": "selectors.leverage",
    "RS2": "selectors.rs2",
    "RepeatedSubsetTrainer": "training",
    "schedule_length": "training",
    "TAROT": "selectors.tarot",
    "AutoCoreset": "selectors.auto",
    "TargetInPoolWarning": "transport.inputs",
    "DPPSelector": "selectors.dpp",
    "GreedyDPPSelector": "selectors.greedy_dpp",
    "ProjectionDPPSelector": "selectors.projection_dpp",
    "VolumeSelector": "selectors.volume",
    "VolumeRescaledSelector": "selectors.volume_rescaled",
    "ChristoffelSelector": "selectors.christoffel",
    "KCenterSelector": "selectors.kcenter",
    "RadiusSelector": "selectors.radius",
    "DiversitySelector": "selectors.diversity",
    "LightweightSelector": "selectors.lightweight",
    "KMeansSensitivitySelector": "selectors.kmeans",
    "GroupSamplingSelector": "selectors.group",
    "LewisSelector": "selectors.lewis",
    "LpSensitivitySelector": "selectors.lp_sensitivity",
    "LogisticSelector": "selectors.logistic",
    "FacilityLocationSelector": "selectors.facility_location",
    "PrototypeSelector": "selectors.prototype",
    "GraphCutSelector": "selectors.graph_cut",
    "SaturatedCoverageSelector": "selectors.saturated_coverage",
    "FeatureCoverageSelector": "selectors.feature_coverage",
    "HerdingSelector": "selectors.herding",
    "KernelThinningSelector": "selectors.kernel_thinning",
    "SteinThinningSelector": "selectors.stein_thinning",
    "SeparableWarning": "linalg",
    "BaseResampler": "imbalance",
    "SingleRowWarning": "imbalance",
    "RandomOverSampler": "imbalance.over.random_over_sampler",
    "SMOTE": "imbalance.over.smote",
    "SMOTENC": "imbalance.over.smotenc",
    "SMOTEN": "imbalance.over.smoten",
    "RandomUnderSampler": "imbalance.under.random_under_sampler",
    "NearMiss": "imbalance.under.near_miss",
    "InstanceHardnessThreshold": "imbalance.under.instance_hardness_threshold",
    "ClusterCentroids": "imbalance.under.cluster_centroids",
    "BorderlineSMOTE": "imbalance.over.borderline_smote",
    "SVMSMOTE": "imbalance.over.svm_smote",
    "ADASYN": "imbalance.over.adasyn",
    "KMeansSMOTE": "imbalance.over.kmeans_smote",
    "SmoteUndersample": "imbalance.combine.smote_undersample",
    "certify": "certificates",
    "Certificate": "certificates",
    "CoresetEstimator": "estimators",
    "ClassAddedWarning": "estimators",
    "MisreadWeightsWarning": "estimators",
    "InterceptWarning": "estimators",
    "Landmarks": "estimators",
    "inducing_points": "estimators",
    "TomekLinks": "imbalance.clean.tomek_links",
    "EditedNearestNeighbours": "imbalance.clean.edited_nearest_neighbours",
    "RepeatedEditedNearestNeighbours": "imbalance.clean.repeated_enn",
    "AllKNN": "imbalance.clean.all_knn",
    "CondensedNearestNeighbour": "imbalance.clean.condensed_nearest_neighbour",
    "OneSidedSelection": "imbalance.clean.one_sided_selection",
    "NeighbourhoodCleaningRule": "imbalance.clean.neighbourhood_cleaning_rule",
    "SMOTEENN": "imbalance.combine.smote_cleaning",
    "SMOTETomek": "imbalance.combine.smote_cleaning",
    "compare": "comparison",
    "Comparison": "comparison",
    "report": "reports",
    "PriorShiftCalibrator": "calibration",
    "estimate_memory": "base",
    "memory_budget": "_budget",
    "warmup": "_kernels",
}
_SUBMODULES = (
    "allocation",
    "approximation",
    "calibration",
    "certificates",
    "clustering",
    "comparison",
    "coverage",
    "dpp",
    "estimators",
    "features",
    "imbalance",
    "kernel_means",
    "linalg",
    "losses",
    "metrics",
    "neighbors",
    "plot",
    "reports",
    "rows",
    "samplers",
    "sampling",
    "selectors",
    "streams",
    "testing",
    "training",
    "transport",
    "vectorsum",
)

__all__ = ["__version__", "all_resamplers", "all_selectors", *_EXPORTS]


def all_selectors() -> dict[str, type]:
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
    return _classes_in("selectors.")


def all_resamplers() -> dict[str, type]:
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
    return _classes_in("imbalance.")


def _classes_in(home):
    return {
        name: __getattr__(name)
        for name, module in _EXPORTS.items()
        if module.startswith(home)
    }


def __getattr__(name):
    if name in _EXPORTS:
        value = getattr(importlib.import_module(f"{__name__}.{_EXPORTS[name]}"), name)
    elif name in _SUBMODULES:
        value = importlib.import_module(f"{__name__}.{name}")
    else:
        raise AttributeError(f"module 'coreselect' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__, *_SUBMODULES})
