"""Logistic regression in scikit-learn: one-hot categories, scaled numbers, and an L2 penalty chosen by cross-validation."""

import task

# Inverse strengths of the penalty to choose from, and folds to choose by.
STRENGTHS, INNER_FOLDS = [0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0], 5


def main():
    found, clock = task.arguments(), task.Clock()
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression, LogisticRegressionCV
    from sklearn.model_selection import StratifiedKFold
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    clock.end_of("import")
    for fold in task.folds(found, clock):
        numbers = [name for name in fold.train if name not in fold.words]
        columns = ColumnTransformer(
            [
                ("numbers", make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler()), numbers),
                ("words", OneHotEncoder(handle_unknown="ignore"), fold.words),
            ]
        )
        if found.settings == "equal":
            regression = LogisticRegression(max_iter=1000)
        else:
            # Shuffled, because a file in the order of time would choose the penalty of another time.
            inner = StratifiedKFold(INNER_FOLDS, shuffle=True, random_state=task.SEED)
            regression = LogisticRegressionCV(
                Cs=STRENGTHS, l1_ratios=[0.0], cv=inner, scoring="neg_log_loss", max_iter=1000, use_legacy_attributes=False
            )
        model = make_pipeline(columns, regression).fit(fold.train, fold.y)
        clock.end_of("fit")
        probability = model.predict_proba(fold.test)[:, 1]
        clock.end_of("score")
        fold.write(probability)
        clock.end_of("write")
    task.finish(clock)


if __name__ == "__main__":
    main()
