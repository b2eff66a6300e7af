"""The peers of ``accuracy.py``: from PyPI, each with what it does best (categories, tuning), one thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

VERSION = 1
"""Part of the cache's key: raise it when a setting below changes."""


def _categories(X: pd.DataFrame) -> list[str]:
    return [name for name in X if isinstance(X[name].dtype, pd.CategoricalDtype)]


def _one_hot(X: pd.DataFrame, *, scale: bool) -> Any:
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    words = _categories(X)
    numbers = [name for name in X if name not in words]
    fill = SimpleImputer(strategy="median", add_indicator=True)
    return make_column_transformer(
        (make_pipeline(fill, StandardScaler()) if scale else fill, numbers),
        (OneHotEncoder(handle_unknown="ignore"), words),
    )


def logistic_regression(X: pd.DataFrame) -> Any:
    """Ridge, its strength by inner cross-validation of the log loss."""
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.pipeline import make_pipeline

    return make_pipeline(
        _one_hot(X, scale=True),
        LogisticRegressionCV(
            Cs=10, cv=5, l1_ratios=(0,), scoring="neg_log_loss", max_iter=2000, use_legacy_attributes=False
        ),
    )


def hist_gradient_boosting(X: pd.DataFrame) -> Any:
    """The best of eight settings by inner cross-validation of the log loss."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.model_selection import GridSearchCV

    boosting = HistGradientBoostingClassifier(
        categorical_features="from_dtype", early_stopping=False, learning_rate=0.05, random_state=0
    )
    grid = {"max_leaf_nodes": [4, 15], "max_iter": [100, 250], "l2_regularization": [0.0, 10.0]}
    return GridSearchCV(boosting, grid, cv=3, scoring="neg_log_loss")


def lightgbm(X: pd.DataFrame) -> Any:
    """The best of four settings by inner cross-validation of the log loss; native categories."""
    from lightgbm import LGBMClassifier
    from sklearn.model_selection import GridSearchCV

    boosting = LGBMClassifier(
        learning_rate=0.04, subsample=0.8, subsample_freq=1, colsample_bytree=0.6, reg_lambda=5.0, n_jobs=1,
        random_state=0, verbose=-1,
    )  # fmt: skip
    return GridSearchCV(boosting, {"num_leaves": [6, 15], "n_estimators": [150, 350]}, cv=3, scoring="neg_log_loss")


def catboost(X: pd.DataFrame) -> Any:
    """Its own learning rate for 500 trees; native categories."""
    from catboost import CatBoostClassifier

    return CatBoostClassifier(
        iterations=500, cat_features=_categories(X), random_seed=0, thread_count=1, verbose=False,
        allow_writing_files=False,
    )  # fmt: skip


def random_forest(X: pd.DataFrame) -> Any:
    """500 trees, at least 3 rows in a leaf."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.pipeline import make_pipeline

    return make_pipeline(
        _one_hot(X, scale=False), RandomForestClassifier(500, min_samples_leaf=3, n_jobs=1, random_state=0)
    )


def _boosting_machine(X: pd.DataFrame, interactions: Any) -> Any:
    from interpret.glassbox import ExplainableBoostingClassifier

    kinds = ["nominal" if name in _categories(X) else "continuous" for name in X]
    return ExplainableBoostingClassifier(
        feature_names=list(X), feature_types=kinds, interactions=interactions, n_jobs=1, random_state=0
    )


def ebm(X: pd.DataFrame) -> Any:
    """Main effects only."""
    return _boosting_machine(X, 0)


def ebm_pairs(X: pd.DataFrame) -> Any:
    """As it comes, with pairs."""
    return _boosting_machine(X, "3x")


PEERS: dict[str, Callable[[pd.DataFrame], Any]] = {
    "LogisticRegressionCV": logistic_regression,
    "HistGradientBoosting, tuned": hist_gradient_boosting,
    "LightGBM, tuned": lightgbm,
    "CatBoost": catboost,
    "random forest": random_forest,
    "EBM": ebm,
    "EBM with pairs": ebm_pairs,
}
BLACK_BOXES = ("HistGradientBoosting, tuned", "LightGBM, tuned", "CatBoost", "random forest", "EBM with pairs")
"""Models that cannot be written down as one curve per column."""
