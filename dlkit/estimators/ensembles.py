"""Several estimators as one that averages them."""

import numpy as np

from dlkit import checks


def ensemble(estimators):
    """Return an estimator that averages several: probabilities, or predicted numbers.

    It is scikit-learn's ``VotingClassifier`` (soft) or ``VotingRegressor``. If all estimators have
    been fitted, it predicts at once; else call its ``fit``.

    Parameters
    ----------
    estimators : sequence of estimators
        Two or more, all classifiers or all regressors; if fitted, for the same classes.

    Returns
    -------
    sklearn.ensemble.VotingClassifier or sklearn.ensemble.VotingRegressor

    Raises
    ------
    TypeError, ValueError
        If they are fewer than two, no estimators, of both kinds, or know different classes.
    """
    from sklearn.base import is_classifier, is_regressor
    from sklearn.ensemble import VotingClassifier, VotingRegressor
    from sklearn.preprocessing import LabelEncoder
    from sklearn.utils import Bunch

    if not isinstance(estimators, list | tuple) or len(estimators) < 2:
        raise TypeError(
            f"estimators must be a list of two or more, but got {checks.describe(estimators)}."
        )
    for each in estimators:
        if isinstance(each, type) or not hasattr(each, "get_params"):
            raise TypeError(f"estimators must hold estimators, but got {checks.describe(each)}.")
    classify = is_classifier(estimators[0])
    same = is_classifier if classify else is_regressor
    if not all(same(each) for each in estimators):
        raise ValueError("estimators must be all classifiers or all regressors, but got both.")
    named = [(f"network_{number}", each) for number, each in enumerate(estimators, start=1)]
    made = VotingClassifier(named, voting="soft") if classify else VotingRegressor(named)
    if all(hasattr(each, "n_features_in_") for each in estimators):
        if classify:
            classes = estimators[0].classes_
            if not all(np.array_equal(each.classes_, classes) for each in estimators):
                raise ValueError("estimators must know the same classes; fit them on the same y.")
            made.le_, made.classes_ = LabelEncoder().fit(classes), classes
        made.estimators_ = list(estimators)
        made.named_estimators_ = Bunch(**dict(named))
    return made
